"""Every fault of a stream is detected, told apart from the others and counted in time."""

from __future__ import annotations

from dataclasses import fields
from itertools import pairwise
from operator import attrgetter

import numpy as np
import pytest

from physiosync_rt.align.aligner import StreamAligner
from physiosync_rt.align.sanity_check import CHECK_S, SanityCheck
from physiosync_rt.align.stats import Counters
from physiosync_rt.align.thresholds import LONGEST_GAP_S
from physiosync_rt.datatypes import Chunk, FloatArray, GridChunk, IntArray, Modality, StreamSpec
from physiosync_rt.errors import UserError
from physiosync_rt.lsl.faults import Faults

SFREQ = 250.0
NAMES = tuple(field.name for field in fields(Counters))
VALUES = attrgetter(*NAMES)


def _spec(sfreq: float = SFREQ, n_chans: int = 2) -> StreamSpec:
    return StreamSpec("eeg", Modality.EEG, tuple(f"c{i}" for i in range(n_chans)), sfreq, "uV")


class Run:
    """An aligner fed 20 ms at a time; ``seen`` is when each counter first moved."""

    def __init__(
        self,
        stamps: FloatArray,
        due: FloatArray | None = None,
        *,
        sfreq: float = SFREQ,
        x: FloatArray | None = None,
        counter: IntArray | None = None,
    ) -> None:
        self.aligner = StreamAligner(_spec(sfreq), float(stamps[0]))
        self.grids: list[GridChunk] = []
        self.seen: dict[str, float] = {}
        if x is None:
            x = np.random.default_rng(5).normal(size=(len(stamps), 2))
        due = stamps if due is None else due
        before = VALUES(self.aligner.counters)
        step = max(int(0.02 * sfreq), 1)
        for start in range(0, len(stamps), step):
            part = slice(start, start + step)
            self.grids += self.aligner.push(
                Chunk(
                    "eeg",
                    x[part].astype(np.float32),
                    stamps[part],
                    counter=None if counter is None else counter[part],
                )
            )
            now = VALUES(self.aligner.counters)
            for name, old, new in zip(NAMES, before, now, strict=True):
                if new != old:
                    self.seen.setdefault(name, float(due[part][-1]))
            before = now
        self.counters = self.aligner.counters

    @property
    def holes(self) -> list[tuple[int, int]]:
        """Grid indices at either side of every gap."""
        return [(a.stop, b.start) for a, b in pairwise(self.grids) if b.start > a.stop]


def _with(spec: str, seconds: float = 30.0, sfreq: float = SFREQ) -> Run:
    times = np.arange(int(seconds * sfreq)) / sfreq
    _, stamps, due = Faults.parse(spec).apply("eeg", times, times)
    return Run(stamps, due, sfreq=sfreq)


@pytest.mark.parametrize("jitter", ["0", "3ms", "10ms"])
@pytest.mark.parametrize("lost_s", [0.05, 0.2, 3.0])
def test_a_loss_is_counted_within_a_second_of_its_end(jitter: str, lost_s: float) -> None:
    run = _with(f"freeze=20:{lost_s},jitter={jitter},seed=3")
    assert run.seen["gaps"] - (20 + lost_s) < 1.0
    assert run.counters.gaps == 1
    assert run.counters.lost == pytest.approx(lost_s * SFREQ, abs=2 if jitter == "10ms" else 1)
    assert run.counters.clock_resets == 0
    assert len(run.holes) == 1


@pytest.mark.parametrize("sfreq", [4.0, 32.0, 128.0, 1000.0])
def test_a_loss_is_counted_at_any_rate(sfreq: float) -> None:
    run = _with("freeze=20:2", sfreq=sfreq)
    assert run.seen["gaps"] - 22 < 1.0
    assert (run.counters.gaps, run.counters.lost) == (1, 2 * sfreq)


@pytest.mark.parametrize("jump", [-0.4, -5.0, -1e6, 400.0, 1e6])
def test_a_clock_reset_is_not_a_gap(jump: float) -> None:
    run = _with(f"reset=20:{jump},jitter=2ms,seed=1")
    assert run.counters.clock_resets == 1
    assert run.counters.lost == 0
    assert run.seen["clock_resets"] - 20 < 1.0
    # The stream continues where it was.
    assert run.grids[-1].stop / 128 == pytest.approx(30.0, abs=0.4)


@pytest.mark.parametrize("counted_on", ["again", "too far", "with the stamps", "by the offset"])
@pytest.mark.parametrize("jump", [3600.0, 1e6, 1e12])
def test_no_gap_is_longer_than_a_day(counted_on: str, jump: float) -> None:
    n = 2500
    stamps = np.arange(2 * n) / SFREQ
    counter: IntArray | None = np.arange(2 * n)
    chunks = []
    if counted_on == "by the offset":
        counter = None
    else:
        steps = {"again": -n, "too far": round(2 * jump * SFREQ)}
        counter[n:] += steps.get(counted_on, round(jump * SFREQ))
        stamps[n:] += jump
    aligner = StreamAligner(_spec(SFREQ), 0.0)
    x = np.random.default_rng(0).normal(size=(2 * n, 2)).astype("f4")
    for start in range(0, 2 * n, 50):
        part = slice(start, start + 50)
        offset = jump if counter is None and start >= n else 0.0
        numbers = None if counter is None else counter[part]
        chunks += aligner.push(Chunk("eeg", x[part], stamps[part], offset, numbers))
    pause = jump if jump <= LONGEST_GAP_S else 0.0
    assert (aligner.counters.clock_resets, aligner.counters.gaps) == (1, 1)
    assert chunks[-1].stop / 128 == pytest.approx(20.0 + pause, abs=0.1)


@pytest.mark.parametrize("sfreq", [4.0, SFREQ])
@pytest.mark.parametrize("rate", [-0.02, 0.02, 0.05])
def test_a_wrong_rate_is_detected_within_ten_seconds(sfreq: float, rate: float) -> None:
    run = _with(f"rate={rate},jitter=5ms,seed=2", seconds=20.0, sfreq=sfreq)
    assert run.aligner.off_rate
    assert run.seen["off_rate"] < 10.0
    assert run.aligner.sfreq_effective == pytest.approx(sfreq * (1 + rate), rel=2e-3)
    assert run.counters.gaps == 0


def test_the_declared_rate_is_not_reported() -> None:
    run = _with("jitter=10ms,drift=200,seed=4", seconds=60.0)
    assert run.counters.off_rate == 0
    assert run.counters.gaps == 0


@pytest.mark.parametrize("sfreq", [4.0, SFREQ])
@pytest.mark.parametrize("ppm", [-200.0, 200.0])
def test_drift_is_reported_within_two_minutes(sfreq: float, ppm: float) -> None:
    run = _with(f"drift={ppm},jitter=5ms,seed=6", seconds=120.0, sfreq=sfreq)
    assert run.aligner.drift_ppm == pytest.approx(ppm, abs=60.0)


def test_drift_is_none_before_it_is_known() -> None:
    assert _with("drift=200", seconds=20.0).aligner.drift_ppm is None


def test_a_stuck_clock_is_one_fault() -> None:
    run = _with("constant=10:5")
    assert run.seen["stuck_clock"] - 10 < 1.5
    assert run.counters.stuck_clock == pytest.approx(5 * SFREQ, abs=15)
    assert run.counters.clock_resets == 0
    assert run.counters.gaps == 1
    assert not run.aligner.stuck
    assert run.aligner.sfreq_effective == pytest.approx(SFREQ, rel=1e-3)
    assert len(run.holes) == 1


def test_stamps_that_never_move_are_refused() -> None:
    check = SanityCheck(_spec())
    chunk = Chunk(
        "eeg", np.random.default_rng(0).normal(size=(1250, 2)).astype("f4"), np.zeros(1250)
    )
    with pytest.raises(UserError, match="have the time stamp 0"):
        check.add(chunk)


def test_the_counter_is_used_alone_while_the_clock_is_stuck() -> None:
    stamps = np.arange(5000) / SFREQ
    stamps[2500:3500] = stamps[2500]
    run = Run(stamps, counter=np.arange(5000))
    assert run.counters.gaps == 0
    assert run.counters.stuck_clock > 500
    assert run.grids[-1].stop / 128 == pytest.approx(20.0, abs=0.1)
    assert run.aligner.sfreq_effective == pytest.approx(SFREQ, rel=2e-3)


@pytest.mark.parametrize("counted", [False, True])
def test_duplicates_are_dropped(counted: bool) -> None:
    order = np.r_[0:3000, 2900:3000, 3000:5000]
    x = np.random.default_rng(1).normal(size=(5000, 2))
    run = Run(order / SFREQ, x=x[order], counter=order if counted else None)
    assert run.counters.duplicates == 100
    assert (run.counters.gaps, run.counters.clock_resets, run.counters.lost) == (0, 0, 0)
    whole = Run(np.arange(5000) / SFREQ, x=x)
    np.testing.assert_array_equal(
        np.concatenate([g.samples for g in run.grids]),
        np.concatenate([g.samples for g in whole.grids]),
    )


def test_flat_channels_are_not_duplicates() -> None:
    stamps = np.repeat(np.arange(200) / 4.0, 2)
    run = Run(stamps[:100], sfreq=8.0, x=np.ones((100, 2)))
    assert run.counters.duplicates == 0


def test_samples_held_up_and_stamped_on_arrival_are_late_not_lost() -> None:
    stamps = np.arange(7500) / SFREQ
    # Two seconds arrive at once, all stamped at that moment plus the radio's few µs.
    held = (stamps >= 15) & (stamps < 17)
    stamps[held] = 17 + 1e-5 * np.arange(held.sum())
    run = Run(stamps)
    assert (run.counters.lost, run.counters.gaps, run.counters.clock_resets) == (0, 0, 0)
    assert run.counters.late == pytest.approx(2 * SFREQ, rel=0.05)
    assert not run.holes


def test_part_held_up_and_part_lost() -> None:
    true = np.arange(7500) / SFREQ
    stamps = np.where((true >= 15) & (true < 17), 17 + 1e-5 * (true - 15), true)
    kept = (true < 15) | (true >= 16)
    run = Run(stamps[kept])
    assert run.counters.gaps == 1
    assert run.counters.lost == pytest.approx(SFREQ, abs=2)
    assert run.counters.clock_resets == 0


def test_after_a_counter_reset_the_stamps_are_used() -> None:
    counter = np.r_[0:2500, 0:2500]
    stamps = np.r_[0:2500, 3500:6000] / SFREQ
    run = Run(stamps, counter=counter)
    assert run.counters.clock_resets == 1
    assert run.grids[-1].stop / 128 == pytest.approx(24.0, abs=0.1)
    # The same for a counter that advanced meanwhile by the wrong amount.
    run = Run(stamps, counter=np.r_[0:2500, 2600:5100])
    assert run.counters.clock_resets == 1
    assert run.grids[-1].stop / 128 == pytest.approx(24.0, abs=0.1)


def test_a_step_of_the_clock_offset_is_a_clock_reset() -> None:
    spec = _spec()
    aligner = StreamAligner(spec, 0.0)
    x = np.random.default_rng(2).normal(size=(2500, 2)).astype(np.float32)
    stamps = np.arange(2500) / SFREQ
    aligner.push(Chunk("eeg", x, stamps))
    grids = aligner.push(Chunk("eeg", x, stamps + 1010.0, clock_offset=-1000.0))
    assert aligner.counters.clock_resets == 1
    assert grids[-1].stop / 128 == pytest.approx(20.0, abs=0.1)


def test_stamps_that_go_back_from_sample_to_sample_are_rejected() -> None:
    spec = StreamSpec("Backwards", Modality.EEG, ("Cz",), 128.0, "uV")
    check = SanityCheck(spec)
    n = int(CHECK_S * 128) - 1
    samples = np.random.default_rng(0).normal(size=(n, 1)).astype(np.float32)
    for start in range(0, n, 10):
        stamps = 100.0 - np.arange(start, min(start + 10, n)) / 128.0
        check.add(Chunk("Backwards", samples[start : start + 10], stamps))
    with pytest.raises(UserError, match="go back from sample to sample"):
        check.add(Chunk("Backwards", samples[:1], np.zeros(1)))
