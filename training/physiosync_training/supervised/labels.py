"""Classes of every row by target, and the check that there is something to tell apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from physiosync_rt.datatypes import IntArray
from physiosync_rt.errors import UserError
from physiosync_training.datasets.index import ABSENT, WindowIndex
from physiosync_training.supervised.config import Target


def classes(dataset: WindowIndex, targets: Sequence[Target]) -> IntArray:
    """Classes of all rows, shape (n_rows, n_targets), `ABSENT` where there is no rating."""
    return np.stack([dataset.truth(target) for target in targets], axis=1)


def check_classes(labels: IntArray, targets: Sequence[Target], where: str) -> None:
    """Refuse training rows in which a target has no labels or one class only.

    Raises
    ------
    UserError
        Names the target.
    """
    for column, target in enumerate(targets):
        found = np.unique(labels[labels[:, column] != ABSENT, column])
        if len(found) < 2:
            what = "no labels" if not len(found) else "one class only"
            raise UserError(
                f"{where}: {target} has {what}; training needs examples of both sides (check "
                "the labels, the threshold and the folds, or leave the target out)"
            )
