"""Trainings side by side in processes of their own, until all are done or the time is up."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from multiprocessing import get_context, parent_process
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

import torch

from physiosync_rt.errors import UserError
from physiosync_training.datasets.dataset import Dataset
from physiosync_training.studies.trainings import Training, answers_path, do_training

Plan = tuple[Sequence[Training], Mapping[str, Dataset]]
"""What to train, the most important first, and the data sets by name."""

_LOOK_S = 0.5


def work_off(
    make_plan: Callable[[], Plan], out: Path, devices: Sequence[str], seconds: float
) -> int:
    """Do trainings side by side, each worker with one thread; what is done is kept.

    Parameters
    ----------
    make_plan : callable
        Called in every worker; can be pickled.
    out : Path
        Folder of the study; answers that lie there are not made again.
    devices : sequence of str
        One worker for each, on this device.
    seconds : float
        Workers that still train then are stopped, and their trainings are lost.

    Returns
    -------
    int
        Trainings that are still to be done.

    Raises
    ------
    UserError
        A worker failed.
    """
    end = time.monotonic() + seconds
    context = get_context("spawn")
    turn = context.Value("i", 0)
    workers = [
        context.Process(target=_work, args=(make_plan, out, device, turn, end), daemon=True)
        for device in devices
    ]
    for worker in workers:
        worker.start()
    while any(worker.is_alive() for worker in workers) and time.monotonic() < end:
        time.sleep(_LOOK_S)
    for worker in workers:
        if worker.is_alive():
            worker.kill()  # nothing is lost but this training: files are written whole
        worker.join()
    trainings, _ = make_plan()
    left = sum(not answers_path(out, each).is_file() for each in trainings)
    if left and time.monotonic() < end and any(worker.exitcode for worker in workers):
        raise UserError(f"{left} trainings failed; what went wrong stands above")
    return left


def _work(
    make_plan: Callable[[], Plan], out: Path, device: str, turn: Synchronized[int], end: float
) -> None:
    torch.set_num_threads(1)
    trainings, datasets = make_plan()
    # The clock is that of the computer, the same in every process. The first workers begin while
    # the last are still being started, so they look at it by themselves; and at whether anybody
    # waits for them, as nothing else ends them when the command is killed.
    parent = parent_process()
    while time.monotonic() < end and parent is not None and parent.is_alive():
        with turn.get_lock():
            number = turn.value
            turn.value += 1
        if number >= len(trainings):
            return
        training = trainings[number]
        do_training(training, datasets[training.data], out, device)
