"""Cross-modal consistency alignment (CM-CA)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

PairLoss = Callable[[Tensor], Tensor]


class CrossModalAlignment(nn.Module):
    """Pull EEG and PPS of the same stimulus together, across the two groups of subjects.

    Both modalities pass one shared linear layer and one shared batch norm, each in a call of its
    own: in train mode each has its own batch statistics, and the running ones mix. Then the
    first halves are swapped, so that a pair loss on each mixture compares EEG of one group with
    PPS of the other.

    Parameters
    ----------
    n_features : int
        Of the encoders' output.
    loss : callable
        Maps rows (2n, dim), of which ``i`` and ``n + i`` are a pair, to a scalar.
    dim : int
        Width of the shared space.
    """

    def __init__(self, n_features: int, loss: PairLoss, dim: int = 1024) -> None:
        super().__init__()
        self.loss = loss
        self.fc = nn.Linear(n_features, dim)
        self.bn = nn.BatchNorm1d(dim)

    def forward(self, eeg: Tensor, pps: Tensor) -> Tensor:
        """Align pooled encoder outputs.

        Parameters
        ----------
        eeg, pps : Tensor, shape (2n, n_features)
            Rows ``i`` and ``n + i`` are groups A and B on the same stimulus window.

        Returns
        -------
        Tensor, shape ()

        Raises
        ------
        ValueError
            If the two shapes differ or the rows are not pairs.
        """
        if eeg.shape != pps.shape or len(eeg) % 2:
            raise ValueError(
                f"eeg {tuple(eeg.shape)} and pps {tuple(pps.shape)}: expected the same shape "
                "and an even number of rows"
            )
        eeg, pps = self.bn(self.fc(eeg)), self.bn(self.fc(pps))
        n = len(eeg) // 2
        pps_first = torch.cat((pps[:n], eeg[n:]))
        eeg_first = torch.cat((eeg[:n], pps[n:]))
        return 0.5 * (self.loss(pps_first) + self.loss(eeg_first))
