"""A long course in few points hides neither its extremes nor its holes."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from physiosync_rt.run_report.envelope import MOST_POINTS, envelope


def test_a_short_course_is_itself() -> None:
    t = np.arange(1.0, 7.0)
    values = np.array([0.1, 0.2, np.nan, 0.4, 0.5, 0.6])
    among = np.array([True, True, True, True, False, True])
    found = envelope(t, values, among, 1.0, 6.0)
    assert found.step_s == 0
    np.testing.assert_array_equal(found.x, [1, 2, 4, 6])
    for part in (found.middle, found.low, found.high):
        np.testing.assert_array_equal(part, [0.1, 0.2, 0.4, 0.6])
    np.testing.assert_array_equal(found.follows, [False, True, False, False])


@settings(max_examples=8, deadline=None)
@given(n=st.integers(MOST_POINTS + 1, 4000), seed=st.integers(0, 99), missing=st.floats(0, 1))
def test_a_long_course_is_bounded_and_honest(n: int, seed: int, missing: float) -> None:
    rng = np.random.default_rng(seed)
    t = np.arange(1.0, n + 1)
    values = np.where(rng.random(n) < missing, np.nan, rng.random(n))
    among = rng.random(n) < 0.9
    found = envelope(t, values, among, 1.0, float(n))
    assert len(found.x) <= MOST_POINTS
    used = among & np.isfinite(values)
    point = np.minimum((t[used] / found.step_s).astype(int), MOST_POINTS - 1)
    assert len(found.x) == len(np.unique(point))
    for i, k in enumerate(np.unique(point)):
        own = values[used][point == k]
        assert (found.low[i], found.high[i]) == (own.min(), own.max())
        assert found.middle[i] == np.median(own)
    assert not found.follows[:1].any()


def test_a_hole_in_a_long_course_breaks_the_line() -> None:
    t = np.arange(1.0, 3001.0)
    values = np.full(3000, 0.5)
    among = (t < 1000) | (t > 1100)
    found = envelope(t, values, among, 1.0, 3000.0)
    assert (~found.follows).sum() == 2
    # Rows further apart than points follow each other all the same.
    sparse = np.arange(1.0, 2.0 * MOST_POINTS, 1.0) * 7
    assert (
        ~envelope(
            sparse, values[: len(sparse)], among[: len(sparse)] | True, 7.0, sparse[-1]
        ).follows
    ).sum() == 1
