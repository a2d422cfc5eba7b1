"""How fast training is on this computer, beside the released procedure.

Each way to train lives in a process of its own and the two take turns, some steps each, so that
whatever else the computer does hits both alike and the memory of one is not the other's.
"""

from __future__ import annotations

import math
import multiprocessing
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Literal

import torch

from physiosync_models.config import ModelConfig
from physiosync_models.presets import deap_paper
from physiosync_rt.errors import UserError
from physiosync_training.benchmark.arithmetic import Variant
from physiosync_training.benchmark.peak import Peak
from physiosync_training.benchmark.variants import (
    OurFinetuning,
    OurPretraining,
    ReleasedFinetuning,
    ReleasedPretraining,
    simulated,
)
from physiosync_training.benchmark.watch import ON_GPU, MakeWay, Phase, Step, Watch, Way

What = Literal["pretrain 1 s", "pretrain 5 s", "fine-tune", "fine-tune, as released"]
WHATS: tuple[What, ...] = ("pretrain 1 s", "pretrain 5 s", "fine-tune", "fine-tune, as released")
Show = Callable[[str, float, float], None]

N_SUBJECTS = 32
_DEAP_WINDOWS = 480
"""Windows of 5 s of one subject."""

_TURN = 3
"""Steps of one process before it is the other's turn."""

_N_WARMUP = 3
"""Steps that do not count: the first ones allocate."""

_PATIENCE_S = 600.0


@dataclass(frozen=True, slots=True)
class Measured:
    """One way to train, measured.

    Attributes
    ----------
    what, how : str
    seconds : dict of str to float
        Median seconds of a step by phase; on a GPU of the whole step.
    steps_per_s : float
        From the median of whole steps.
    peak_mib : float or None
        Largest memory above what there was before the network was made (resident, or of the
        GPU); None where it cannot be told.
    losses : list of float
        Of all steps, those included that warm up.
    """

    what: str
    how: str
    seconds: dict[Phase, float]
    steps_per_s: float
    peak_mib: float | None
    losses: list[float]


class Enough(Exception):  # noqa: N818  it is not an error
    """All steps that were wanted are done."""


def first_steps(way: Way, device: torch.device, n_steps: int) -> list[Step]:
    """Train a few steps in this process."""
    found: list[Step] = []

    def end(step: Step) -> None:
        found.append(step)
        if len(found) == n_steps:
            raise Enough

    try:
        way.run(Watch(device, end))
    except Enough:
        return found
    raise ValueError(f"{type(way).__name__} ended after {len(found)} of {n_steps} steps")


def _serve(make: MakeWay, device_name: str, n_threads: int, line: Connection) -> None:
    """Train as many steps as each message says; then send the peak memory and end."""
    torch.set_num_threads(n_threads)
    device = torch.device(device_name)
    peak = Peak(device)
    way = make(device)

    left = 0

    def wait() -> None:
        nonlocal left
        left = line.recv()
        if not left:
            raise Enough

    def end(step: Step) -> None:
        nonlocal left
        line.send(step)
        left -= 1
        if not left:
            wait()

    line.send("ready")
    try:
        wait()
        way.run(Watch(device, end))
    except Enough:
        line.send(peak.mib())


def take_turns(
    what: str,
    makers: Sequence[tuple[str, MakeWay]],
    n_steps: int,
    *,
    device: str = "cpu",
    n_threads: int = 2,
    show: Show = lambda *_: None,
) -> list[Measured]:
    """Measure several ways to train in processes that take turns.

    Parameters
    ----------
    what : str
    makers : sequence of (str, callable)
        Name of a way and what makes it, given the device; it must be picklable.
    n_steps : int
        Steps that count.
    device : str
    n_threads : int
        Of torch, in each process.
    show : callable
        Progress.

    Raises
    ------
    UserError
        A process died, of too little memory most likely.
    """
    # Waiting threads that spin would make either way look slow where others use the processor.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    context = multiprocessing.get_context("spawn")
    turn, n_warmup, total = _turns(device, n_steps)
    found: dict[str, list[Step]] = {how: [] for how, _ in makers}
    processes, lines = [], {}
    try:
        for how, make in makers:
            ours, theirs = context.Pipe()
            job = (make, device, n_threads, theirs)
            process = context.Process(target=_serve, args=job, daemon=True)
            process.start()
            theirs.close()
            processes.append(process)
            lines[how] = ours
        for line in lines.values():
            _receive(line)
        for first in range(0, total, turn):
            for how, line in lines.items():
                last = min(first + turn, total)
                line.send(last - first)
                for number in range(first, last):
                    found[how].append(_receive(line))
                    show(f"{what}, {how}", number + 1, total)
        peaks = {}
        for how, line in lines.items():
            line.send(0)
            peaks[how] = _receive(line)
    finally:
        for process in processes:
            process.terminate()
            process.join()
    return [_summary(what, how, found[how], n_warmup, peaks[how]) for how in found]


def _turns(device: str, n_steps: int) -> tuple[int, int, int]:
    """Return steps of a turn, steps that warm up, and all steps; a GPU makes whole turns."""
    if torch.device(device).type != "cuda":
        return _TURN, _N_WARMUP, n_steps + _N_WARMUP
    return ON_GPU, ON_GPU, ON_GPU * (1 + math.ceil(n_steps / ON_GPU))


def _receive(line: Connection) -> Any:
    try:
        if line.poll(_PATIENCE_S):
            return line.recv()
    except (EOFError, ConnectionError):
        pass
    raise UserError(
        "a process of the benchmark died or stands still; the full-size networks need about "
        "6 GB of free memory"
    )


def _summary(what: str, how: str, steps: list[Step], n_warmup: int, peak: float | None) -> Measured:
    counted = [seconds for seconds, _ in steps[n_warmup:]]
    return Measured(
        what,
        how,
        {phase: median(seconds[phase] for seconds in counted) for phase in counted[0]},
        1 / median(sum(seconds.values()) for seconds in counted),
        peak,
        [loss for _, loss in steps],
    )


def measure(
    what: What,
    n_steps: int,
    *,
    batch_size: int = 64,
    device: str = "cpu",
    n_threads: int = 2,
    also: Sequence[Variant] = (),
    show: Show = lambda *_: None,
) -> list[Measured]:
    """Train the paper's network for DEAP at full size on simulated people, as released and as here.

    Parameters
    ----------
    what : str
        One of `WHATS`. ``fine-tune`` has the network and the schedule as corrected here; its
        slices share their batch statistics, so that its losses are close to the released ones but
        not the same. All others compute the same either way.
    n_steps : int
    batch_size : int
        Of fine-tuning; pre-training has the release's 8 stimulus windows of 2 x 2 subjects.
    device, n_threads, show
        As in `take_turns`.
    also : sequence of str
        Variants of this implementation to measure beside it.

    Returns
    -------
    list of Measured
        The released way first, then this one, then its variants. All start from the same
        weights and see the same batches.

    Raises
    ------
    UserError
        The device is not there, or there is too little memory.
    """
    if torch.device(device).type == "cuda" and not torch.cuda.is_available():
        raise UserError("there is no CUDA GPU here; measure with --device cpu")
    network = deap_paper(targets=("arousal",), routes=("fused",), faithful=what != "fine-tune")
    released: Callable[..., Way]
    ours: Callable[..., Way]
    if what in ("fine-tune", "fine-tune, as released"):
        how_many, released, ours = batch_size, ReleasedFinetuning, OurFinetuning
    else:
        how_many, released, ours = int(what.split()[1]), ReleasedPretraining, OurPretraining
    with TemporaryDirectory() as folder:
        # Prepared once; each process then maps it from the disk.
        simulated(Path(folder), N_SUBJECTS, show)
        place = (network, how_many, Path(folder), N_SUBJECTS)
        makers = [("released", partial(released, *place)), ("physiosync", partial(ours, *place))]
        makers += [(each, partial(ours, *place, variant=each)) for each in also]
        return take_turns(what, makers, n_steps, device=device, n_threads=n_threads, show=show)


def six_fold_copy_gib(network: ModelConfig) -> float:
    """Return the memory of the release's six-fold copy of DEAP in float32, in GiB."""
    n_samples = network.n_times * (network.eeg_1s.n_chans + network.pps_1s.n_chans)
    return 6 * _DEAP_WINDOWS * N_SUBJECTS * n_samples * 4 / 2**30
