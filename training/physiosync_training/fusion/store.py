"""Feature tables on disk, kept under a hash of everything that shaped them."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Final

import numpy as np

from physiosync_rt.utils.atomic import READ_ERRORS
from physiosync_training.datasets.cache import default_folder, room
from physiosync_training.datasets.index import DatasetInfo, Table
from physiosync_training.datasets.load import digest_of
from physiosync_training.datasets.recordings import RecordingsData
from physiosync_training.fusion.live_features import make_table
from physiosync_training.fusion.table import FeatureTable
from physiosync_training.loop.checkpoint import fingerprint, write_atomically
from physiosync_training.loop.progress import Progress
from physiosync_training.loop.provenance import code_digest

_MAKERS: Final = ("physiosync_training.fusion.live_features",)
_ARRAYS: Final = ("eeg", "pps", "is_clear", "n_withheld")


def load_table(source: RecordingsData, cache: Path | None, progress: Progress) -> FeatureTable:
    """Read the features of the same files, settings and code, or make and keep them.

    Parameters
    ----------
    source : RecordingsData
    cache : Path, optional
        Folder; that of prepared windows when not given.
    progress : callable

    Raises
    ------
    UserError
        As `fusion.live_features.make_table`; the folder cannot be written.
    """
    digest = fingerprint(digest_of(source, progress), code_digest(_MAKERS))
    path = (cache or default_folder()).expanduser() / f"features-{digest}.npz"
    found = _read(path, digest)
    if found is None:
        found = make_table(source, digest, progress)
        _write(path, found)
    return found


def _write(path: Path, table: FeatureTable) -> None:
    columns = {f.name: getattr(table.table, f.name) for f in fields(table.table)}
    own = {f"own_{name}": getattr(table, name) for name in _ARRAYS}

    def write(where: Path) -> None:
        with where.open("wb") as file:
            info = np.array(table.info.model_dump_json())
            names = {"eeg_names": np.array(table.eeg_names), "pps_names": np.array(table.pps_names)}
            np.savez(file, allow_pickle=False, info=info, **names, **own, **columns)

    with room(path.parent):
        write_atomically(path, write)


def _read(path: Path, digest: str) -> FeatureTable | None:
    """Read a table; None where there is none, or one that is incomplete or altered."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            info = DatasetInfo.model_validate_json(str(stored["info"]))
            if info.digest != digest:
                return None
            return FeatureTable(
                info,
                Table(**{f.name: stored[f.name] for f in fields(Table)}),
                **{name: stored[f"own_{name}"] for name in _ARRAYS},
                eeg_names=tuple(stored["eeg_names"].tolist()),
                pps_names=tuple(stored["pps_names"].tolist()),
            )
    except READ_ERRORS:
        return None
