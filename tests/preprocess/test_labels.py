"""Ratings to classes: both datasets, the edges, and where the released rule differs."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from physiosync_rt.formats.deap import DEAP_THRESHOLD
from physiosync_rt.formats.dreamer import DREAMER_THRESHOLD
from physiosync_rt.preprocess.labels import QUADRANT_NAMES, high, quadrants, quadrants_released


def released_rules(valence: float, arousal: float) -> float:
    """The released DEAP rules one after the other, later ones overwriting."""
    label = -1.0
    if arousal >= 5 and valence >= 5:
        label = 0
    if arousal >= 5 and valence < 5:
        label = 1
    if arousal < 5 and valence >= 5:
        label = 2
    if arousal <= 5 and valence <= 5:
        label = 3
    return label


def test_golden_labels() -> None:
    subject = np.arange(3)
    valence = np.stack([np.full(3, 5.0), 4.0 + subject])
    arousal = np.stack([np.full(3, 5.0), 6.0 - subject])
    np.testing.assert_array_equal(high(arousal, DEAP_THRESHOLD), [[1, 1, 1], [1, 1, 0]])
    np.testing.assert_array_equal(high(valence, DEAP_THRESHOLD), [[1, 1, 1], [0, 1, 1]])
    np.testing.assert_array_equal(
        quadrants_released(valence, arousal, DEAP_THRESHOLD), [[3, 3, 3], [1, 3, 2]]
    )
    np.testing.assert_array_equal(
        quadrants(valence, arousal, DEAP_THRESHOLD), [[0, 0, 0], [1, 0, 2]]
    )


@pytest.mark.parametrize(
    ("valence", "arousal"), list(itertools.product([1.0, 4.99, 5.0, 5.01, 9.0], repeat=2))
)
def test_released_quadrants_follow_the_rules_in_their_order(valence: float, arousal: float) -> None:
    found = quadrants_released(valence, arousal, DEAP_THRESHOLD)
    assert found == released_rules(valence, arousal)


def test_fixed_quadrants_agree_with_the_binary_labels() -> None:
    grid = np.array(list(itertools.product(np.arange(1, 9.5, 0.5), repeat=2)))
    for threshold in (DEAP_THRESHOLD, DREAMER_THRESHOLD):
        names = np.array(QUADRANT_NAMES)[quadrants(grid[:, 0], grid[:, 1], threshold)]
        for (valence, arousal), name in zip(grid, names, strict=True):
            expected = f"{'H' if valence >= threshold else 'L'}V"
            assert name == expected + f"{'H' if arousal >= threshold else 'L'}A"


def test_small_unsigned_scores_do_not_wrap() -> None:
    scores = np.arange(1, 6, dtype=np.uint8)
    np.testing.assert_array_equal(high(scores, DREAMER_THRESHOLD), [0, 0, 1, 1, 1])
    assert quadrants_released(np.uint8(5), np.uint8(4), DEAP_THRESHOLD) == 3


def test_a_rating_that_is_nan_is_refused() -> None:
    with pytest.raises(ValueError, match="NaN or infinite"):
        high([3.0, np.nan], DEAP_THRESHOLD)
