"""Any data set that a configuration names: prepared once, then mapped from disk."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from physiosync_rt.errors import UserError
from physiosync_training.datasets import cache as stored
from physiosync_training.datasets.config import DataConfig
from physiosync_training.datasets.dataset import N_TIMES, WINDOW_S, Dataset
from physiosync_training.datasets.outline import outline
from physiosync_training.datasets.prepare import counted, files_of, prepare
from physiosync_training.datasets.trials import Progress
from physiosync_training.loop.paths import check_room


def load_dataset(
    config: DataConfig, cache: Path | None, progress: Progress, digest: str | None = None
) -> Dataset:
    """Prepare a data set, or map it from disk when it was prepared before.

    Parameters
    ----------
    config : DataConfig
    cache : Path or None
        Folder of prepared windows; `datasets.cache.default_folder` when None.
    progress : callable
    digest : str, optional
        What the data set is expected to be, as another process found out: where it lies prepared,
        the files need not be read for its hash again.

    Raises
    ------
    UserError
        Files are missing or damaged, labels are not in order, the disk is full, or the data set
        is another than expected.
    """
    if config.live.window_s != WINDOW_S:
        raise UserError(
            f"data.live.window_s is {config.live.window_s:g}; training has windows of {WINDOW_S} s"
        )
    places = (cache or stored.default_folder()).expanduser()
    if digest is not None:
        found = stored.load(places / f"{config.kind}-{digest}", digest)
        if found is not None:
            return found
    expected = digest
    digest = _digest(config, progress)
    if expected not in (None, digest):
        raise UserError(
            f"the data set has the hash {digest} here and {expected} where the run was started; "
            "give all machines the same files and the same version"
        )
    folder = places / f"{config.kind}-{digest}"
    found = stored.load(folder, digest)
    if found is None:
        _check_room(config, folder.parent)
        with (
            stored.room(folder.parent),
            tempfile.TemporaryDirectory(dir=folder.parent) as scratch,
        ):
            about, trials = prepare(config, digest, Path(scratch), progress)
            stored.save(folder, about, trials)
        found = stored.load(folder, digest)
    if found is None:
        raise UserError(f"prepared windows in {folder} cannot be read back; remove the folder")
    return found


def _check_room(config: DataConfig, places: Path) -> None:
    promised = outline(config)
    n_chans = promised.about.eeg.n_chans + promised.about.pps.n_chans
    n_bytes = len(promised) * N_TIMES * n_chans * np.dtype(np.float32).itemsize
    check_room(places, n_bytes, "prepared windows", "choose another cache folder")


def _digest(config: DataConfig, progress: Progress) -> str:
    files = files_of(config)
    return stored.digest_of(
        config.model_dump(mode="json", exclude={"path"}),
        counted(files, len(files), "check files", progress),
    )
