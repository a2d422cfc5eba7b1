"""What follows a way to train: the phases of its steps, their time and their losses."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal, Protocol

import torch
from torch import Tensor

Phase = Literal["data", "forward", "backward", "optimiser", "step"]
PHASES: tuple[Phase, ...] = ("data", "forward", "backward", "optimiser")

ON_GPU = 30
"""Steps of a GPU that are timed as one: waiting for each would take away what overlaps."""

Step = tuple[dict[Phase, float], float]
"""Seconds by phase, and the loss."""


class Watch:
    """Follows a way to train: which phase takes how long, and what the loss is.

    Parameters
    ----------
    device : torch.device
        Steps of a GPU are timed `ON_GPU` at a time, without phases.
    end : callable
        Called with every step when it is over; what it raises ends the training.
    """

    def __init__(self, device: torch.device, end: Callable[[Step], None]) -> None:
        self._device, self._end = device, end
        self._on_gpu = device.type == "cuda"
        self._loss = torch.zeros(())
        self._losses: list[Tensor] = []
        self._begin()

    def _begin(self) -> None:
        self._seconds: dict[Phase, float] = dict.fromkeys(() if self._on_gpu else PHASES, 0.0)
        self._since = time.perf_counter()

    def mark(self, phase: Phase) -> None:
        """Count the time since the last mark to a phase."""
        if self._on_gpu:
            return
        now = time.perf_counter()
        self._seconds[phase] += now - self._since
        self._since = now

    def forwarded(self, loss: Tensor) -> None:
        """Mark the end of the forward phase."""
        self._loss = loss.detach()
        self.mark("forward")

    def end_step(self) -> None:
        """Mark the end of the last phase, and of the step."""
        if self._on_gpu:
            self._end_on_gpu()
            return
        self.mark("optimiser")
        self._end((self._seconds, self._loss.item()))
        self._begin()

    def _end_on_gpu(self) -> None:
        self._losses.append(self._loss.clone())
        if len(self._losses) < ON_GPU:
            return
        torch.cuda.synchronize(self._device)
        seconds = (time.perf_counter() - self._since) / ON_GPU
        losses, self._losses = torch.stack(self._losses).tolist(), []
        for loss in losses:
            self._end(({"step": seconds}, loss))
        self._begin()


class Way(Protocol):
    """A way to train."""

    def run(self, watch: Watch) -> None:
        """Train until the watch raises."""
        ...


MakeWay = Callable[[torch.device], Way]
