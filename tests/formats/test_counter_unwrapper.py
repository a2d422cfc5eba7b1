"""Unwrapping a counter that wraps every second, with the help of time stamps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from physiosync_rt.formats.counter_unwrapper import CounterUnwrapper

SFREQ = 125.0
DAISY = (256, 2)


def unwrap(raw, stamps, sfreq=SFREQ, counter=DAISY):
    unwrapper = CounterUnwrapper(*counter, sfreq)
    out = []
    for value, stamp in zip(raw.tolist(), stamps.tolist(), strict=True):
        out.extend(unwrapper.push(value, stamp))
    return np.asarray(out + unwrapper.flush())


def stream(counts):
    """Raw counter values and exact stamps of the samples with these numbers."""
    counts = np.asarray(counts)
    return (counts * 2) % 256, 1e5 + counts / SFREQ


def test_wraps_are_removed() -> None:
    counts = np.arange(1000)
    np.testing.assert_array_equal(unwrap(*stream(counts)), counts)


@pytest.mark.parametrize("n_lost", [1, 60, 127, 128, 129, 300, 1280, 12_801])
def test_lost_samples_are_counted_whatever_the_cycle(n_lost: int) -> None:
    counts = np.r_[0:400, 400 + n_lost : 1000 + n_lost]
    np.testing.assert_array_equal(unwrap(*stream(counts)), counts)


@pytest.mark.parametrize("late_s", [0.3, 0.63, 1.1, 3.0])
def test_a_late_burst_loses_nothing(late_s: float) -> None:
    counts = np.arange(1500)
    raw, stamps = stream(counts)
    arrival = np.maximum(stamps, np.where(counts >= 400, stamps[400] + late_s, 0))
    np.testing.assert_array_equal(unwrap(raw, arrival), counts)


def test_a_repeated_or_earlier_sample_counts_as_the_newest() -> None:
    raw, stamps = stream([0, 1, 2, 2, 1, 3])
    np.testing.assert_array_equal(unwrap(raw, np.sort(stamps)), [0, 1, 2, 2, 2, 3])


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), jitter=st.floats(0, 0.1), n_lost=st.integers(0, 600))
def test_jitter_does_not_matter(seed: int, jitter: float, n_lost: int) -> None:
    rng = np.random.default_rng(seed)
    counts = np.r_[0:300, 300 + n_lost : 700 + n_lost]
    raw, stamps = stream(counts)
    noisy = stamps + rng.uniform(0, jitter, len(stamps))
    np.testing.assert_array_equal(unwrap(raw, noisy), counts)
