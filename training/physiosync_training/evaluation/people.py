"""How well single people are told: each person left out counts once, whatever they have of windows.

A window that a head does not answer counts as half right, as a guess would be, so that heads that
know different windows can be compared on all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from physiosync_rt.datatypes import BoolArray, FloatArray, IntArray
from physiosync_training.evaluation.metrics import N_DRAWS, Estimate
from physiosync_training.evaluation.pooled import Pooled
from physiosync_training.fusion.linear import balanced_weights, log_loss
from physiosync_training.fusion.table import FeatureTable

_GUESS: Final = 0.5


@dataclass(frozen=True, slots=True)
class PeopleScore:
    """One model's balanced accuracy of every person left out, averaged over repeats.

    Attributes
    ----------
    protocol, target, model, modalities : str
    by_person : dict of str to float
        On all windows; a person without one of the classes is left out.
    mean : Estimate
        Over people, with the interval of a resampling of people.
    mean_clear : Estimate
        On the windows whose features look back on nothing that they are compared with.
    by_repeat : tuple of float
        Mean over people, one for every assignment of the folds.
    answered : float
        Share of the windows of the trials, those without usable EEG included, with an answer.
    """

    protocol: str
    target: str
    model: str
    modalities: str
    by_person: dict[str, float]
    mean: Estimate
    mean_clear: Estimate
    by_repeat: tuple[float, ...]
    answered: float


@dataclass(frozen=True, slots=True)
class Difference:
    """By how much one model tells people better than another, person by person.

    Attributes
    ----------
    protocol, target, ours, theirs : str
    value : Estimate
        Mean over people, with the interval of a resampling of people.
    """

    protocol: str
    target: str
    ours: str
    theirs: str
    value: Estimate


@dataclass(frozen=True, slots=True)
class Calibration:
    """Log loss with equal weight for classes and people, at temperature 1 and as calibrated.

    Attributes
    ----------
    protocol, target : str
    before, after : float
        Mean over repeats.
    temperatures : tuple of float
        Of all folds of all repeats.
    """

    protocol: str
    target: str
    before: float
    after: float
    temperatures: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class PeopleReport:
    """What a report says of single people.

    Attributes
    ----------
    scores : list of PeopleScore
        The sum of all terms first, then each term alone, then baseline models.
    differences : list of Difference
        The sum against each of the others.
    calibrations : list of Calibration
    """

    scores: list[PeopleScore]
    differences: list[Difference]
    calibrations: list[Calibration]


def name_of(pooled: Pooled) -> str:
    """Name a model and what it was given."""
    return f"{pooled.model} ({pooled.modalities})" if pooled.modalities else pooled.model


def report_people(
    table: FeatureTable,
    repeats: Sequence[Sequence[Pooled]],
    temperatures: Mapping[str, Sequence[float]],
    seed: int,
) -> PeopleReport:
    """Score every person left out.

    Parameters
    ----------
    table : FeatureTable
    repeats : sequence of sequence of Pooled
        The answers of every repeat, the same models in the same order.
    temperatures : mapping of str to sequence of float
        Of all folds, by target.
    seed : int
        Of the bootstrap.
    """
    scores, differences, calibrations = [], [], []
    first: dict[tuple[str, str], tuple[str, FloatArray]] = {}
    for same in zip(*repeats, strict=True):
        one = same[0]
        people = [_people(table, each, np.ones(len(table), dtype=np.bool_)) for each in same]
        clear = [_people(table, each, table.is_clear) for each in same]
        mean = np.mean(people, axis=0)
        known = np.flatnonzero(np.isfinite(mean))
        names = table.info.subjects
        scores.append(
            PeopleScore(
                protocol=one.protocol,
                target=one.target,
                model=one.model,
                modalities=one.modalities,
                by_person={names[k]: float(mean[k]) for k in known},
                mean=over_people(mean, seed),
                mean_clear=over_people(np.mean(clear, axis=0), seed),
                by_repeat=tuple(float(np.nanmean(each)) for each in people),
                answered=len(one.rows) / (len(table) + int(table.n_withheld.sum())),
            )
        )
        key = one.protocol, one.target
        if key not in first:
            first[key] = name_of(one), mean
            calibrations.append(_calibration(table, same, temperatures[one.target]))
        else:
            ours, best = first[key]
            gain = over_people(best - mean, seed)
            differences.append(Difference(*key, ours, name_of(one), gain))
    return PeopleReport(scores, differences, calibrations)


def _people(table: FeatureTable, pooled: Pooled, wanted: BoolArray) -> FloatArray:
    """Balanced accuracy of every person, shape (n_subjects,); NaN without both classes."""
    truth = table.truth(pooled.target)
    right = np.full(len(table), _GUESS)
    right[pooled.rows] = pooled.probability.argmax(axis=1) == pooled.truth
    out = np.full(len(table.info.subjects), np.nan)
    for person in range(len(out)):
        own = wanted & (table.table.subject == person)
        shares = [right[own & (truth == k)] for k in (0, 1)]
        if all(len(share) for share in shares):
            out[person] = np.mean([share.mean() for share in shares])
    return out


def over_people(values: FloatArray, seed: int) -> Estimate:
    """Mean over people and its 95 % interval by resampling them."""
    known = values[np.isfinite(values)]
    if not len(known):
        return Estimate(np.nan, np.nan, np.nan)
    draws = np.random.default_rng(seed).integers(0, len(known), (N_DRAWS, len(known)))
    low, high = np.percentile(known[draws].mean(axis=1), [2.5, 97.5])
    return Estimate(float(known.mean()), float(low), float(high))


def _calibration(
    table: FeatureTable, repeats: Sequence[Pooled], temperatures: Sequence[float]
) -> Calibration:
    def loss(pooled: Pooled, probability: FloatArray) -> float:
        subject: IntArray = table.table.subject[pooled.rows]
        logit = np.log(probability[:, 1]) - np.log(probability[:, 0])
        return log_loss(logit, pooled.truth, balanced_weights(pooled.truth, subject))

    return Calibration(
        repeats[0].protocol,
        repeats[0].target,
        float(np.mean([loss(each, each.uncalibrated) for each in repeats])),
        float(np.mean([loss(each, each.probability) for each in repeats])),
        tuple(temperatures),
    )
