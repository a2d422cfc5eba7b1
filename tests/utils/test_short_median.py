"""The quick median is numpy's, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

from physiosync_rt.utils.short_median import short_median


@pytest.mark.parametrize("shape", [(1,), (2,), (33,), (128, 32), (1, 10), (3, 4, 7)])
def test_it_is_the_median(shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).normal(size=shape)
    kept = x.copy()
    np.testing.assert_array_equal(short_median(x), np.median(x, axis=-1))
    np.testing.assert_array_equal(x, kept)
