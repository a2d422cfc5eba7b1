"""Level, slope and responses of a skin that is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from physiosync_rt.datatypes import GRID_SFREQ, FloatArray
from physiosync_rt.features.skin_conductance import SkinMemory, rise_heights, slope

TIMES = np.arange(30 * GRID_SFREQ) / GRID_SFREQ


def response(at: float, height: float) -> FloatArray:
    """A response in µS: up within 2 s, then back with a time constant of 2 s."""
    t = TIMES - at
    return height * np.clip(t / 2.0, 0.0, 1.0) * np.exp(-np.clip(t - 2.0, 0.0, None) / 2.0)


def told(conductance: FloatArray, seconds: int = 30) -> FloatArray:
    """Values after so many seconds of conductance in µS."""
    memory = SkinMemory(1)
    for second in np.log(conductance).reshape(-1, GRID_SFREQ, 1)[:seconds]:
        memory.take(second, usable=True)
    return memory.values()[:, 0]


@given(
    level=st.floats(0.5, 20.0),
    heights=st.lists(st.floats(0.15, 1.0), max_size=3),
    seed=st.integers(0, 1000),
)
def test_responses_are_counted_and_measured(level: float, heights: list[float], seed: int) -> None:
    rng = np.random.default_rng(seed)
    at = 1.0 + 9.0 * np.arange(len(heights)) + rng.uniform(0.0, 2.0, len(heights))
    x = level + sum((response(*each) for each in zip(at, heights, strict=True)), 0.0 * TIMES)
    values = told(x)
    assert values[2] == pytest.approx(2.0 * len(heights))
    # Half-second means lower a peak a little, and it stands on what is left of the one before.
    assert values[3] == pytest.approx(max(heights, default=0.0), rel=0.2)


@given(level=st.floats(0.5, 20.0), drift=st.floats(-0.009, 0.009), noise=st.floats(0.0, 0.002))
def test_drift_and_noise_are_no_responses(level: float, drift: float, noise: float) -> None:
    rng = np.random.default_rng(0)
    x = level + drift * (TIMES - 15.0) + noise * rng.normal(size=len(TIMES))
    values = told(x)
    assert values[0] == pytest.approx(np.log(level), abs=0.02)
    assert values[2] == 0.0
    assert values[3] < 0.05


@given(level=st.floats(-1.0, 3.0), trend=st.floats(-0.05, 0.05))
def test_level_and_slope_are_of_the_logarithm(level: float, trend: float) -> None:
    values = told(np.exp(level + trend * TIMES))
    assert values[0] == pytest.approx(level + 15.0 * trend, abs=1e-3)
    assert values[1] == pytest.approx(trend, abs=1e-9)


def test_responses_hardly_move_the_tonic_level() -> None:
    x = 2.0 + response(3.0, 0.8) + response(15.0, 0.8)
    assert np.exp(told(x)[0]) == pytest.approx(2.02, abs=0.04)
    assert x.mean() > 2.15


def test_level_is_known_from_5_s_and_responses_from_15_s_on() -> None:
    known = np.array([np.isfinite(told(np.full(len(TIMES), 3.0), n)) for n in range(1, 31)])
    assert known.argmax(axis=0).tolist() == [4, 4, 14, 14]
    assert known[14:].all()


def test_what_is_not_skin_ends_the_memory() -> None:
    memory = SkinMemory(1)
    skin, off = np.full((GRID_SFREQ, 1), 1.0), np.full((GRID_SFREQ, 1), -4.0)
    for _ in range(20):
        memory.take(skin, usable=True)
    memory.take(off, usable=False)
    assert memory.seconds == 0.0
    assert np.isnan(memory.values()).all()
    for _ in range(15):
        memory.take(skin, usable=True)
    # The finger that came back is no response.
    assert memory.values()[:, 0].tolist() == [1.0, 0.0, 0.0, 0.0]


def test_channels_do_not_mix() -> None:
    memory = SkinMemory(2)
    for second in range(30):
        rows = np.stack([np.full(GRID_SFREQ, 1.0), np.full(GRID_SFREQ, 0.01 * second)], axis=1)
        memory.take(rows, usable=True)
    values = memory.values()
    np.testing.assert_allclose(values[:2, 0], [1.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(values[:2, 1], [0.145, 0.01], atol=1e-3)


def test_rises_and_slopes_of_short_signals() -> None:
    assert rise_heights(np.array([3.0, 2.0, 2.5, 4.0, 4.0, 5.0])).tolist() == [2.0, 1.0]
    assert rise_heights(np.array([3.0, 2.0, 2.5, 4.0, 4.0, 5.0]), 0.6).tolist() == [1.5, 1.0]
    assert rise_heights(np.array([3.0, 2.0])).tolist() == []
    np.testing.assert_allclose(slope(np.array([[0.0, 1.0, 2.0], [5.0, 5.0, 5.0]]), 2.0), [2.0, 0.0])
