"""Several processes as one: gathered rows, summed statistics, synchronised batch norm.

The convention throughout is that of data-parallel training: every process holds its share of a
batch, and the gradients of the weights are averaged over the processes afterwards. A loss that is
computed from gathered rows is the same number in every process, and its averaged gradient is the
one that a single process with the whole batch would find.
"""

from __future__ import annotations

from typing import Any, cast

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn import functional as F


def world_size() -> int:
    """Return how many processes train together; 1 when there is no group of them."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    """Number of this process, from 0."""
    return dist.get_rank() if world_size() > 1 else 0


def share_bounds(n: int, rank: int, world: int) -> tuple[int, int]:
    """Return half-open bounds of one process's share of n items; shares differ by one at most."""
    return n * rank // world, n * (rank + 1) // world


def agreed(*flags: bool) -> list[bool]:
    """Tell for every flag whether any process raised it; all processes get the same answer."""
    if world_size() == 1:
        return list(flags)
    device = "cuda" if dist.get_backend() == "nccl" else "cpu"
    raised = torch.tensor(flags, dtype=torch.int32, device=device)
    dist.all_reduce(raised, op=dist.ReduceOp.MAX)
    return [bool(flag) for flag in raised.tolist()]


class _Sum(torch.autograd.Function):
    """Sum over processes; the gradient is summed over processes too."""

    @staticmethod
    def forward(_: Any, x: Tensor) -> Tensor:
        x = x.clone()
        dist.all_reduce(x)
        return x

    @staticmethod
    def backward(_: Any, *grads: Tensor) -> Tensor:
        grad = grads[0].clone()
        dist.all_reduce(grad)
        return grad


class _Gather(torch.autograd.Function):
    """Rows of all processes in order of rank; the gradient comes back summed over processes."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, n_total: int) -> Tensor:
        ctx.bounds = share_bounds(n_total, rank(), world_size())
        whole = x.new_zeros((n_total, *x.shape[1:]))
        start, stop = ctx.bounds
        whole[start:stop] = x
        dist.all_reduce(whole)
        return whole

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        grad = grads[0].clone()
        dist.all_reduce(grad)
        start, stop = ctx.bounds
        return grad[start:stop], None


def sum_over_processes(x: Tensor) -> Tensor:
    """Sum of a tensor over all processes, with gradient."""
    return cast("Tensor", _Sum.apply(x)) if world_size() > 1 else x  # type: ignore[no-untyped-call]


@torch.no_grad()
def mean_over_processes(x: Tensor) -> Tensor:
    """Average a tensor over all processes, without gradient, for logs."""
    return sum_over_processes(x.detach()) / world_size()


def gather_rows(x: Tensor, n_total: int) -> Tensor:
    """Gather the rows of all processes, with gradient.

    Parameters
    ----------
    x : Tensor, shape (n_mine, ...)
        This process's share by `physiosync_training.contrastive.sampler.share_bounds`.
    n_total : int

    Returns
    -------
    Tensor, shape (n_total, ...)

    Raises
    ------
    ValueError
        The share has another size.
    """
    start, stop = share_bounds(n_total, rank(), world_size())
    if len(x) != stop - start:
        raise ValueError(f"a share of {len(x)} rows, expected {stop - start} of {n_total}")
    if world_size() == 1:
        return x
    return cast("Tensor", _Gather.apply(x, n_total))  # type: ignore[no-untyped-call]


class SyncedBatchNorm1d(nn.BatchNorm1d):
    """Batch norm with the statistics of all processes' rows in train mode.

    Torch's own ``SyncBatchNorm`` needs a GPU; this one runs on whatever the process group does.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (batch, n_features) or (batch, n_features, n_times)."""
        if not self.training or world_size() == 1:
            return super().forward(x)
        dims = [0, 2] if x.ndim == 3 else [0]
        shape = (1, -1, 1) if x.ndim == 3 else (1, -1)
        with torch.autocast(x.device.type, enabled=False):
            wide = x.to(torch.promote_types(x.dtype, torch.float32))
            n = sum_over_processes(wide.new_tensor(x.numel() // self.num_features))
            mean = sum_over_processes(wide.sum(dims)) / n
            centred = wide - mean.reshape(shape)
            variance = sum_over_processes(centred.square().sum(dims)) / n
            self._follow(mean.detach(), variance.detach() * n / (n - 1))
            scale = self.weight / (variance + self.eps).sqrt()
            return (centred * scale.reshape(shape) + self.bias.reshape(shape)).to(x.dtype)

    @torch.no_grad()
    def _follow(self, mean: Tensor, variance: Tensor) -> None:
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None, "cumulative averages are not used here"
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), self.momentum)
        self.running_var.lerp_(variance.to(self.running_var.dtype), self.momentum)
        self.num_batches_tracked += 1


def synchronise_batch_norm(module: nn.Module) -> None:
    """Give every batch norm below a module the statistics of all processes, in place.

    Weights and names stay: state dicts fit on both sides, and what is frozen stays frozen.
    """
    for name, child in module.named_children():
        if type(child) is nn.BatchNorm1d:
            synced = SyncedBatchNorm1d(child.num_features, child.eps, child.momentum)
            synced.weight, synced.bias = child.weight, child.bias
            for buffer, tensor in child.named_buffers():
                setattr(synced, buffer, tensor)
            synced.train(child.training)
            setattr(module, name, synced)
        else:
            synchronise_batch_norm(child)


def mean_cross_entropy(logits: Tensor, target: Tensor, n_known: Tensor) -> Tensor:
    """Return this process's part of the mean cross-entropy over the whole batch.

    Parameters
    ----------
    logits : Tensor, shape (n_mine, n_classes)
    target : int64 Tensor, shape (n_mine,)
        -1 where it is not known; such rows do not count.
    n_known : int64 Tensor, shape ()
        Known targets in the whole batch.

    Returns
    -------
    Tensor, shape ()
        Averaged over the processes it is the mean of the batch.
    """
    wide = logits.to(torch.promote_types(logits.dtype, torch.float32))
    total = F.cross_entropy(wide, target, ignore_index=-1, reduction="sum")
    return total * world_size() / n_known.clamp(min=1)
