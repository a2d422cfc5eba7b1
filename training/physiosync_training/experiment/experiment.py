"""A whole run: the data, its folds, and every network on every fold."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import torch

from physiosync_models.fusion import PhysioSync
from physiosync_rt.errors import Faults, UserError
from physiosync_training.contrastive.pretrain import lay_out
from physiosync_training.datasets.dataset import Dataset
from physiosync_training.datasets.index import DatasetInfo, WindowIndex
from physiosync_training.datasets.load import load_dataset
from physiosync_training.datasets.loader import WindowLoader
from physiosync_training.datasets.splits import Fold, make_folds
from physiosync_training.datasets.trials import is_rated
from physiosync_training.experiment.config import RunConfig
from physiosync_training.experiment.fold import FoldRun
from physiosync_training.experiment.network import NetworkConfig
from physiosync_training.experiment.runtime import Runtime, make_fabric
from physiosync_training.loop.loop import StopRequest
from physiosync_training.loop.paths import check_room, folder_of, refuse_used_folder
from physiosync_training.loop.progress import Progress, no_progress
from physiosync_training.supervised.config import Target, n_classes
from physiosync_training.supervised.labels import check_classes, classes
from physiosync_training.supervised.results import FoldResult, result_path

_BYTES_OF_A_WEIGHT: Final = 4

Place = Callable[[str], str]
"""Says where a field of a configuration stands."""


def nowhere(field: str) -> str:  # noqa: ARG001
    """Say nothing of where a field stands: it comes from no file."""
    return ""


@dataclass(frozen=True, slots=True)
class Job:
    """One network on one fold."""

    fold: Fold
    network: NetworkConfig

    def folder(self, out: Path) -> Path:
        """Return the folder of this job below the folder of a run."""
        return folder_of(out, self.fold.protocol, self.fold.name, self.network.title)


@dataclass(frozen=True)
class Experiment:
    """What a configuration asks for, with the data at hand.

    Attributes
    ----------
    config : RunConfig
    out : Path
    dataset : Dataset
    jobs : list of Job
        Protocol by protocol, fold by fold, network by network.
    """

    config: RunConfig
    out: Path
    dataset: Dataset
    jobs: list[Job] = field(default_factory=list)


def prepare(
    config: RunConfig,
    out: Path,
    progress: Progress,
    *,
    resume: bool = False,
    digest: str | None = None,
    place: Place = nowhere,
) -> Experiment:
    """Check what can be checked, load the data and split it.

    Parameters
    ----------
    config : RunConfig
    out : Path
        Folder of the run.
    progress : callable
    resume : bool
        Whether the folder may hold a training.
    digest : str, optional
        Hash of the data set, where it is known (see `datasets.load.load_dataset`).
    place : callable
        Says where a field of the configuration stands, for what is wrong with it.

    Raises
    ------
    UserError
        The folder cannot be written or holds a training already, the disk has too little room,
        the data is not in order, or too little for the folds or the targets; found out before
        windows are prepared, where that can be known then.
    """
    # What another process started, here or on a cluster, finds the folder in use.
    first = digest is None and is_first_process()
    planned = config.data.index()
    jobs = _jobs(config, planned, place)
    if first:
        _check_folder(config, out, jobs, planned.info, resume)
    dataset = load_dataset(config.data, config.cache, progress, digest)
    jobs = _jobs(config, dataset, place)
    if first:
        _check_folder(config, out, jobs, dataset.info, resume)
    return Experiment(config, out, dataset, jobs)


def _jobs(config: RunConfig, data: WindowIndex, place: Place) -> list[Job]:
    """Plan the jobs on a data set, prepared or not.

    Raises
    ------
    UserError
        Some cannot be done; everything that is in the way, a line each.
    """
    faults = Faults()
    folds: list[Fold] = []
    for number, protocol in enumerate(config.protocols):
        with faults.collect(place(f"protocols.{number}")):
            folds += make_folds(data, protocol)
    if is_rated(data.table):
        _check_classes(config, folds, data, faults, place)
    with faults.collect(place("pretrain")):
        _check_pairs(config, folds, data)
    faults.check()
    return [Job(fold, network) for fold in folds for network in config.networks]


def _check_folder(
    config: RunConfig, out: Path, jobs: list[Job], info: DatasetInfo, resume: bool
) -> None:
    """Refuse a folder that is used, cannot be written, or has too little room."""
    if not resume:
        for job in jobs:
            refuse_used_folder(job.folder(out))
    check_room(out, _bytes_to_write(config, jobs, out, info))


def _check_classes(
    config: RunConfig, folds: list[Fold], data: WindowIndex, faults: Faults, place: Place
) -> None:
    """Find targets of which the training part of a fold has one class only."""
    parts = [(f"fold {fold.name}, training part", fold.train) for fold in folds]
    if not folds:  # they cannot be made, and the ratings may be wrong as well
        parts = [("all trials together", np.arange(len(data)))]
    for task in config.finetune.tasks:
        labels = classes(data, task)
        for column, target in enumerate(task):
            for where, rows in parts:
                n_before = len(faults.found)
                with faults.collect(place("finetune.targets")):
                    check_classes(labels[rows, column : column + 1], (target,), where)
                if len(faults.found) > n_before:
                    break  # of the other folds it would say the same


def _check_pairs(config: RunConfig, folds: list[Fold], data: WindowIndex) -> None:
    if config.pretrain is None:
        return
    # Who had which window stands in the table; no signal is fetched.
    loader = WindowLoader(cast("Dataset", data), 5, torch.device("cpu"))
    for fold in folds:
        grid = lay_out(loader, fold.train, config.pretrain)
        if config.pretrain.pairing == "halves" and not grid.complete:
            raise UserError(
                f"fold {fold.name}: pairing 'halves' needs every training subject in every "
                "stimulus window, and some are missing; set pretrain.pairing to groups"
            )


def _bytes_to_write(config: RunConfig, jobs: list[Job], out: Path, info: DatasetInfo) -> int:
    """Estimate the bytes of all jobs' weights and of the largest checkpoint on the way."""
    total = largest = 0
    for network in config.networks:
        sizes = [_weights(network, task, config, info) for task in config.finetune.tasks]
        # Weights, two moments of Adam and the best epoch's weights.
        largest = max(largest, 4 * max(sizes))
        encoders = max(sizes) if config.pretrain is not None else 0
        left = [j for j in jobs if j.network == network and not result_path(j.folder(out)).exists()]
        total += len(left) * (sum(sizes) + encoders)
    return (total + largest) * _BYTES_OF_A_WEIGHT if total else 0


def _weights(
    network: NetworkConfig, task: tuple[Target, ...], config: RunConfig, info: DatasetInfo
) -> int:
    chans = info.eeg.n_chans, info.pps.n_chans
    with torch.device("meta"):
        model = PhysioSync(network.build(*chans, task, n_classes(task), config.modalities))
    return sum(p.numel() for p in model.parameters())


def is_first_process() -> bool:
    """Return whether this is the process that was started first, not one of its children."""
    return os.environ.get("LOCAL_RANK", "0") == "0" and os.environ.get("NODE_RANK", "0") == "0"


Work = Callable[[FoldRun], Any]


def train_folds(run: FoldRun) -> FoldResult:
    """Train all stages of one fold."""
    return run.run()


def pretrain_folds(run: FoldRun) -> None:
    """Pre-train one fold."""
    run.pretrain()


def finetune_folds(run: FoldRun) -> FoldResult:
    """Train all stages of one fold after pre-training, which must be there."""
    run.require_pretraining()
    return run.run()


def read_folds(run: FoldRun) -> FoldResult:
    """Read the result of an earlier run of one fold."""
    return run.finished()


def run_here(
    experiment: Experiment,
    work: Work,
    *,
    resume: bool,
    progress: Progress = no_progress,
    stop: StopRequest | None = None,
) -> list[Any]:
    """Do all jobs one after the other, in this process (or this group of processes).

    Raises
    ------
    Interrupted
        Somebody asked to stop.
    """
    fabric = make_fabric(experiment.config)
    fabric.launch()
    show = progress if fabric.global_rank == 0 else no_progress
    runtime = Runtime(fabric, resume, show, StopRequest() if stop is None else stop)
    found = []
    for number, job in enumerate(experiment.jobs):
        show("folds", number, len(experiment.jobs))
        found.append(work(fold_run(experiment, job, runtime)))
    show("folds", len(experiment.jobs), len(experiment.jobs))
    return found


def fold_run(experiment: Experiment, job: Job, runtime: Runtime) -> FoldRun:
    """Make a job ready to be worked on."""
    return FoldRun(
        experiment.dataset, job.fold, experiment.config, job.network, experiment.out, runtime
    )
