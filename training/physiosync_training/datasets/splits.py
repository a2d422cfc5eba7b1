"""Cross-validation splits: by window, by trial (stimulus), and by subject.

`window` is the split of the paper's release: windows of one trial lie on both sides, and since all
windows of a trial share its label, knowing the trial is enough to know the answer. Its numbers say
nothing about emotion and are marked as inflated wherever they are shown. `trial` keeps all windows
of a stimulus, of all subjects, on one side; `subject` keeps all that comes from a person there.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import InitVar, dataclass
from typing import Final, Literal

import numpy as np
from pydantic import Field, model_validator

from physiosync_rt.datatypes import IntArray
from physiosync_rt.errors import UserError
from physiosync_rt.utils.yaml_config import FrozenModel
from physiosync_training.datasets.index import ABSENT, Table, WindowIndex

Protocol = Literal["window", "trial", "subject"]
STRICTEST_FIRST: Final[tuple[Protocol, ...]] = ("subject", "trial", "window")
"""Protocols, by how much of a test window's person and stimulus training may see."""

INFLATED: Final = "inflated: windows of one trial lie on both sides of the split"
"""What is written over every number of protocol ``window``."""

RELEASED_SEED: Final = 42
"""Of the shuffle in the release's split."""

_FOLDS: Final = 10


def is_inflated(protocol: str) -> bool:
    """Whether windows of a test trial are trained on; every number must say so."""
    return protocol == "window"


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """One split of a data set's rows, the same for pre-training, fine-tuning and evaluation.

    Parameters
    ----------
    name : str
        Unique among the folds of a protocol.
    protocol : {"window", "trial", "subject"}
    train, validation, test : int64 arrays
        Rows, sorted. Whatever is chosen or fitted after training (an epoch, a temperature) is
        judged on ``validation``, never on ``test``; it may be empty where nothing is chosen.
    table : Table
        Of the data set that the rows belong to; looked at once, not kept.

    Raises
    ------
    ValueError
        Two sides share what the protocol keeps apart, or there is nothing to train on or to test.
    """

    name: str
    protocol: Protocol
    train: IntArray
    validation: IntArray
    test: IntArray
    table: InitVar[Table]

    def __post_init__(self, table: Table) -> None:
        if self.protocol not in STRICTEST_FIRST:
            raise ValueError(f"no protocol {self.protocol!r}, only {', '.join(STRICTEST_FIRST)}")
        if not len(self.train) or not len(self.test):
            raise ValueError(f"fold {self.name} has nothing to train on or nothing to test")
        sides = {"train": self.train, "validation": self.validation, "test": self.test}
        for what, unit in self._apart(table):
            for one, other in (("train", "test"), ("train", "validation"), ("validation", "test")):
                shared = np.intersect1d(unit[sides[one]], unit[sides[other]])
                if len(shared):
                    raise ValueError(
                        f"fold {self.name} of protocol {self.protocol!r} has {len(shared)} "
                        f"{what} in both {one} and {other}"
                    )

    def _apart(self, table: Table) -> Iterator[tuple[str, IntArray]]:
        """What must lie on one side alone."""
        yield "rows", np.arange(len(table))
        if self.inflated:
            return
        yield "trials", table.trial
        if self.protocol == "trial":
            yield "stimuli", stimulus_or_trial(table)
        if self.protocol == "subject":
            yield "subjects", table.subject

    @property
    def inflated(self) -> bool:
        """Whether windows of a test trial are trained on; every number must say so."""
        return is_inflated(self.protocol)


class ProtocolConfig(FrozenModel):
    """How to split.

    Attributes
    ----------
    protocol : {"window", "trial", "subject"}
    folds : int, optional
        How many; for ``subject`` None leaves one out at a time, for the others None is 10.
    only : int, optional
        Train so many of the folds, the first ones; the report says how many there would be.
    validation : float
        Share of the training units that is set aside to choose and calibrate on. 0 sets nothing
        aside, as released, and leaves probabilities uncalibrated.
    rotations : int
        Train every fold so many times, each time with other units to validate on; what they say
        of a test window is averaged.
    order : {"shuffled", "released"}
        ``released``: windows in the release's shuffled order, subjects as listed.
    seed : int
        Of the shuffle.
    """

    protocol: Protocol
    folds: int | None = Field(None, ge=2)
    only: int | None = Field(None, ge=1)
    validation: float = Field(0.15, ge=0, lt=1)
    rotations: int = Field(1, ge=1)
    order: Literal["shuffled", "released"] = "shuffled"
    seed: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _goes_together(self) -> ProtocolConfig:
        if self.order == "released" and self.protocol == "trial":
            raise ValueError("the release has no protocol 'trial': leave order at 'shuffled'")
        if self.rotations > 1 and self.validation == 0:
            raise ValueError("rotations need a validation share above 0")
        return self


def stimulus_or_trial(table: Table) -> IntArray:
    """Stimulus of every row; the trial itself where the stimulus is unknown."""
    named = int(table.stimulus.max()) + 1
    return np.where(table.stimulus == ABSENT, named + table.trial, table.stimulus)


def make_folds(index: WindowIndex, config: ProtocolConfig) -> list[Fold]:
    """Split a data set as configured.

    Raises
    ------
    UserError
        There are too few subjects, trials or windows for so many folds.
    """
    maker = {"window": window_folds, "trial": trial_folds, "subject": subject_folds}
    return maker[config.protocol](index, config)


def planned_folds(index: WindowIndex, config: ProtocolConfig) -> int:
    """How many folds a protocol has, whether all of them are trained on or not."""
    if config.folds is not None or config.protocol != "subject":
        return config.folds or _FOLDS
    return len(np.unique(index.table.subject))


def window_folds(index: WindowIndex, config: ProtocolConfig) -> list[Fold]:
    """Split over the windows of stimuli, each with all its subjects: the release's split.

    With order ``released`` and complete data, the test windows of each fold are those of the
    release's 5 s split (index list shuffled by Python's generator with seed 42). For DREAMER,
    where it has 1 s windows alone, the release shuffles these; here the five seconds of a window
    stay together, so that there the folds are of the same size but not of the same windows.
    """
    units, unit = np.unique(index.stimulus_window, return_inverse=True)
    order = list(range(len(units)))
    seed = RELEASED_SEED if config.order == "released" else config.seed
    random.Random(seed).shuffle(order)  # noqa: S311  no secret is made from it
    return _split(index, config, unit, np.asarray(order), "windows")


def trial_folds(index: WindowIndex, config: ProtocolConfig) -> list[Fold]:
    """Split over stimuli, each with all its subjects; over trials where there are no stimuli."""
    unit = np.unique(stimulus_or_trial(index.table), return_inverse=True)[1]
    order = np.random.default_rng(config.seed).permutation(unit.max() + 1)
    return _split(index, config, unit, order, "stimuli or trials")


def subject_folds(index: WindowIndex, config: ProtocolConfig) -> list[Fold]:
    """Split by subject; with no number of folds it is leave-one-subject-out cross-validation.

    Stimuli are shared between the sides, which reports say.
    """
    subjects, unit = np.unique(index.table.subject, return_inverse=True)
    order = np.arange(len(subjects))
    if config.order == "shuffled":
        order = np.random.default_rng(config.seed).permutation(order)
    return _split(index, config, unit, order, "subjects")


def _split(
    index: WindowIndex,
    config: ProtocolConfig,
    unit: IntArray,
    order: IntArray,
    what: str,
) -> list[Fold]:
    """Give every fold its share of the units to test, and of the others to validate on."""
    n_folds = planned_folds(index, config)
    least = n_folds if config.validation == 0 else max(n_folds, 3)
    if len(order) < least or n_folds < 2:
        raise UserError(
            f"{index.info.name} has {len(order)} {what}, too few for {n_folds} folds of "
            f"protocol {config.protocol!r} with something to train on, to choose by and to test; "
            "ask for fewer folds, or give more data"
        )
    tests = _shares(order, n_folds, even=config.order == "shuffled")
    folds = []
    for k, test in enumerate(tests[: config.only]):
        # The units after the tested ones, so that over all folds each serves about equally often.
        others = np.concatenate([*tests[k + 1 :], *tests[:k]])
        n_validation = round(config.validation * len(others))
        if config.validation > 0:
            n_validation = min(max(n_validation, 1), len(others) - 1)
        for turn in range(config.rotations):
            turned = np.roll(others, -turn * n_validation)
            train, validation, tested = (
                np.flatnonzero(np.isin(unit, part))
                for part in (turned[n_validation:], turned[:n_validation], test)
            )
            name = f"{config.protocol}-{k + 1:02d}" + (
                f"-{turn + 1}" if config.rotations > 1 else ""
            )
            folds.append(Fold(name, config.protocol, train, validation, tested, index.table))
    return folds


def _shares(order: IntArray, n_folds: int, *, even: bool) -> list[IntArray]:
    """Cut units into folds: evenly, or as released, where the last fold takes the rest."""
    if even:
        return list(np.array_split(order, n_folds))
    size = round(len(order) / n_folds)
    cuts = [size * k for k in range(1, n_folds)]
    shares = np.split(order, cuts)
    if not all(len(share) for share in shares):
        return list(np.array_split(order, n_folds))
    return shares
