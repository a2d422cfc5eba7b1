"""Logits of the network for a gated sum, nobody's from a network that saw that person.

Of every outer fold one network learns from all its training people and answers the windows of the
tested ones; others learn from all but a group of the training people and answer those of the group.
There is a window each second, as in the feature table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Final

import numpy as np

from physiosync_rt.datatypes import GRID_SFREQ, FloatArray, IntArray
from physiosync_rt.errors import UserError
from physiosync_training.datasets.dataset import Dataset
from physiosync_training.datasets.index import N_TIMES, WINDOW_S, Table
from physiosync_training.datasets.splits import Fold, ProtocolConfig, make_folds
from physiosync_training.experiment.config import TrainConfig
from physiosync_training.fusion.crossfit import people_left_out
from physiosync_training.fusion.table import FeatureTable
from physiosync_training.studies.trainings import Answers, Training, fold_of, with_seed

EVERYBODY: Final = "everybody"
TEST, TRAIN = "test", "train"
"""Roles of logits: of an outer fold's tested people, and of its training people."""

_VALIDATION: Final = 0.15
_ALMOST: Final = 1e-6


def each_second(dataset: Dataset) -> Dataset:
    """Lay a window over the signals at every whole second of a trial, in place of every fifth."""
    old = dataset.table
    first = np.unique(old.stretch, return_index=True)[1]
    begin = old.window[first] * N_TIMES - old.offset[first]
    columns: dict[str, list[IntArray]] = {"own": [], "second": [], "offset": []}
    for own, start in zip(first, begin, strict=True):
        stop = start + dataset.eeg.lengths[old.stretch[own]]
        seconds = np.arange(-(-start // GRID_SFREQ), (stop - N_TIMES) // GRID_SFREQ + 1)
        columns["own"].append(np.full(len(seconds), own))
        columns["second"].append(seconds)
        columns["offset"].append(seconds * GRID_SFREQ - start)
    own, second, offset = (np.concatenate(columns[name]) for name in columns)
    same = {f.name: getattr(old, f.name)[own] for f in fields(Table)}
    placed = {"window": second // WINDOW_S, "t_start": second.astype(np.float64), "offset": offset}
    return replace(dataset, table=Table(**{**same, **placed}))


def on_features(dense: Dataset, features: FeatureTable) -> IntArray:
    """Find the rows of a feature table, shape (n,), in those of `each_second`; -1 without one.

    Raises
    ------
    UserError
        The two are not of the same recordings.
    """
    if dense.info.subjects != features.info.subjects:
        raise UserError("the prepared windows and the features are not of the same recordings")
    keys = [
        {
            (int(subject), float(arousal), int(trial), round(float(second) * GRID_SFREQ)): row
            for row, (subject, arousal, trial, second) in enumerate(
                zip(table.subject, table.arousal, table.trial, table.t_start, strict=True)
            )
        }
        for table in (dense.table, features.table)
    ]
    places, wanted = keys
    return np.array([places.get(key, -1) for key in wanted], dtype=np.int64)


def plan_residual(
    dense: Dataset,
    protocol: ProtocolConfig,
    repeats: int,
    inner_folds: int,
    config: TrainConfig,
) -> Iterator[Training]:
    """Plan all trainings, the most important first.

    Parameters
    ----------
    dense : Dataset
        From `each_second`.
    protocol : ProtocolConfig
        Outer folds; with the same people they are those of the gated sum.
    repeats, inner_folds : int
        As `fusion.config.FusionConfig`.
    config : TrainConfig
        Schedule and network; its seed is that of the run.
    """
    for repeat in range(repeats):
        seed = config.seed + repeat
        shuffled = protocol.model_copy(update={"seed": protocol.seed + repeat})
        everybody = np.unique(dense.table.subject)
        parts = []
        for fold in make_folds(dense, shuffled):
            tested = np.unique(dense.table.subject[fold.test])
            # Inner people choose everything, so those set aside for validation train too.
            parts.append((fold.name, np.setdiff1d(everybody, tested), tested))
        if repeat == 0:
            parts.append((EVERYBODY, everybody, everybody[:0]))
        for name, people, tested in parts:
            about: dict[str, str | int] = {"repeat": repeat, "fold": name, "seed": seed}
            yield from _fold(dense, people, tested, about, inner_folds, with_seed(config, seed))


def _fold(
    dense: Dataset,
    people: IntArray,
    tested: IntArray,
    about: dict[str, str | int],
    inner_folds: int,
    config: TrainConfig,
) -> Iterator[Training]:
    seed = int(about["seed"])
    named = f"{about['repeat']}-{about['fold']}"
    if len(tested):
        fold = _split(dense, named, people, tested, seed)
        yield Training(named, "people", fold, config, {**about, "role": TEST, "group": -1})
    for group, left_out in enumerate(people_left_out(people, inner_folds, seed)):
        name = f"{named}-{group}"
        fold = _split(dense, name, people[~left_out], people[left_out], seed)
        yield Training(name, "people", fold, config, {**about, "role": TRAIN, "group": group})


def _split(dense: Dataset, name: str, train: IntArray, test: IntArray, seed: int) -> Fold:
    """Train on windows of 5 s side by side, of which some people choose the epoch."""
    shuffled = np.random.default_rng(seed).permutation(train)
    n_validation = max(1, round(_VALIDATION * len(train)))
    subject, beside = dense.table.subject, dense.table.t_start / WINDOW_S
    apart = np.abs(beside - np.round(beside)) < _ALMOST

    def of(people: IntArray) -> IntArray:
        return np.flatnonzero(np.isin(subject, people) & apart)

    return fold_of(
        dense,
        name,
        of(shuffled[n_validation:]),
        of(shuffled[:n_validation]),
        np.flatnonzero(np.isin(subject, test)),
    )


def logits_of(
    answers: list[Answers], repeat: int, fold: str, role: str, target: str, dense: Dataset
) -> FloatArray:
    """Return logits of the windows of `each_second`, shape (n,); NaN where there is none."""
    column = np.full(len(dense), np.nan)
    for each in answers:
        about = each.about
        if (about["repeat"], about["fold"], about["role"]) == (repeat, fold, role):
            column[each.rows] = each.logit[target]
    return column
