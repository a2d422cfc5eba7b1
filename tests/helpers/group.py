"""Trainings that several processes do together, one after the other; or one process alone.

Started with a pickle of jobs by name and a file for what comes out, this is one of two processes;
``LOCAL_RANK`` and ``WORLD_SIZE`` are in the environment. A job is the name of a function below, the
name of a dtype, and what the function takes.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor
from torch.optim.optimizer import register_optimizer_step_pre_hook

from physiosync_models.config import EncoderConfig, ModelConfig
from physiosync_models.fusion import PhysioSync
from physiosync_training.contrastive.config import PretrainConfig
from physiosync_training.contrastive.pretrain import Pretraining, lay_out
from physiosync_training.datasets.dataset import Dataset
from physiosync_training.datasets.loader import Seconds, WindowLoader
from physiosync_training.datasets.splits import Fold
from physiosync_training.experiment.config import TrainConfig
from physiosync_training.experiment.fold import FoldRun
from physiosync_training.experiment.runtime import Runtime, make_fabric
from physiosync_training.loop.loop import StageContext
from physiosync_training.supervised.config import FinetuneConfig
from physiosync_training.supervised.finetune import FinetuneSetup, make_examples, train_main
from physiosync_training.supervised.labels import classes

N_STEPS = 5
_SEED = 3


@contextmanager
def least_gradients() -> Iterator[dict[Tensor, Tensor]]:
    """Collect the smallest gradient that each weight got in any step."""
    least: dict[Tensor, Tensor] = {}

    def look(optimiser: torch.optim.Optimizer, *_: object) -> None:
        for group in optimiser.param_groups:
            for p in group["params"]:
                found = p.grad.abs()
                least[p] = torch.minimum(least[p], found) if p in least else found

    hook = register_optimizer_step_pre_hook(look)
    try:
        yield least
    finally:
        hook.remove()


def _found(
    model: torch.nn.Module, losses: list[float], least: dict[Tensor, Tensor]
) -> dict[str, Any]:
    trained = {name: p for name, p in model.named_parameters() if p in least}
    return {
        "losses": losses,
        "weights": {name: p.detach() for name, p in trained.items()},
        "gradients": {name: least[p] for name, p in trained.items()},
    }


def pretrain(
    fabric: Fabric,
    dataset: Dataset,
    seconds: Seconds,
    encoders: tuple[EncoderConfig, EncoderConfig],
    config: PretrainConfig,
) -> dict[str, Any]:
    """First steps of pre-training."""
    loader = WindowLoader(dataset, seconds, fabric.device)
    training = Pretraining(*encoders, config, loader, _SEED, fabric)
    batches = training.plan(lay_out(loader, np.arange(len(dataset)), config), 0)
    losses = []
    with least_gradients() as least:
        for step, batch in zip(range(N_STEPS), batches, strict=False):
            losses.append(training.step(batch, 0, step).total.item())
    return _found(training.model, losses, least)


def finetune(
    fabric: Fabric, dataset: Dataset, network: ModelConfig, config: FinetuneConfig
) -> dict[str, Any]:
    """All of fine-tuning, where an epoch is a step."""
    torch.manual_seed(_SEED)
    model = PhysioSync(network)
    loader, rows = WindowLoader(dataset, 5, fabric.device), np.arange(len(dataset))
    examples = make_examples(loader, rows, rows[:0], classes(dataset, tuple(network.targets)), 1)
    with TemporaryDirectory() as folder, least_gradients() as least:
        context = StageContext(Path(folder), "x")
        setup = FinetuneSetup(model, loader, examples, config, _SEED, fabric)
        curves = train_main(setup, context)
    return _found(model, curves["loss"], least)


def train(
    fabric: Fabric, folder: Path, dataset: Dataset, fold: Fold, config: TrainConfig
) -> dict[str, Any]:
    """All of a training; the folder is that of all processes."""
    out = folder / str(fabric.world_size)
    run = FoldRun(dataset, fold, config, config.networks[0], out, Runtime(fabric))
    result = run.run()
    return {"curves": result.curves, "answers": [p.probability for p in result.predictions]}


def do(jobs: dict[str, tuple[Any, ...]], fabric: Fabric) -> dict[str, Any]:
    """Do all jobs in this process, as one of those that the fabric launched."""
    work = {each.__name__: each for each in (pretrain, finetune, train)}
    found, usual = {}, torch.get_default_dtype()
    try:
        for name, (what, dtype, *rest) in jobs.items():
            torch.set_default_dtype(getattr(torch, dtype))
            found[name] = work[what](fabric, *rest)
    finally:
        torch.set_default_dtype(usual)
    return found


def main() -> None:
    torch.set_num_threads(1)
    jobs = pickle.loads(Path(sys.argv[1]).read_bytes())
    fabric = make_fabric(TrainConfig(device="cpu", processes=2))
    fabric.launch()
    found = do(jobs, fabric)
    if fabric.global_rank == 0:
        Path(sys.argv[2]).write_bytes(pickle.dumps(found))


if __name__ == "__main__":
    main()
