"""Configurations: the release's schedules in numbers, and what is refused with which words."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from physiosync_models.presets import compact, deap_paper
from physiosync_rt.errors import UserError
from physiosync_rt.utils.yaml_config import read_yaml
from physiosync_training.contrastive.config import RELEASED_PRETRAIN, PretrainConfig
from physiosync_training.contrastive.sampler import EpochPlan, make_grid
from physiosync_training.experiment.config import RunConfig, TrainConfig
from physiosync_training.experiment.network import NetworkConfig
from physiosync_training.loop.paths import slug
from physiosync_training.supervised.config import RELEASED_FINETUNE, FinetuneConfig
from physiosync_training.supervised.trainer import learning_rate

ROUTES = ("fused", "eeg", "pps")


@pytest.mark.parametrize(
    ("name", "loss", "lr", "tau", "rows_in_batch"),
    [
        ("deap-dependent", "dependent", 7e-4, 0.1, 32),
        ("deap-cross", "cross", 7e-4, 0.07, 128),
        ("dreamer-dependent", "dependent", 1e-4, 0.1, 32),
        ("dreamer-cross", "cross", 1e-4, 0.07, 32),
    ],
)
def test_released_pretraining(name, loss, lr, tau, rows_in_batch):
    config = RELEASED_PRETRAIN[name]
    assert (config.loss, config.lr, config.tau) == (loss, lr, tau)
    assert 2 * config.n_pairs * config.group_size == rows_in_batch
    assert (config.epochs, config.weight_decay) == (500, 1e-3)
    assert config.augment
    assert not config.redraw


@pytest.mark.parametrize(
    ("name", "n_windows", "n_subjects", "steps"),
    [
        ("deap-dependent", 2160, 32, 1620),
        ("deap-dependent", 432, 32, 324),
        ("deap-cross", 2400, 31, 3488),
        ("deap-cross", 480, 31, 698),
        ("dreamer-dependent", 972, 23, 729),
        ("dreamer-cross", 1080, 22, 4455),
    ],
)
def test_released_number_of_steps_in_an_epoch(name, n_windows, n_subjects, steps):
    import numpy as np

    config = RELEASED_PRETRAIN[name]
    window, subject = np.divmod(np.arange(n_windows * n_subjects), n_subjects)
    grid = make_grid(np.arange(len(window)), subject, window, 2)
    plan = EpochPlan(grid, config.pairing, config.n_pairs, config.group_size, seed=0, epoch=0)
    assert len(plan) == steps


@pytest.mark.parametrize(
    ("name", "rates"),
    [
        ("deap-dependent", [1, 0.5] * 3),
        ("deap-cross", [1, 0.75, 0.25] * 3 + [1]),
        ("dreamer-dependent", [1, 0.9045, 0.6545, 0.3455, 0.0955] * 3),
        ("dreamer-cross", [1, 0.75, 0.25] * 3 + [1]),
    ],
)
def test_released_learning_rates_of_finetuning(name, rates):
    config = RELEASED_FINETUNE[name]
    found = [
        config.lr * learning_rate(config, config.epochs, epoch, epoch + 0.5)
        for epoch in range(config.epochs)
    ]
    assert found == pytest.approx([1e-3 * rate for rate in rates], abs=1e-7)
    assert (config.batch_size, config.weight_decay, config.optimiser) == (256, 0, "adam")
    assert (config.select, config.clip, config.joint, config.warmup_steps) == ("last", None, 0, 0)


def test_networks_are_those_of_the_presets_with_the_changes_asked_for():
    both = ("valence", "arousal")
    paper = NetworkConfig(faithful=True).build(32, 1, both, 2, ROUTES)
    assert paper == deap_paper(faithful=True)
    assert NetworkConfig(preset="compact").build(4, 1, both, 2, ROUTES) == compact(4, 1)
    changed = NetworkConfig(preset="compact", dim_1s=16, depth=1, dropout=0.0, with_5s=False)
    network = changed.build(4, 2, ("quadrant",), 4, ("fused",))
    assert network.eeg_5s is None
    assert (network.eeg_1s.dim, network.pps_1s.depth, network.n_classes) == (16, 1, 4)
    assert (network.pps_1s.n_chans, network.dropout, network.eeg_1s.dropout) == (2, 0.0, 0.0)
    conv = NetworkConfig(embedding="conv").build(32, 1, both, 2, ROUTES)
    assert conv.eeg_1s.dim == paper.eeg_1s.dim
    assert conv.eeg_1s.embedding == "conv"


def test_tasks_are_one_network_or_one_for_each_target():
    assert FinetuneConfig().tasks == (("valence", "arousal"),)
    apart = FinetuneConfig(targets=("valence", "quadrant"), joint=False)
    assert apart.tasks == (("valence",), ("quadrant",))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: NetworkConfig(faithful=True, embedding="conv"), "faithful needs the embedding"),
        (lambda: NetworkConfig(dim_1s=18), "cannot be shared by 4 heads"),
        (lambda: PretrainConfig(pairing="aligned", group_size=2), "set group_size to 1"),
        (lambda: PretrainConfig(stratify="bn"), "stratify belongs to the loss 'cross'"),
        (lambda: FinetuneConfig(targets=("valence", "valence")), "hold one twice"),
        (lambda: FinetuneConfig(targets=("valence", "quadrant")), "set joint to false"),
        (lambda: FinetuneConfig(schedule="restarts", epochs=2), "three epochs"),
        (lambda: TrainConfig(epochs=3), "Extra inputs are not permitted"),
        (lambda: TrainConfig(modalities=()), "at least 1 item"),
        (lambda: TrainConfig(modalities=("eeg", "eeg")), "modalities hold one twice: eeg, eeg"),
        (lambda: TrainConfig(modalities=("eeg", "pps")), "add fused, or keep one of them"),
        (
            lambda: TrainConfig(finetune=FinetuneConfig(head_epochs=0)),
            r"head_epochs 0 leaves .* untrained: .* set modalities to \[fused\]",
        ),
        (
            lambda: TrainConfig(modalities=("eeg",), pretrain=PretrainConfig()),
            "set pretrain to null for a training of one modality",
        ),
        (
            lambda: TrainConfig(networks=(NetworkConfig(name="A b"), NetworkConfig(name="a-B"))),
            "two networks are called A b, a-B: names must differ by more than",
        ),
        (lambda: TrainConfig(networks=(NetworkConfig(name="?"),)), "needs a letter or a digit"),
    ],
)
def test_what_does_not_go_together_is_refused(make, words):
    with pytest.raises(ValidationError, match=words):
        make()


def test_heads_that_need_no_epochs_of_their_own():
    """The main heads are trained with the encoders, whichever they are."""
    for routes in (("fused",), ("eeg",), ("pps",)):
        TrainConfig(modalities=routes, finetune=FinetuneConfig(head_epochs=0))
    TrainConfig(modalities=("pps", "fused"))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("paper (narrow)",), "paper-narrow"),
        (("subject", "A  B", "c_d"), "subject-a-b-c-d"),
        (("Größe 2",), "größe-2"),
        (("../..",), ""),
    ],
)
def test_names_of_folders(words, expected):
    assert slug(*words) == expected


GOOD = """
name: tiny
title: A tiny run
data: {kind: simulated, subjects: 4}
protocols: [{protocol: subject}]
finetune:
  epochs: 3
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(GOOD)
    return path


def test_changes_reach_down_and_keep_the_rest(file):
    changes = ["finetune.batch_size=32", "pretrain.epochs=2", "protocols.0.folds=2", "seed=9"]
    config = read_yaml(file, RunConfig, changes)
    assert (config.finetune.epochs, config.finetune.batch_size, config.seed) == (3, 32, 9)
    assert config.pretrain is not None
    assert config.pretrain.epochs == 2
    assert config.protocols[0].folds == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("seed", "expected key=value"),
        ("name.x=1", "has nothing at name.x"),
        ("protocols.4.folds=2", "has nothing at protocols.4.folds"),
        ("seed=[1", "is not a YAML value"),
        ("sed=1", r"--set sed=1: sed: unknown key; did you mean seed\?"),
        ("finetune.epochs=0", "finetune.epochs: input should be greater than"),
        ("networks=[{}, {}]", "two networks are called paper, paper"),
        ("name=Not a name", "name: string should match pattern"),
    ],
)
def test_changes_that_cannot_be_are_one_sentence(file, change, words):
    with pytest.raises(UserError, match=words):
        read_yaml(file, RunConfig, [change])


@pytest.mark.parametrize(
    ("given", "pairing", "group_size"),
    [
        ({}, "groups", 2),
        ({"loss": "dependent"}, "groups", 2),
        ({"loss": "cross"}, "aligned", 1),
        ({"loss": "cross", "pairing": "random"}, "random", 1),
        ({"loss": "cross", "pairing": "groups"}, "groups", 2),
        ({"loss": "dependent", "pairing": "aligned"}, "aligned", 1),
        ({"pairing": "halves", "group_size": 3}, "halves", 3),
    ],
)
def test_pairs_follow_the_loss_unless_asked_otherwise(given, pairing, group_size) -> None:
    config = PretrainConfig.model_validate(given)
    assert (config.pairing, config.group_size) == (pairing, group_size)
    assert PretrainConfig.model_validate(config.model_dump(mode="json")) == config
