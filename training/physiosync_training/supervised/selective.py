"""Selective prediction: a confidence threshold for every head, chosen where it was calibrated.

The rule, on the validation windows of a fold: of the coverages from one half to all, in steps of
5 %, the one whose most confident windows have the highest lower bound of accuracy (Wilson's, 95 %,
every trial counting once however many of its windows are kept). Leaving windows out raises the
accuracy where confidence means something, and lowers the bound once trials get few; where it means
nothing, all are answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from physiosync_rt.datatypes import FloatArray, IntArray

COVERAGES: Final = tuple(round(1 - 0.05 * k, 2) for k in range(11))
"""Shares of the windows to answer, all of them first and one half last."""

_Z: Final = 1.96


@dataclass(frozen=True, slots=True)
class Choice:
    """Confidence threshold of a head.

    Attributes
    ----------
    threshold : float
        Answer from this confidence on; 0 answers always.
    coverage, accuracy : float
        Share of the validation windows that is answered with it, and how many of these rightly.
    """

    threshold: float
    coverage: float
    accuracy: float


def choose(truth: IntArray, probability: FloatArray, trial: IntArray) -> Choice | None:
    """Choose by the rule above; None without windows to choose by.

    Parameters
    ----------
    truth : int array, shape (n,)
        Classes of validation windows.
    probability : array, shape (n, n_classes)
        Calibrated.
    trial : int array, shape (n,)
        Which trial each window belongs to.
    """
    if not len(truth):
        return None
    confidence = probability.max(axis=1)
    right = probability.argmax(axis=1) == truth
    best = Choice(0.0, 1.0, float(right.mean()))
    bound = lower_bound(best.accuracy, len(np.unique(trial)))
    ranked = np.sort(confidence)[::-1]
    for coverage in COVERAGES[1:]:
        threshold = float(ranked[max(round(coverage * len(ranked)), 1) - 1])
        kept = confidence >= threshold
        accuracy = float(right[kept].mean())
        here = lower_bound(accuracy, len(np.unique(trial[kept])))
        if here > bound:
            best, bound = Choice(threshold, float(kept.mean()), accuracy), here
    return best


def mean_of(choices: Sequence[Choice | None]) -> Choice | None:
    """Mean over the turns of a fold, whose answers are averaged too; None where one has none."""
    known = [choice for choice in choices if choice is not None]
    if not known or len(known) < len(choices):
        return None
    rows = np.array([(c.threshold, c.coverage, c.accuracy) for c in known])
    return Choice(*rows.mean(axis=0).tolist())


def lower_bound(share: float, n: int) -> float:
    """Lower end of Wilson's 95 % interval of a share that was seen in n trials."""
    middle = share + _Z**2 / (2 * n)
    spread = _Z * np.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    return float((middle - spread) / (1 + _Z**2 / n))
