"""Weights, inputs and a measure of closeness as the golden numbers of the release use them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pytest
import torch
from helpers.golden import Shape, filled, golden_window
from torch import Tensor


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Keep torch to one core and give every test the same chance."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def fill() -> Callable[[Mapping[str, Shape]], dict[str, Tensor]]:
    """Make a state dict of released names: each value follows from name and flat index."""
    return filled


@pytest.fixture
def window() -> Callable[[int, int], Tensor]:
    """Make four float64 windows: x[b, c, t] = cos(0.11 (b + 1)(c + 1) + 0.07 t)."""
    return golden_window


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
