"""How fast training is on this computer, beside the released procedure written plainly.

Each way to train lives in a process of its own and the two take turns, some steps each, so that
whatever else the computer does hits both alike and the memory of one is not the other's.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any, Literal, Protocol

import torch

from models.config import ModelConfig
from models.presets import deap_paper
from physiosync_rt.errors import UserError

Phase = Literal["data", "forward", "backward", "optimiser"]
PHASES: tuple[Phase, ...] = ("data", "forward", "backward", "optimiser")
How = Literal["plain", "physiosync"]
HOWS: tuple[How, ...] = ("plain", "physiosync")
What = Literal["pretrain 1 s", "pretrain 5 s", "fine-tune"]
WHATS: tuple[What, ...] = ("pretrain 1 s", "pretrain 5 s", "fine-tune")
Show = Callable[[str, float, float], None]

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
        `WHATS` and `HOWS`.
    seconds : dict of str to float
        Median seconds of a step by phase.
    steps_per_s : float
        From the median of whole steps.
    peak_mib : float or None
        Largest memory above what there was before the network was made (resident, or of the
        GPU); None where it cannot be told.
    losses : list of float
        Of the measured steps.
    """

    what: str
    how: str
    seconds: dict[Phase, float]
    steps_per_s: float
    peak_mib: float | None
    losses: list[float]


class Clock:
    """Time of one step by phase; waits for a GPU before it looks."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self.seconds: dict[Phase, float] = dict.fromkeys(PHASES, 0.0)

    @contextmanager
    def phase(self, name: Phase) -> Iterator[None]:
        """Add what happens inside to a phase."""
        started = self._now()
        yield
        self.seconds[name] += self._now() - started

    def _now(self) -> float:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        return time.perf_counter()


class Way(Protocol):
    """A way to train, step by step."""

    def step(self, number: int, clock: Clock) -> float:
        """Train on one batch; returns the loss."""
        ...


MakeWay = Callable[[torch.device], Way]

Step = tuple[dict[Phase, float], float]
"""Seconds by phase, and the loss."""


class _Peak:
    """Largest memory since it was made: of the GPU, else resident on Linux."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        gc.collect()
        if device.type == "cuda":
            self._before: float | None = torch.cuda.memory_allocated(device) / 2**20
        elif Path("/proc/self/status").is_file():
            self._before = _status("VmRSS")
        else:
            self._before = None

    def mib(self) -> float | None:
        if self._before is None:
            return None
        if self._device.type == "cuda":
            return torch.cuda.max_memory_allocated(self._device) / 2**20 - self._before
        return _status("VmHWM") - self._before


def _status(name: str) -> float:
    """Field of this process's status in MiB."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(name):
            return float(line.split()[1]) / 1024
    raise ValueError(f"no {name} in /proc/self/status")


def _serve(make: MakeWay, device_name: str, n_threads: int, line: Connection) -> None:
    """Train one step whenever asked; at None, tell the memory and end."""
    torch.set_num_threads(n_threads)
    device = torch.device(device_name)
    peak = _Peak(device)
    way = make(device)
    line.send("ready")
    while (number := line.recv()) is not None:
        # The same chance for every way.
        torch.manual_seed(number)
        clock = Clock(device)
        loss = way.step(number, clock)
        line.send((clock.seconds, loss))
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
    total = n_steps + _N_WARMUP
    found: dict[str, list[Step]] = {how: [] for how, _ in makers}
    processes, lines = [], {}
    try:
        for how, make in makers:
            ours, theirs = context.Pipe()
            process = context.Process(
                target=_serve, args=(make, device, n_threads, theirs), daemon=True
            )
            process.start()
            theirs.close()
            processes.append(process)
            lines[how] = ours
        for line in lines.values():
            _receive(line)
        for first in range(0, total, _TURN):
            for how, line in lines.items():
                for number in range(first, min(first + _TURN, total)):
                    line.send(number)
                    found[how].append(_receive(line))
                    show(f"{what}, {how}", number + 1, total)
        peaks = {}
        for how, line in lines.items():
            line.send(None)
            peaks[how] = _receive(line)
    finally:
        for process in processes:
            process.terminate()
            process.join()
    return [_summary(what, how, found[how][_N_WARMUP:], peaks[how]) for how in found]


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


def _summary(what: str, how: str, steps: list[Step], peak: float | None) -> Measured:
    return Measured(
        what,
        how,
        {phase: median(seconds[phase] for seconds, _ in steps) for phase in PHASES},
        1 / median(sum(seconds.values()) for seconds, _ in steps),
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
    show: Show = lambda *_: None,
) -> list[Measured]:
    """Train the paper's network for DEAP at full size, plainly and as here.

    Parameters
    ----------
    what : {"pretrain 1 s", "pretrain 5 s", "fine-tune"}
    n_steps : int
    batch_size : int
        Of fine-tuning; pre-training has the release's 8 stimulus windows of 2 x 2 subjects.
    device, n_threads, show
        As in `take_turns`.

    Returns
    -------
    list of Measured
        Plain first. Both start from the same weights and see the same batches.

    Raises
    ------
    UserError
        The device is not there, or there is too little memory.
    """
    if torch.device(device).type == "cuda" and not torch.cuda.is_available():
        raise UserError("there is no CUDA GPU here; measure with --device cpu")
    from training.bench_ways import OurFinetuning, OurPretraining, PlainFinetuning, PlainPretraining

    makers: list[tuple[str, MakeWay]]
    if what == "fine-tune":
        network = deap_paper(targets=("arousal",), routes=("fused",))
        makers = [
            ("plain", partial(PlainFinetuning, network, batch_size)),
            ("physiosync", partial(OurFinetuning, network, batch_size)),
        ]
    else:
        network = deap_paper(faithful=True)
        seconds = 1 if what == "pretrain 1 s" else 5
        makers = [
            ("plain", partial(PlainPretraining, network, seconds)),
            ("physiosync", partial(OurPretraining, network, seconds)),
        ]
    return take_turns(what, makers, n_steps, device=device, n_threads=n_threads, show=show)


def six_fold_copy_gib(network: ModelConfig, n_windows: int = 480, n_subjects: int = 32) -> float:
    """Memory that the release's six-fold copy of a data set takes in float32, in GiB."""
    n_samples = network.n_times * (network.eeg_1s.n_chans + network.pps_1s.n_chans)
    return 6 * n_windows * n_subjects * n_samples * 4 / 2**30
