"""Two processes train as one: the same losses, curves, weights and answers."""

from __future__ import annotations

import os
import pickle
import socket
import subprocess
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers import group
from helpers.programs import PATIENCE_S, TRAINING, Program

from physiosync_training.contrastive.config import PretrainConfig
from physiosync_training.datasets.splits import Fold
from physiosync_training.experiment.config import TrainConfig
from physiosync_training.experiment.network import NetworkConfig
from physiosync_training.experiment.runtime import make_fabric
from physiosync_training.supervised.config import RELEASED_FINETUNE, FinetuneConfig

ROOT = Path(__file__).resolve().parents[3]
PATHS = os.pathsep.join(str(ROOT / place) for place in (".", "models", "training", "tests"))

NETWORKS = {
    "paper": NetworkConfig(faithful=True, dim_1s=8, dim_5s=16, depth=2, dropout=0.0),
    "compact": NetworkConfig(preset="compact", dim_1s=8, dim_5s=8, depth=1, dropout=0.0),
}
LOSSES = {
    "dependent": PretrainConfig(pairing="halves", n_pairs=5),
    "cross": PretrainConfig(loss="cross", pairing="random", group_size=1, n_pairs=13),
}
TUNINGS = {
    "paper": RELEASED_FINETUNE["deap-dependent"].model_copy(update={"schedule": "constant"}),
    "compact": FinetuneConfig(),
}
STEPS = [
    *(f"pretrain {n}, {loss}, {s} s" for n, loss, s in product(NETWORKS, LOSSES, (1, 5))),
    *(f"finetune {n}" for n in NETWORKS),
]
WHOLE = ["train", "train at random offsets"]
SLOW = {
    *("pretrain paper, cross, 1 s", "pretrain paper, cross, 5 s", "pretrain paper, dependent, 5 s"),
    *("pretrain compact, dependent, 1 s", "pretrain compact, dependent, 5 s"),
    *("pretrain compact, cross, 1 s", "train"),
}
"""Done by the slow tests: each network, loss and length is among the others."""


def with_slow(names: list[str]) -> list[Any]:
    return [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in names]


def jobs(folder: Path, make_dataset) -> dict[str, tuple[Any, ...]]:
    """All that one process and two must do alike, with shares that differ in size."""
    work: dict[str, tuple[Any, ...]] = {}
    built = {
        name: network.build(2, 1, ("valence", "arousal"), 2, ("fused",))
        for name, network in NETWORKS.items()
    }
    data = make_dataset(4, 3, 2)
    for (name, network), loss, seconds in product(built.items(), LOSSES, (1, 5)):
        pair = tuple(
            replace(network.encoders[f"{m}_{seconds}s"], projector_dims=(24, 24, 32))
            for m in ("eeg", "pps")
        )
        work[f"pretrain {name}, {loss}, {seconds} s"] = (
            *("pretrain", "float32", data, seconds, pair),
            LOSSES[loss],
        )
    for name, network in built.items():
        config = TUNINGS[name].model_copy(
            update={"epochs": 5, "warmup_steps": 0, "select": "last", "batch_size": 64}
        )
        work[f"finetune {name}"] = ("finetune", "float32", make_dataset(3, 5, 1), network, config)
    for name in WHOLE:
        job = whole(make_dataset(4, 5, 1), name != "train")
        work[name] = ("train", "float64", folder / name, *job)
    return work


def whole(dataset, random_offsets: bool) -> tuple[Any, Fold, TrainConfig]:
    """A training from the first step to the answers."""
    trial = dataset.table.stimulus
    parts = (np.flatnonzero(where) for where in (trial < 3, trial == 3, trial == 4))
    config = TrainConfig(
        networks=(NETWORKS["compact"],),
        # Adam's decay blows up the rounding of biases that batch norm takes out again.
        pretrain=PretrainConfig(epochs=1, n_pairs=7 if random_offsets else 4, weight_decay=0.0),
        finetune=FinetuneConfig(epochs=5, batch_size=12, head_epochs=1, warmup_steps=0),
        random_offsets=random_offsets,
        device="cpu",
    )
    return dataset, Fold("split", "trial", *parts, dataset.table), config


@pytest.fixture(scope="module")
def found(request, tmp_path_factory, make_dataset) -> tuple[dict[str, Any], dict[str, Any]]:
    """What this process found alone, and what two others found together."""
    folder = tmp_path_factory.mktemp("group")
    tests = [each for each in request.session.items if each.path == request.path]
    asked = {each.callspec.params["name"] for each in tests}
    work = {name: job for name, job in jobs(folder, make_dataset).items() if name in asked}
    (folder / "jobs").write_bytes(pickle.dumps(work))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    shared = {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "WORLD_SIZE": "2",
        "NODE_RANK": "0",
        "GLOO_SOCKET_IFNAME": "lo",
    }
    command = [sys.executable, group.__file__, str(folder / "jobs"), str(folder / "two")]
    environment = os.environ | {"PYTHONPATH": PATHS, "OMP_NUM_THREADS": "1"} | shared
    processes = [
        Program(
            command,
            loaded=TRAINING,
            stderr=subprocess.PIPE,
            text=True,
            env=environment | {"LOCAL_RANK": rank},
        )
        for rank in "01"
    ]
    try:
        # Meanwhile, for starting them takes longer than the work.
        fabric = make_fabric(TrainConfig(device="cpu"))
        fabric.launch()
        one = group.do(work, fabric)
        for process in processes:
            _, said = process.communicate(timeout=PATIENCE_S)
            assert process.returncode == 0, said[-2000:]
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    return one, pickle.loads((folder / "two").read_bytes())


@pytest.mark.parametrize("name", with_slow(STEPS))
def test_five_steps_in_single_precision(found, name):
    one, two = (each[name] for each in found)
    assert len(one["losses"]) == 5
    assert two["losses"] == pytest.approx(one["losses"], rel=1e-6)
    largest = max(g.max() for g in one["gradients"].values())
    decided = 0
    for weight, mine in one["weights"].items():
        # Adam makes full steps of the smallest gradients too, where rounding has a say.
        real = one["gradients"][weight] > 1e-4 * largest
        decided += int(real.sum())
        other = two["weights"][weight]
        torch.testing.assert_close(other[real], mine[real], rtol=1e-5, atol=1e-5, msg=weight)
    assert decided > 0.7 * sum(w.numel() for w in one["weights"].values())


@pytest.mark.parametrize("name", with_slow(WHOLE))
def test_a_whole_training_in_double_precision(found, name):
    one, two = (each[name] for each in found)
    assert {"pretrain-1s", "pretrain-5s", "finetune-valence+arousal"} < set(one["curves"])
    assert two["curves"].keys() == one["curves"].keys()
    for stage, curves in one["curves"].items():
        assert curves["loss"]
        for curve, points in curves.items():
            assert two["curves"][stage][curve] == pytest.approx(points, rel=1e-5), (stage, curve)
    for mine, other in zip(one["answers"], two["answers"], strict=True):
        np.testing.assert_allclose(other, mine, rtol=1e-5, atol=1e-5)
