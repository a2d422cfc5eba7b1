"""Whether rows can be a window, live and in training alike, and how they become the input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from physiosync_rt.datatypes import (
    GRID_SFREQ,
    BoolArray,
    FloatArray,
    HeartState,
    Reason,
    SampleArray,
)
from physiosync_rt.pipeline.preprocessed import AVAILABLE, MEASURED, SETTLED, Second
from physiosync_rt.preprocess.config import ModalityContract, Profile
from physiosync_rt.preprocess.quality import MIN_COMPLETENESS


def to_model(samples: FloatArray) -> SampleArray:
    """Transpose (n_times, n_channels) to a contiguous float32 (n_channels, n_times).

    This is the one place where time-major streams become the network's input.
    """
    return np.ascontiguousarray(samples.T, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a stretch can be a window; ``reason`` is `Reason.NONE` where it can."""

    reason: Reason
    completeness: float
    quality: float


@dataclass(frozen=True, slots=True)
class WindowCheck:
    """Tell whether the rows of a window are good enough, live and in training alike.

    Attributes
    ----------
    n_times : int
        Length of a window in rows.
    n_seconds : int
        Whole seconds whose quality counts.
    min_completeness, min_quality : float
        In [0, 1]; below them a window has a gap, or a low quality. With a ``min_quality`` of 0
        nothing is asked of the signal, a heartbeat included.
    """

    n_times: int
    n_seconds: int
    min_completeness: float
    min_quality: float

    @classmethod
    def of(cls, contract: ModalityContract, profile: Profile) -> WindowCheck:
        """Make the check of one modality in a profile."""
        return cls(
            round(profile.window_s * GRID_SFREQ),
            round(profile.window_s),
            MIN_COMPLETENESS[contract.modality],
            profile.min_quality,
        )

    def __call__(
        self, mask: BoolArray, start: int, seconds: Sequence[Second], warm_up_end: int | None
    ) -> Verdict:
        """Judge one window.

        Parameters
        ----------
        mask : bool array, shape (n_times, 3)
            Of the window's rows, as `Preprocessed` has it.
        start : int
            Grid index of the first row.
        seconds : sequence of Second
            The newest whole seconds at the end of the window, at most ``n_seconds``, in order.
        warm_up_end : int or None
            As of the window's last rows (see `Preprocessed`).
        """
        completeness = self.completeness(mask)
        quality = float(np.mean([second.mean_quality for second in seconds])) if seconds else 0.0
        heart = seconds[-1].heart if seconds and self.min_quality > 0 else None
        reason = Reason.NONE
        if not mask[:, SETTLED].all():
            newest = start + int(np.flatnonzero(~mask[:, SETTLED])[-1])
            warming_up = warm_up_end is not None and newest < warm_up_end
            reason = Reason.WARMING_UP if warming_up else Reason.GAP
        elif completeness < self.min_completeness:
            reason = Reason.GAP
        elif quality < self.min_quality or (seconds and seconds[-1].too_few):
            reason = Reason.LOW_QUALITY
        elif heart is not None and heart.state is HeartState.ABSENT:
            reason = Reason.NO_HEARTBEAT
        elif heart is not None and heart.state is HeartState.UNKNOWN:
            reason = Reason.GAP if warm_up_end is None else Reason.WARMING_UP
        return Verdict(reason, completeness, quality)

    @staticmethod
    def completeness(mask: BoolArray) -> float:
        """Share of a window's rows that were measured, in [0, 1]."""
        return float((mask[:, AVAILABLE] & mask[:, MEASURED]).mean())

    def is_complete(self, mask: BoolArray) -> bool:
        """Whether the filters have settled in all rows of a window and enough was measured."""
        return bool(mask[:, SETTLED].all()) and self.completeness(mask) >= self.min_completeness
