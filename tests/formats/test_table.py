from __future__ import annotations

import numpy as np
import pytest

from physiosync_rt.formats.counter_unwrapper import unwrap_counter
from physiosync_rt.formats.rates import effective_rate, nominal_rate
from physiosync_rt.formats.separators import split_rows

_SFREQ = 250.0


def _raw(count: np.ndarray, modulo: int = 256, step: int = 1) -> np.ndarray:
    return (count * step + 17) % modulo


@pytest.mark.parametrize(("modulo", "step"), [(256, 1), (256, 2)])
def test_a_wrapping_counter_counts_on(modulo: int, step: int) -> None:
    count = np.arange(5000)
    got, _ = unwrap_counter(_raw(count, modulo, step), count / _SFREQ, _SFREQ, modulo, step)
    np.testing.assert_array_equal(got, count)


@pytest.mark.parametrize("n_lost", [1, 100, 255, 256, 300, 700])
def test_losses_beyond_a_cycle_are_found_by_elapsed_time(n_lost: int) -> None:
    count = np.concatenate([np.arange(2000), np.arange(2000, 4000) + n_lost])
    got, _ = unwrap_counter(_raw(count), count / _SFREQ, _SFREQ, 256)
    np.testing.assert_array_equal(got, count)


def test_a_burst_of_late_samples_is_not_a_loss() -> None:
    count = np.arange(4000)
    stamps = count / _SFREQ
    # Nothing arrives for 0.9 s, then all at once: late by most of a cycle.
    stamps[1000:1225] = stamps[1225]
    got, _ = unwrap_counter(_raw(count), stamps, _SFREQ, 256)
    np.testing.assert_array_equal(got, count)


def test_a_repeated_sample_repeats_its_count() -> None:
    count = np.array([0, 1, 2, 2, 3, 4])
    got, _ = unwrap_counter(_raw(count), count / _SFREQ, _SFREQ, 256)
    np.testing.assert_array_equal(got, count)


def test_rates_are_taken_over_the_whole_length() -> None:
    # Packets of 8 samples share a stamp: the median step is 0.
    stamps = np.floor(np.arange(2000) / 8) * 8 / 256
    assert effective_rate(stamps) == pytest.approx(256.0, rel=0.01)
    assert nominal_rate(stamps, (220.0, 256.0)) == 256.0
    assert nominal_rate(stamps, (64.0, 128.0)) is None
    assert effective_rate(np.zeros(3)) == 0.0
    assert effective_rate(np.zeros(1)) == 0.0


def test_lines_of_another_length_are_left_out() -> None:
    assert split_rows(["1, 2", "3, 4", "5"], ",") == [["1", "2"], ["3", "4"], None]
    assert split_rows([], ",") == []
