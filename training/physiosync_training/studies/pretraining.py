"""Does pre-training help? The same folds and seeds with and without it, person by person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from physiosync_training.contrastive.config import PretrainConfig
from physiosync_training.datasets.dataset import Dataset
from physiosync_training.datasets.splits import ProtocolConfig, make_folds
from physiosync_training.evaluation.metrics import Estimate
from physiosync_training.evaluation.people import over_people
from physiosync_training.experiment.config import TrainConfig
from physiosync_training.studies.scores import by_person
from physiosync_training.studies.trainings import Answers, Training

SUPERVISED: Final = "supervised only"
PRETRAINED: Final = "pre-trained"

CMCA_ALONE: Final = PretrainConfig(pairing="own", n_pairs=64, epochs=10)
"""For people without a shared stimulus: LS-TCL has no pairs, and the condition is the label."""

CMCA_AND_LSTCL: Final = PretrainConfig(loss="dependent", pairing="groups", n_pairs=32, epochs=10)
"""For simulated people who saw the same stimuli."""


@dataclass(frozen=True, slots=True)
class Helped:
    """What pre-training does to one target of one data set.

    Attributes
    ----------
    data, target : str
    without, with_it, difference : Estimate
        Balanced accuracy, mean over people left out, with the interval of a resampling of people;
        each person's is the mean over seeds.
    by_person : dict of str to (float, float)
        Without and with it.
    seeds : int
        Seeds in which both variants tell every person that is scored.
    """

    data: str
    target: str
    without: Estimate
    with_it: Estimate
    difference: Estimate
    by_person: dict[str, tuple[float, float]]
    seeds: int


def plan_pretraining(
    data: str,
    dataset: Dataset,
    config: TrainConfig,
    pretrain: PretrainConfig,
    folds: int,
    seeds: int,
) -> Iterator[Training]:
    """Plan both variants of every fold and seed, seed by seed.

    Parameters
    ----------
    data : str
        Name of the data set.
    dataset : Dataset
    config : TrainConfig
        Supervised schedule and network.
    pretrain : PretrainConfig
    folds, seeds : int
        A seed draws the folds too.
    """
    for seed in range(seeds):
        protocol = ProtocolConfig(protocol="subject", folds=folds, seed=seed)
        for fold in make_folds(dataset, protocol):
            for variant, settings in ((SUPERVISED, None), (PRETRAINED, pretrain)):
                own = config.model_copy(update={"seed": seed, "pretrain": settings})
                name = f"{data}-{seed}-{fold.name}-{'with' if settings else 'without'}"
                about: dict[str, str | int]
                about = {"data": data, "seed": seed, "fold": fold.name, "variant": variant}
                yield Training(name, data, fold, own, about)


def compare(data: str, answers: Sequence[Answers], seed: int = 0) -> list[Helped]:
    """Compare both variants, by target, on what is there of both.

    Parameters
    ----------
    data : str
    answers : sequence of Answers
    seed : int
        Of the bootstrap.
    """
    own = [each for each in answers if each.about["data"] == data]
    names = sorted({name for each in own for name in each.subject.tolist()})
    seeds = sorted({int(each.about["seed"]) for each in own})
    targets = own[0].logit if own else ()
    return [_compare(own, data, target, names, seeds, seed) for target in targets]


def _compare(
    answers: Sequence[Answers],
    data: str,
    target: str,
    names: Sequence[str],
    seeds: Sequence[int],
    seed: int,
) -> Helped:
    scores = np.full((2, len(seeds), len(names)), np.nan)
    for each in answers:
        variant = (SUPERVISED, PRETRAINED).index(str(each.about["variant"]))
        at = seeds.index(int(each.about["seed"]))
        for name, score in _people(each, target).items():
            scores[variant, at, names.index(name)] = score
    both = np.isfinite(scores).all(axis=0)
    kept = np.where(both, scores, 0.0).sum(axis=1)
    with np.errstate(invalid="ignore"):
        without, with_it = kept / both.sum(axis=0)
    return Helped(
        data,
        target,
        over_people(without, seed),
        over_people(with_it, seed),
        over_people(with_it - without, seed),
        {
            name: (float(without[k]), float(with_it[k]))
            for k, name in enumerate(names)
            if both[:, k].any()
        },
        int(both[:, both.any(axis=0)].all(axis=1).sum()) if both.any() else 0,
    )


def _people(answers: Answers, target: str) -> dict[str, float]:
    """Balanced accuracy of every person tested; who has one class only is left out."""
    truth, logit = answers.truth[target], answers.logit[target]
    told = np.isfinite(logit)
    names, subject = np.unique(answers.subject[told], return_inverse=True)
    scores = by_person(logit[told], truth[told], subject, len(names))
    known = np.isfinite(scores)
    return dict(zip(names[known].tolist(), scores[known].tolist(), strict=True))
