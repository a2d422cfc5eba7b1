"""How many threads torch uses for one window of a network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

SMALL_NETWORK = 4_000_000
"""Weights up to which one thread is as fast as several: its weights lie in the processor's cache,
and threads wait for each other for longer than they work."""


def threads_for(model: nn.Module, spare: int = 0) -> int:
    """Return how many threads one window of a network is worth: one, or as many as torch uses.

    Parameters
    ----------
    model : nn.Module
    spare : int
        Threads of these that are left for other work, as long as one remains.
    """
    n_weights = sum(weight.numel() for weight in model.parameters())
    return 1 if n_weights <= SMALL_NETWORK else max(torch.get_num_threads() - spare, 1)


@contextmanager
def torch_threads(n: int) -> Iterator[None]:
    """Compute with ``n`` threads inside the block; whoever else uses torch here gets theirs back.

    Switching there and back takes 3 µs.
    """
    before = torch.get_num_threads()
    if before == n:
        yield
        return
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)
