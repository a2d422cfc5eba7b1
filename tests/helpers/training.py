"""One network on one fold, trained at a single call."""

from __future__ import annotations

from pathlib import Path

from physiosync_training.datasets.dataset import Dataset
from physiosync_training.datasets.splits import Fold
from physiosync_training.experiment.config import TrainConfig
from physiosync_training.experiment.fold import FoldRun
from physiosync_training.experiment.runtime import Runtime, make_fabric
from physiosync_training.loop.paths import refuse_used_folder
from physiosync_training.supervised.results import FoldResult


def train_fold(
    dataset: Dataset,
    fold: Fold,
    config: TrainConfig,
    out: Path,
    *,
    runtime: Runtime | None = None,
) -> FoldResult:
    """Train the first network; one process on the configured device when nothing else is said."""
    if runtime is None:
        runtime = Runtime(make_fabric(config))
    run = FoldRun(dataset, fold, config, config.networks[0], out, runtime)
    if not runtime.resume:
        refuse_used_folder(run.folder)
    return run.run()
