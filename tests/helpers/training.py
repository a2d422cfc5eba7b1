"""One network on one fold, trained at a single call."""

from __future__ import annotations

from pathlib import Path

from training.conditions import Conditions, make_fabric
from training.config import TrainConfig
from training.data.dataset import Dataset
from training.folders import refuse_used_folder
from training.protocols import Fold
from training.results import FoldResult
from training.run import FoldRun


def train_fold(
    dataset: Dataset,
    fold: Fold,
    config: TrainConfig,
    out: Path,
    *,
    conditions: Conditions | None = None,
) -> FoldResult:
    """Train the first network; one process on the configured device when nothing else is said."""
    if conditions is None:
        conditions = Conditions(make_fabric(config))
    run = FoldRun(dataset, fold, config, config.networks[0], out, conditions)
    if not conditions.resume:
        refuse_used_folder(run.folder)
    return run.run()
