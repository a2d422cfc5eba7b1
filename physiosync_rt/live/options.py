"""What a person asks of a run: options before it starts, commands while it goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from physiosync_rt.bundle.card import Card
from physiosync_rt.datatypes import StreamSpec
from physiosync_rt.preprocess.baseline import Baseline, BaselineRequest
from physiosync_rt.sources.selection import choose


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a run is made.

    Attributes
    ----------
    eeg, pps : str or None
        Queries for the streams: name, type or source_id.
    hop_s : float
        Seconds from row to row.
    baseline : Baseline, BaselineRequest or None
        Baseline to compare with; None captures as much as the bundle asks for.
    min_quality : float or None
        Replaces the card's quality gate.
    """

    eeg: str | None = None
    pps: str | None = None
    hop_s: float = 1.0
    baseline: Baseline | BaselineRequest | None = None
    min_quality: float | None = None

    @property
    def baseline_s(self) -> float | None:
        """Seconds of baseline to capture, where the person has named them."""
        return self.baseline.need_s if isinstance(self.baseline, BaselineRequest) else None

    def choose_streams(
        self, offered: Sequence[StreamSpec], card: Card
    ) -> tuple[StreamSpec, StreamSpec | None]:
        """Choose the EEG, and the peripheral stream where the bundle wants one and it is there.

        Raises
        ------
        UserError
            A stream is missing or ambiguous; the message lists what is available.
        """
        eeg = choose(offered, card.eeg.modality, self.eeg, "--eeg", required=True)
        assert eeg is not None, "required streams are found or refused"
        if card.pps is None:
            return eeg, None
        return eeg, choose(offered, card.pps.modality, self.pps, "--pps", required=False)


@dataclass(frozen=True, slots=True)
class Command:
    """What a view asks of the engine.

    ``baseline`` captures the baseline again, ``marker`` writes ``text`` into the next row and the
    recording, ``record`` starts (``text`` is the path) or stops (``text`` empty) the recorder,
    ``save_last`` writes the last minutes (``text`` is the path), ``stop`` ends.
    """

    kind: Literal["baseline", "marker", "record", "save_last", "stop"]
    text: str = ""
