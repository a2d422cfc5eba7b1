"""Any data set that a configuration names: prepared once, then mapped from disk."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from physiosync_rt.errors import UserError
from physiosync_training.datasets import cache as stored
from physiosync_training.datasets.base import DataSource, counted
from physiosync_training.datasets.dataset import Dataset
from physiosync_training.datasets.index import N_TIMES, WINDOW_S
from physiosync_training.loop.paths import check_room
from physiosync_training.loop.progress import Progress


def load_dataset(
    source: DataSource, cache: Path | None, progress: Progress, digest: str | None = None
) -> Dataset:
    """Prepare a data set, or map it from disk when it was prepared before.

    Parameters
    ----------
    source : DataSource
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
    if source.live.window_s != WINDOW_S:
        raise UserError(
            f"data.live.window_s is {source.live.window_s:g}; training has windows of {WINDOW_S} s"
        )
    places = (cache or stored.default_folder()).expanduser()
    if digest is not None:
        found = stored.load(places / f"{source.kind}-{digest}", digest)
        if found is not None:
            return found
    expected = digest
    digest = digest_of(source, progress)
    if expected not in (None, digest):
        raise UserError(
            f"the data set has the hash {digest} here and {expected} where the run was started; "
            "give all machines the same files and the same version"
        )
    folder = places / f"{source.kind}-{digest}"
    found = stored.load(folder, digest)
    if found is None:
        _check_room(source, folder.parent)
        with (
            stored.room(folder.parent),
            tempfile.TemporaryDirectory(dir=folder.parent) as scratch,
        ):
            prepared = source.prepare(Path(scratch), progress)
            info = prepared.info.model_copy(update={"digest": digest})
            stored.save(folder, info, prepared.trials)
        found = stored.load(folder, digest)
    if found is None:
        raise UserError(f"prepared windows in {folder} cannot be read back; remove the folder")
    return found


def _check_room(source: DataSource, places: Path) -> None:
    index = source.index()
    copies = 1 + len(index.info.left_out)
    n_chans = copies * index.info.eeg.n_chans + index.info.pps.n_chans
    n_bytes = len(index) * N_TIMES * n_chans * np.dtype(np.float32).itemsize
    check_room(places, n_bytes, "prepared windows", "choose another cache folder")


def digest_of(source: DataSource, progress: Progress) -> str:
    """Hash everything that shapes a data set's windows: settings, files and code."""
    files = source.files()
    return stored.digest_of(
        source.model_dump(mode="json", exclude={"path"}),
        counted(files, len(files), "check files", progress),
    )
