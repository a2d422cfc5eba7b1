"""Logits of people by models that never saw them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from physiosync_rt.datatypes import BoolArray, FloatArray, IntArray
from physiosync_training.fusion.linear import balanced_weights, fit_logit, log_loss

Fitted = Callable[[FloatArray], FloatArray]


def people_left_out(subject: IntArray, n_folds: int, seed: int) -> Iterator[BoolArray]:
    """Yield which rows are left out, group of people after group of people.

    Parameters
    ----------
    subject : int array, shape (n,)
    n_folds : int
        As many as there are people, at most.
    seed : int
        Of the order of the people.
    """
    people = np.random.default_rng(seed).permutation(np.unique(subject))
    for group in np.array_split(people, min(n_folds, len(people))):
        yield np.isin(subject, group)


def cross_fitted(
    x: FloatArray,
    truth: IntArray,
    subject: IntArray,
    folds: Sequence[BoolArray],
    fit: Callable[[FloatArray, IntArray, IntArray], Fitted],
) -> FloatArray:
    """Return logits, shape (n,), each by a fit on people of other groups.

    Parameters
    ----------
    x : array, shape (n, ...)
    truth, subject : int arrays, shape (n,)
    folds : sequence of bool arrays, shape (n,)
        Rows of each group; a group's fit needs both classes among the others.
    fit : callable
        Takes rows of ``x``, ``truth`` and ``subject``.
    """
    out = np.full(len(truth), np.nan)
    for left_out in folds:
        rest = ~left_out
        if left_out.any():
            out[left_out] = fit(x[rest], truth[rest], subject[rest])(x[left_out])
    return out


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """A regularisation, and what it does on people left out.

    Attributes
    ----------
    strength : float
    loss : float
        Log loss of the cross-fitted logits, people and classes balanced.
    logit : float64 array, shape (n,)
    """

    strength: float
    loss: float
    logit: FloatArray


def choose_strength(
    x: FloatArray,
    truth: IntArray,
    subject: IntArray,
    strengths: Sequence[float],
    folds: Sequence[BoolArray],
) -> Chosen:
    """Choose the regularisation that serves people left out best, and keep their logits.

    Parameters
    ----------
    x : array, shape (n, n_features)
    truth, subject : int arrays, shape (n,)
    strengths : sequence of float
    folds : sequence of bool arrays, shape (n,)
    """
    share = balanced_weights(truth, subject)

    def tried(strength: float) -> Chosen:
        def fit(x: FloatArray, truth: IntArray, subject: IntArray) -> Fitted:
            return fit_logit(x, truth, subject, strength)

        logit = cross_fitted(x, truth, subject, folds, fit)
        return Chosen(strength, log_loss(logit, truth, share), logit)

    return min(map(tried, strengths), key=lambda each: each.loss)
