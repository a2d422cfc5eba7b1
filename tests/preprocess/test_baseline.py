"""A person's rest, captured second by second."""

from __future__ import annotations

import numpy as np
import pytest

from physiosync_rt.preprocess.baseline import BaselineCapture, BaselineRequest, ChannelBaseline


def test_baseline_is_the_median_of_usable_seconds() -> None:
    capture = BaselineCapture(BaselineRequest(2.0, None, 3.0))
    ones = np.ones(2)
    assert capture.take(0, (ones, ones)) is None
    assert capture.take(2, (0 * ones, 1 * ones)) is None
    assert capture.take(3, None) is None
    assert capture.take(4, (0 * ones, 50 * ones)) is None
    assert capture.progress == pytest.approx(2 / 3)
    done = capture.take(5, (3 * ones, 2 * ones))
    assert done == ChannelBaseline((0.0, 0.0), (2.0, 2.0))


def test_a_fixed_stretch_without_half_its_seconds_fails() -> None:
    capture = BaselineCapture(BaselineRequest(0.0, 4.0, 4.0))
    for second in range(4):
        usable = (np.ones(1), np.ones(1)) if second == 0 else None
        assert capture.take(second, usable) is None
    assert capture.failed


def test_a_stretch_without_a_whole_second_fails() -> None:
    capture = BaselineCapture(BaselineRequest(1.5, 2.5, 1.0))
    for second in range(4):
        assert capture.take(second, (np.ones(1), np.ones(1))) is None
    assert capture.failed
