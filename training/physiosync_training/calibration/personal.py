"""A person's own weights, drawn to those of the population."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch

from physiosync_models.config import Route
from physiosync_models.gated_sum import TERMS, GatedSum
from physiosync_rt.datatypes import BoolArray, FloatArray, IntArray
from physiosync_training.calibration.own_blocks import Block
from physiosync_training.fusion.linear import balanced_weights, newton

STRENGTH: Final = 0.01
"""How strongly a person's weights are drawn to the population's: chosen on 24 people, none of them
the one who is calibrated (`physiosync bench calibrate`, docs/calibration.md)."""


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """What a gated sum holds for one target, as one linear model of standardised features.

    The columns are, term by term, its features and a constant, both 0 where the term is not known,
    and at last the constant of the sum.

    Attributes
    ----------
    mean, scale : dict of str to float64 array, shape (n_features,)
        By term.
    weights : float64 array, shape (n_columns,)
        Temperature and weights of the terms included.
    """

    mean: dict[str, FloatArray]
    scale: dict[str, FloatArray]
    weights: FloatArray

    def design(self, block: Block, route: Route = "fused") -> FloatArray:
        """Return the columns of a block's windows, shape (n_windows, n_columns).

        A route that goes without a term has zeros for it.
        """
        parts = []
        for term, change in zip(TERMS, (block.eeg, block.pps), strict=True):
            standard = (change - self.mean[term]) / self.scale[term]
            known: BoolArray = np.logical_and.reduce(np.isfinite(standard), axis=1)
            known = known & (route in ("fused", term))
            columns = np.column_stack([standard, np.ones(len(standard))])
            parts.append(np.where(known[:, None], columns, 0.0))
        return np.column_stack([*parts, np.ones(len(block.eeg))])


def population_of(model: GatedSum, target: str) -> Population:
    """Read a gated sum without a network as one linear model."""
    k = model.config.targets.index(target)
    temperature = float(model.temperature[k])
    mean, scale, weights = {}, {}, []
    for place, name in enumerate(TERMS):
        term = getattr(model, name)
        weight = float(model.weight[k, place])
        mean[name], scale[name] = term.mean[k].double().numpy(), term.scale[k].double().numpy()
        own = np.append(term.weight[k].double().numpy(), float(term.bias[k]))
        weights.append(weight * own)
    return Population(mean, scale, np.concatenate([*weights, [float(model.bias[k])]]) / temperature)


def fit_personal(
    population: Population, design: FloatArray, truth: IntArray, strength: float
) -> FloatArray:
    """Fit a person's weights, shape (n_columns,), with equal weight for both classes.

    Parameters
    ----------
    population : Population
    design : array, shape (n_windows, n_columns)
    truth : int array, shape (n_windows,)
    strength : float
        Of the penalty: half of it times the squared distance from the population's weights joins
        the mean loss.
    """
    share = balanced_weights(truth, np.zeros_like(truth))
    penalty = np.full(len(population.weights), strength)
    return newton(design, truth, share, penalty, population.weights)


def as_model(model: GatedSum, found: Mapping[str, FloatArray]) -> GatedSum:
    """Return a gated sum with a person's weights, by target; other targets stay as they are."""
    out = deepcopy(model)
    for target, weights in found.items():
        k = out.config.targets.index(target)
        at = 0
        for place, name in enumerate(TERMS):
            term = getattr(out, name)
            n = term.weight.shape[1]
            term.weight[k] = torch.from_numpy(weights[at : at + n])
            term.bias[k] = float(weights[at + n])
            out.weight[k, place] = 1.0
            at += n + 1
        out.bias[k], out.temperature[k] = float(weights[-1]), 1.0
    return out.eval()
