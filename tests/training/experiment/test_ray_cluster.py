"""Folds on a cluster: what is decided where the run is started, without a cluster."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from physiosync_rt.errors import UserError
from physiosync_training.experiment import ray_cluster
from physiosync_training.experiment.config import RunConfig
from physiosync_training.experiment.experiment import train_folds
from physiosync_training.experiment.ray_cluster import _gather, _in_worker, _on_device
from physiosync_training.loop.loop import Interrupted, StopRequest
from physiosync_training.loop.progress import no_progress


class Ray:
    """As much of Ray as is asked here: jobs are their own results and finish from the last on."""

    exceptions = SimpleNamespace(RayTaskError=KeyError)

    def __init__(self, gpus: float = 0) -> None:
        self._gpus = gpus

    def cluster_resources(self) -> dict[str, float]:
        return {"CPU": 4.0} | ({"GPU": self._gpus} if self._gpus else {})

    def wait(self, jobs: list[str], timeout: float) -> tuple[list[str], list[str]]:
        return jobs[-1:], jobs[:-1]

    def get(self, job: str) -> str:
        return job


def config(**changes: Any) -> RunConfig:
    base = {
        "name": "tiny",
        "title": "A tiny run",
        "data": {"kind": "simulated", "subjects": 4, "duration_s": 175, "trial_s": 20},
        "protocols": [{"protocol": "subject"}],
        "networks": [{"preset": "compact"}],
    }
    return RunConfig.model_validate(base | changes)


@pytest.mark.parametrize(
    ("device", "gpus", "found"),
    [
        ("auto", 2, "cuda"),
        ("auto", 0, "auto"),  # each worker takes what it has beside GPUs that Ray gives out
        ("cpu", 2, "cpu"),
        ("cuda", 1, "cuda"),
    ],
)
def test_the_device_is_the_same_for_all_folds(device, gpus, found):
    assert _on_device(Ray(gpus), config(device=device)).device == found


def test_a_gpu_that_no_machine_has_is_not_waited_for():
    with pytest.raises(UserError, match="the cluster has no GPU; set device to auto or cpu"):
        _on_device(Ray(), config(device="cuda"))


def test_results_come_in_the_order_of_jobs_and_a_stop_is_heard():
    seen: list[tuple[str, float, float]] = []
    waiting = {"zero": 0, "one": 1, "two": 2}
    assert _gather(Ray(), waiting, lambda *what: seen.append(what), None) == ["zero", "one", "two"]
    assert seen == [("folds", done, 3) for done in (0, 1, 2, 3)]
    stop = StopRequest()
    stop.set()
    with pytest.raises(Interrupted):
        _gather(Ray(), {"zero": 0, "one": 1}, no_progress, stop)


def test_a_worker_takes_the_data_by_its_hash(tmp_path, monkeypatch):
    asked: list[object] = []

    class Asked(Exception):
        pass

    def load(_: object, cache: Path | None, __: object, digest: str | None) -> None:
        asked.append(digest)
        raise Asked

    monkeypatch.setattr("physiosync_training.experiment.experiment.load_dataset", load)
    monkeypatch.setattr(ray_cluster.torch, "set_num_threads", lambda n: asked.append(n))
    settings = config().model_dump(mode="json")
    with pytest.raises(Asked):
        _in_worker(settings, str(tmp_path), "the hash", 0, train_folds, False, 3)
    assert asked == [3, "the hash"]
