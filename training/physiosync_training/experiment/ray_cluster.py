"""Folds spread over the machines of a Ray cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from physiosync_rt.errors import UserError
from physiosync_rt.utils.extras import require
from physiosync_training.experiment.config import RunConfig
from physiosync_training.experiment.experiment import Experiment, Work, fold_run, prepare
from physiosync_training.experiment.runtime import Runtime, make_fabric
from physiosync_training.loop.loop import Interrupted, StopRequest
from physiosync_training.loop.progress import Progress, no_progress

_LOOK_EVERY_S = 1.0
_NEEDED_FOR = "folds on a cluster (without --cluster they run here)"


def check_cluster(config: RunConfig) -> None:
    """Refuse what is known not to work before any data is loaded.

    Raises
    ------
    UserError
        Ray is not installed, or the configuration wants several processes for a fold.
    """
    require("ray", "cluster", _NEEDED_FOR)
    if config.processes > 1:
        raise UserError("with --cluster every fold is one process: leave processes at 1")


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
        As in `experiment.experiment.run_here`; folds that are stopped go on from their last
        checkpoint.
    cpus_per_fold : int

    Raises
    ------
    UserError
        The cluster is not there or has no GPU that the configuration names, or a fold failed.
    Interrupted
        Somebody asked to stop.

    Notes
    -----
    Every worker maps the data that this process prepared, and writes below the same folder:
    ``out`` and the cache must be shared between the machines. Where the cache is not, a worker
    prepares the data itself, and stops if something else comes out.
    """
    check_cluster(experiment.config)
    with _connected(address) as ray:
        config = _on_device(ray, experiment.config)
        gpus = 1 if config.device == "cuda" else 0
        remote = ray.remote(num_cpus=cpus_per_fold, num_gpus=gpus)(_in_worker)
        shared = (
            config.model_dump(mode="json"),
            str(experiment.out.absolute()),
            experiment.dataset.digest,
        )
        waiting = {
            remote.remote(*shared, number, work, resume, cpus_per_fold): number
            for number in range(len(experiment.jobs))
        }
        return _gather(ray, waiting, progress, stop)


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    ray: Any = require("ray", "cluster", _NEEDED_FOR)
    settings: dict[str, Any] = {"address": address, "log_to_driver": False}
    if address == "local":
        settings |= {"include_dashboard": False, "_node_ip_address": "127.0.0.1"}
    try:
        ray.init(**settings)
    except ConnectionError as error:
        raise UserError(
            f"no Ray cluster answers at {address!r}; start one with `ray start --head`, or say "
            "--cluster local"
        ) from error
    try:
        yield ray
    finally:
        ray.shutdown()


def _on_device(ray: Any, config: RunConfig) -> RunConfig:
    """Decide once for all folds what ``auto`` is: a GPU each where the cluster has any."""
    has_gpu = ray.cluster_resources().get("GPU", 0) >= 1
    if config.device == "cuda" and not has_gpu:
        raise UserError("device 'cuda': the cluster has no GPU; set device to auto or cpu")
    if config.device == "auto" and has_gpu:
        return config.model_copy(update={"device": "cuda"})
    return config


def _gather(
    ray: Any, waiting: dict[Any, int], progress: Progress, stop: StopRequest | None
) -> list[Any]:
    """Results in the order of the jobs' numbers."""
    n_jobs = len(waiting)
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


def _result_of(ray: Any, reference: Any) -> Any:
    """Result of a finished job; a message for the person is raised as it is."""
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, UserError):
            raise error.cause from None
        raise


def _in_worker(
    config: dict[str, Any],
    out: str,
    digest: str,
    number: int,
    work: Work,
    resume: bool,
    threads: int,
) -> Any:
    """Do one job in a worker that shares nothing with the driver but the disk."""
    torch.set_num_threads(threads)
    settings = RunConfig.model_validate(config)
    experiment = prepare(settings, Path(out), no_progress, resume=True, digest=digest)
    job = experiment.jobs[number]
    return work(fold_run(experiment, job, Runtime(make_fabric(settings), resume)))
