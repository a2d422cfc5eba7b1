"""A training step as one CUDA graph: a GPU replays it instead of being told kernel by kernel.

A step of a small batch is a thousand and more kernels of a few microseconds. Python starts them
more slowly than a GPU computes them, so that it waits for most of the time. What a step draws at
random follows the generator's state at every replay, as it does kernel by kernel.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from physiosync_rt.bundle.cuda_graph import new_stream, record, why_not
from physiosync_training.loop.distributed import world_size

Learn = Callable[..., Mapping[str, Tensor]]
"""Learns from tensors: forward, backward, optimiser; returns scalars by name, without gradient."""

Groups = list[dict[str, Any]]
"""Parameters of an optimiser with their settings."""

_KERNEL_BY_KERNEL = 3
"""Steps before one is recorded: the first ones choose algorithms and allocate."""

_log = logging.getLogger(__name__)


class StepGraph:
    """A step that is recorded once and replayed for every batch of the same shapes.

    Which are those of the largest batch until then: a training that is resumed may begin with the
    rest of an epoch. Batches of other shapes, several processes and other devices are computed as
    they are.

    Parameters
    ----------
    learn : callable
        Must not look at a value of a tensor.
    optimiser : torch optimiser
        Of `learn`, one of Adam's kind. Learning rates of its groups may change between two steps.
    device : torch.device

    Attributes
    ----------
    refusal : str
        Why no graph is used, empty where one is or will be.
    """

    def __init__(
        self, learn: Learn, optimiser: torch.optim.Optimizer, device: torch.device
    ) -> None:
        self._learn, self._optimiser, self._device = learn, optimiser, device
        self._rates: list[Tensor] = []
        self._graph: torch.cuda.CUDAGraph | None = None
        self._inputs: tuple[Tensor, ...] = ()
        self._fixed: Mapping[str, int] = {}
        self._names: tuple[str, ...] = ()
        self._seen = 0
        is_wanted = device.type == "cuda" and world_size() == 1 and not _off
        self.refusal = "" if is_wanted else "no GPU, several processes, or not wanted"

    def __call__(self, *batch: Tensor, **fixed: int) -> Mapping[str, Tensor]:
        """Learn from a batch; whatever is returned stays as it is.

        Parameters
        ----------
        *batch : Tensor
            On the device.
        **fixed : int
            What else `learn` is told; a graph is for these numbers.
        """
        if self.refusal:
            return self._learn(*batch, **fixed)
        if not self._seen:
            self._stream = new_stream(self._device)
        if not self._seen or (self._graph is None and self._is_larger(batch)):
            self._inputs, self._fixed, self._seen = tuple(x.clone() for x in batch), fixed, 0
        if not self._fits(batch, fixed):
            return self._aside(batch, fixed)
        self._seen += 1
        if self._graph is None:
            self._graph = self._record() if self._seen > _KERNEL_BY_KERNEL else None
        if self._graph is None:
            return self._aside(batch, fixed)
        for mine, given in zip(self._inputs, batch, strict=True):
            mine.copy_(given, non_blocking=True)
        for rate, group in zip(self._rates, self._optimiser.param_groups, strict=True):
            rate.fill_(group["lr"])
        self._graph.replay()
        return dict(zip(self._names, self._found.clone().unbind(), strict=True))

    def _fits(self, batch: tuple[Tensor, ...], fixed: Mapping[str, int]) -> bool:
        pairs = zip(batch, self._inputs, strict=True)
        return fixed == self._fixed and all(x.shape == mine.shape for x, mine in pairs)

    def _is_larger(self, batch: tuple[Tensor, ...]) -> bool:
        return any(x.numel() > mine.numel() for x, mine in zip(batch, self._inputs, strict=True))

    def _aside(self, batch: tuple[Tensor, ...], fixed: Mapping[str, int]) -> Mapping[str, Tensor]:
        """Learn kernel by kernel, on the stream that is recorded: gradients belong to a stream."""
        here = torch.cuda.current_stream(self._device)
        self._stream.wait_stream(here)
        with torch.cuda.stream(self._stream):
            found = self._learn(*batch, **fixed)
        here.wait_stream(self._stream)
        return found

    def _record(self) -> torch.cuda.CUDAGraph | None:
        def learn() -> tuple[tuple[str, ...], Tensor]:
            found = self._learn(*self._inputs, **self._fixed)
            return tuple(found), torch.stack([value.detach() for value in found.values()])

        groups = self._optimiser.param_groups
        self._rates = [torch.tensor(group["lr"], device=self._device) for group in groups]
        try:
            with _as_recorded(groups, self._rates):
                graph, recorded = record(learn, self._stream, self._device, alone=True)
        except RuntimeError as error:
            self.refusal = why_not(error)
            _log.warning("steps are computed kernel by kernel: %s", self.refusal)
            return None
        self._names, self._found = recorded
        return graph


@contextmanager
def _as_recorded(groups: Groups, rates: list[Tensor]) -> Iterator[None]:
    """Let an optimiser be recorded, with learning rates that a replay reads from the device."""
    before = [group["lr"] for group in groups]
    for group, rate in zip(groups, rates, strict=True):
        group.update(lr=rate, capturable=True)
    try:
        yield
    finally:
        for group, lr in zip(groups, before, strict=True):
            group.update(lr=lr, capturable=False)


_off = False


@contextmanager
def kernel_by_kernel() -> Iterator[None]:
    """Record no step of what is made inside: to measure beside, and to look for a fault."""
    global _off  # noqa: PLW0603
    before, _off = _off, True
    try:
        yield
    finally:
        _off = before
