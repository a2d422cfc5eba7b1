"""Loss of the cross-subject scheme."""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor

from physiosync_models.losses.nt_xent import check_pairs, nt_xent

Stratify = Literal["no", "stratified", "bn"]

_STD_FLOOR = 1e-3


def _standardise(x: Tensor) -> Tensor:
    return (x - x.mean(0)) / (x.std(0) + _STD_FLOOR)


def cross_loss(x: Tensor, temperature: float = 0.07, stratify: Stratify = "no") -> Tensor:
    """NT-Xent, with the choice to standardise features first (reference ``info_nce_loss``).

    Parameters
    ----------
    x : Tensor, shape (2n, dim)
        Rows ``i`` and ``n + i`` are a positive pair.
    temperature : float
    stratify : {"no", "stratified", "bn"}
        Standardise every feature over the rows before they are compared: not at all, over each
        half on its own, or over all rows.

    Returns
    -------
    Tensor, shape ()
        ``ln(2n - 1)`` by chance.

    Raises
    ------
    ValueError
        If the rows are not pairs, too few to standardise, or ``stratify`` is unknown.
    """
    if stratify not in get_args(Stratify):
        raise ValueError(f"stratify is {stratify!r}, expected one of {get_args(Stratify)}")
    n = check_pairs(x)
    if stratify == "stratified":
        if n < 2:
            raise ValueError("stratify='stratified' needs two pairs or more")
        x = torch.cat((_standardise(x[:n]), _standardise(x[n:])))
    elif stratify == "bn":
        x = _standardise(x)
    return nt_xent(x, temperature)
