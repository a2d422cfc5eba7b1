"""Heart rate and RMSSD of beats that are known, with beats too many and too few."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from physiosync_rt.datatypes import GRID_SFREQ, FloatArray, HeartSecond, HeartState
from physiosync_rt.features.heart_rate import HeartMemory, heart_rate, rmssd

SEEN, UNKNOWN, ABSENT = HeartState.SEEN, HeartState.UNKNOWN, HeartState.ABSENT


def beats_at(rate: float, seconds: float, spread: float = 0.0, seed: int = 0) -> FloatArray:
    """Times of beats in s; intervals vary by a share ``spread`` around those of the rate."""
    rng = np.random.default_rng(seed)
    n = int(seconds * rate / 60) + 1
    return np.cumsum(60 / rate * (1 + spread * rng.normal(size=n)))


@given(rate=st.floats(30.0, 200.0), n=st.integers(3, 60))
def test_a_steady_heart_has_its_rate_and_no_variability(rate: float, n: int) -> None:
    intervals = np.full(n, 60 / rate)
    assert heart_rate(intervals) == pytest.approx(rate)
    found = rmssd(intervals)
    assert np.isnan(found) if n < 6 else found == pytest.approx(0.0, abs=1e-9)


@given(
    rate=st.floats(45.0, 150.0),
    seed=st.integers(0, 10_000),
    missed=st.integers(0, 3),
    extra=st.integers(0, 2),
)
def test_beats_too_many_and_too_few_move_neither_rate_nor_rmssd(
    rate: float, seed: int, missed: int, extra: int
) -> None:
    beats = beats_at(rate, 30.0, 0.03, seed)
    clean = np.diff(beats)
    rng = np.random.default_rng(seed)
    at = rng.choice(np.arange(1, len(beats) - 1), missed + extra, replace=False)
    added = beats[at[missed:]] + rng.uniform(0.35, 0.65, extra) * clean[at[missed:]]
    spoilt = np.diff(np.sort(np.concatenate([np.delete(beats, at[:missed]), added])))
    assert heart_rate(spoilt) == pytest.approx(heart_rate(clean), rel=0.05)
    found = rmssd(spoilt)
    # Fewer differences are left: the estimate is of the same size, not of that of a missed beat.
    assert np.isnan(found) or 0.3 * rmssd(clean) < found < 2.0 * rmssd(clean)


@given(step=st.floats(0.0, 0.15))
def test_rmssd_is_the_size_of_the_steps(step: float) -> None:
    intervals = 0.8 + 0.5 * step * (-1.0) ** np.arange(40)
    assert rmssd(intervals) == pytest.approx(1e3 * step, abs=1e-6)


def test_an_irregular_heart_has_a_rate() -> None:
    intervals = np.random.default_rng(3).uniform(0.4, 1.2, 45)
    assert heart_rate(intervals) == pytest.approx(60 / intervals.mean(), rel=0.1)


class Fed:
    """A memory that is fed second by second."""

    def __init__(self) -> None:
        self.memory = HeartMemory()
        self.second = 0

    def feed(self, beats: FloatArray, n: int, state: HeartState = SEEN) -> list[FloatArray]:
        """Values after each of the next seconds; beats in s, known half a second later."""
        values = []
        for _ in range(n):
            stop = self.second + 1.0
            new = beats[(beats >= stop - 1.5) & (beats < stop - 0.5)]
            self.memory.take(HeartSecond(state, new * GRID_SFREQ), self.second * GRID_SFREQ)
            self.second += 1
            values.append(self.memory.values())
        return values


@given(rate=st.floats(60.0, 180.0))
def test_the_rate_is_known_from_5_s_and_rmssd_from_15_s_on(rate: float) -> None:
    fed = Fed()
    values = np.array(fed.feed(beats_at(rate, 60.0), 40))
    assert np.isfinite(values).argmax(axis=0).tolist() == [4, 14]
    assert np.isfinite(values[14:]).all()
    np.testing.assert_allclose(values[4:, 0], rate)
    assert fed.memory.seconds == 30.0


def test_only_the_last_30_s_count() -> None:
    slow = beats_at(60.0, 40.0)
    fast = slow[-1] + beats_at(120.0, 60.0)
    fed = Fed()
    values = np.array(fed.feed(np.concatenate([slow, fast]), 90))[:, 0]
    assert values[39] == pytest.approx(60.0)
    assert 60.0 < values[51] < 120.0
    assert values[73] == pytest.approx(120.0)


@pytest.mark.parametrize("state", [UNKNOWN, ABSENT])
def test_nothing_is_known_of_a_heart_that_is_not_seen(state: HeartState) -> None:
    assert np.isnan(Fed().feed(beats_at(70.0, 60.0), 40, state)).all()


def test_what_looked_like_beats_before_a_heart_was_seen_is_not_used() -> None:
    fed = Fed()
    noise = np.sort(np.random.default_rng(0).uniform(0.0, 20.0, 70))
    beats = np.concatenate([noise, 20.0 + beats_at(70.0, 60.0)])
    fed.feed(beats, 20, ABSENT)
    values = np.array(fed.feed(beats, 30))[:, 0]
    assert np.isnan(values[:4]).all()
    np.testing.assert_allclose(values[4:], 70.0)


def test_beats_found_while_the_heart_was_not_known_yet_count_once_it_is() -> None:
    fed = Fed()
    beats = beats_at(70.0, 60.0)
    assert np.isnan(fed.feed(beats, 9, UNKNOWN)).all()
    assert fed.feed(beats, 1)[0][0] == pytest.approx(70.0)
    assert fed.memory.seconds == 10.0


def test_a_gap_ends_the_memory() -> None:
    fed = Fed()
    fed.feed(beats_at(60.0, 40.0), 40)
    fed.memory.forget()
    assert fed.memory.seconds == 0.0
    assert np.isnan(fed.memory.values()).all()
    later = 40.0 + beats_at(120.0, 40.0)
    values = np.array(fed.feed(later, 20))[:, 0]
    assert np.isnan(values[:4]).all()
    np.testing.assert_allclose(values[4:], 120.0)
