"""The loop over ordinary samples changes no bit of what the careful path gives."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from physiosync_rt.align.aligner import StreamAligner
from physiosync_rt.align.fast_loop import FastLoop
from physiosync_rt.align.stats import Counters
from physiosync_rt.datatypes import (
    Chunk,
    FloatArray,
    GridChunk,
    IntArray,
    Modality,
    SampleArray,
    StreamSpec,
)
from physiosync_rt.formats.registry import read

RATES = [4.0, 7.3, 32.0, 125.0, 250.0, 256.0, 500.0, 1000.0]
FAULTS = (
    "losses",
    "gap",
    "duplicates",
    "nan samples",
    "nan channel",
    "nan stamps",
    "stuck clock",
    "back",
    "forward",
    "small",
    "reset",
    "offset",
    "late",
    "packets",
    "flat",
    "rate",
)


class CarefulAligner(StreamAligner):
    """Aligner that treats no sample as an ordinary one."""

    def _on_the_line(self) -> bool:
        return False


@dataclass
class Stream:
    samples: SampleArray
    stamps: FloatArray
    offsets: FloatArray
    counter: IntArray | None

    def chunks(self, cuts: list[int]) -> Iterator[Chunk]:
        """Cut where asked and where the clock offset changes."""
        steps = np.flatnonzero(np.diff(self.offsets)) + 1
        n = len(self.stamps)
        for start, stop in pairwise(sorted({0, n, *steps.tolist(), *[c for c in cuts if c < n]})):
            counter = None if self.counter is None else self.counter[start:stop]
            part = slice(start, stop)
            offset = float(self.offsets[start])
            yield Chunk("s", self.samples[part], self.stamps[part], offset, counter)


class Faults:
    """Faults by name, at random places of a stream of ``n`` samples."""

    def __init__(self, rng: np.random.Generator, names: tuple[str, ...], n: int, sfreq: float):
        self.rng, self.names, self.n, self.sfreq = rng, names, n, sfreq

    def stretch(self, longest_s: float) -> slice:
        start = int(self.rng.integers(self.n // 8, self.n))
        return slice(start, start + 1 + int(self.rng.integers(max(longest_s * self.sfreq, 2))))

    def shift(self, stamps: FloatArray) -> None:
        """Move stamps in place."""
        steps = {"back": -1.3, "forward": 0.9, "small": 0.06}
        for name in steps.keys() & set(self.names):
            stamps[self.stretch(1.0).start :] += steps[name] * self.rng.uniform(0, 2)
        if "late" in self.names:
            stamps[self.stretch(0.8)] += self.rng.uniform(0, 0.5)
        if "stuck clock" in self.names:
            stuck = self.stretch(4.0)
            stamps[stuck] = stamps[stuck][0]
        if "reset" in self.names:
            stamps[self.stretch(1.0).start :] += self.rng.choice([-500.0, 400.0])
        if "nan stamps" in self.names:
            bad = self.rng.random(self.n) < 0.01
            stamps[bad] = self.rng.choice([np.nan, np.inf, -np.inf])

    def spoil(self, x: SampleArray) -> None:
        """Change samples in place."""
        if "nan samples" in self.names:
            x[self.stretch(0.1)] = np.nan
            x[self.rng.random(self.n) < 0.01] = np.inf
        if "nan channel" in self.names:
            x[self.stretch(9.0), -1] = np.nan
        if "flat" in self.names:
            x[self.stretch(9.0)] = 1.0

    def order(self) -> IntArray:
        """Return which samples come, in order."""
        order = np.arange(self.n)
        if "losses" in self.names:
            order = order[self.rng.random(self.n) >= self.rng.choice([0.002, 0.02])]
        if "gap" in self.names:
            gap = self.stretch(3.0)
            order = order[(order < gap.start) | (order >= gap.stop)]
        if "duplicates" in self.names:
            at = int(self.rng.integers(len(order) // 2, len(order)))
            order = np.r_[order[:at], order[max(at - 9, 0) : at], order[at:]]
        return order


def faulty_stream(
    seed: int,
    *,
    sfreq: float,
    jitter_s: float,
    faults: tuple[str, ...],
    counted: bool,
    n_chans: int = 2,
    seconds: float = 8.0,
) -> Stream:
    """Simulate a stream with the named faults at random places."""
    rng = np.random.default_rng(seed)
    n = max(int(seconds * sfreq), 150)
    stamps = np.arange(n) / sfreq * (1.03 if "rate" in faults else 1.0 + rng.normal(0, 1e-4))
    if "packets" in faults:
        stamps = stamps[np.arange(n) // 5 * 5]
    stamps = stamps + (rng.normal(0, jitter_s, n) if jitter_s else 0.0)
    x = rng.normal(size=(n, n_chans)).astype(np.float32)
    places = Faults(rng, faults, n, sfreq)
    places.shift(stamps)
    places.spoil(x)
    offsets = np.zeros(n)
    if "offset" in faults:
        step = places.stretch(1.0).start
        offsets[step:] = rng.choice([1e-4, -50.0])
        stamps[step:] -= offsets[step:]
    order = places.order()
    return Stream(x[order], stamps[order], offsets[order], order if counted else None)


def differs(one: Any, other: Any, name: str = "aligner") -> str:
    """Name the first thing in which two objects differ in any bit; empty where they are equal."""
    if one is other or isinstance(one, FastLoop):
        return ""
    if type(one) is not type(other):
        return name
    ours = type(one).__module__.startswith("physiosync_rt.align.")
    if ours and not isinstance(one, (Counters, tuple)):
        one, other = vars(one), vars(other)
    if isinstance(one, dict):
        pairs = zip(one.items(), other.items(), strict=False)
        parts = ((f"{name}.{key[0]}", key, there) for key, there in pairs)
    elif isinstance(one, (list, tuple, deque)):
        parts = ((name, a, b) for a, b in zip(one, other, strict=False))
    else:
        return "" if bits(one) == bits(other) else name
    if len(one) != len(other):
        return name
    return next(filter(None, (differs(a, b, part) for part, a, b in parts)), "")


def bits(thing: Any) -> Any:
    """Return a value such that equal means equal bit by bit, also of NaN and of zeros."""
    if isinstance(thing, np.ndarray):
        return thing.dtype, thing.shape, thing.tobytes()
    return thing.hex() if isinstance(thing, float) else thing


def rows_of(grids: list[GridChunk]) -> list[Any]:
    return [(g.start, bits(g.samples), bits(g.present)) for g in grids]


def assert_equal(stream: Stream, sfreq: float, cuts: list[int], anchor: float = 0.0) -> int:
    """Compare both ways after every chunk; return how many samples the loop took."""
    names = tuple(f"c{i}" for i in range(stream.samples.shape[1]))
    spec = StreamSpec("s", Modality.EEG, names, sfreq, "uV")
    fast, careful = StreamAligner(spec, anchor), CarefulAligner(spec, anchor)
    taken = 0
    run = fast._fast_loop.run

    def counting_run(*args: Any, at: int, **options: Any) -> int:
        nonlocal taken
        stop = run(*args, at=at, **options)
        taken += stop - at
        return stop

    fast._fast_loop.run = counting_run  # type: ignore[method-assign]
    for i, chunk in enumerate(stream.chunks(cuts)):
        assert rows_of(fast.push(chunk)) == rows_of(careful.push(chunk)), i
        assert fast.counters == careful.counters
        assert fast.stats == careful.stats
        assert (fast.frontier, fast.newest_s) == (careful.frontier, careful.newest_s)
    assert not differs(vars(fast), vars(careful))
    return taken


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    sfreq=st.sampled_from(RATES),
    jitter_s=st.sampled_from([0.0, 1e-5, 0.0005, 0.002, 0.003, 0.01]),
    faults=st.lists(st.sampled_from(FAULTS), max_size=4, unique=True),
    counted=st.booleans(),
    n_chans=st.integers(1, 3),
    cuts=st.lists(st.integers(1, 6000), max_size=40),
)
def test_any_stream_gives_the_same_rows_and_state(
    seed: int,
    sfreq: float,
    jitter_s: float,
    faults: list[str],
    counted: bool,
    n_chans: int,
    cuts: list[int],
) -> None:
    stream = faulty_stream(
        seed,
        sfreq=sfreq,
        jitter_s=jitter_s,
        faults=tuple(faults),
        counted=counted,
        n_chans=n_chans,
    )
    assert_equal(stream, sfreq, cuts)


@pytest.mark.parametrize("jitter_s", [0.003, pytest.param(0.0, marks=pytest.mark.slow)])
@pytest.mark.parametrize("counted", [False, True])
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_gives_the_same_rows_and_state(
    fault: str, counted: bool, jitter_s: float
) -> None:
    rng = np.random.default_rng(len(fault))
    for sfreq in (4.0, 250.0):
        stream = faulty_stream(9, sfreq=sfreq, jitter_s=jitter_s, faults=(fault,), counted=counted)
        cuts = np.cumsum(rng.integers(1, 120, 100)).tolist()
        assert_equal(stream, sfreq, cuts, anchor=-3.0)


@pytest.mark.parametrize("counted", [False, True])
@pytest.mark.parametrize("jitter_s", [0.0, 0.003, 0.01])
def test_the_loop_takes_nearly_all_samples_of_a_healthy_stream(
    jitter_s: float, counted: bool
) -> None:
    stream = faulty_stream(
        3, sfreq=250.0, jitter_s=jitter_s, faults=(), counted=counted, seconds=20.0
    )
    taken = assert_equal(stream, 250.0, list(range(0, 5000, 8)))
    assert taken > 0.99 * len(stream.stamps)


def test_a_mix_of_chunks_with_and_without_a_counter() -> None:
    stream = faulty_stream(4, sfreq=250.0, jitter_s=0.0, faults=("losses",), counted=True)
    spec = StreamSpec("s", Modality.EEG, ("a", "b"), 250.0, "uV")
    fast, careful = StreamAligner(spec, 0.0), CarefulAligner(spec, 0.0)
    for i, chunk in enumerate(stream.chunks(list(range(0, 3000, 37)))):
        if i % 5 > 2:
            chunk = Chunk("s", chunk.samples, chunk.timestamps)
        assert rows_of(fast.push(chunk)) == rows_of(careful.push(chunk))
    assert not differs(vars(fast), vars(careful))


@pytest.mark.parametrize(
    "name",
    [
        "xdf-ecg-markers/ecg_many_gaps_138s.xdf",
        "xdf-ecg-markers/ecg_twohost_gaps_95s.xdf",
        "xdf-muse/sub-P001_older_25s.xdf",
        "xdf-openbci-eeg-markers/eeg16_22s_truncated_192KiB.xdf",
        "openbci-gui-txt/OpenBCI_GUI-v6-blinks-jawClench-alpha.txt",
        "xdf-examples/clock_resets.xdf",
        pytest.param("stress-predict-e4/S02/EDA.csv", id="stress-predict-e4/S02"),
    ],
)
def test_real_recordings_give_the_same_rows_and_state(data_dir: Path, name: str) -> None:
    rng = np.random.default_rng(0)
    for stream in read(data_dir / name).streams:
        if stream.spec.modality is Modality.OTHER or stream.spec.sfreq <= 0:
            continue
        n = 3000
        excerpt = Stream(
            stream.samples[:n],
            stream.timestamps[:n],
            np.zeros(len(stream.timestamps[:n])),
            None if stream.counter is None else stream.counter[:n],
        )
        cuts = np.cumsum(rng.integers(1, 80, n)).tolist()
        first = float(excerpt.stamps[0])
        assert assert_equal(excerpt, stream.spec.sfreq, cuts, first) > 0
