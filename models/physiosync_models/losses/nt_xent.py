"""NT-Xent, the contrastive loss of both training schemes (SimCLR, Chen 2020)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def check_pairs(x: Tensor) -> int:
    """Return the number n of pairs in rows, shape (2n, dim); ValueError if they are not pairs."""
    if x.ndim != 2 or len(x) == 0 or len(x) % 2:
        raise ValueError(f"rows have shape {tuple(x.shape)}, expected (2 * n_pairs, dim)")
    return len(x) // 2


def _similarities(x: Tensor) -> Tensor:
    """Return the cosine similarities of all rows, shape (2n, 2n), in at least single precision."""
    with torch.autocast(x.device.type, enabled=False):
        unit = F.normalize(x.to(torch.promote_types(x.dtype, torch.float32)), dim=1)
        return unit @ unit.T


def nt_xent(x: Tensor, temperature: float) -> Tensor:
    """Compute the mean cross-entropy of finding each row's partner among all other rows.

    Parameters
    ----------
    x : Tensor, shape (2n, dim)
        Rows ``i`` and ``n + i`` are a positive pair, all others are negatives. Rows are
        normalized here.
    temperature : float
        Divides the cosine similarities.

    Returns
    -------
    Tensor, shape ()
        ``ln(2n - 1)`` where all similarities are equal.

    Raises
    ------
    ValueError
        The number of rows is odd or zero.
    """
    n = check_pairs(x)
    logits = _similarities(x) / temperature  # (2n, 2n)
    itself = torch.eye(2 * n, dtype=torch.bool, device=x.device)
    partner = torch.arange(2 * n, device=x.device).roll(n)
    return F.cross_entropy(logits.masked_fill(itself, -torch.inf), partner)


@torch.no_grad()
def pair_accuracy(x: Tensor) -> Tensor:
    """Return the share of first rows whose partner is the most similar of the second rows.

    Parameters
    ----------
    x : Tensor, shape (2n, dim)
        As in `nt_xent`.

    Returns
    -------
    Tensor, shape ()
        In [0, 1]; 1 / n at chance level.
    """
    n = check_pairs(x)
    found = _similarities(x)[:n, n:].argmax(1)
    return (found == torch.arange(n, device=x.device)).float().mean()
