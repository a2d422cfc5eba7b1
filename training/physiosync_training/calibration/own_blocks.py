"""Labelled stretches cut into blocks, each run through the live pipeline from its beginning.

A block has a pipeline of its own, with the person's rest as a stored baseline: filters, ring and
the 30 s of the slow features begin again, so no sample of one block plays a part in another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from physiosync_models.gated_sum import GatedSumConfig
from physiosync_rt.datatypes import (
    Features,
    FloatArray,
    Modality,
    Recording,
    Segment,
    Window,
)
from physiosync_rt.errors import UserError
from physiosync_rt.formats.clocks import corrected, zero_time
from physiosync_rt.pipeline.chunking import OFFLINE_S, in_time_order
from physiosync_rt.pipeline.pipeline import Pipeline
from physiosync_rt.preprocess.baseline import Baseline, BaselineRequest
from physiosync_rt.preprocess.config import LiveProfile, ModalityContract
from physiosync_training.datasets.recordings import check_ends
from physiosync_training.datasets.recordings_table import RecordedFile
from physiosync_training.datasets.signals import check_streams, pick_stream
from physiosync_training.loop.progress import Progress

BLOCK_S: Final = 15.0
"""Shortest block: a heart rate is known after 5 to 10 s of it."""

FEWEST_WINDOWS: Final = 4
"""Windows with usable EEG without which a block does not count."""

_SETTLE_S: Final = 5.0
"""Seconds before a rest that its filters settle in, where there are any."""

_TAIL_S: Final = 1.0
"""Seconds after a rest: the resampler looks ahead."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a model takes: of which streams, through which preprocessing, which features.

    Attributes
    ----------
    name : str
        Of the bundle, for sentences.
    profile : LiveProfile
    eeg, pps : ModalityContract
    features : GatedSumConfig
        Names the features of each term.
    """

    name: str
    profile: LiveProfile
    eeg: ModalityContract
    pps: ModalityContract
    features: GatedSumConfig


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """The windows of a block with usable EEG, one each second.

    Attributes
    ----------
    seconds : float
        Length of the block.
    valence, arousal : float or None
        Its label.
    eeg : float64 array, shape (n, n_eeg_features)
        Features of the bundle as change from rest.
    pps : float64 array, shape (n, n_pps_features)
        NaN where not known.
    """

    seconds: float
    valence: float | None
    arousal: float | None
    eeg: FloatArray
    pps: FloatArray

    def truth(self, target: str, threshold: float) -> Literal[0, 1] | None:
        """Return 1 where the label is high, 0 where it is low, None without one."""
        rating: float | None = getattr(self, target)
        if rating is None:
            return None
        return 1 if rating >= threshold else 0


@dataclass(frozen=True, slots=True)
class Person:
    """All that is known of one person.

    Attributes
    ----------
    blocks : tuple of Block
        Those that count.
    rest_s : float
        Seconds of rest before the labelled stretches.
    unusable_s : float
        Seconds of labelled stretches that are too short for a block or have too little usable EEG.
    heard : bool
        Whether the peripheral signal told anything in the rest or in any stretch.
    """

    blocks: tuple[Block, ...]
    rest_s: float
    unusable_s: float
    heard: bool


def person_of(
    recorded: Iterable[tuple[RecordedFile, Recording]], inputs: Inputs, progress: Progress
) -> Person:
    """Run the rest and every block of a person through the live pipeline.

    Parameters
    ----------
    recorded : iterable of (RecordedFile, Recording)
        In the order of time.
    inputs : Inputs
    progress : callable

    Raises
    ------
    UserError
        A stream is missing or cannot serve, a file ends before a stretch does, or there is no
        usable rest.
    """
    collector = _Collector(inputs)
    for file, recording in recorded:
        check_ends(file, recording)
        check_streams(recording, inputs.profile, inputs.eeg, inputs.pps)
        placed = list(zip(file.segments, file.places, strict=True))
        for k, (segment, place) in enumerate(placed):
            progress(file.path.name, k, len(placed))
            if segment.kind == "baseline":
                collector.take_rest(recording, segment, place)
            else:
                collector.take_stretch(recording, segment)
        progress(file.path.name, len(placed), len(placed))
    return Person(
        tuple(collector.blocks), collector.rest_s, collector.unusable_s, heard=collector.heard
    )


class _Collector:
    """Take stretch after stretch, with the newest rest before each."""

    def __init__(self, inputs: Inputs) -> None:
        self.blocks: list[Block] = []
        self.rest_s = self.unusable_s = 0.0
        self.heard = False
        self._inputs = inputs
        self._rest: Baseline | None = None

    def take_rest(self, recording: Recording, segment: Segment, place: str) -> None:
        """Capture a rest; UserError where too little of it is usable."""
        need = self._inputs.profile.baseline_s
        length = segment.stop - segment.start
        if length < need:
            raise UserError(
                f"{place}: the rest lasts {length:g} s, and {self._inputs.name} takes {need:g} s; "
                "mark a longer rest"
            )
        before = min(segment.start, _SETTLE_S)
        begin = segment.start - before
        part = cut(recording, begin, segment.stop + 2 * _TAIL_S)
        stop = min(segment.stop, _end(part) + begin - _TAIL_S) - begin
        pipeline = self._pipeline(part, BaselineRequest(before, stop, stop - before))
        for window in _windows(part, pipeline):
            self._hear(window)
        self._rest = pipeline.baseline
        if self._rest is None or Modality.EEG not in self._rest.channels:
            raise UserError(
                f"{place}: less than half of the rest is usable; mark another one, or record it "
                "again with better contact"
            )
        self.rest_s += length

    def take_stretch(self, recording: Recording, segment: Segment) -> None:
        """Cut a stretch into blocks of equal length and keep those that can be used."""
        length = segment.stop - segment.start
        n = int(length // BLOCK_S)
        edges = segment.start + np.arange(n + 1) * (length / max(n, 1))
        found = [
            self._block(recording, replace(segment, start=start, stop=stop))
            for start, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
        ]
        blocks = [block for block in found if len(block.eeg) >= FEWEST_WINDOWS]
        self.blocks += blocks
        self.unusable_s += length - sum(block.seconds for block in blocks)

    def _block(self, recording: Recording, segment: Segment) -> Block:
        part = cut(recording, segment.start, segment.stop)
        assert self._rest is not None, "the table has a rest before every stretch"
        names = self._inputs.features
        pipeline = self._pipeline(part, self._rest)
        # Without a rest of its own a modality would be scaled by what comes, which is the task.
        rested = self._inputs.pps.modality in self._rest.channels
        eeg, pps = [], []
        for window in _windows(part, pipeline):
            self._hear(window)
            change = _change(window.eeg.features, names.eeg)
            if window.eeg.data is None or not np.isfinite(change).all():
                continue
            eeg.append(change)
            features = window.pps.features if window.pps and rested else None
            pps.append(_change(features, names.pps))
        return Block(
            segment.stop - segment.start,
            segment.valence,
            segment.arousal,
            np.array(eeg).reshape(-1, len(names.eeg)),
            np.array(pps).reshape(-1, len(names.pps)),
        )

    def _pipeline(self, part: Recording, baseline: Baseline | BaselineRequest) -> Pipeline:
        inputs = self._inputs
        eeg, pps = ((pick_stream(part, side), side) for side in (inputs.eeg, inputs.pps))
        title = f"bundle {inputs.name!r}"
        return Pipeline(inputs.profile, eeg, pps, baseline=baseline, bundle_title=title)

    def _hear(self, window: Window) -> None:
        features = window.pps.features if window.pps else None
        if features is not None:
            known = {n for n, v in zip(features.names, features.values, strict=True) if v == v}
            self.heard |= known >= set(self._inputs.features.pps)


def cut(recording: Recording, start: float, stop: float) -> Recording:
    """Return the samples from ``start`` to before ``stop``, in seconds from the first EEG sample.

    Raises
    ------
    UserError
        There is no EEG among them.
    """
    zero = zero_time(recording)
    streams = []
    for stream in recording.streams:
        t = corrected(stream) - zero
        kept = (t >= start) & (t < stop)
        counter = None if stream.counter is None else stream.counter[kept]
        streams.append(
            replace(
                stream,
                samples=stream.samples[kept],
                timestamps=stream.timestamps[kept],
                counter=counter,
            )
        )
    part = replace(recording, streams=tuple(streams), markers=(), segments=())
    if not any(len(stream.timestamps) for stream in part.of(Modality.EEG)):
        name = recording.path.name if recording.path else "the recording"
        raise UserError(f"{name} has no EEG from {start:g} s to {stop:g} s; correct the labels")
    return part


def _end(recording: Recording) -> float:
    """Seconds from the first EEG sample to the last."""
    t = corrected(recording.of(Modality.EEG)[0])
    return float(t[-1] - t[0])


def _windows(part: Recording, pipeline: Pipeline) -> Iterator[Window]:
    for chunk in in_time_order(part, OFFLINE_S):
        yield from pipeline.push(chunk)
    yield from pipeline.flush()


def _change(features: Features | None, names: Sequence[str]) -> FloatArray:
    """Changes of named features from rest, shape (n_names,); NaN where not known."""
    if features is None:
        return np.full(len(names), np.nan)
    place = {name: k for k, name in enumerate(features.names)}
    out: FloatArray = features.change[[place[name] for name in names]]
    return out
