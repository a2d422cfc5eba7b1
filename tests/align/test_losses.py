"""Single lost samples, streams stamped per packet, NaN and infinite values."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from helpers.pulses import aligned, pulse_times, pulse_train, pulse_width
from hypothesis import given, settings
from hypothesis import strategies as st

from physiosync_rt.align.aligner import StreamAligner
from physiosync_rt.datatypes import Chunk, FloatArray, GridChunk, IntArray, Modality, StreamSpec

SFREQ = 250.0
SPEC = StreamSpec("eeg", Modality.EEG, ("a", "b"), SFREQ, "uV")


def _align(
    stamps: FloatArray,
    x: FloatArray | None = None,
    counter: IntArray | None = None,
    cuts: list[int] | None = None,
    spec: StreamSpec = SPEC,
) -> tuple[StreamAligner, list[GridChunk]]:
    aligner = StreamAligner(spec, 0.0)
    if x is None:
        x = np.random.default_rng(3).normal(size=(len(stamps), spec.n_chans))
    grids: list[GridChunk] = []
    bounds = sorted({0, len(stamps), *(cut for cut in cuts or [] if cut < len(stamps))})
    for part in (slice(*pair) for pair in pairwise(bounds)):
        numbers = None if counter is None else counter[part]
        grids += aligner.push(Chunk(spec.name, x[part].astype("f4"), stamps[part], counter=numbers))
    return aligner, grids


def _lossy(share: float, seconds: float = 60.0, seed: int = 0) -> IntArray:
    """Numbers of the samples that arrive."""
    arrives = np.random.default_rng(seed).random(int(seconds * SFREQ)) >= share
    arrives[[0, -1]] = True
    return np.flatnonzero(arrives)


def _present(grids: list[GridChunk]) -> float:
    return float(np.concatenate([grid.present for grid in grids]).mean())


@pytest.mark.parametrize("jitter_s", [0.0, 2e-4])
@pytest.mark.parametrize("share", [0.001, 0.01, 0.05, 0.2])
def test_lost_samples_are_counted_without_a_counter(share: float, jitter_s: float) -> None:
    numbers = _lossy(share)
    jitter = np.random.default_rng(1).normal(0, jitter_s, len(numbers))
    aligner, grids = _align(numbers / SFREQ + jitter)
    n_lost = int(60 * SFREQ) - len(numbers)
    assert aligner.counters.lost == pytest.approx(n_lost, rel=0.01, abs=2)
    assert (aligner.counters.gaps, aligner.counters.clock_resets) == (0, 0)
    assert not aligner.off_rate
    assert _present(grids) == pytest.approx(1 - share, abs=0.01)


@pytest.mark.parametrize("share", [0.001, 0.01, 0.05])
def test_pulses_stay_in_place_while_samples_are_lost(share: float) -> None:
    numbers = _lossy(share, 200.0)
    true = numbers / SFREQ
    width = pulse_width(SFREQ)
    spec = StreamSpec("eeg", Modality.EEG, ("a",), SFREQ, "uV")
    t, y, _ = aligned(spec, pulse_train(true, width)[:, None].astype("f4"), true, 0.0)
    errors = pulse_times(t, y, width, 60.0)
    assert len(errors) >= 16
    assert np.percentile(np.abs(errors), 99) < 0.001


@pytest.mark.parametrize("share", [0.001, 0.01])
@pytest.mark.parametrize(("jitter_s", "limit_s"), [(0.001, 0.004), (0.003, 0.004), (0.010, 0.008)])
def test_pulses_stay_in_place_where_jitter_hides_losses(
    share: float, jitter_s: float, limit_s: float
) -> None:
    errors = []
    for seed in range(2):
        numbers = _lossy(share, 200.0, seed)
        true = numbers / SFREQ
        stamps = true + np.random.default_rng(seed).normal(0, jitter_s, len(true))
        width = pulse_width(SFREQ)
        spec = StreamSpec("eeg", Modality.EEG, ("a",), SFREQ, "uV")
        x = pulse_train(true, width)[:, None].astype("f4")
        t, y, aligner = aligned(spec, x, stamps, 0.0)
        errors.append(pulse_times(t, y, width, 60.0))
        # The jitter limits which gaps are detected, not the losses.
        assert aligner.jitter_s == pytest.approx(jitter_s, abs=1e-3)
        assert aligner.counters.gaps == 0
    assert np.percentile(np.abs(np.concatenate(errors)), 99) < limit_s


def test_a_gap_is_seen_among_losses_that_jitter_hides() -> None:
    numbers = _lossy(0.02)
    times = numbers / SFREQ
    kept = times[(times < 40) | (times >= 40.1)]
    aligner, _ = _align(kept + np.random.default_rng(4).normal(0, 0.003, len(kept)))
    assert aligner.counters.gaps == 1


@pytest.mark.parametrize("packet", [8, 32])
@pytest.mark.parametrize("jitter_s", [0.003, 0.010])
def test_jitter_of_whole_packets_is_not_tracked(packet: int, jitter_s: float) -> None:
    number = np.arange(int(150 * SFREQ))
    delay = np.random.default_rng(packet).normal(0, jitter_s, len(number) // packet + 1)
    aligner, _ = _align(number / SFREQ + delay[number // packet])
    # One of the first steps may look like a loss.
    assert aligner.counters.lost <= 2
    assert aligner.counters.gaps == 0
    assert aligner.newest_s == pytest.approx(150.0, abs=0.006)


@pytest.mark.parametrize("share", [0.01, 0.05, 0.2])
@pytest.mark.parametrize("gap_s", [0.06, 0.1, 1.0])
def test_a_gap_is_seen_among_small_losses(share: float, gap_s: float) -> None:
    numbers = _lossy(share)
    times = numbers / SFREQ
    kept = numbers[(times < 40) | (times >= 40 + gap_s)]
    aligner, grids = _align(kept / SFREQ)
    assert aligner.counters.gaps == 1
    assert aligner.counters.lost == pytest.approx(int(60 * SFREQ) - len(kept), rel=0.01)
    ((stop, start),) = [(a.stop, b.start) for a, b in pairwise(grids) if b.start > a.stop]
    assert stop / 128 < 40 < 40 + gap_s < start / 128


@settings(max_examples=25, deadline=None)
@given(
    share=st.sampled_from([0.01, 0.2]),
    jitter_s=st.sampled_from([0.0, 3e-4, 2e-3]),
    packet=st.sampled_from([1, 5, 50]),
    cuts=st.lists(st.integers(1, 3000), max_size=40),
    seed=st.integers(0, 1000),
)
def test_any_chunking_counts_the_same_losses(
    share: float, jitter_s: float, packet: int, cuts: list[int], seed: int
) -> None:
    numbers = _lossy(share, 12.0, seed)
    rng = np.random.default_rng(seed)
    stamps = numbers // packet * packet / SFREQ + rng.normal(0, jitter_s, len(numbers))
    x = rng.normal(size=(len(numbers), 2))
    x[rng.random(len(x)) < 0.05] = np.nan
    whole, grids = _align(stamps, x)
    pieces, parts = _align(stamps, x, cuts=cuts)
    assert whole.counters == pieces.counters
    assert whole.frontier == pieces.frontier
    for name in ("samples", "present"):
        np.testing.assert_allclose(
            np.concatenate([getattr(g, name) for g in grids]),
            np.concatenate([getattr(g, name) for g in parts]),
            atol=1e-12,
        )


def test_a_sender_that_stalls_is_late_and_loses_nothing() -> None:
    stamps = np.arange(5000) / SFREQ
    # Samples wait for 30 ms and are stamped when the sender resumes, eight times.
    for at in range(500, 4500, 500):
        stamps[at : at + 8] = stamps[at + 7] + 1e-5 * np.arange(8)
    aligner, _ = _align(stamps)
    assert (aligner.counters.lost, aligner.counters.gaps) == (0, 0)
    assert aligner.counters.late > 40


@pytest.mark.parametrize("packet", [5, 12, 25, 50, 100])
@pytest.mark.parametrize("n_lost", [1, 3])
def test_lost_packets_with_one_stamp_are_counted(packet: int, n_lost: int) -> None:
    number = np.arange(15000)
    kept = (number // packet < 100) | (number // packet >= 100 + n_lost)
    aligner, _ = _align(((number // packet + 1) * packet / SFREQ)[kept])
    assert aligner.counters.lost == packet * n_lost
    assert aligner.counters.gaps == (packet * n_lost / SFREQ >= 0.046)
    assert aligner.counters.clock_resets == 0


def test_packets_of_another_rate_lose_nothing() -> None:
    number = np.arange(15000)
    for packet in (1, 12, 50):
        aligner, _ = _align((number // packet) * packet / (SFREQ * 1.02))
        assert (aligner.counters.lost, aligner.counters.gaps) == (0, 0)
        assert aligner.sfreq_effective == pytest.approx(SFREQ * 1.02, rel=2e-3)


@pytest.mark.parametrize("modality", [Modality.EEG, Modality.GSR])
def test_a_clock_reset_causes_no_time_error(modality: Modality) -> None:
    sfreq = 250.0 if modality is Modality.EEG else 32.0
    times = np.arange(int(200 * sfreq)) / sfreq
    stamps = np.where(times >= 100, times - 3600, times)
    width = pulse_width(sfreq)
    spec = StreamSpec("x", modality, ("a",), sfreq, "uV" if modality is Modality.EEG else "uS")
    t, y, aligner = aligned(spec, pulse_train(times, width)[:, None].astype("f4"), stamps, 0.0)
    assert aligner.counters.clock_resets == 1
    errors = pulse_times(t, y, width, 130.0)
    assert np.abs(errors).max() < 0.004


@pytest.mark.parametrize("counted", [False, True])
def test_samples_without_values_are_not_present(counted: bool) -> None:
    number = np.arange(7500)
    x = np.sin(2 * np.pi * number / SFREQ)[:, None] * np.ones(2)
    bad = np.random.default_rng(0).random(7500) < 0.1
    x[bad] = np.nan
    aligner, grids = _align(number / SFREQ, x, number if counted else None)
    assert aligner.counters.nonfinite == bad.sum()
    assert (aligner.counters.lost, aligner.counters.gaps) == (0, 0)
    assert _present(grids) == pytest.approx(0.9, abs=0.02)
    t = np.concatenate([np.arange(g.start, g.stop) for g in grids]) / 128
    y = np.concatenate([g.samples[:, 0] for g in grids])
    assert np.abs(y - np.sin(2 * np.pi * t)).max() < 0.02


@pytest.mark.parametrize("counted", [False, True])
def test_a_run_without_values_is_a_gap_without_waiting(counted: bool) -> None:
    number = np.arange(7500)
    x = np.random.default_rng(0).normal(size=(7500, 2))
    x[2500:5000] = np.inf
    aligner, grids = _align(number / SFREQ, x, number if counted else None)
    assert (aligner.counters.gaps, aligner.counters.lost, aligner.counters.nonfinite) == (
        1,
        0,
        2500,
    )
    (hole,) = [(a.stop / 128, b.start / 128) for a, b in pairwise(grids) if b.start > a.stop]
    # The next segment begins with what its first kernel reaches back, 86 ms.
    assert hole == pytest.approx((10.0, 20.0), abs=0.09)
    waiting = StreamAligner(SPEC, 0.0)
    waiting.push(Chunk("eeg", x[:5000].astype("f4"), number[:5000] / SFREQ))
    assert waiting.frontier / 128 == pytest.approx(20.0, abs=0.1)


def test_one_electrode_without_values_does_not_affect_the_others() -> None:
    number = np.arange(2500)
    x = np.ones((2500, 2))
    x[500:, 1] = np.nan
    aligner, grids = _align(number / SFREQ, x)
    assert aligner.counters.nonfinite == 2000
    assert _present(grids) == 1.0
    needed = StreamAligner(SPEC, 0.0, needed=np.array([False, True]))
    stopped = needed.push(Chunk("eeg", x.astype("f4"), number / SFREQ))
    assert stopped[-1].stop / 128 == pytest.approx(2.0, abs=0.1)
    assert needed.counters.gaps == 1


@pytest.mark.parametrize("counted", [False, True])
@pytest.mark.parametrize("stamp", [np.nan, np.inf, -np.inf])
def test_a_nan_time_stamp_is_dropped(stamp: float, counted: bool) -> None:
    number = np.arange(5000)
    stamps = number / SFREQ
    stamps[[0, 2000, 4999]] = stamp
    aligner, grids = _align(stamps, counter=number if counted else None)
    assert (aligner.counters.nonfinite, aligner.counters.gaps, aligner.counters.clock_resets) == (
        3,
        0,
        0,
    )
    assert aligner.counters.received == 5000
    assert grids[-1].stop / 128 == pytest.approx(20.0, abs=0.1)


def test_samples_out_of_order_or_sent_again_are_not_a_clock_reset() -> None:
    order = np.arange(5000)
    order[[1000, 1001]] = [1001, 1000]
    aligner, _ = _align(np.arange(5000) / SFREQ, counter=order)
    assert (aligner.counters.late, aligner.counters.lost) == (1, 1)
    assert (aligner.counters.gaps, aligner.counters.clock_resets) == (0, 0)
    # A packet that the radio sends again, with new stamps.
    order = np.r_[0:3000, 2990:3000, 3000:4990]
    aligner, _ = _align(np.arange(5000) / SFREQ, counter=order)
    assert (aligner.counters.duplicates, aligner.counters.lost) == (10, 0)
    assert (aligner.counters.gaps, aligner.counters.clock_resets) == (0, 0)
