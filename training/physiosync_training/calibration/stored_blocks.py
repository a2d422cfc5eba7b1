"""Blocks of many people on disk, kept under a hash of everything that shaped them."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Final

import numpy as np

from physiosync_models.gated_sum import GatedSumConfig
from physiosync_rt.datatypes import FloatArray
from physiosync_rt.utils.atomic import READ_ERRORS
from physiosync_training.calibration.own_blocks import Block, Inputs, Person, person_of
from physiosync_training.datasets.cache import default_folder, room
from physiosync_training.datasets.index import DatasetInfo
from physiosync_training.datasets.load import digest_of
from physiosync_training.datasets.recordings import RecordingsData
from physiosync_training.loop.checkpoint import fingerprint, write_atomically
from physiosync_training.loop.progress import Progress, no_progress
from physiosync_training.loop.provenance import code_digest

_MAKERS: Final = ("physiosync_training.calibration.own_blocks",)


def load_people(
    source: RecordingsData,
    info: DatasetInfo,
    features: GatedSumConfig,
    cache: Path | None,
    progress: Progress,
) -> dict[str, Person]:
    """Read the blocks of every person, or make and keep them.

    Parameters
    ----------
    source : RecordingsData
    info : DatasetInfo
        Of its feature table.
    features : GatedSumConfig
    cache : Path, optional
        Folder; that of prepared windows when not given.
    progress : callable

    Raises
    ------
    UserError
        As `calibration.own_blocks.person_of`; the folder cannot be written.
    """
    assert info.live is not None, "slow features are of profile live"
    digest = fingerprint(
        digest_of(source, no_progress), code_digest(_MAKERS), [features.eeg, features.pps]
    )
    folder = (cache or default_folder()).expanduser()
    inputs = Inputs(source.path.name, info.live, info.eeg, info.pps, features)
    found: dict[str, Person] = {}
    files = groupby(source.recorded_files(), key=lambda file: file.subject)
    for k, (name, own) in enumerate(files):
        progress("blocks", k, len(info.subjects))
        path = folder / f"blocks-{digest}-{k}.npz"
        person = _read(path)
        if person is None:
            recorded = ((file, source.open(file)) for file in own)
            person = person_of(recorded, inputs, no_progress)
            _write(path, person)
        found[name] = person
    progress("blocks", len(info.subjects), len(info.subjects))
    return found


def _write(path: Path, person: Person) -> None:
    blocks = person.blocks
    columns: dict[str, FloatArray] = {
        name: np.array([getattr(block, name) for block in blocks], dtype=np.float64)
        for name in ("seconds", "valence", "arousal")
    }
    features = {name: np.concatenate([getattr(b, name) for b in blocks]) for name in ("eeg", "pps")}
    whole = np.array([person.rest_s, person.unusable_s, person.heard])
    sizes = np.array([len(block.eeg) for block in blocks])

    def write(where: Path) -> None:
        with where.open("wb") as file:
            np.savez(file, allow_pickle=False, sizes=sizes, whole=whole, **columns, **features)

    with room(path.parent):
        write_atomically(path, write)


def _read(path: Path) -> Person | None:
    """Read a person's blocks; None where there are none, or incomplete ones."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            ends = np.cumsum(stored["sizes"])[:-1]
            parts = (np.split(stored[name], ends) for name in ("eeg", "pps"))
            ratings = (
                [None if np.isnan(value) else value for value in stored[name].tolist()]
                for name in ("valence", "arousal")
            )
            columns = stored["seconds"].tolist(), *ratings, *parts
            rest_s, unusable_s, heard = stored["whole"].tolist()
            blocks = tuple(Block(*values) for values in zip(*columns, strict=True))
            return Person(blocks, rest_s, unusable_s, heard=bool(heard))
    except READ_ERRORS:
        return None
