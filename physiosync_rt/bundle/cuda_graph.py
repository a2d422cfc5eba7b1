"""Record what a GPU computes as a graph, and leave no trace where that fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch

Found = TypeVar("Found")


def record(
    compute: Callable[[], Found], stream: torch.cuda.Stream, device: torch.device, *, alone: bool
) -> tuple[torch.cuda.CUDAGraph, Found]:
    """Record a computation, which is not carried out; return its graph and what it returned.

    Parameters
    ----------
    compute : callable
    stream : torch.cuda.Stream
        On which it is recorded.
    device : torch.device
    alone : bool
        No other thread uses the GPU meanwhile.

    Raises
    ------
    RuntimeError
        It cannot be recorded.
    """
    graph = torch.cuda.CUDAGraph()
    try:
        mode = "global" if alone else "thread_local"
        with torch.cuda.graph(graph, stream=stream, capture_error_mode=mode):
            found = compute()
    except RuntimeError:
        # The generator believes that it is still recorded, and would draw no more.
        with torch.cuda.device(device):
            generator = torch.cuda.default_generators[torch.cuda.current_device()]
        generator.graphsafe_set_state(generator.clone_state())
        raise
    return graph, found


def new_stream(device: torch.device) -> torch.cuda.Stream:
    """Make a stream of a GPU."""
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]


def why_not(error: Exception) -> str:
    """Say in a few words why something cannot be recorded."""
    return f"no CUDA graph can be recorded ({str(error).splitlines()[0]})"


def graph_refusal(device: torch.device) -> str:
    """Record and replay a small graph; say why that is not possible, empty where it is."""
    try:
        x = torch.ones(2, 2, device=device)
        stream = new_stream(device)
        stream.wait_stream(torch.cuda.current_stream(device))
        graph, y = record(lambda: x + 1.0, stream, device, alone=False)
        graph.replay()
        torch.cuda.synchronize(device)
        return "" if bool((y == 2.0).all()) else "a CUDA graph computes something else"
    except (RuntimeError, AssertionError) as error:
        return why_not(error)
