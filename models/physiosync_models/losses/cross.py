"""Contrastive loss of the cross-subject scheme."""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor

from physiosync_models.losses.nt_xent import check_pairs, nt_xent

Stratify = Literal["no", "stratified", "bn"]

_STD_FLOOR = 1e-3


def _standardize(x: Tensor) -> Tensor:
    return (x - x.mean(0)) / (x.std(0) + _STD_FLOOR)


def cross_loss(x: Tensor, temperature: float = 0.07, stratify: Stratify = "no") -> Tensor:
    """Compute NT-Xent with optional standardization of features (reference ``info_nce_loss``).

    Parameters
    ----------
    x : Tensor, shape (2n, dim)
        Rows ``i`` and ``n + i`` are a positive pair.
    temperature : float
    stratify : {"no", "stratified", "bn"}
        Standardization of every feature over the rows: none, over each half separately, or over
        all rows.

    Returns
    -------
    Tensor, shape ()
        ``ln(2n - 1)`` at chance level.

    Raises
    ------
    ValueError
        The rows are not pairs, are too few to standardize, or ``stratify`` is unknown.
    """
    if stratify not in get_args(Stratify):
        raise ValueError(f"stratify is {stratify!r}, expected one of {get_args(Stratify)}")
    n = check_pairs(x)
    if stratify == "stratified":
        if n < 2:
            raise ValueError("stratify='stratified' needs two pairs or more")
        x = torch.cat((_standardize(x[:n]), _standardize(x[n:])))
    elif stratify == "bn":
        x = _standardize(x)
    return nt_xent(x, temperature)
