"""Contrastive loss of the subject-dependent scheme."""

from __future__ import annotations

from torch import Tensor

from physiosync_models.losses.nt_xent import nt_xent


def dependent_loss(x: Tensor, temperature: float = 0.1) -> Tensor:
    """Compute the contrastive loss of two groups of subjects with the same stimulus windows.

    The cross-entropies of the two halves are added, not averaged, so it is twice NT-Xent
    (reference ``constrast_loss``).

    Parameters
    ----------
    x : Tensor, shape (2n, dim)
        Rows ``i`` and ``n + i`` belong to the same stimulus window.
    temperature : float

    Returns
    -------
    Tensor, shape ()
        ``2 * ln(2n - 1)`` at chance level.

    Raises
    ------
    ValueError
        The number of rows is odd or zero.
    """
    return 2 * nt_xent(x, temperature)
