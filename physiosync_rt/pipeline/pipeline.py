"""Raw chunks in, windows out: align, preprocess, window. Synchronous, and knows no wall clock.

`predict` and the live engine read its windows, training the preprocessed rows that they are made
from, so what the model sees live is what it saw in training.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import repeat

import numpy as np

from physiosync_rt.datatypes import GRID_SFREQ, Chunk, Modality, StreamSpec, Window
from physiosync_rt.errors import UserError
from physiosync_rt.pipeline.preprocessed import Hop, cut_at
from physiosync_rt.pipeline.stream import StreamPipeline, check_contract
from physiosync_rt.preprocess.baseline import Baseline, BaselineRequest, ChannelBaseline
from physiosync_rt.preprocess.config import ModalityContract, PaperProfile, Profile
from physiosync_rt.preprocess.montage import Montage

TOGETHER = 8 * GRID_SFREQ
"""Rows that are preprocessed in one go where more are there: a live run never has as many, and a
file takes no less time with longer stretches, but more memory."""

GRACE_S = 1.0
"""How long a row waits for a stream that is late, beyond the pipeline's own delay."""


class Pipeline:
    """Align, preprocess and window the streams of one run.

    Parameters
    ----------
    profile : Profile
        Preprocessing of the bundle.
    eeg, pps : (StreamSpec, ModalityContract)
        What comes and what is wanted; ``pps`` None for a run without a peripheral stream.
    hop_s : float
        Seconds from one row to the next, a multiple of 1/128 s; whole seconds in profile ``paper``.
    baseline : Baseline, BaselineRequest or None
        Rest to normalise with, or where to find it; None takes the profile's default.
    bundle_title : str
        For the sentence that refuses a stream.
    alternative : callable, optional
        Returns the name of a bundle that would take it, see `Montage`.
    strict : bool
        Whether a peripheral stream that turns out to be wrong ends the run like EEG that does;
        else it is left out (`StreamPipeline.left_out`).

    Attributes
    ----------
    rest : BaselineRequest or None
        Stretch that the rest was asked for last; None where it came from a file.

    Raises
    ------
    UserError
        The streams cannot serve the contract, or the hop is off the grid.

    Notes
    -----
    Row ``k`` ends ``k * hop_s`` after the first EEG sample. It is final when every stream has
    passed its end, or when `advance` says that its time is over. Every hop has exactly one row.
    """

    def __init__(
        self,
        profile: Profile,
        eeg: tuple[StreamSpec, ModalityContract],
        pps: tuple[StreamSpec, ModalityContract] | None = None,
        *,
        hop_s: float = 1.0,
        baseline: Baseline | BaselineRequest | None = None,
        bundle_title: str = "this bundle",
        alternative: Callable[[], str] | None = None,
        strict: bool = True,
    ) -> None:
        self._hop = round(hop_s * GRID_SFREQ)
        if self._hop < 1 or abs(self._hop / GRID_SFREQ - hop_s) > 1e-9:
            raise UserError(
                f"a hop of {hop_s:g} s does not fit the 128 Hz grid; "
                f"use a multiple of 1/128 s such as {max(self._hop, 1) / GRID_SFREQ:g}"
            )
        if isinstance(profile, PaperProfile) and self._hop % GRID_SFREQ:
            raise UserError(
                f"{bundle_title} has profile 'paper', whose rows come on whole seconds, not every "
                f"{hop_s:g} s; use a hop of 1"
            )
        self.hop_s = hop_s
        self._strict = strict
        self.profile = profile
        for spec, contract in filter(None, (eeg, pps)):
            check_contract(spec, contract)
        montage = Montage(
            eeg[0].ch_names, eeg[1].ch_names, eeg[1].min_electrodes, bundle_title, alternative
        )
        self.montage = montage
        self.streams = {eeg[0].name: StreamPipeline(*eeg, profile, montage)}
        if pps is not None:
            self.streams[pps[0].name] = StreamPipeline(*pps, profile)
        self._eeg = self.streams[eeg[0].name]
        self._pps = self.streams[pps[0].name] if pps else None
        self._row = 0
        self.anchor: float | None = None
        self._origin = self._former_origin = ""
        self.use_baseline(baseline or BaselineRequest(0.0, None, profile.baseline_s))

    @property
    def delay_s(self) -> float:
        """Look-ahead of the slowest stream's resampler, in seconds."""
        aligners = [stream.aligner for stream in self.streams.values()]
        return max((a.delay_s for a in aligners if a is not None), default=0.0)

    @property
    def reached_s(self) -> float:
        """Seconds from the anchor that EEG has come to; minus infinity before its first sample."""
        aligner = self._eeg.aligner
        return -np.inf if aligner is None else aligner.frontier / GRID_SFREQ + aligner.delay_s

    @property
    def newest(self) -> float:
        """Fitted time of the newest EEG sample on the common clock, as rows count it."""
        aligner = self._eeg.aligner
        return -np.inf if aligner is None or self.anchor is None else self.anchor + aligner.newest_s

    @property
    def rows(self) -> int:
        """Rows made so far."""
        return self._row

    def use_baseline(self, baseline: Baseline | BaselineRequest) -> None:
        """Normalise with this rest from the next row on, or capture it.

        Raises
        ------
        UserError
            A stored baseline does not fit the bundle's channels.
        """
        self._former_origin = self.baseline_origin if self.baseline else ""
        self.rest = baseline if isinstance(baseline, BaselineRequest) else None
        captured = ""
        for stream in self.streams.values():
            if isinstance(baseline, BaselineRequest):
                stream.windower.capture_baseline(baseline)
                continue
            modality = stream.contract.modality
            rest = baseline.channels.get(modality)
            if rest is None:
                start, need_s = self._row * self.hop_s, self.profile.baseline_s
                stream.windower.capture_baseline(
                    BaselineRequest(start, None, need_s),
                    f"the baseline {baseline.origin} holds no {modality}; its baseline is taken "
                    f"from the next {need_s:g} usable seconds",
                )
                captured += f"; {modality}: {need_s:g} s from {start:g} s"
                continue
            stream.windower.use_baseline(rest, baseline.origin)
        if isinstance(baseline, Baseline):
            self._origin = baseline.origin + captured
        elif baseline.stop is None:
            self._origin = f"{baseline.need_s:g} s from {baseline.start:g} s"
        else:
            self._origin = f"{baseline.start:g} s to {baseline.stop:g} s"

    def capture_baseline(self, need_s: float) -> None:
        """Take a new rest from the coming seconds; the old one serves until it is complete."""
        self.use_baseline(BaselineRequest(self._row * self.hop_s, None, need_s))

    @property
    def baseline_origin(self) -> str:
        """Where the rest in use comes from, or will once the first one is complete."""
        windowers = [stream.windower for stream in self.streams.values()]
        pending = any(each.capture is not None or each.baseline_failed for each in windowers)
        return self._former_origin if pending and self._former_origin else self._origin

    @property
    def baseline(self) -> Baseline | None:
        """The rest in use, or None before any is known."""
        known: dict[Modality, ChannelBaseline] = {
            stream.contract.modality: stream.windower.baseline
            for stream in self.streams.values()
            if stream.windower.baseline is not None
        }
        return Baseline(known, self.baseline_origin) if known else None

    @property
    def baseline_progress(self) -> float:
        """Share of the wanted rest that is there; 1 when nothing is being captured."""
        captures = [stream.windower.capture for stream in self.streams.values()]
        return min((c.progress for c in captures if c is not None), default=1.0)

    def push(self, chunk: Chunk) -> list[Window]:
        """Take the next chunk of a stream and return the rows that became final.

        Raises
        ------
        UserError
            The stream cannot be what it declares.
        """
        return self._windows(self.preprocess(chunk))

    def preprocess(self, chunk: Chunk) -> Iterator[Hop]:
        """Do what `push` does up to the windows; training reads these rows.

        Raises
        ------
        UserError
            The stream cannot be what it declares.
        """
        stream = self.streams.get(chunk.stream)
        if stream is None or len(chunk) == 0 or stream.left_out:
            return
        self._attempt(stream, partial(stream.push, chunk))
        self._find_anchor()
        if self.anchor is not None:
            yield from self._hops_until(min(each.frontier for each in self._taking_part))

    def _find_anchor(self) -> None:
        """Anchor the grid on the first EEG sample, once it is known which that is."""
        if self.anchor is not None or not self._eeg.started:
            return
        self.anchor = self._eeg.start.stamp
        for stream in self.streams.values():
            self._attempt(stream, partial(stream.anchor_at, self.anchor))

    def _attempt(self, stream: StreamPipeline, step: Callable[[], None]) -> None:
        """Do something with a stream; one that cannot be what it declares may be left out."""
        try:
            step()
        except UserError as error:
            if stream is self._eeg or self._strict:
                raise
            stream.left_out = str(error)

    @property
    def _taking_part(self) -> list[StreamPipeline]:
        return [stream for stream in self.streams.values() if not stream.left_out]

    def advance(self, now: float, grace_s: float = GRACE_S) -> list[Window]:
        """Make rows whose deadline has passed, with whatever there is.

        Parameters
        ----------
        now : float
            Seconds from the anchor that have passed by the clock of arrival.
        grace_s : float
            How long a row waits beyond the pipeline's own delay, in recorded seconds.
        """
        if self.anchor is None:
            return []
        return self._windows(
            self._hops_until(int(np.floor((now - grace_s - self.delay_s) * GRID_SFREQ)))
        )

    def flush(self) -> list[Window]:
        """Make the rows that the streams have reached; nothing more will come."""
        return self._windows(self.finish())

    def finish(self) -> Iterator[Hop]:
        """Do what `flush` does up to the windows."""
        for stream in self.streams.values():
            self._attempt(stream, stream.end)
        self._find_anchor()
        if self.anchor is not None:
            yield from self._hops_until(max(stream.frontier for stream in self._taking_part))

    def _hops_until(self, frontier: int) -> Iterator[Hop]:
        while (n := min(frontier // self._hop - self._row, max(TOGETHER // self._hop, 1))) > 0:
            stops = range((self._row + 1) * self._hop, (self._row + n) * self._hop + 1, self._hop)
            eeg, pps = (
                cut_at(stream.advance_to(stops[-1], self._hop), stops) if stream else repeat([], n)
                for stream in (self._eeg, self._pps)
            )
            for stop, eeg_rows, pps_rows in zip(stops, eeg, pps, strict=True):
                self._row += 1
                yield Hop(self._row, stop, eeg_rows, pps_rows)

    def _windows(self, hops: Iterator[Hop]) -> list[Window]:
        return [
            Window(
                index=hop.index,
                t_end=hop.stop / GRID_SFREQ,
                eeg=self._eeg.window(hop.eeg, hop.stop),
                pps=self._pps.window(hop.pps, hop.stop) if self._pps else None,
            )
            for hop in hops
        ]
