"""Put the logits of one target together, every choice made on people left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from scipy import stats

from physiosync_models.config import ROUTES, Route
from physiosync_models.gated_sum import TERMS, GatedSum, GatedSumConfig
from physiosync_rt.bundle.card import FEW_PEOPLE
from physiosync_rt.datatypes import BoolArray, FloatArray, IntArray, Modality
from physiosync_rt.errors import UserError
from physiosync_training.fusion.config import FusionConfig
from physiosync_training.fusion.crossfit import choose_strength, people_left_out
from physiosync_training.fusion.linear import (
    LinearLogit,
    balanced_weights,
    fit_logit,
    log_loss,
    newton,
)
from physiosync_training.fusion.table import FeatureTable

EARLY_FEATURES: Final = {
    Modality.ECG: ("heart rate",),
    Modality.GSR: ("tonic level", "slope"),
}
"""Peripheral features that are known after 5 s: a term is left out until all of its own are."""

PRIOR: Final = 0.5
"""Share of the class high that a fit assumes: classes have equal weight."""

_TEMPERATURES: Final = np.geomspace(1.0, 8.0, 61)
"""None sharpens: who is unlike the people of the training would be told wrongly, and surely."""

_SURE: Final = 0.975


@dataclass(frozen=True, slots=True, eq=False)
class Sum:
    """A weighted sum of the logits that are known."""

    weight: FloatArray
    bias: float

    def __call__(self, logits: FloatArray) -> FloatArray:
        """Return sums, shape (n,), of logits, shape (n, n_terms); NaN where none is known."""
        known = np.isfinite(logits)
        total = np.where(known, logits, 0.0) @ self.weight + self.bias
        return np.where(known[:, : len(TERMS)].any(axis=1), total, np.nan)


@dataclass(frozen=True, slots=True, eq=False)
class SumFit:
    """The gated sum of one target, and what its parts say of training people left out.

    Attributes
    ----------
    terms : dict of str to LinearLogit
        By name in `physiosync_models.gated_sum.TERMS`.
    strengths : dict of str to float
        The regularisation chosen for each.
    whole : Sum
        Weights of the terms and bias.
    temperature : float
    gain : float
        By how much a temperature lowers the log loss of people left out of choosing it, whether
        it was taken or not.
    logits : float64 array, shape (n, n_terms)
        Cross-fitted, of the training windows; NaN where a term is not known.
    sums : dict of str to float64 array, shape (n,)
        Sums of these by route, weights cross-fitted too, at temperature 1; NaN likewise.
    """

    terms: dict[str, LinearLogit]
    strengths: dict[str, float]
    whole: Sum
    temperature: float
    gain: float
    logits: FloatArray
    sums: dict[Route, FloatArray]


def peripheral_features(table: FeatureTable, config: FusionConfig) -> tuple[str, ...]:
    """Return the names of the peripheral term's features.

    Raises
    ------
    UserError
        The data has none of a name that was asked for.
    """
    modality = table.info.pps.modality
    wanted = config.pps or tuple(
        name for name in table.pps_names if name.startswith(EARLY_FEATURES[modality])
    )
    unknown = [name for name in wanted if name not in table.pps_names]
    if unknown:
        raise UserError(
            f"fusion.pps names {unknown[0]!r}, which {modality} has not; it has "
            f"{', '.join(table.pps_names)}"
        )
    return wanted


def fit_sum(
    table: FeatureTable,
    rows: IntArray,
    target: str,
    config: FusionConfig,
    seed: int,
    network: FloatArray | None = None,
) -> SumFit:
    """Fit the gated sum of one target.

    Parameters
    ----------
    table : FeatureTable
    rows : int array, shape (n,)
        Training windows, labelled.
    target : str
    config : FusionConfig
    seed : int
        Of the groups of people that are left out in turn.
    network : float64 array, shape (n,), optional
        Cross-fitted logits of the network; NaN where it was not asked.

    Raises
    ------
    UserError
        The people left out in turn leave too few others.
    """
    truth, subject = table.truth(target)[rows], table.table.subject[rows]
    folds = list(people_left_out(subject, config.inner_folds, seed))
    columns, terms, strengths = [], {}, {}
    names = peripheral_features(table, config)
    for term, x in zip(TERMS, (table.eeg[rows], table.peripheral(names)[rows]), strict=True):
        known = np.isfinite(x).all(axis=1)
        inner = [fold[known] for fold in folds]
        _check_classes(truth[known], inner, term, target)
        chosen = choose_strength(x[known], truth[known], subject[known], config.strengths, inner)
        terms[term] = fit_logit(x[known], truth[known], subject[known], chosen.strength)
        strengths[term] = chosen.strength
        column = np.full(len(rows), np.nan)
        column[known] = chosen.logit
        columns.append(column)
    logits = np.column_stack([*columns, *([] if network is None else [network])])
    # Other groups than before, so that no weight is judged by the people it was fitted on.
    outer = list(people_left_out(subject, config.inner_folds, seed + 1))
    sums = {route: np.full(len(rows), np.nan) for route in ROUTES}
    for left_out in outer:
        rest = ~left_out
        held = fit_weights(logits[rest], truth[rest], subject[rest], config.shrinkage)
        for route, found in sums.items():
            found[left_out] = held(seen_by(route, logits[left_out]))
    whole = fit_weights(logits, truth, subject, config.shrinkage)
    temperature, gain = choose_temperature(sums["fused"], truth, subject)
    return SumFit(terms, strengths, whole, temperature, gain, logits, sums)


def _check_classes(truth: IntArray, folds: Sequence[BoolArray], term: str, target: str) -> None:
    """Refuse people who, when some are left out, do not show both classes."""
    for left_out in folds:
        if len(np.unique(truth[~left_out])) < 2:
            raise UserError(
                f"{target}: the {term} features of the training people do not show both classes "
                "when some of these people are left out in turn; give more people, or fewer "
                "fusion.inner_folds"
            )


def seen_by(route: Route, logits: FloatArray) -> FloatArray:
    """Return logits, shape (n, n_terms), with NaN for the terms that a route goes without."""
    if route == "fused":
        return logits
    out = np.full_like(logits, np.nan)
    out[:, TERMS.index(route)] = logits[:, TERMS.index(route)]
    return out


def fit_weights(logits: FloatArray, truth: IntArray, subject: IntArray, shrinkage: float) -> Sum:
    """Fit the weights of the terms and the bias, drawn to a plain sum without the network.

    A network whose weight would be negative is left out.

    Parameters
    ----------
    logits : array, shape (n, n_terms)
        Cross-fitted; NaN where a term is not known.
    truth, subject : int arrays, shape (n,)
    shrinkage : float
    """
    n_terms = logits.shape[1]
    design = np.column_stack([np.nan_to_num(logits), np.ones(len(logits))])
    start = np.array([*([1.0] * len(TERMS)), *([0.0] * (n_terms - len(TERMS))), 0.0])
    share = balanced_weights(truth, subject)
    found = newton(design, truth, share, np.full(len(start), shrinkage), start)
    if (found[len(TERMS) : n_terms] < 0).any():
        linear = fit_weights(logits[:, : len(TERMS)], truth, subject, shrinkage)
        return Sum(np.append(linear.weight, 0.0), linear.bias)
    return Sum(found[:-1], float(found[-1]))


def choose_temperature(
    logit: FloatArray, truth: IntArray, subject: IntArray
) -> tuple[float, float]:
    """Choose a temperature of 1 or more on people left out, where it is clearly better than 1.

    Parameters
    ----------
    logit : array, shape (n,)
        By weights that never saw the person.
    truth, subject : int arrays, shape (n,)

    Returns
    -------
    temperature : float
        1 with fewer than eight people, or where the gain is not clear: its 95 % interval over
        people (Student's t) reaches 0.
    gain : float
        Mean over people of the log loss at 1 less that at the temperature which is best for the
        other people.
    """
    share = balanced_weights(truth, subject)
    own = [subject == person for person in np.unique(subject)]
    losses = np.array(
        [[log_loss(logit[at] / t, truth[at], share[at]) for t in _TEMPERATURES] for at in own]
    )
    plain = np.array([log_loss(logit[at], truth[at], share[at]) for at in own])
    # Each person's gain is that of the temperature which the others choose.
    others = np.argmin(losses.sum(axis=0) - losses, axis=1)
    gains = plain - losses[np.arange(len(own)), others]
    gain = float(gains.mean())
    if len(own) < FEW_PEOPLE:
        return 1.0, gain
    error = float(gains.std(ddof=1)) / np.sqrt(len(own))
    if gain <= float(stats.t.ppf(_SURE, len(own) - 1)) * error:
        return 1.0, gain
    return float(_TEMPERATURES[int(np.argmin(losses.sum(axis=0)))]), gain


def sum_config(
    table: FeatureTable, targets: tuple[str, ...], config: FusionConfig
) -> GatedSumConfig:
    """Describe the linear terms of a gated sum."""
    return GatedSumConfig(targets, table.eeg_names, peripheral_features(table, config))


def as_model(fits: Mapping[str, SumFit], table: FeatureTable, config: FusionConfig) -> GatedSum:
    """Make the model of fits, by target; a network of the residual is put in by the caller."""
    model = GatedSum(sum_config(table, tuple(fits), config))
    for k, fit in enumerate(fits.values()):
        for name, term in fit.terms.items():
            layer = getattr(model, name)
            for part in ("mean", "scale", "weight"):
                getattr(layer, part)[k] = torch.from_numpy(getattr(term, part))
            layer.bias[k] = term.bias
        model.weight[k, : len(TERMS)] = torch.from_numpy(fit.whole.weight[: len(TERMS)])
        model.bias[k], model.temperature[k] = fit.whole.bias, fit.temperature
    return model.eval()
