"""Dense layers in single precision through oneDNN instead of MKL, on the processor.

Torch sends such layers to Intel's MKL, which leaves half of the speed of other makers' processors
unused; oneDNN, which comes with torch too, does not, and computes in the same precision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import cache
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode


def _product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Multiply (m, k) and (n, k) to (m, n) by oneDNN."""
    found = torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")  # noqa: SLF001
    return cast("Tensor", found)


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        return _product(x, weight, bias)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        x, weight = ctx.saved_tensors
        grad = grads[0].contiguous()
        for_x, for_weight, for_bias = ctx.needs_input_grad
        return (
            _product(grad, weight.T) if for_x else None,
            _product(grad.T, x.T) if for_weight else None,
            grad.sum(0) if for_bias else None,
        )


class _ThroughOneDnn(TorchFunctionMode):
    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if func is F.linear and not kwargs and _is_plain(args[0]):
            return _linear(*args)
        return func(*args, **(kwargs or {}))


def _is_plain(x: Tensor) -> bool:
    """Whether an input is what oneDNN is faster at: single precision on the processor."""
    return (
        x.device.type == "cpu"
        and x.dtype == torch.float32
        and not torch.is_autocast_enabled("cpu")
        and x.numel() > 0
    )


def _linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    # Of rows that do not lie end to end oneDNN makes a gradient a hundred times slower.
    flat = x.reshape(-1, x.shape[-1]).contiguous()
    out = cast("Tensor", _Linear.apply(flat, weight, bias))  # type: ignore[no-untyped-call]
    return out.reshape(*x.shape[:-1], len(weight))


@cache
def is_available() -> bool:
    """Whether this torch has oneDNN and its dense layer does what is expected of it."""
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    x, weight, bias = (torch.ones(*shape, dtype=torch.float32) for shape in ((2, 3), (4, 3), (4,)))
    try:
        found = _product(x, weight, bias)
        turned = _product(x.T, weight.T[:, :2])
    except (AttributeError, RuntimeError):
        return False
    return bool((found == 4).all()) and turned.shape == (3, 3)


@contextmanager
def fast_linear() -> Iterator[None]:
    """Send dense layers of single precision through oneDNN, where torch has it.

    Their gradients go there too, inside the context and after it. Everything else is as it was.
    """
    with _ThroughOneDnn() if is_available() else nullcontext():
        yield
