"""Contrastive losses of pre-training and the sampling of subject groups."""

from physiosync_models.losses.cmca import CrossModalAlignment
from physiosync_models.losses.cross import cross_loss
from physiosync_models.losses.dependent import dependent_loss
from physiosync_models.losses.grouping import (
    draw_disjoint_groups,
    draw_fixed_halves,
    gather_groups,
    pool_groups,
)
from physiosync_models.losses.nt_xent import nt_xent, pair_accuracy

__all__ = [
    "CrossModalAlignment",
    "cross_loss",
    "dependent_loss",
    "draw_disjoint_groups",
    "draw_fixed_halves",
    "gather_groups",
    "nt_xent",
    "pair_accuracy",
    "pool_groups",
]
