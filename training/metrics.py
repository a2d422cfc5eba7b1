"""Scores with the interval that belongs to them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from physiosync_rt.datatypes import BoolArray, IntArray


def balanced_accuracy(truth: BoolArray, predicted: BoolArray) -> float:
    """Mean of the two classes' recall; NaN when a class is absent."""
    if truth.all() or not truth.any():
        return float("nan")
    return float((predicted[truth].mean() + (~predicted[~truth]).mean()) / 2)


def bootstrap(
    metric: Callable[[BoolArray, BoolArray], float],
    truth: BoolArray,
    predicted: BoolArray,
    unit: IntArray,
    seed: int,
    n_draws: int = 1000,
) -> tuple[float, float, float]:
    """A score and its 95 % interval, resampling whole independent units.

    Parameters
    ----------
    metric : callable
    truth, predicted : bool arrays, shape (n,)
    unit : int array, shape (n,)
        Subject (else trial, else block) of every window: windows of one unit are not
        independent, so they are drawn together or not at all.
    seed, n_draws : int

    Returns
    -------
    value, low, high : float
    """
    rng = np.random.default_rng(seed)
    members = [np.flatnonzero(unit == u) for u in np.unique(unit)]
    values = []
    for _ in range(n_draws):
        drawn = np.concatenate([members[i] for i in rng.integers(len(members), size=len(members))])
        values.append(metric(truth[drawn], predicted[drawn]))
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return metric(truth, predicted), float(low), float(high)
