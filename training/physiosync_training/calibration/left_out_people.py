"""What calibration brings to people whom the population's model never saw, and to a null.

Every choice is made on other people: the model is fitted without the person, and the strength of
the pull is chosen on the people that it was fitted to, each by a model that did not see them. The
null has nothing to find: the early and the late half of a person's rest stand for two classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from physiosync_rt.bundle.personal import Calibration
from physiosync_rt.datatypes import FloatArray, IntArray
from physiosync_rt.errors import UserError
from physiosync_training.calibration.measure import check_enough, measure
from physiosync_training.calibration.own_blocks import Block, Person
from physiosync_training.calibration.personal import Population, population_of
from physiosync_training.calibration.stored_blocks import load_people
from physiosync_training.datasets.index import ABSENT
from physiosync_training.datasets.recordings import RecordingsData
from physiosync_training.datasets.splits import Fold, make_folds
from physiosync_training.evaluation.metrics import Estimate
from physiosync_training.evaluation.people import over_people
from physiosync_training.experiment.config import RunConfig
from physiosync_training.fusion.config import FusionConfig
from physiosync_training.fusion.crossfit import people_left_out
from physiosync_training.fusion.fit import as_model, fit_sum, sum_config
from physiosync_training.fusion.store import load_table
from physiosync_training.fusion.table import FeatureTable
from physiosync_training.loop.progress import Progress

STRENGTHS: Final = (0.01, 0.03, 0.1, 0.3, 1.0)
"""Pulls to the population to choose from, the weakest first."""

Labelled = tuple[Sequence[Block], IntArray]
"""Blocks and their classes."""


@dataclass(frozen=True, slots=True)
class PersonResult:
    """What calibration brought to one person; None where it was refused.

    Attributes
    ----------
    name : str
    strength : float
        Chosen on other people.
    real : Calibration or None
    null, swapped : Calibration or None
        Early against late rest, and the labels the other way round.
    """

    name: str
    strength: float
    real: Calibration | None
    null: Calibration | None
    swapped: Calibration | None


@dataclass(frozen=True, slots=True)
class PeopleResult:
    """What calibration brought to people left out.

    Attributes
    ----------
    people : tuple of PersonResult
    before, after, difference : Estimate
        Balanced accuracy on left-out blocks, mean over people.
    on_everybody : float
        Strength that all people together choose, as `calibration.personal.STRENGTH` was.
    """

    people: tuple[PersonResult, ...]
    before: Estimate
    after: Estimate
    difference: Estimate
    on_everybody: float

    @property
    def written(self) -> tuple[int, int, int]:
        """For how many a bundle would be written: of the real labels, the null, the swapped."""
        columns = zip(*((each.real, each.null, each.swapped) for each in self.people), strict=True)
        real, null, swapped = (sum(c is not None and c.helped for c in col) for col in columns)
        return real, null, swapped

    def to_dict(self) -> dict[str, Any]:
        """Return everything, ready for JSON."""
        people = [
            {
                "name": each.name,
                "strength": each.strength,
                **{
                    what: None if c is None else {**c.model_dump(), "helped": c.helped}
                    for what, c in (
                        ("real", each.real),
                        ("null", each.null),
                        ("swapped", each.swapped),
                    )
                },
            }
            for each in self.people
        ]
        means = {name: asdict(getattr(self, name)) for name in ("before", "after", "difference")}
        written = dict(zip(("real", "null", "swapped"), self.written, strict=True))
        return {"people": people, **means, "written": written, "on_everybody": self.on_everybody}


def calibrate_people(config: RunConfig, progress: Progress) -> PeopleResult:
    """Calibrate to every person of a training, by models that never saw them.

    Parameters
    ----------
    config : RunConfig
        Of a fusion, with a protocol that leaves people out.
    progress : callable

    Raises
    ------
    UserError
        The configuration is another one, or the data is not in order.
    """
    subject = [each for each in config.protocols if each.protocol == "subject"]
    if config.fusion is None or not isinstance(config.data, RecordingsData) or not subject:
        raise UserError(
            f"{config.name} does not fit a sum of slow features with people left out; give a "
            "configuration such as effort-eeg19"
        )
    target = config.finetune.targets[0]
    table = load_table(config.data, config.cache, progress)
    features = sum_config(table, (target,), config.fusion)
    people = load_people(config.data, table.info, features, config.cache, progress)
    work = _Work(table, config.fusion, target, config.seed, people)
    folds = list(make_folds(table, subject[0]))
    results: dict[str, PersonResult] = {}
    for k, fold in enumerate(folds):
        progress("people left out", k, len(folds))
        results |= work.fold(fold)
    everybody = np.unique(table.table.subject)
    on_everybody = work.choose(everybody)
    progress("people left out", len(folds), len(folds))
    ordered = tuple(results[name] for name in table.info.subjects if name in results)
    real = [each.real for each in ordered if each.real is not None]
    before, after = (np.array([getattr(each, w) for each in real]) for w in ("before", "after"))
    seed = config.seed
    return PeopleResult(
        ordered,
        over_people(before, seed),
        over_people(after, seed),
        over_people(after - before, seed),
        on_everybody,
    )


@dataclass(frozen=True, slots=True)
class _Work:
    """What all folds share."""

    table: FeatureTable
    config: FusionConfig
    target: str
    seed: int
    people: Mapping[str, Person]

    def fold(self, fold: Fold) -> dict[str, PersonResult]:
        """Calibrate to the people of a fold's test."""
        subject = self.table.table.subject
        train = np.unique(subject[np.union1d(fold.train, fold.validation)])
        strength = self.choose(train)
        population = self._population(train)
        results = {}
        for person in np.unique(subject[fold.test]).tolist():
            name = self.table.info.subjects[person]
            real = self._labelled(name)
            null = early_and_late(real)
            swapped = null[0], 1 - null[1]
            found = (_brought(population, each, strength) for each in (real, null, swapped))
            results[name] = PersonResult(name, strength, *found)
        return results

    def choose(self, train: IntArray) -> float:
        """Choose the strength on people, each calibrated from a model that never saw them."""
        after: list[FloatArray] = []
        for left_out in people_left_out(train, self.config.inner_folds, self.seed):
            population = self._population(train[~left_out])
            for person in train[left_out].tolist():
                blocks, truth = self._labelled(self.table.info.subjects[person])
                if not _is_enough(truth):
                    continue
                found = [measure(population, blocks, truth, s) for s in STRENGTHS]
                after.append(np.array([each.balanced_accuracy()[1] for each in found]))
        return choose_strength(STRENGTHS, np.array(after))

    def _population(self, people: IntArray) -> Population:
        inside = np.isin(self.table.table.subject, people)
        rows = np.flatnonzero(inside & (self.table.truth(self.target) != ABSENT))
        fit = fit_sum(self.table, rows, self.target, self.config, self.seed)
        return population_of(as_model({self.target: fit}, self.table, self.config), self.target)

    def _labelled(self, name: str) -> Labelled:
        threshold = self.table.info.threshold
        pairs = [(block, block.truth(self.target, threshold)) for block in self.people[name].blocks]
        known = [(block, truth) for block, truth in pairs if truth is not None]
        return [b for b, _ in known], np.array([truth for _, truth in known], dtype=np.int64)


def choose_strength(strengths: Sequence[float], after: FloatArray) -> float:
    """Choose the strongest pull that is not clearly worse than the best one.

    Parameters
    ----------
    strengths : sequence of float
    after : array, shape (n_people, n_strengths)
        Balanced accuracy of each person, calibrated.

    Returns
    -------
    float
        By the rule of one standard error (Breiman et al. 1984), of the differences from the best
        over people.
    """
    best = after[:, int(np.argmax(after.mean(axis=0)))]
    loss = best[:, None] - after
    error = loss.std(axis=0, ddof=1) / np.sqrt(len(after))
    return max(s for s, fair in zip(strengths, loss.mean(axis=0) <= error, strict=True) if fair)


def early_and_late(labelled: Labelled) -> Labelled:
    """Return the blocks of class 0, in their order, as two classes: early is 0 and late is 1."""
    blocks, truth = labelled
    own = [block for block, k in zip(blocks, truth, strict=True) if k == 0]
    half = len(own) // 2
    return [*own[:half], *own[len(own) - half :]], np.repeat([0, 1], half)


def _is_enough(truth: IntArray) -> bool:
    try:
        check_enough(truth, ("low", "high"), 0.0)
    except UserError:
        return False
    return True


def _brought(population: Population, labelled: Labelled, strength: float) -> Calibration | None:
    blocks, truth = labelled
    if not _is_enough(truth):
        return None
    return measure(population, blocks, truth, strength).calibration()
