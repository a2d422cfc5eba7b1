"""What follows a way to train: the phases of its steps, their time and their losses."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal, Protocol

import torch
from torch import Tensor

Phase = Literal["data", "forward", "backward", "optimiser"]
PHASES: tuple[Phase, ...] = ("data", "forward", "backward", "optimiser")

Step = tuple[dict[Phase, float], float]
"""Seconds by phase, and the loss."""


class Watch:
    """Follows a way to train: which phase takes how long, and what the loss is.

    Parameters
    ----------
    device : torch.device
        A GPU is waited for before the clock is looked at.
    end : callable
        Called with every step when it is over; what it raises ends the training.
    """

    def __init__(self, device: torch.device, end: Callable[[Step], None]) -> None:
        self._device, self._end = device, end
        self._loss = torch.zeros(())
        self._begin()

    def _begin(self) -> None:
        self._seconds: dict[Phase, float] = dict.fromkeys(PHASES, 0.0)
        self._since = self._now()

    def _now(self) -> float:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        return time.perf_counter()

    def mark(self, phase: Phase) -> None:
        """Count the time since the last mark to a phase."""
        now = self._now()
        self._seconds[phase] += now - self._since
        self._since = now

    def forwarded(self, loss: Tensor) -> None:
        """Mark the end of the forward phase."""
        self._loss = loss.detach()
        self.mark("forward")

    def end_step(self) -> None:
        """Mark the end of the last phase, and of the step."""
        self.mark("optimiser")
        self._end((self._seconds, self._loss.item()))
        self._begin()


class Way(Protocol):
    """A way to train."""

    def run(self, watch: Watch) -> None:
        """Train until the watch raises."""
        ...


MakeWay = Callable[[torch.device], Way]
