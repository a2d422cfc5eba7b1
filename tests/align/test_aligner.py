"""Alignment of one stream is independent of chunking, and every fault is counted."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from physiosync_rt.align.aligner import StreamAligner
from physiosync_rt.datatypes import (
    GRID_SFREQ,
    Chunk,
    FloatArray,
    GridChunk,
    IntArray,
    Modality,
    StreamSpec,
)

EPOCH = 1.7e9


def _spec(sfreq: float, n_chans: int = 1) -> StreamSpec:
    names = tuple(f"ch{i}" for i in range(n_chans))
    return StreamSpec("eeg", Modality.EEG, names, sfreq, "uV")


def _align(
    sfreq: float,
    x: FloatArray,
    stamps: FloatArray,
    cuts: list[int] | None = None,
    counter: IntArray | None = None,
) -> tuple[list[GridChunk], StreamAligner]:
    aligner = StreamAligner(_spec(sfreq), float(stamps[0]))
    bounds = sorted({0, len(x), *[c for c in cuts or [] if c < len(x)]})
    out = []
    for start, stop in pairwise(bounds):
        out += aligner.push(
            Chunk(
                "eeg",
                x[start:stop, None].astype(np.float32),
                stamps[start:stop],
                counter=None if counter is None else counter[start:stop],
            )
        )
    return out, aligner


def _joined(chunks: list[GridChunk]) -> tuple[FloatArray, FloatArray]:
    index = np.concatenate([np.arange(c.start, c.stop) for c in chunks])
    return index / GRID_SFREQ, np.concatenate([c.samples[:, 0] for c in chunks])


@settings(max_examples=25, deadline=None)
@given(
    sfreq=st.sampled_from([4.0, 125.0, 250.0, 500.0]),
    cuts=st.lists(st.integers(1, 4000), max_size=30),
    seed=st.integers(0, 1000),
    faulty=st.booleans(),
)
def test_any_chunking_gives_the_same_grid(
    sfreq: float, cuts: list[int], seed: int, faulty: bool
) -> None:
    rng = np.random.default_rng(seed)
    n = int(8 * sfreq) + 5
    stamps = np.arange(n) / sfreq
    if faulty:
        stamps = stamps + rng.normal(0, 0.003, n)
        stamps[n // 2 :] += rng.choice([0.0, 0.4, 2.0, -3.0, 1000.0])
    x = rng.normal(size=n)
    whole, a = _align(sfreq, x, stamps)
    pieces, b = _align(sfreq, x, stamps, cuts)
    assert a.counters == b.counters
    assert a.frontier == b.frontier
    if whole or pieces:
        np.testing.assert_array_equal(_joined(whole)[0], _joined(pieces)[0])
        np.testing.assert_allclose(_joined(whole)[1], _joined(pieces)[1], atol=1e-12)


def test_time_base_does_not_matter() -> None:
    x = np.random.default_rng(0).normal(size=2000)
    stamps = np.arange(2000) / 250
    here, _ = _align(250.0, x, stamps)
    there, _ = _align(250.0, x, stamps + 1234.5678)
    np.testing.assert_allclose(_joined(here)[1], _joined(there)[1], atol=1e-9)


def test_jitter_is_averaged_away() -> None:
    rng = np.random.default_rng(1)
    n = 90 * 128
    true = np.arange(n) / 128
    stamps = true + rng.normal(0, 0.01, n)
    chunks, aligner = _align(128.0, np.sin(2 * np.pi * 1.0 * true), stamps)
    t, y = _joined(chunks)
    late = t > 60
    # Slope of a 1 Hz sine at its zero crossings turns an error of time into one of value.
    error = np.abs(y[late] - np.sin(2 * np.pi * (t[late] + stamps[0] - true[0]))) / (2 * np.pi)
    assert np.percentile(error, 99) < 0.004
    assert aligner.jitter_s == pytest.approx(0.01, rel=0.2)
    assert aligner.counters.gaps == 0


@pytest.mark.parametrize("ppm", [-200, 200])
def test_drift_is_followed(ppm: int) -> None:
    n = 120 * 250
    stamps = np.arange(n) / 250 * (1 + ppm * 1e-6)
    chunks, aligner = _align(250.0, stamps.copy(), stamps)
    t, y = _joined(chunks)
    assert np.abs(y - t).max() < 1e-3
    assert aligner.counters.gaps == 0


def test_a_gap_is_seen_counted_and_not_bridged() -> None:
    sfreq, n = 250.0, 5000
    stamps = np.arange(n) / sfreq
    keep = (stamps < 8) | (stamps >= 8.5)
    chunks, aligner = _align(sfreq, stamps[keep], stamps[keep])
    t, y = _joined(chunks)
    hole = np.diff(t) > 1.5 / GRID_SFREQ
    assert hole.sum() == 1
    assert t[:-1][hole][0] < 8 < 8.5 < t[1:][hole][0]
    np.testing.assert_allclose(y, t, atol=1e-3)
    assert aligner.counters.gaps == 1
    assert aligner.counters.lost == 125


def test_late_stamps_are_not_a_gap() -> None:
    sfreq = 250.0
    stamps = np.arange(2000) / sfreq
    stamps[1000:1030] += 0.2
    chunks, aligner = _align(sfreq, np.ones(2000), stamps)
    assert aligner.counters.gaps == 0
    assert aligner.counters.late > 0
    assert (np.diff(_joined(chunks)[0]) < 1.5 / GRID_SFREQ).all()


@pytest.mark.parametrize("jump", [-3.0, -100000.0, 1e6])
def test_a_clock_reset_does_not_stop_the_stream(jump: float) -> None:
    stamps = np.arange(5000) / 250
    stamps[2500:] += jump
    chunks, aligner = _align(250.0, np.ones(5000), stamps)
    assert aligner.counters.clock_resets == 1
    assert _joined(chunks)[0][-1] == pytest.approx(20.0, abs=0.5)


def test_the_counter_overrides_the_stamps() -> None:
    sfreq, n = 125.0, 3000
    counter = np.arange(n)
    stamps = np.arange(n) / sfreq
    stamps[1000:1200] += 0.6  # Delivered late, none lost.
    lost = (counter >= 2000) & (counter < 2003)
    x = np.sin(2 * np.pi * 0.5 * counter / sfreq)
    chunks, aligner = _align(sfreq, x[~lost], stamps[~lost], counter=counter[~lost])
    t, y = _joined(chunks)
    assert aligner.counters.gaps == 0
    assert aligner.counters.lost == 3
    assert (np.diff(t) < 1.5 / GRID_SFREQ).all()
    present = np.concatenate([c.present for c in chunks])
    assert 2 <= (~present).sum() <= 4
    assert np.abs(y - np.sin(2 * np.pi * 0.5 * t)).max() < 0.2


def test_duplicates_by_the_counter_are_dropped() -> None:
    counter = np.repeat(np.arange(1000), 1)
    counter = np.insert(counter, 500, 499)
    stamps = np.arange(1001) / 250
    _, aligner = _align(250.0, np.ones(1001), stamps, counter=counter)
    assert aligner.counters.duplicates == 1
    assert aligner.counters.gaps == 0


def test_nan_samples_are_interpolated_and_counted() -> None:
    x = np.ones(2000)
    x[700:710] = np.nan
    x[900] = np.inf
    chunks, aligner = _align(250.0, x, np.arange(2000) / 250)
    assert aligner.counters.nonfinite == 11
    np.testing.assert_allclose(_joined(chunks)[1], 1.0)
    absent = np.concatenate([~c.present for c in chunks])
    assert 5 <= absent.sum() <= 7


def test_unix_time_stamps_lose_nothing() -> None:
    x = np.sin(2 * np.pi * 10 * np.arange(5000) / 250)
    stamps = np.arange(5000) / 250
    chunks, _ = _align(250.0, x, stamps + EPOCH)
    t, y = _joined(chunks)
    assert np.abs(y - np.sin(2 * np.pi * 10 * t)).max() < 1e-3
