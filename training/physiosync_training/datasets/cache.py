"""Prepared windows on disk, kept under a hash of everything that shaped them.

A data set is prepared once. It lies in a folder of its own, written under another name and renamed
when it is whole; what belongs to another version of this project is made again, never read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np

from physiosync_rt import __version__
from physiosync_rt.datatypes import IntArray, SampleArray
from physiosync_rt.errors import UserError
from physiosync_rt.utils.atomic import READ_ERRORS, atomic_folder, reason_of
from physiosync_training.datasets.dataset import Dataset, Signals
from physiosync_training.datasets.index import DatasetInfo, Table
from physiosync_training.datasets.trials import Rest, TableBuilder, Trial, TrialSegment
from physiosync_training.loop.provenance import sources

FORMAT: Final = 4
"""Of the folder's files."""

INFO: Final = "info.json"
TABLE: Final = "table.npz"
EEG: Final = "eeg.f32"
PPS: Final = "pps.f32"

_SHAPING = (
    "physiosync_rt.align",
    "physiosync_rt.bundle.contracts",
    "physiosync_rt.datatypes",
    "physiosync_rt.devices",
    "physiosync_rt.features",
    "physiosync_rt.formats",
    "physiosync_rt.pipeline",
    "physiosync_rt.preprocess",
    "physiosync_rt.simulation",
    "physiosync_rt.utils.plain_text",
    "physiosync_rt.utils.ring_buffer",
    "physiosync_rt.utils.short_median",
    "physiosync_rt.utils.small_product",
    "physiosync_training.datasets",
)
_SHAPING_PACKAGES = ("mne", "numpy", "pyxdf", "scipy")
_BLOCK = 1 << 20


def default_folder() -> Path:
    """Where prepared windows are kept by default."""
    return Path("~/.cache/physiosync-rt/windows").expanduser()


def digest_of(config: dict[str, object], files: Iterable[Path]) -> str:
    """Hash of everything that shapes windows: settings, files, and the code that is run on them.

    Parameters
    ----------
    config : dict
        Settings of the data, ready for JSON.
    files : iterable of Path
        Their names and contents count, not where they lie.
    """
    sha = hashlib.sha256()
    sha.update(json.dumps([FORMAT, __version__, config], sort_keys=True, default=str).encode())
    sha.update(json.dumps({name: version(name) for name in _SHAPING_PACKAGES}).encode())
    for source in sources(_SHAPING):
        sha.update(source.read_bytes())
    for path in files:
        sha.update(path.name.encode())
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                sha.update(block)
    return sha.hexdigest()[:16]


class Writer:
    """Takes trials one by one and writes their signals at once, so that memory stays small."""

    def __init__(self, eeg: BinaryIO, pps: BinaryIO, without: Sequence[BinaryIO] = ()) -> None:
        self.builder = TableBuilder()
        self._files = (eeg, pps, *without)
        self._lengths: list[int] = []

    def add(self, trial: Trial | Rest) -> None:
        """Store a trial, or a rest.

        Raises
        ------
        UserError
            It comes twice, or holds a NaN or infinite sample.
        """
        if isinstance(trial, Rest):
            self.builder.add_rest(trial.subject)
            self._write(trial, f"rest of subject {trial.subject}")
            return
        what = f"trial {trial.label.number} of subject {trial.label.subject}"
        extents = [(each.start, each.eeg.shape[1]) for each in trial.segments]
        for each, kept in zip(trial.segments, self.builder.add(trial.label, extents), strict=True):
            if kept:
                self._write(each, what)

    def _write(self, part: TrialSegment | Rest, what: str) -> None:
        for file, x in zip(self._files, (part.eeg, part.pps, *part.eeg_without), strict=True):
            if not np.isfinite(x).all():
                raise UserError(
                    f"{what} has a NaN or infinite sample after preprocessing; leave it out"
                )
            file.write(np.ascontiguousarray(x, dtype=np.float32).data)
        self._lengths.append(part.eeg.shape[1])

    @property
    def lengths(self) -> IntArray:
        """Samples of every stretch."""
        return np.array(self._lengths, dtype=np.int64)


@contextmanager
def room(folder: Path) -> Iterator[None]:
    """Make a folder for prepared windows, and say plainly when the disk gives out.

    Raises
    ------
    UserError
        The disk is full or the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise UserError(
            f"prepared windows cannot be written to {folder} ({reason_of(error)}); "
            "make room or choose another cache folder"
        ) from error


def save(folder: Path, info: DatasetInfo, trials: Iterable[Trial | Rest]) -> None:
    """Write a data set as a whole or not at all.

    Parameters
    ----------
    folder : Path
        Gets the data set; what was there before is replaced.
    info : DatasetInfo
        ``subjects`` and ``stimuli`` are filled in from the trials.
    trials : iterable of Trial or Rest
        Taken one by one.

    Raises
    ------
    UserError
        As `room`; a trial comes twice; there is no usable window or no rating.
    """
    with room(folder.parent), atomic_folder(folder) as fresh:
        with ExitStack() as files:
            names = (EEG, PPS, *map(_without_name, range(len(info.left_out))))
            eeg, pps, *without = (files.enter_context((fresh / name).open("wb")) for name in names)
            writer = Writer(eeg, pps, without)
            for trial in trials:
                writer.add(trial)
        table = writer.builder.table(info.title)
        columns = {f.name: getattr(table, f.name) for f in fields(table)}
        own = {"lengths": writer.lengths, "rest": writer.builder.rest}
        np.savez(fresh / TABLE, allow_pickle=False, **own, **columns)
        found = {
            "subjects": tuple(writer.builder.subjects),
            "stimuli": tuple(writer.builder.stimuli),
        }
        full = DatasetInfo.model_validate(info.model_dump() | found)
        text = json.dumps({"format": FORMAT, "info": full.model_dump(mode="json")}, indent=2)
        (fresh / INFO).write_text(text + "\n", encoding="utf-8")


def load(folder: Path, digest: str) -> Dataset | None:
    """Map a data set from disk.

    Returns
    -------
    Dataset or None
        None where there is none, or one that is of another version, incomplete or altered.
    """
    try:
        content = json.loads((folder / INFO).read_text(encoding="utf-8"))
        if content["format"] != FORMAT or content["info"]["digest"] != digest:
            return None
        info = DatasetInfo.model_validate(content["info"])
        with (folder / TABLE).open("rb") as file, np.load(file, allow_pickle=False) as stored:
            lengths: IntArray = stored["lengths"]
            rest: IntArray = stored["rest"]
            table = Table(**{f.name: stored[f.name] for f in fields(Table)})
        eeg, pps = (
            _map(folder / name, lengths, contract.n_chans)
            for name, contract in ((EEG, info.eeg), (PPS, info.pps))
        )
        without = tuple(
            _map(folder / _without_name(way), lengths, info.eeg.n_chans)
            for way in range(len(info.left_out))
        )
        return Dataset(info, table, eeg, pps, rest, without)
    except READ_ERRORS:
        return None


def _without_name(way: int) -> str:
    """Name the file of EEG that lacks an electrode, by its place in `DatasetInfo.left_out`."""
    return f"eeg-without-{way}.f32"


def _map(path: Path, lengths: IntArray, n_chans: int) -> Signals:
    total = int(lengths.sum()) * n_chans
    if path.stat().st_size != total * 4:
        raise ValueError(f"{path.name} has another size than its table says")
    flat: SampleArray = np.memmap(path, dtype=np.float32, mode="r", shape=(total,))
    return Signals(flat, np.cumsum(lengths) - lengths, lengths, n_chans)
