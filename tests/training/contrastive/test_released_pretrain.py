"""Reproductions pre-train as the release does: its data, its fold, its batches, its first steps.

What the release does stands in `helpers.release`, slow and literal.
"""

from __future__ import annotations

import copy
import random
from collections import Counter
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np
import pytest
import torch
from helpers import release
from helpers.started import Started
from lightning_fabric import Fabric
from torch import Tensor

from physiosync_training.benchmark.released import ReleasedSteps
from physiosync_training.contrastive.config import RELEASED_PRETRAIN
from physiosync_training.contrastive.pretrain import Pretraining, lay_out
from physiosync_training.contrastive.sampler import EpochPlan, Grid, PairBatch
from physiosync_training.loop.loop import Interrupted, StageContext, StopRequest
from physiosync_training.loop.rng import sample_keys, seed_of

N_STEPS = 2
STAGES = [
    *(("deap-dependent", 1), ("deap-dependent", 5), ("deap-cross", 1), ("deap-cross", 5)),
    *(("dreamer-dependent", 1), ("dreamer-cross", 1)),
]


@pytest.mark.parametrize("name", release.SCHEDULES)
def test_the_data_and_the_first_fold_are_the_release_s(started, name):
    it = started(name)
    rows = np.arange(len(it.dataset))
    for found, trials in zip(it.dataset.fetch(rows), it.trials, strict=True):
        cut = release.windows(trials, 5)
        expected = np.stack([cut[it.place(5, row)] for row in rows])
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    windows, subjects = it.train(5)
    mine = sorted(it.place(5, row) for row in it.fold.train)
    assert mine == sorted((w, s) for w in windows for s in subjects)
    assert not len(it.fold.validation)


# ------------------------------------------------------------------------------------ pre-training


class Recorded(Pretraining):
    """Remembers its first batches, and what they came to."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.first = copy.deepcopy(self.model)
        self.steps: list[tuple[PairBatch, float]] = []

    def step(self, batch: PairBatch, epoch: int, step: int) -> Any:
        terms = super().step(batch, epoch, step)
        self.steps.append((batch, terms.total.item()))
        return terms


def pretraining(it: Started, seconds: int) -> Recorded:
    network = it.network()
    encoders = (
        replace(network.encoders[f"{m}_{seconds}s"], projector_dims=(24, 24, 32))
        for m in ("eeg", "pps")
    )
    fabric = Fabric(accelerator="cpu", devices=1)
    return Recorded(*encoders, it.config.pretrain, it.loader(seconds), it.config.seed, fabric)


def pairs(it: Started, seconds: int, batch: PairBatch) -> list[release.Pair]:
    """A batch in the release's numbers."""

    def side(k: int, pair: int) -> tuple[release.Sample, ...]:
        found = []
        for number, kind in zip(batch.rows[k, pair], batch.kind[k, pair], strict=True):
            window, subject = it.place(seconds, int(number))
            found.append((window, int(kind), subject))
        return tuple(found)

    return [(side(0, pair), side(1, pair)) for pair in range(batch.n_pairs)]


def dependent_facts(epochs: list[list[list[release.Pair]]]) -> dict[str, Any]:
    """What can be said of epochs of the Dependent scheme whatever was drawn."""
    together = list(chain.from_iterable(chain.from_iterable(epochs)))
    return {
        "sizes": [[len(batch) for batch in epoch] for epoch in epochs],
        "every version of every window": [
            Counter(pair[0][0][:2] for batch in epoch for pair in batch) for epoch in epochs
        ],
        "windows and versions of a pair": {
            len({sample[:2] for side in pair for sample in side}) for pair in together
        },
        "who stands for either side": {
            tuple(tuple(sample[2] for sample in side) for side in pair) for pair in together
        },
        "order is drawn again": epochs[0][0] != epochs[1][0],
    }


def cross_facts(epochs: list[list[list[release.Pair]]]) -> dict[str, Any]:
    """What can be said of epochs of the Cross scheme whatever was drawn."""
    together = list(chain.from_iterable(chain.from_iterable(epochs)))
    return {
        "sizes": [[len(batch) for batch in epoch] for epoch in epochs],
        "every sample": [
            Counter(sample for batch in epoch for pair in batch for side in pair for sample in side)
            for epoch in epochs
        ],
        "subjects that are paired": {(a[0][2], b[0][2]) for a, b in together},
        "versions that are paired": {(a[0][1], b[0][1]) for a, b in together},
        "order is drawn again": epochs[0][0] != epochs[1][0],
    }


@pytest.mark.parametrize(("name", "seconds"), STAGES)
def test_batches_are_made_as_the_release_makes_them(started, name, seconds):
    it = started(name)
    training = pretraining(it, seconds)
    grid = lay_out(it.loader(seconds), it.fold.train, it.config.pretrain)
    # So many that all that can meet has met.
    n_epochs = 2 if it.cross else 2 + 4000 // len(training.plan(grid, 0)) // it.schedule.n_samples
    mine = [
        [pairs(it, seconds, batch) for batch in training.plan(grid, epoch)]
        for epoch in range(n_epochs)
    ]
    windows, subjects = it.train(seconds)
    rng = random.Random(0)
    size = it.schedule.n_samples
    if it.cross:
        theirs = [release.cross_epoch(windows, subjects, size, rng) for _ in mine]
        assert cross_facts(mine) == cross_facts(theirs)
    else:
        theirs = [release.dependent_epoch(windows, it.n_subjects, size, rng) for _ in mine]
        assert dependent_facts(mine) == dependent_facts(theirs)


@pytest.mark.parametrize(
    ("name", "n_windows", "n_subjects", "n_steps"),
    [
        *(("deap-dependent", 2160, 32, 1620), ("deap-dependent", 432, 32, 324)),
        *(("deap-cross", 2400, 31, 3488), ("deap-cross", 480, 31, 698)),
        *(("dreamer-dependent", 972, 23, 729), ("dreamer-cross", 1080, 22, 4455)),
    ],
)
def test_an_epoch_of_all_the_data_has_the_release_s_steps(name, n_windows, n_subjects, n_steps):
    rows = np.arange(n_windows * n_subjects).reshape(n_windows, n_subjects)
    config = RELEASED_PRETRAIN[name]
    size = config.n_pairs, config.group_size
    grid = Grid(rows, np.arange(n_subjects))
    assert len(EpochPlan(grid, config.pairing, *size, seed=0, epoch=0)) == n_steps


def literal_batch(it: Started, seconds: int, batch: PairBatch, modality: int) -> Tensor:
    """A batch's windows in their versions, one after the other, side A first."""
    cut = release.windows(it.trials[modality], seconds)
    rows = []
    for number, kind in zip(batch.rows.ravel(), batch.kind.ravel(), strict=True):
        x = cut[it.place(seconds, int(number))].astype(np.float32).astype(np.float64)
        key = int(sample_keys(it.config.seed, int(number), int(kind), modality, 0)[0])
        rows.append(release.version(x, int(kind), key & (2**64 - 1)))
    return torch.from_numpy(np.stack(rows))


@pytest.mark.parametrize(
    ("name", "seconds"),
    [pytest.param(*s, marks=[pytest.mark.slow] * (s[0] == "deap-cross")) for s in STAGES],
)
def test_first_steps_of_pretraining_equal_the_release_s(started, double, tmp_path, name, seconds):
    it = started(name)
    training = pretraining(it, seconds)
    stop, totals = StopRequest(), set()

    def progress(_: str, done: float, total: float) -> None:
        totals.add(total)
        if done == N_STEPS:
            stop.set()

    context = StageContext(tmp_path, "x", progress=progress, stop=stop)
    grid = lay_out(it.loader(seconds), it.fold.train, it.config.pretrain)
    with pytest.raises(Interrupted):
        training.run(grid, None, context)
    windows, subjects = it.train(seconds)
    n_samples = release.N_VERSIONS * len(windows) * (len(subjects) if it.cross else 1)
    assert totals == {it.schedule.epochs * -(-n_samples // it.schedule.n_samples)}

    literal = ReleasedSteps(
        training.first,
        it.cross,
        it.schedule.temperature,
        it.schedule.lr,
        it.schedule.weight_decay,
    )
    assert literal.model.group_size == (1 if it.cross else release.GROUP_SIZE)
    for step, (batch, loss) in enumerate(training.steps):
        torch.manual_seed(seed_of(it.config.seed, 0, step, 0))
        expected = literal.step(*(literal_batch(it, seconds, batch, m) for m in range(2)))
        assert loss == pytest.approx(expected.item(), rel=1e-8)
    assert len(training.steps) == N_STEPS
    weights = dict(literal.model.named_parameters())
    for weight, value in training.model.named_parameters():
        torch.testing.assert_close(value, weights[weight], rtol=1e-6, atol=1e-6, msg=weight)
