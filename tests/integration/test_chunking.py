"""Streams that lose samples, jitter and pause, cut anywhere: the same rows as uncut."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from physiosync_rt.datatypes import (
    Chunk,
    FloatArray,
    Modality,
    RecordedStream,
    StreamSpec,
    Window,
)
from physiosync_rt.pipeline.pipeline import Pipeline
from physiosync_rt.preprocess.config import LiveProfile, ModalityContract
from physiosync_rt.simulation import Person, simulate

NAMES = ("F3", "F4", "C3", "C4", "P3", "P4", "O1", "O2")
DURATION_S = 24.0
PROFILE = LiveProfile(baseline_s=4.0)


@dataclass(frozen=True)
class Link:
    """What the way from a device does to its samples."""

    jitter_ms: float
    loss: float
    pause: tuple[float, float]
    counted: bool
    offset: float

    def spoil(self, stream: RecordedStream, seed: int) -> RecordedStream:
        rng = np.random.default_rng(seed)
        t = stream.timestamps
        start, length = self.pause
        keep = (rng.random(len(t)) >= self.loss) & ((t < start) | (t >= start + length))
        keep[0] = True
        stamps = t + rng.normal(0.0, 1e-3 * self.jitter_ms, len(t)) - self.offset
        counter = np.flatnonzero(keep) if self.counted else None
        return replace(
            stream, samples=stream.samples[keep], timestamps=stamps[keep], counter=counter
        )


LINKS = st.builds(
    Link,
    jitter_ms=st.sampled_from([0.0, 2.0, 10.0]),
    loss=st.sampled_from([0.0, 0.01, 0.05]),
    pause=st.tuples(st.floats(9.0, 18.0), st.sampled_from([0.0, 0.03, 0.2, 3.0])),
    counted=st.booleans(),
    offset=st.sampled_from([0.0, -1e6]),
)
CUTS = st.lists(st.floats(0.0, 1.0), max_size=40)


@pytest.fixture(scope="module")
def streams() -> dict[Modality, RecordedStream]:
    recording = simulate(
        Person.draw(4),
        DURATION_S,
        seed=4,
        ch_names=NAMES,
        eeg_sfreq=250.0,
        gsr_sfreq=4.0,
        ecg_sfreq=256.0,
        rest_s=8.0,
    ).recording
    return {stream.spec.modality: stream for stream in recording.streams}


def _chunks(stream: RecordedStream, cuts: list[float], offset: float) -> list[Chunk]:
    at = sorted({0, len(stream.samples), *(int(cut * len(stream.samples)) for cut in cuts)})
    counter = stream.counter
    return [
        Chunk(
            stream.spec.name,
            stream.samples[a:b],
            stream.timestamps[a:b],
            offset,
            None if counter is None else counter[a:b],
        )
        for a, b in pairwise(at)
    ]


def _delivered(*streams: list[Chunk]) -> list[Chunk]:
    """All chunks in the order in which they were there, which a stamp that jitters tells badly."""
    timed = [
        (float(c.timestamps.max() + c.clock_offset), i, k, c)
        for i, stream in enumerate(streams)
        for k, c in enumerate(stream)
    ]
    latest = [-np.inf] * len(streams)
    order = []
    for there, i, k, chunk in sorted(timed, key=lambda each: each[1:3]):
        latest[i] = max(latest[i], there)
        order.append((latest[i], i, k, chunk))
    return [chunk for *_, chunk in sorted(order, key=lambda each: each[:3])]


def _rows(specs: tuple[StreamSpec, StreamSpec], chunks: list[Chunk]) -> list[Window]:
    eeg, pps = specs
    pipeline = Pipeline(
        PROFILE,
        (eeg, ModalityContract(modality=Modality.EEG, ch_names=NAMES, min_electrodes=8)),
        (pps, ModalityContract(modality=pps.modality, ch_names=pps.ch_names)),
        strict=False,
    )
    return [row for chunk in chunks for row in pipeline.push(chunk)] + pipeline.flush()


def _values(row: Window) -> list[object]:
    sides = [side for side in (row.eeg, row.pps) if side is not None]
    seconds = [side.features.seconds for side in sides if side.features is not None]
    return [row.t_end, *((s.reason, s.completeness, s.quality) for s in sides), *seconds]


def _data(row: Window) -> list[FloatArray]:
    sides = [side for side in (row.eeg, row.pps) if side is not None]
    windows = [np.zeros(0) if s.data is None else np.asarray(s.data) for s in sides]
    features = [s.features for s in sides if s.features is not None]
    return windows + [f.values for f in features] + [f.change for f in features]


@pytest.mark.parametrize("modality", [Modality.GSR, Modality.ECG])
@settings(max_examples=12, deadline=None)
@given(eeg=LINKS, pps=LINKS, eeg_cuts=CUTS, pps_cuts=CUTS)
def test_each_stream_may_be_cut_anywhere(
    streams: dict[Modality, RecordedStream],
    modality: Modality,
    eeg: Link,
    pps: Link,
    eeg_cuts: list[float],
    pps_cuts: list[float],
) -> None:
    spoilt = (eeg.spoil(streams[Modality.EEG], 1), pps.spoil(streams[modality], 2))
    specs = (spoilt[0].spec, spoilt[1].spec)
    offsets = (eeg.offset, pps.offset)
    whole, cut = (
        _rows(
            specs,
            _delivered(*(_chunks(s, c, o) for s, c, o in zip(spoilt, cuts, offsets, strict=True))),
        )
        for cuts in (([], []), (eeg_cuts, pps_cuts))
    )
    assert len(whole) >= DURATION_S - 3.0
    assert [_values(row) for row in cut] == [_values(row) for row in whole]
    for a, b in zip(cut, whole, strict=True):
        for x, y in zip(_data(a), _data(b), strict=True):
            np.testing.assert_allclose(x, y, atol=1e-6)
