"""The gated sum with and without the network's logit, on the same folds and people.

Whether a fold takes the logit is chosen on its training people alone, each told by sums whose
weights never saw the person; tested people are looked at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import stats

from physiosync_models.gated_sum import TERMS
from physiosync_rt.datatypes import FloatArray, IntArray
from physiosync_rt.errors import UserError
from physiosync_training.datasets.dataset import Dataset
from physiosync_training.datasets.index import ABSENT
from physiosync_training.datasets.splits import Fold, make_folds
from physiosync_training.evaluation.metrics import Estimate
from physiosync_training.evaluation.people import over_people
from physiosync_training.experiment.config import RunConfig
from physiosync_training.fusion.fit import SumFit, fit_sum, peripheral_features
from physiosync_training.fusion.linear import balanced_weights, log_loss
from physiosync_training.fusion.table import FeatureTable
from physiosync_training.studies.residual import EVERYBODY, TEST, TRAIN, logits_of, on_features
from physiosync_training.studies.scores import by_person
from physiosync_training.studies.trainings import Answers

_SURE: Final = 0.975


@dataclass(frozen=True, slots=True)
class FoldChoice:
    """What one outer fold's training people say of the residual.

    Attributes
    ----------
    repeat : int
    fold : str
    weight : float
        Of the network's logit; 0 where it would be negative.
    gain : Estimate
        Log loss without it less that with it, mean over training people, with Student's interval.
    taken : bool
        Whether the gain is clear.
    """

    repeat: int
    fold: str
    weight: float
    gain: Estimate
    taken: bool


@dataclass(frozen=True, slots=True)
class ResidualReport:
    """The sum without the residual, with it, and as inner people choose.

    Attributes
    ----------
    target : str
    choices : list of FoldChoice
        Of every outer fold that is complete, and of everybody.
    network, without, with_it, chosen : Estimate
        Balanced accuracy, mean over people left out, each the mean over repeats: of the network
        alone, then of the sums.
    gain_with, gain_chosen : Estimate
        Paired differences to the sum without it.
    by_person : dict of str to tuple of float
        Network alone, without, with it.
    """

    target: str
    choices: list[FoldChoice]
    network: Estimate
    without: Estimate
    with_it: Estimate
    chosen: Estimate
    gain_with: Estimate
    gain_chosen: Estimate
    by_person: dict[str, tuple[float, float, float]]


def fit_with_residual(
    features: FeatureTable, dense: Dataset, answers: Sequence[Answers], config: RunConfig
) -> ResidualReport:
    """Fit every fold whose trainings are all there, with and without the network.

    Parameters
    ----------
    features : FeatureTable
    dense : Dataset
        From `residual.each_second`.
    answers : sequence of Answers
    config : RunConfig
        Of the gated sum.

    Raises
    ------
    UserError
        No fold is complete.
    """
    (target,) = config.finetune.targets
    places = on_features(dense, features)
    choices: list[FoldChoice] = []
    scores: list[FloatArray] = []
    for repeat, fold in _folds(features, config):
        fitted = _fit(features, dense, answers, config, target, places, repeat, fold)
        if fitted is None:
            continue
        choice, score = fitted
        choices.append(choice)
        if score is not None:
            scores.append(score)
    if not scores:
        raise UserError("no outer fold has all of its trainings; let the study go on")
    mean = np.nanmean(np.stack(scores), axis=0)  # (variants, people)
    network, without, with_it, chosen = (over_people(each, config.seed) for each in mean)
    names = features.info.subjects
    return ResidualReport(
        target,
        choices,
        network,
        without,
        with_it,
        chosen,
        over_people(mean[2] - mean[1], config.seed),
        over_people(mean[3] - mean[1], config.seed),
        {
            names[k]: (float(mean[0, k]), float(mean[1, k]), float(mean[2, k]))
            for k in np.flatnonzero(np.isfinite(mean[1]))
        },
    )


def _folds(features: FeatureTable, config: RunConfig) -> Iterator[tuple[int, Fold | None]]:
    """Yield the folds of every repeat, and None for everybody."""
    assert config.fusion is not None
    protocol = config.protocols[0]
    for repeat in range(config.fusion.repeats):
        shuffled = protocol.model_copy(update={"seed": protocol.seed + repeat})
        for fold in make_folds(features, shuffled):
            yield repeat, fold
    yield 0, None


def _fit(
    features: FeatureTable,
    dense: Dataset,
    answers: Sequence[Answers],
    config: RunConfig,
    target: str,
    places: IntArray,
    repeat: int,
    fold: Fold | None,
) -> tuple[FoldChoice, FloatArray | None] | None:
    assert config.fusion is not None
    truth, name = features.truth(target), EVERYBODY if fold is None else fold.name

    def column(role: str) -> FloatArray:
        found = logits_of(list(answers), repeat, name, role, target, dense)
        return np.where(places >= 0, found[places], np.nan)

    told = column(TRAIN)
    rows = np.arange(len(features)) if fold is None else np.union1d(fold.train, fold.validation)
    rows = rows[truth[rows] != ABSENT]
    subject = features.table.subject
    if not _complete(told, rows, places, subject):
        return None
    seed = config.seed + repeat
    fits = [
        fit_sum(features, rows, target, config.fusion, seed, network)
        for network in (None, told[rows])
    ]
    gain = _gain(fits[0], fits[1], truth[rows], subject[rows])
    weight = float(fits[1].whole.weight[-1])
    choice = FoldChoice(repeat, name, weight, gain, bool(gain.low > 0 and weight > 0))
    if fold is None:
        return choice, None
    tested = fold.test[truth[fold.test] != ABSENT]
    network = column(TEST)[tested]
    if not _complete(column(TEST), tested, places, subject):
        return None
    x = features.eeg[tested], features.peripheral(peripheral_features(features, config.fusion))
    terms = [
        fits[0].terms[term](part) for term, part in zip(TERMS, (x[0], x[1][tested]), strict=True)
    ]
    sums = [
        fits[0].whole(np.column_stack(terms)),
        fits[1].whole(np.column_stack([*terms, network])),
    ]
    answered = [network, *sums, sums[1] if choice.taken else sums[0]]
    score = np.stack(
        [
            by_person(each, truth[tested], subject[tested], len(features.info.subjects))
            for each in answered
        ]
    )
    return choice, score


def _complete(told: FloatArray, rows: IntArray, places: IntArray, subject: IntArray) -> bool:
    """Whether everybody who has windows for the network has its logits."""
    own = rows[places[rows] >= 0]
    asked, answered = np.unique(subject[own]), np.unique(subject[own[np.isfinite(told[own])]])
    return np.array_equal(asked, answered) and len(asked) > 0


def _gain(without: SumFit, with_it: SumFit, truth: IntArray, subject: IntArray) -> Estimate:
    """Log loss that the residual saves, by weights that never saw the person."""
    share = balanced_weights(truth, subject)
    saved = []
    for person in np.unique(subject):
        own = (subject == person) & np.isfinite(without.sums["fused"])
        losses = [
            log_loss(fit.sums["fused"][own], truth[own], share[own]) for fit in (without, with_it)
        ]
        saved.append(losses[0] - losses[1])
    mean = float(np.mean(saved))
    error = float(np.std(saved, ddof=1) / np.sqrt(len(saved)))
    reach = float(stats.t.ppf(_SURE, len(saved) - 1)) * error
    return Estimate(mean, mean - reach, mean + reach)
