"""Five minutes of traces: bounded, gaps stay gaps, drawn by least and greatest values."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from physiosync_rt.dashboard.trace_memory import MEMORY_S, TraceMemory, decimated
from physiosync_rt.datatypes import GRID_SFREQ
from physiosync_rt.live.snapshot import Traces


def _traces(start: int, stop: int, n_chans: int = 2) -> Traces:
    index = np.arange(start, stop)
    samples = np.stack([index + 1000.0 * ch for ch in range(n_chans)], axis=1)
    names = tuple(f"E{ch}" for ch in range(n_chans))
    return Traces(index / GRID_SFREQ, samples.astype(np.float32), names, "uV")


def test_what_overlaps_is_kept_once() -> None:
    memory = TraceMemory()
    for stop in range(640, 1300, 50):
        memory.add(_traces(stop - 640, stop))
    assert memory.newest_s == 1290 / GRID_SFREQ
    kept = memory.view(memory.newest_s, 10.0)
    np.testing.assert_array_equal(kept[:, 0], np.arange(10, 1290))
    np.testing.assert_array_equal(kept[:, 1], np.arange(1010, 2290))


def test_what_no_snapshot_has_shown_is_a_gap() -> None:
    memory = TraceMemory()
    memory.add(_traces(0, 640))
    memory.add(_traces(1000, 1640))
    kept = memory.view(1640 / GRID_SFREQ, 1640 / GRID_SFREQ)[:, 0]
    assert np.isnan(kept[640:1000]).all()
    np.testing.assert_array_equal(kept[1000:], np.arange(1000, 1640))


def test_memory_is_bounded_and_the_past_before_it_is_empty() -> None:
    memory = TraceMemory()
    for start in range(0, 400 * GRID_SFREQ, 600):
        memory.add(_traces(start, start + 640))
    assert memory.newest_s - memory.oldest_s == MEMORY_S
    assert memory._ring is not None
    n_bytes = memory._ring._rows.nbytes
    memory.add(_traces(500 * GRID_SFREQ, 501 * GRID_SFREQ))
    assert memory._ring._rows.nbytes == n_bytes == 2 * MEMORY_S * GRID_SFREQ * 2 * 4
    before = memory.view(memory.oldest_s, 5.0)
    assert np.isnan(before).all()


def test_rows_before_the_first_sample_are_left_out() -> None:
    memory = TraceMemory()
    memory.add(_traces(-400, 240))
    assert memory.oldest_s == 0.0
    np.testing.assert_array_equal(memory.view(240 / GRID_SFREQ, 1.0)[:, 0], np.arange(112, 240))


def test_other_channels_begin_again() -> None:
    memory = TraceMemory()
    memory.add(_traces(0, 640))
    memory.add(_traces(640, 1280, n_chans=3))
    assert memory.view(10.0, 5.0).shape == (640, 3)


@given(st.integers(1, 4000), st.integers(1, 500), st.integers(0, 10**6))
def test_decimation_loses_no_peak_of_a_whole_bin(n: int, n_bins: int, stop: int) -> None:
    samples = np.random.default_rng(n).normal(size=(n, 2)).astype(np.float32)
    rows, values = decimated(samples, n_bins, stop)
    assert len(rows) == len(values) <= max(2 * n_bins, n if n <= 2 * n_bins else 0)
    assert (np.diff(rows) > 0).all()
    if len(values) == n:
        np.testing.assert_array_equal(values, samples)
    elif len(values):
        size = -(-n // n_bins)
        inner = samples[size : n - size]
        assert values.max() >= inner.max(initial=-9)
        assert values.min() <= inner.min(initial=9)


def test_bins_do_not_change_when_the_signal_moves_on() -> None:
    x = np.random.default_rng(1).normal(size=(4000, 1)).astype(np.float32)
    _, one = decimated(x[:3000], 300, 3000)
    _, other = decimated(x[7:3007], 300, 3007)
    np.testing.assert_array_equal(one[4:500], other[2:498])


def test_a_bin_of_which_a_part_is_missing_shows_the_rest_and_an_empty_one_nothing() -> None:
    x = np.arange(40, dtype=np.float32)[:, None].copy()
    x[4:10] = np.nan
    x[20:30] = np.nan
    _, values = decimated(x, 4, 40)
    np.testing.assert_array_equal(values[:, 0], [0, 3, 10, 19, np.nan, np.nan, 30, 39])
