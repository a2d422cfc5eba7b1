"""A whole run: the data, its folds, and every network on every fold, here or spread by Ray."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from physiosync_rt.errors import UserError
from training.config import NetworkConfig, RunConfig
from training.data.dataset import Dataset
from training.data.load import load_dataset, outline
from training.feed import Feed
from training.labels import check_classes, classes
from training.loop import Interrupted, Progress, StopRequest, no_progress
from training.pretrain import lay_out
from training.protocols import Fold, make_folds
from training.results import FoldResult
from training.run import Conditions, FoldRun, folder_of, make_fabric, refuse_used_folder

_LOOK_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Job:
    """One network on one fold."""

    fold: Fold
    network: NetworkConfig


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


def prepare(config: RunConfig, out: Path, progress: Progress) -> Experiment:
    """Load the data and split it.

    Raises
    ------
    UserError
        The data is not in order, or too little for the folds or the targets; found out before
        windows are prepared where the data says enough of itself.
    """
    sketch = outline(config.data)
    if sketch is not None:
        _check_folds(config, [f for p in config.protocols for f in make_folds(sketch, p)], sketch)
    dataset = load_dataset(config.data, config.cache, progress)
    folds = [fold for protocol in config.protocols for fold in make_folds(dataset, protocol)]
    _check_folds(config, folds, dataset)
    _check_pairs(config, folds, dataset)
    return Experiment(
        config, out, dataset, [Job(fold, n) for fold in folds for n in config.networks]
    )


def _check_folds(config: RunConfig, folds: list[Fold], data: Any) -> None:
    for task in config.finetune.tasks:
        labels = classes(data, task)
        for fold in folds:
            check_classes(labels[fold.train], task, f"fold {fold.name}, training part")


def _check_pairs(config: RunConfig, folds: list[Fold], dataset: Dataset) -> None:
    if config.pretrain is None:
        return
    feed = Feed(dataset, 5, torch.device("cpu"))
    for fold in folds:
        lay_out(feed, fold.train, config.pretrain)


def refuse_used_folders(experiment: Experiment, resume: bool) -> None:
    """Refuse to train over an earlier run.

    Raises
    ------
    UserError
        A folder holds a training already and nobody asked to resume.
    """
    # A process that another one started finds what that one has begun.
    if resume or not is_first_process():
        return
    for job in experiment.jobs:
        refuse_used_folder(folder_of(experiment.out, job.fold, job.network))


def is_first_process() -> bool:
    """Whether this is the process that a person started, and not one that it started itself."""
    return os.environ.get("LOCAL_RANK", "0") == "0" and os.environ.get("NODE_RANK", "0") == "0"


Work = Callable[[FoldRun], Any]


def train_folds(run: FoldRun) -> FoldResult:
    """All of one fold."""
    return run.run()


def pretrain_folds(run: FoldRun) -> None:
    """Pre-training of one fold alone."""
    run.pretrain()


def finetune_folds(run: FoldRun) -> FoldResult:
    """All but pre-training of one fold, which must be there."""
    run.require_pretraining()
    return run.run()


def read_folds(run: FoldRun) -> FoldResult:
    """What an earlier run found out about one fold."""
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
    refuse_used_folders(experiment, resume)
    fabric = make_fabric(experiment.config)
    fabric.launch()
    show = progress if fabric.global_rank == 0 else no_progress
    conditions = Conditions(fabric, resume, show, StopRequest() if stop is None else stop)
    found = []
    for number, job in enumerate(experiment.jobs):
        show("folds", number, len(experiment.jobs))
        found.append(work(_fold_run(experiment, job, conditions)))
    show("folds", len(experiment.jobs), len(experiment.jobs))
    return found


def _fold_run(experiment: Experiment, job: Job, conditions: Conditions) -> FoldRun:
    return FoldRun(
        experiment.dataset, job.fold, experiment.config, job.network, experiment.out, conditions
    )


def run_on_cluster(
    experiment: Experiment,
    work: Work,
    address: str,
    *,
    resume: bool,
    progress: Progress = no_progress,
    stop: StopRequest | None = None,
    cpus_per_fold: int = 1,
) -> list[Any]:
    """Spread the jobs over a Ray cluster, one fold to a worker.

    Parameters
    ----------
    experiment : Experiment
    work : callable
    address : str
        Of the cluster's head; ``local`` starts one on this computer.
    resume, progress, stop
        As in `run_here`; folds that are stopped go on from their last checkpoint.
    cpus_per_fold : int

    Raises
    ------
    UserError
        Ray is not installed or its cluster not there, the configuration wants several processes
        for a fold, or a fold failed.
    Interrupted
        Somebody asked to stop.

    Notes
    -----
    Every worker prepares the data itself, from the cache where there is one, and writes below
    the same folder: ``out`` and the cache must be shared between the machines.
    """
    try:
        import ray
    except ImportError as error:
        raise UserError(
            "folds on a cluster need Ray: pip install 'physiosync-rt[cluster]', or leave "
            "--cluster out"
        ) from error
    if experiment.config.processes > 1:
        raise UserError("with --cluster every fold is one process: leave processes at 1")
    refuse_used_folders(experiment, resume)
    try:
        ray.init(**_ray_settings(address))
    except ConnectionError as error:
        raise UserError(
            f"no Ray cluster answers at {address!r}; start one with `ray start --head`, or say "
            "--cluster local"
        ) from error
    try:
        remote = ray.remote(num_cpus=cpus_per_fold, num_gpus=_gpus(experiment.config))(_in_worker)
        config = experiment.config.model_dump(mode="json")
        out = str(experiment.out.absolute())
        n_jobs = len(experiment.jobs)
        waiting = {
            remote.remote(config, out, number, work, resume, cpus_per_fold): number
            for number in range(n_jobs)
        }
        found: dict[int, Any] = {}
        while waiting:
            progress("folds", len(found), n_jobs)
            finished, _ = ray.wait(list(waiting), timeout=_LOOK_EVERY_S)
            for each in finished:
                found[waiting.pop(each)] = _result_of(ray, each)
            if stop:
                raise Interrupted
        progress("folds", n_jobs, n_jobs)
        return [found[number] for number in range(n_jobs)]
    finally:
        ray.shutdown()


def _result_of(ray: Any, reference: Any) -> Any:
    """Result of a finished job; what a person can mend in it is told as it is."""
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, UserError):
            raise error.cause from None
        raise


def _ray_settings(address: str) -> dict[str, Any]:
    if address != "local":
        return {"address": address, "log_to_driver": False}
    return {
        "address": "local",
        "include_dashboard": False,
        "log_to_driver": False,
        "_node_ip_address": "127.0.0.1",
    }


def _gpus(config: RunConfig) -> int:
    return 1 if config.device == "cuda" else 0


def _in_worker(
    config: dict[str, Any], out: str, number: int, work: Work, resume: bool, threads: int
) -> Any:
    """Do one job in a worker that shares nothing with the driver but the disk."""
    torch.set_num_threads(threads)
    experiment = prepare(RunConfig.model_validate(config), Path(out), no_progress)
    fabric = make_fabric(experiment.config)
    job = experiment.jobs[number]
    return work(_fold_run(experiment, job, Conditions(fabric, resume)))
