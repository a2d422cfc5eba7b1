"""Samples go into the index when they are looked up; what is found is the same as at once."""

from __future__ import annotations

import numpy as np
import pytest

from physiosync_rt.align.duplicates import MEMORY_S, Duplicates
from physiosync_rt.datatypes import FloatArray

SFREQ = 4.0


class PlainMemory:
    """The newest stamps with their samples and the ones before those, remembered at once."""

    def __init__(self, n_chans: int) -> None:
        self.known: dict[float, tuple[FloatArray, FloatArray]] = {}
        self.single = n_chans == 1
        self.previous: FloatArray | None = None
        self.last = -np.inf

    def has(self, stamp: float, sample: FloatArray) -> bool:
        if stamp not in self.known or (self.single and stamp == self.last):
            return False
        before, same = self.known[stamp]
        return bool((same == sample).all()) and not bool((before == same).all())

    def add(self, stamp: float, sample: FloatArray) -> None:
        self.known[stamp] = (sample if self.previous is None else self.previous, sample)
        self.previous, self.last = sample, stamp
        if len(self.known) > MEMORY_S * SFREQ:
            del self.known[next(iter(self.known))]


@pytest.mark.parametrize("n_chans", [1, 2])
@pytest.mark.parametrize("back_share", [0.0, 0.02, 0.4])
def test_the_same_samples_are_known(n_chans: int, back_share: float) -> None:
    rng = np.random.default_rng(int(100 * back_share) + n_chans)
    memory, plain = Duplicates(SFREQ, n_chans), PlainMemory(n_chans)
    sent: list[tuple[float, FloatArray]] = []
    found = 0
    for _ in range(600):
        if sent and rng.random() < back_share:
            stamp, sample = sent[-min(int(rng.integers(1, 60)), len(sent))]
        else:
            stamp = max((s for s, _ in sent), default=0.0) + int(rng.integers(1, 3))
            sample = rng.integers(0, 2, n_chans).astype(np.float64)
        known = memory.has(stamp, sample)
        assert known == plain.has(stamp, sample)
        found += known
        sent.append((stamp, sample))
        memory.add(stamp, sample)
        plain.add(stamp, sample)
    assert (found > 0) == (back_share > 0)


def test_a_run_is_remembered_as_its_samples_are() -> None:
    stamps = np.arange(100.0).tolist()
    samples = np.random.default_rng(0).normal(size=(100, 2))
    memory, plain = Duplicates(SFREQ, 2), PlainMemory(2)
    memory.add(stamps[0], samples[0])
    memory.add_run(stamps[1:], samples[1:])
    for stamp, sample in zip(stamps, samples, strict=True):
        plain.add(stamp, sample)
    known = [memory.has(stamp, sample) for stamp, sample in zip(stamps, samples, strict=True)]
    assert known == [plain.has(*each) for each in zip(stamps, samples, strict=True)]
    assert sum(known) == MEMORY_S * SFREQ
