"""How this implementation's steps may be computed instead, to measure it beside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Literal, get_args

import torch

from physiosync_training.loop.step_graph import kernel_by_kernel

Variant = Literal["eager", "tf32", "bf16", "compiled"]
"""Ways to compute this implementation's steps: kernel by kernel where a GPU would replay them, with
products of ten bits, in mixed precision, and by torch's compiler."""

VARIANTS: tuple[Variant, ...] = get_args(Variant)


@contextmanager
def computed(variant: Variant | None) -> Iterator[None]:
    """Set what a variant asks of torch."""
    before = torch.get_float32_matmul_precision()
    with kernel_by_kernel() if variant == "eager" else nullcontext():
        try:
            torch.set_float32_matmul_precision("high" if variant == "tf32" else before)
            yield
        finally:
            torch.set_float32_matmul_precision(before)
