"""Weights, inputs and a measure of closeness as the golden numbers of the release use them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

import pytest
import torch
from torch import Tensor

Shape = tuple[int, ...]
_CHUNK = 1 << 20


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Keep torch to one core and give every test the same chance."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(before)


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


@pytest.fixture
def fill() -> Callable[[Mapping[str, Shape]], dict[str, Tensor]]:
    """Make a state dict of released names: each value follows from name and flat index."""
    return lambda shapes: {name: _filled(name, shape) for name, shape in shapes.items()}


@pytest.fixture
def window() -> Callable[[int, int], Tensor]:
    """Make four float64 windows: x[b, c, t] = cos(0.11 (b + 1)(c + 1) + 0.07 t)."""

    def make(n_chans: int, n_times: int) -> Tensor:
        b, c, t = (torch.arange(n, dtype=torch.float64) for n in (4, n_chans, n_times))
        slow = 0.11 * (b[:, None, None] + 1) * (c[:, None] + 1)
        return torch.cos(slow + 0.07 * t)

    return make


@pytest.fixture
def feat() -> Callable[..., Tensor]:
    """Make float64 features: y[b, k] = sin(phase + 0.9 (b + 1) + 0.3 (b + 1) k / 7)."""

    def make(n_rows: int, dim: int, phase: float = 0.0) -> Tensor:
        b = torch.arange(1, n_rows + 1, dtype=torch.float64)[:, None]
        k = torch.arange(dim, dtype=torch.float64)
        return torch.sin(phase + 0.9 * b + 0.3 * b * k / 7)

    return make


@pytest.fixture
def assert_printed() -> Callable[[Tensor, str], None]:
    """Compare with printed numbers: half a unit of the last digit, and its own error."""

    def check(actual: Tensor, printed: str) -> None:
        values = actual.flatten().tolist()
        words = printed.split()
        assert len(values) == len(words)
        for value, word in zip(values, words, strict=True):
            golden = float(word)
            digits = len(word.partition(".")[2])
            tolerance = 0.5 * 10**-digits + 5e-6 * max(1.0, abs(golden))
            assert abs(value - golden) <= tolerance, f"{value} is not {word}"

    return check
