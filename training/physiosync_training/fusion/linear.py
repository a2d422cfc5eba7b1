"""One linear logit of standardised features: logistic regression with an L2 penalty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from physiosync_rt.datatypes import FloatArray, IntArray

_MOST_STEPS: Final = 50
_LONGEST_STEP: Final = 5.0
_SMALL_STEP: Final = 1e-6
_LEAST_SPREAD: Final = 1e-9


def balanced_weights(truth: IntArray, subject: IntArray) -> FloatArray:
    """Weigh windows so that both classes count the same, and within a class every person does.

    Parameters
    ----------
    truth : int array, shape (n,)
        0 or 1.
    subject : int array, shape (n,)

    Returns
    -------
    float64 array, shape (n,)
        With sum 1.
    """
    _, cell, size = np.unique(2 * subject + truth, return_inverse=True, return_counts=True)
    weight = 1.0 / size[cell]
    for k in (0, 1):
        weight[truth == k] /= weight[truth == k].sum()
    balanced: FloatArray = weight / weight.sum()
    return balanced


def log_loss(logit: FloatArray, truth: IntArray, weight: FloatArray) -> float:
    """Weighted mean of -ln P(truth)."""
    return float(np.average(np.logaddexp(0.0, np.where(truth == 1, -logit, logit)), weights=weight))


@dataclass(frozen=True, slots=True, eq=False)
class LinearLogit:
    """A fitted term (see `physiosync_models.gated_sum.LinearTerm`).

    Attributes
    ----------
    mean, scale, weight : float64 arrays, shape (n_features,)
    bias : float
    """

    mean: FloatArray
    scale: FloatArray
    weight: FloatArray
    bias: float

    def __call__(self, x: FloatArray) -> FloatArray:
        """Return logits, shape (n,), of features of shape (n, n_features); NaN where one is."""
        return ((x - self.mean) / self.scale) @ self.weight + self.bias


def fit_logit(x: FloatArray, truth: IntArray, subject: IntArray, strength: float) -> LinearLogit:
    """Fit one term on balanced classes, so that it is centred: logit 0 is P = 0.5.

    Parameters
    ----------
    x : float64 array, shape (n, n_features)
        All known.
    truth, subject : int arrays, shape (n,)
    strength : float
        Of the penalty: half of it times the squared weights joins the mean loss.
    """
    share = balanced_weights(truth, subject)
    mean = np.average(x, axis=0, weights=share)
    scale = np.sqrt(np.average((x - mean) ** 2, axis=0, weights=share))
    scale = np.maximum(scale, _LEAST_SPREAD)
    design = np.column_stack([(x - mean) / scale, np.ones(len(x))])
    penalty = np.append(np.full(x.shape[1], strength), 0.0)
    found = newton(design, truth, share, penalty, np.zeros(design.shape[1]))
    return LinearLogit(mean, scale, found[:-1], float(found[-1]))


def newton(
    design: FloatArray, truth: IntArray, share: FloatArray, penalty: FloatArray, start: FloatArray
) -> FloatArray:
    """Minimise the weighted log loss with a quadratic penalty on the distance from ``start``.

    Parameters
    ----------
    design : array, shape (n, n_weights)
    truth : int array, shape (n,)
    share : array, shape (n,)
        Weight of each row, with sum 1.
    penalty, start : arrays, shape (n_weights,)

    Returns
    -------
    float64 array, shape (n_weights,)
    """
    weights = start.copy()
    loss = _penalised(design, truth, share, penalty, start, weights)
    for _ in range(_MOST_STEPS):
        p = 1.0 / (1.0 + np.exp(-np.clip(design @ weights, -30.0, 30.0)))
        slope = design.T @ (share * (p - truth)) + penalty * (weights - start)
        curve = (design * (share * np.maximum(p * (1 - p), 1e-6))[:, None]).T @ design
        step = np.linalg.solve(curve + np.diag(penalty + 1e-12), slope)
        # Far from the minimum the curve says little: a step may lead too far.
        step *= min(1.0, _LONGEST_STEP / max(float(np.abs(step).max()), 1e-12))
        while (after := _penalised(design, truth, share, penalty, start, weights - step)) > loss:
            if np.abs(step).max() < _SMALL_STEP:
                break
            step /= 2
        weights, loss = weights - step, after
        if np.abs(step).max() < _SMALL_STEP:
            break
    return weights


def _penalised(
    design: FloatArray,
    truth: IntArray,
    share: FloatArray,
    penalty: FloatArray,
    start: FloatArray,
    weights: FloatArray,
) -> float:
    """What `newton` minimises."""
    distance = weights - start
    return log_loss(design @ weights, truth, share) + 0.5 * float(distance @ (penalty * distance))
