"""The network and the loss of pre-training: both modalities of one resolution.

LS-TCL pulls the projections of two groups of subjects at the same stimulus window together, within
each modality; CM-CA does so across modalities with the encoders' outputs. Their sum is weighted as
in the paper: 0.5 for either modality's term and 1 for the term across them.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn

from physiosync_models.config import EncoderConfig
from physiosync_models.encoder import ProjectedEncoder
from physiosync_models.losses import CrossModalAlignment, cross_loss, dependent_loss, pair_accuracy
from physiosync_models.losses.cmca import PairLoss
from physiosync_models.losses.cross import Stratify
from physiosync_models.losses.grouping import pool_groups
from physiosync_training.loop.distributed import gather_rows

_WITHIN = 0.5


class ContrastTerms(NamedTuple):
    """Losses of one batch, and how often a pair found each other among its modality's."""

    total: Tensor
    eeg: Tensor
    pps: Tensor
    cross_modal: Tensor
    accuracy_eeg: Tensor
    accuracy_pps: Tensor


def dependent(temperature: float = 0.1) -> PairLoss:
    """Loss of the Dependent scheme."""
    return partial(dependent_loss, temperature=temperature)


def cross(temperature: float = 0.07, stratify: Stratify = "no") -> PairLoss:
    """Loss of the Cross scheme."""
    return partial(cross_loss, temperature=temperature, stratify=stratify)


class ContrastModel(nn.Module):
    """Both encoders with their projectors and the CM-CA module, from windows to losses.

    Parameters
    ----------
    eeg, pps : EncoderConfig
        Of one resolution.
    loss : callable
        Of rows (2n, dim), of which ``i`` and ``n + i`` are a pair.
    group_size : int
        Subjects that are pooled into one row.
    within : bool
        Whether LS-TCL takes part; without it, its terms are only watched.
    """

    def __init__(
        self,
        eeg: EncoderConfig,
        pps: EncoderConfig,
        loss: PairLoss,
        group_size: int,
        *,
        within: bool = True,
    ) -> None:
        super().__init__()
        self.eeg = ProjectedEncoder(eeg)
        self.pps = ProjectedEncoder(pps)
        self.align = CrossModalAlignment(eeg.out_dim, loss)
        self.group_size = group_size
        self.within = _WITHIN if within else 0.0
        self.loss = loss

    def forward(self, eeg: Tensor, pps: Tensor, n_pairs: int) -> ContrastTerms:
        """Losses of a batch.

        Parameters
        ----------
        eeg, pps : Tensor, shape (2 * n_mine * group_size, n_chans, n_times)
            All rows of group A, pair by pair, then all of group B: this process's share.
        n_pairs : int
            Pairs in the whole batch, of which ``n_mine`` are here.

        Returns
        -------
        ContrastTerms
            Of the whole batch, the same in every process.
        """
        z_eeg, h_eeg = (self._gather(x, n_pairs) for x in self.eeg(eeg))
        z_pps, h_pps = (self._gather(x, n_pairs) for x in self.pps(pps))
        within_eeg, within_pps = self.loss(z_eeg), self.loss(z_pps)
        across = self.align(h_eeg, h_pps)
        return ContrastTerms(
            self.within * within_eeg + self.within * within_pps + across,
            within_eeg.detach(),
            within_pps.detach(),
            across.detach(),
            pair_accuracy(z_eeg),
            pair_accuracy(z_pps),
        )

    def _gather(self, x: Tensor, n_pairs: int) -> Tensor:
        pooled = pool_groups(x, self.group_size)  # (2n, D)
        sides = torch.unflatten(pooled, 0, (2, -1)).transpose(0, 1)  # (n, 2, D)
        return gather_rows(sides, n_pairs).transpose(0, 1).flatten(0, 1)
