"""Unwrapping a counter that wraps every second, with the help of time stamps."""

from itertools import pairwise

import numpy as np
import pytest
from helpers.field_cases import field_case
from hypothesis import given, settings
from hypothesis import strategies as st

from physiosync_rt.align.aligner import StreamAligner
from physiosync_rt.align.stats import Counters
from physiosync_rt.datatypes import Chunk, Modality, StreamSpec
from physiosync_rt.formats.counter_unwrapper import CounterUnwrapper, unwrap_counter
from physiosync_rt.formats.registry import read

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


# Whole files.

FILE_SFREQ = 250.0


def _raw(count: np.ndarray, modulo: int = 256, step: int = 1) -> np.ndarray:
    return (count * step + 17) % modulo


@pytest.mark.parametrize(("modulo", "step"), [(256, 1), (256, 2)])
def test_a_wrapping_counter_counts_on(modulo: int, step: int) -> None:
    count = np.arange(5000)
    got, _ = unwrap_counter(_raw(count, modulo, step), count / FILE_SFREQ, FILE_SFREQ, modulo, step)
    np.testing.assert_array_equal(got, count)


@pytest.mark.parametrize("n_lost", [1, 100, 255, 256, 300, 700])
def test_losses_beyond_a_cycle_are_found_by_elapsed_time(n_lost: int) -> None:
    count = np.concatenate([np.arange(2000), np.arange(2000, 4000) + n_lost])
    got, _ = unwrap_counter(_raw(count), count / FILE_SFREQ, FILE_SFREQ, 256)
    np.testing.assert_array_equal(got, count)


def test_a_burst_of_late_samples_is_not_a_loss() -> None:
    count = np.arange(4000)
    stamps = count / FILE_SFREQ
    # Nothing arrives for 0.9 s, then all at once: late by most of a cycle.
    stamps[1000:1225] = stamps[1225]
    got, _ = unwrap_counter(_raw(count), stamps, FILE_SFREQ, 256)
    np.testing.assert_array_equal(got, count)


def test_a_repeated_sample_repeats_its_count() -> None:
    count = np.array([0, 1, 2, 2, 3, 4])
    got, _ = unwrap_counter(_raw(count), count / FILE_SFREQ, FILE_SFREQ, 256)
    np.testing.assert_array_equal(got, count)


# Repeats and samples out of order, for files and sample by sample.


def _counters(counts: np.ndarray, stamps: np.ndarray, sfreq: float) -> Counters:
    """What the aligner counts where samples come one by one, or a few at a time."""
    aligner = StreamAligner(StreamSpec("eeg", Modality.EEG, ("a",), sfreq, "uV"), stamps[0])
    samples = np.sin(stamps)[:, None].astype(np.float32)
    ends = np.cumsum(np.random.default_rng(0).integers(1, 12, len(counts)))
    for part in (slice(*pair) for pair in pairwise([0, *ends[ends < len(counts)], len(counts)])):
        aligner.push(Chunk("eeg", samples[part], stamps[part], counter=counts[part]))
    return aligner.counters


@st.composite
def repeated(draw) -> tuple[tuple[int, int], np.ndarray, np.ndarray]:
    """A device's counter, and the numbers of its samples with blocks sent again in between."""
    counter = draw(st.sampled_from([(256, 1), (256, 2), (2**16, 1)]))
    n = draw(st.integers(400, 1500))
    pieces, start = [], 0
    for stop in sorted(draw(st.lists(st.integers(1, n), max_size=4, unique=True))):
        pieces.append(np.arange(start, stop))
        for _ in range(draw(st.integers(1, 3))):
            first = draw(st.integers(0, stop - 1))
            pieces.append(np.arange(first, draw(st.integers(first + 1, stop))))
        start = stop
    pieces.append(np.arange(start, n))
    return counter, np.concatenate(pieces), np.arange(n)


@settings(max_examples=40, deadline=None)
@given(sent=repeated(), packet=st.sampled_from([1, 1, 5]))
def test_repeated_blocks_of_any_length_are_repeats(sent, packet: int) -> None:
    (modulo, step), counts, each = sent
    stamps = 1e5 + counts // packet * packet / FILE_SFREQ
    raw = (counts * step + 42) % modulo
    n_repeats = len(counts) - len(each)
    live = unwrap(raw, stamps, FILE_SFREQ, (modulo, step))
    file, order = unwrap_counter(raw, stamps, FILE_SFREQ, modulo, step)
    np.testing.assert_array_equal(live, np.maximum.accumulate(counts))
    np.testing.assert_array_equal(file, live)
    np.testing.assert_array_equal(order, np.arange(len(raw)))
    counted = _counters(file, stamps, FILE_SFREQ)
    assert (counted.duplicates, counted.lost, counted.gaps) == (n_repeats, 0, 0)
    assert (counted.late, counted.clock_resets) == (0, 0)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_swapped_blocks_are_put_in_order_and_never_step_forward(data) -> None:
    n = 2000
    cuts = sorted(data.draw(st.lists(st.integers(1, n - 1), min_size=3, max_size=3, unique=True)))
    one, two, three, four = np.split(np.arange(n), cuts)
    counts = np.concatenate([one, three, two, four])
    raw, stamps = counts % 256, 1e5 + counts / FILE_SFREQ
    file, order = unwrap_counter(raw, stamps, FILE_SFREQ, 256)
    np.testing.assert_array_equal(file, np.arange(n))
    np.testing.assert_array_equal(counts[order], np.arange(n))
    live = unwrap(raw, stamps, FILE_SFREQ, (256, 1))
    np.testing.assert_array_equal(live, np.maximum.accumulate(counts))


@pytest.mark.parametrize("n_back", [1, 60, 127, 128, 129, 200, 240])
def test_a_block_that_comes_again_with_new_stamps(n_back: int) -> None:
    counts = np.r_[0:1000, 1000 - n_back : 1000, 1000:2000]
    stamps = 1e5 + np.arange(len(counts)) / FILE_SFREQ
    live = unwrap(counts % 256, stamps, FILE_SFREQ, (256, 1))
    np.testing.assert_array_equal(live, np.maximum.accumulate(counts))


def test_a_clock_that_is_set_back_repeats_nothing() -> None:
    counts = np.arange(2000)
    stamps = counts / FILE_SFREQ - np.where(counts >= 1000, 2.3456, 0.0)
    for got in (
        unwrap(counts % 256, stamps, FILE_SFREQ, (256, 1)),
        unwrap_counter(counts % 256, stamps, FILE_SFREQ, 256)[0],
    ):
        np.testing.assert_array_equal(got, counts)


def test_a_counter_of_many_bits_that_starts_again_is_a_restart() -> None:
    raw = np.r_[50_000:51_000, 0:1000]
    got = unwrap(raw, np.arange(2000) / FILE_SFREQ, FILE_SFREQ, (2**16, 1))
    assert np.all(np.diff(got) > 0)


@pytest.mark.parametrize("at", [0, 500])
def test_stamps_that_are_not_times(at: int) -> None:
    counts = np.arange(1500)
    stamps = 1e5 + counts / FILE_SFREQ
    stamps[at : at + 100] = np.nan
    live = unwrap(counts % 256, stamps, FILE_SFREQ, (256, 1))
    np.testing.assert_array_equal(live, counts)


@pytest.mark.parametrize(
    ("name", "n_repeats"),
    [("brainflow-gui-toggle-duplicates.csv", 1550), ("brainflow-appended-overlap.csv", 10_750)],
)
def test_files_in_which_blocks_were_written_again(name: str, n_repeats: int) -> None:
    (stream,) = read(field_case(name)).streams
    assert stream.counter is not None
    counted = _counters(stream.counter, stream.timestamps, FILE_SFREQ)
    assert (counted.duplicates, counted.lost, counted.gaps) == (n_repeats, 0, 0)
    assert stream.spec.sfreq == FILE_SFREQ
