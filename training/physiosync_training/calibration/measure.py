"""What calibration brings, on blocks that are left out in turn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np

from physiosync_models.config import ROUTES, Route
from physiosync_rt.bundle.personal import PROVEN, Calibration
from physiosync_rt.datatypes import FloatArray, IntArray
from physiosync_rt.errors import UserError
from physiosync_training.calibration.own_blocks import BLOCK_S, Block
from physiosync_training.calibration.personal import Population, fit_personal

FEWEST_OF_A_CLASS: Final = 2
"""Where one of a class is left out, another one has to be there."""

FEWEST_BLOCKS: Final = math.ceil(-math.log2(PROVEN))
"""So many that the smallest attainable p, one of all ways to exchange, is small enough."""

_ALL_WAYS: Final = 16
"""Blocks of a class up to which every way to exchange is tried; of more, so many at random."""

_CLOSE: Final = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Each block as the model tells it that did not see it, before and after calibration.

    Attributes
    ----------
    truth : int array, shape (n_blocks,)
    right : dict of str to float64 array, shape (2, n_blocks)
        Share of windows told rightly, before and after, by route; NaN where a route knows none.
    likely : float64 array, shape (2, n_blocks)
        Mean probability of the truth, before and after.
    """

    truth: IntArray
    right: dict[Route, FloatArray]
    likely: FloatArray

    def balanced_accuracy(self, route: Route = "fused") -> tuple[float, float]:
        """Return that of windows before and after, mean over the blocks of a class, then both."""
        before, after = (self._over_classes(values) for values in self.right[route])
        return before, after

    def calibration(self) -> Calibration:
        """Put what calibration brought into figures."""
        gain = self.likely[1] - self.likely[0]
        low, high = (gain[self.truth == k] for k in (0, 1))
        before, after = self.balanced_accuracy()
        return Calibration(
            before=before,
            after=after,
            gain_low=float(low.mean()),
            gain_high=float(high.mean()),
            p=permutation_p(low, high),
            smallest_p=smallest_p(len(low), len(high)),
            blocks=(len(low), len(high)),
        )

    def _over_classes(self, values: FloatArray) -> float:
        means = []
        for k in (0, 1):
            known = values[(self.truth == k) & np.isfinite(values)]
            means.append(float(known.mean()) if len(known) else np.nan)
        return float(np.mean(means))


def measure(
    population: Population, blocks: Sequence[Block], truth: IntArray, strength: float
) -> Measured:
    """Leave every block out in turn, and calibrate to the others.

    Parameters
    ----------
    population : Population
    blocks : sequence of Block
        At least two of either class.
    truth : int array, shape (n_blocks,)
    strength : float
    """
    designs = [population.design(block) for block in blocks]
    windows = np.repeat(np.arange(len(blocks)), [len(design) for design in designs])
    whole = np.concatenate(designs)
    right = {route: np.full((2, len(blocks)), np.nan) for route in ROUTES}
    likely = np.empty((2, len(blocks)))
    for k, block in enumerate(blocks):
        others = windows != k
        own = fit_personal(population, whole[others], truth[windows[others]], strength)
        sign = 1.0 if truth[k] else -1.0
        known = np.isfinite(block.pps).all(axis=1)
        for when, weights in enumerate((population.weights, own)):
            for route, found in right.items():
                logit = sign * (population.design(block, route) @ weights)
                logit = logit[known] if route == "pps" else logit
                found[when, k] = float((logit > 0).mean()) if len(logit) else np.nan
            logit = sign * (designs[k] @ weights)
            likely[when, k] = float((1.0 / (1.0 + np.exp(-logit))).mean())
    return Measured(truth, right, likely)


def permutation_p(low: FloatArray, high: FloatArray) -> float:
    """Return the p of the smaller of two classes' mean gains.

    Before and after are exchanged block by block, in all ways: if calibration brings nothing, each
    way is as likely. The smaller gain of both classes counts, so that it is no gain to tell one
    class better at the other's cost, which a shifted threshold does.

    Parameters
    ----------
    low, high : array, shape (n_blocks,)
        Gain of each block of a class.

    Returns
    -------
    float
        Share of the ways whose smaller gain is as large. Exact up to 16 blocks of a class.
    """
    observed = min(low.mean(), high.mean()) - _CLOSE
    # The classes are exchanged apart from each other.
    return math.prod(_share_at_least(gain, observed) for gain in (low, high))


def _share_at_least(gain: FloatArray, observed: float) -> float:
    n = len(gain)
    if n <= _ALL_WAYS:
        signs = np.array(list(product((1.0, -1.0), repeat=n)))
        return float((signs @ gain / n >= observed).mean())
    signs = np.random.default_rng(0).choice([1.0, -1.0], (2**_ALL_WAYS, n))
    # The way that was observed is one of them.
    return float((1 + (signs @ gain / n >= observed).sum()) / (1 + len(signs)))


def smallest_p(n_low: int, n_high: int) -> float:
    """Return the smallest p that so many blocks of the classes can reach."""
    return math.prod(0.5**n if n <= _ALL_WAYS else 1 / (1 + 2**_ALL_WAYS) for n in (n_low, n_high))


def check_enough(truth: IntArray, words: tuple[str, str], unusable_s: float) -> None:
    """Refuse blocks that cannot show whether calibration helps, and say how much is missing.

    Parameters
    ----------
    truth : int array, shape (n_blocks,)
    words : pair of str
        What low and high stand for.
    unusable_s : float
        Seconds that were labelled and could not be used.

    Raises
    ------
    UserError
        There are too few.
    """
    counts = [int((truth == k).sum()) for k in (0, 1)]
    missing = [max(FEWEST_OF_A_CLASS - n, 0) for n in counts]
    more = max(FEWEST_BLOCKS - sum(counts) - sum(missing), 0)
    wanted = [(n, f"of {word}") for n, word in zip(missing, words, strict=True) if n]
    wanted += [(more, "of either")] if more else []
    if not wanted:
        return
    there = " and ".join(f"{n} of {word}" for n, word in zip(counts, words, strict=True))
    said = " and ".join(f"{n * BLOCK_S:g} s {what}" for n, what in wanted)
    lost = f" ({unusable_s:.0f} s of what is labelled cannot be used)" if unusable_s >= 1 else ""
    raise UserError(
        f"whether calibration helps cannot be shown: a p of {PROVEN:g} takes {FEWEST_BLOCKS} "
        f"blocks of {BLOCK_S:g} s, {FEWEST_OF_A_CLASS} of each kind, and there are {there}{lost}; "
        f"label {said} more"
    )
