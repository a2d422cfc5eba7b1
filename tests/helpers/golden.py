"""Weights and windows as the golden numbers of the release use them."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

Shape = tuple[int, ...]
_CHUNK = 1 << 20


def filled(shapes: Mapping[str, Shape]) -> dict[str, Tensor]:
    """Make a state dict of released names: each value follows from name and flat index."""
    return {name: _filled(name, shape) for name, shape in shapes.items()}


def golden_window(n_chans: int, n_times: int) -> Tensor:
    """Make four float64 windows: x[b, c, t] = cos(0.11 (b + 1)(c + 1) + 0.07 t)."""
    b, c, t = (torch.arange(n, dtype=torch.float64) for n in (4, n_chans, n_times))
    slow = 0.11 * (b[:, None, None] + 1) * (c[:, None] + 1)
    return torch.cos(slow + 0.07 * t)


def _filled(name: str, shape: Shape) -> Tensor:
    if name.endswith("num_batches_tracked"):
        return torch.zeros(shape, dtype=torch.int64)
    phase = 0.1 + 0.7 * (sum(map(ord, name)) % 97)
    if name.endswith("running_var") or (name.endswith(".weight") and len(shape) == 1):
        offset = 1.0
    else:
        offset = 0.1 if "gamma" in name else 0.0
    flat = torch.empty(math.prod(shape))
    # Chunk by chunk, because the largest weight takes 315 MB in float64.
    for part, start in zip(flat.split(_CHUNK), range(0, len(flat), _CHUNK), strict=True):
        i = torch.arange(start, start + len(part), dtype=torch.float64)
        part.copy_(offset + 0.05 * torch.sin(phase + 0.017 * i))
    return flat.reshape(shape)
