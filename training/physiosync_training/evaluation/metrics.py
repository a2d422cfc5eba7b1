"""Scores with the interval that belongs to them.

Windows of one trial look alike and share their label, so they are not independent: intervals
resample whole units (a subject, a trial, a block of 20 s), with all their windows or none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from physiosync_rt.datatypes import FloatArray, IntArray

Unit = Literal["subject", "trial", "20 s block"]

METRICS: Final = (
    "accuracy",
    "balanced accuracy",
    "F1",
    "F1 macro",
    "F1 weighted",
    "ROC AUC",
    "calibration error",
)
PRIMARY: Final = "balanced accuracy"
"""What models are compared by: guessing scores 1 / n_classes, whatever the classes' shares."""

BEFORE: Final = "calibration error before"
"""That of a network at temperature 1."""

N_DRAWS: Final = 1000
N_BINS: Final = 10

_DRAWS_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Estimate:
    """A score and its 95 % interval; NaN where it is not defined."""

    value: float
    low: float
    high: float


def score(
    truth: IntArray,
    probability: FloatArray,
    unit: IntArray,
    fold: IntArray | None = None,
    *,
    seed: int = 0,
    n_draws: int = N_DRAWS,
) -> dict[str, Estimate]:
    """Compute all scores of some answers.

    Parameters
    ----------
    truth : int array, shape (n,)
        Classes.
    probability : float array, shape (n, n_classes)
    unit : int array, shape (n,)
        Which independent unit a window belongs to.
    fold : int array, shape (n,), optional
        Which model answered; one answered all when not given.
    seed, n_draws : int
        Of the bootstrap (percentiles of ``n_draws`` resamplings of whole units).

    Returns
    -------
    dict of str to Estimate
        By name in `METRICS`; ``F1`` (of the class high) and ``ROC AUC`` for two classes alone,
        ``F1 weighted`` (by how frequent the classes are) for more.

    Notes
    -----
    What compares classes (balanced accuracy, F1, ROC AUC) is computed on the pooled predictions
    of each fold and averaged over folds by their windows. Pooled over folds it would be unfair to
    guesses: a training part has fewer of the class that its test part has more of, so that a
    model which only learnt how frequent the classes are scores below chance.
    """
    weights, code = _draw(unit, seed, n_draws)
    group = np.zeros_like(code) if fold is None else np.unique(fold, return_inverse=True)[1]
    values = _from_confusion(_draw_confusion(truth, probability, code, group, weights))
    values["calibration error"] = _calibration_error(truth, probability, code, weights)
    if probability.shape[1] == 2:
        parts = [np.flatnonzero(group == k) for k in range(int(group.max()) + 1)]
        areas = [_roc_auc(truth[at], probability[at, 1], code[at], weights) for at in parts]
        sizes = [weights @ np.bincount(code[at], minlength=weights.shape[1]) for at in parts]
        values["ROC AUC"] = _mean_over_folds(np.stack(areas, axis=1), np.stack(sizes, axis=1))
    return {name: _estimate(values[name], weights.shape[1]) for name in METRICS if name in values}


def _draw(unit: IntArray, seed: int, n_draws: int) -> tuple[IntArray, IntArray]:
    """Draw how often every unit counts (first row: once each), and code every window's unit."""
    units, code = np.unique(unit, return_inverse=True)
    rng = np.random.default_rng(seed)
    draws = rng.multinomial(len(units), np.full(len(units), 1 / len(units)), size=n_draws)
    return np.concatenate([np.ones((1, len(units)), dtype=np.int64), draws]), code


def _estimate(values: FloatArray, n_units: int) -> Estimate:
    drawn = values[1:][np.isfinite(values[1:])]
    if n_units < 2 or not len(drawn) or not np.isfinite(values[0]):
        return Estimate(float(values[0]), np.nan, np.nan)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Estimate(float(values[0]), float(low), float(high))


def confusion_matrix(truth: IntArray, probability: FloatArray) -> IntArray:
    """Number of windows by true class (rows) and answer (columns)."""
    everything = np.zeros(len(truth), dtype=np.int64)
    whole = _draw_confusion(
        truth, probability, everything, everything, np.ones((1, 1), dtype=np.int64)
    )
    one: IntArray = whole[0, 0]
    return one


def _draw_confusion(
    truth: IntArray, probability: FloatArray, unit: IntArray, fold: IntArray, weights: IntArray
) -> IntArray:
    """Count confusion matrices, shape (n_draws, n_folds, n_classes, n_classes)."""
    n_classes, n_folds = probability.shape[1], int(fold.max()) + 1
    counts = np.zeros((weights.shape[1], n_folds, n_classes, n_classes))
    np.add.at(counts, (unit, fold, truth, probability.argmax(axis=1)), 1)
    drawn = weights.astype(np.float64) @ counts.reshape(len(counts), -1)
    return drawn.reshape(len(weights), n_folds, n_classes, n_classes).astype(np.int64)


def _ratio(above: FloatArray | IntArray, below: FloatArray | IntArray) -> FloatArray:
    """Divide ``above`` by ``below``; NaN where there is nothing to divide by."""
    out = np.full(np.broadcast_shapes(above.shape, below.shape), np.nan)
    np.divide(above, below, out=out, where=np.asarray(below) != 0)
    return out


def _mean_over_folds(values: FloatArray, sizes: FloatArray | IntArray) -> FloatArray:
    """Average over the second axis by size, without folds in which a score is not defined."""
    there = np.isfinite(values)
    counted = np.where(there, sizes, 0)
    return _ratio((np.where(there, values, 0) * counted).sum(axis=1), counted.sum(axis=1))


def _from_confusion(confusion: IntArray) -> dict[str, FloatArray]:
    """Compute scores from confusion matrices, shape (n_draws, n_folds, n_classes, n_classes)."""
    right = np.diagonal(confusion, axis1=2, axis2=3)
    true, said = confusion.sum(axis=3), confusion.sum(axis=2)
    sizes = true.sum(axis=2)
    f1 = _ratio(2 * right, true + said)
    there = np.isfinite(f1)
    # Where a class is absent there is nothing to balance.
    balanced = _ratio(right, true).mean(axis=2)
    macro = _ratio(np.where(there, f1, 0).sum(axis=2), there.sum(axis=2))
    out = {
        "accuracy": _ratio(right.sum(axis=(1, 2)), sizes.sum(axis=1)),
        "balanced accuracy": _mean_over_folds(balanced, sizes),
        "F1 macro": _mean_over_folds(macro, sizes),
    }
    if confusion.shape[2] == 2:
        out["F1"] = _mean_over_folds(f1[:, :, 1], sizes)
    else:
        weighted = _ratio(np.where(there, f1 * true, 0).sum(axis=2), sizes)
        out["F1 weighted"] = _mean_over_folds(weighted, sizes)
    return out


def _bin(confidence: FloatArray, n_classes: int) -> IntArray:
    """Return the bin of a confidence; bins have equal widths from a guess's confidence to 1."""
    share = (confidence - 1 / n_classes) / (1 - 1 / n_classes)
    return np.clip((share * N_BINS).astype(np.int64), 0, N_BINS - 1)


def _calibration_error(
    truth: IntArray, probability: FloatArray, unit: IntArray, weights: IntArray
) -> FloatArray:
    """Average the distance between confidence and accuracy over bins of confidence.

    Notes
    -----
    Expected calibration error of Guo et al. 2017.
    """
    confidence = probability.max(axis=1)
    surplus = confidence - (probability.argmax(axis=1) == truth)
    sums = np.zeros((int(unit.max()) + 1, N_BINS))
    np.add.at(sums, (unit, _bin(confidence, probability.shape[1])), surplus)
    n = np.bincount(unit, minlength=len(sums))
    return _ratio(np.abs(weights @ sums).sum(axis=1), weights @ n)


def _roc_auc(truth: IntArray, p: FloatArray, unit: IntArray, weights: IntArray) -> FloatArray:
    """Compute the area under the ROC curve, ties counting half."""
    order = np.argsort(p, kind="stable")
    starts = np.flatnonzero(np.diff(p[order], prepend=-np.inf))
    high = (truth[order] == 1).astype(np.float64)
    out = []
    for at in range(0, len(weights), _DRAWS_AT_ONCE):
        w = weights[at : at + _DRAWS_AT_ONCE][:, unit[order]]
        above = np.add.reduceat(w * high, starts, axis=1)
        below = np.add.reduceat(w * (1 - high), starts, axis=1)
        won = (above * (np.cumsum(below, axis=1) - below / 2)).sum(axis=1)
        out.append(_ratio(won, above.sum(axis=1) * below.sum(axis=1)))
    return np.concatenate(out)


def margin(
    truth: IntArray,
    ours: FloatArray,
    theirs: FloatArray,
    unit: IntArray,
    fold: IntArray | None = None,
    *,
    seed: int = 0,
) -> Estimate:
    """Return the difference in balanced accuracy between two sets of answers to the same windows.

    The same units are drawn for both, so that what makes a unit hard for both cancels.
    """
    weights, code = _draw(unit, seed, N_DRAWS)
    group = np.zeros_like(code) if fold is None else np.unique(fold, return_inverse=True)[1]
    one, other = (
        _from_confusion(_draw_confusion(truth, p, code, group, weights)) for p in (ours, theirs)
    )
    difference = one["balanced accuracy"] - other["balanced accuracy"]
    return _estimate(difference, weights.shape[1])


def coverage_curve(truth: IntArray, probability: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Compute accuracy on the most confident share of the windows, from 5 % to all.

    Returns
    -------
    coverage, accuracy : float64 arrays, shape (20,)

    Notes
    -----
    Windows of equal confidence count as right as they are on average: which of them would be
    left out was not chosen.
    """
    _, level = np.unique(-probability.max(axis=1), return_inverse=True)
    n_equal = np.bincount(level)
    n_right = np.bincount(level, probability.argmax(axis=1) == truth)
    right = np.cumsum(np.repeat(n_right / n_equal, n_equal))
    coverage = np.linspace(0.05, 1.0, 20)
    n = np.maximum(np.round(coverage * len(truth)).astype(np.int64), 1)
    return coverage, right[n - 1] / n


def reliability(truth: IntArray, probability: FloatArray) -> Iterator[tuple[float, float, int]]:
    """Yield confidence, accuracy and number of windows of every bin that is not empty."""
    confidence = probability.max(axis=1)
    right = probability.argmax(axis=1) == truth
    place = _bin(confidence, probability.shape[1])
    for k in np.unique(place):
        inside = place == k
        yield float(confidence[inside].mean()), float(right[inside].mean()), int(inside.sum())
