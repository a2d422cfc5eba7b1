"""Predictions as CSV, schema 1, with a JSON file beside it that says how they were made.

Nothing is lost: every row is written when `CsvLog.write` returns, or kept until there is room, and
an existing file is renamed, never overwritten.
"""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from physiosync_rt.datatypes import Prediction
from physiosync_rt.errors import UserError
from physiosync_rt.sinks.file_lock import is_held
from physiosync_rt.sinks.file_news import FileNews, NewsKind, Tell
from physiosync_rt.sinks.lasting_file import LastingFile, Piece
from physiosync_rt.utils.atomic import atomic_file, reason_of
from physiosync_rt.utils.plain_text import marker_cell

SCHEMA = 1

COLUMNS = (
    "t_end_lsl",
    "t_end_utc",
    "window_s",
    "valence",
    "arousal",
    "quadrant",
    "confidence",
    "valid",
    "reason",
    "modalities",
    "completeness_eeg",
    "completeness_pps",
    "quality_eeg",
    "quality_pps",
    "sample_age_ms",
    "infer_ms",
    "latency_ms",
    "marker",
)

COUNT_KEYS = {
    "received": "received",
    "lost": "lost",
    "late": "late",
    "duplicates": "duplicated",
    "nonfinite": "bad",
    "stuck_clock": "constant",
    "off_rate": "off_rate",
    "gaps": "gaps",
    "clock_resets": "clock_resets",
}
"""Counts of `StreamStats` and their keys in a run's JSON, which are a file format and stay."""


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _utc(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def to_row(p: Prediction) -> list[str]:
    """One prediction as the cells of `COLUMNS`."""
    return [
        f"{p.t_end_lsl:.6f}",
        _utc(p.t_end_utc),
        f"{p.window_s:g}",
        _number(p.valence, 6),
        _number(p.arousal, 6),
        p.quadrant,
        _number(p.confidence, 4),
        str(int(p.valid)),
        str(p.reason),
        p.modalities,
        _number(p.completeness_eeg, 4),
        _number(p.completeness_pps, 4),
        _number(p.quality_eeg, 4),
        _number(p.quality_pps, 4),
        _number(p.sample_age_ms, 1),
        _number(p.infer_ms, 2),
        _number(p.latency_ms, 1),
        marker_cell(p.marker),
    ]


def _line(cells: Iterable[str]) -> bytes:
    """Return one line of the CSV."""
    text = io.StringIO(newline="")
    csv.writer(text).writerow(cells)
    return text.getvalue().encode()


def _set_aside(path: Path) -> None:
    """Rename a file of this name to ``name_old1`` ...: logs are not overwritten."""
    if not os.path.lexists(path):
        return
    if path.exists() and is_held(path):
        raise UserError(f"{path} is being written by another run; choose another --csv path")
    n = 1
    while os.path.lexists(old := path.with_name(f"{path.stem}_old{n}{path.suffix}")):
        n += 1
    path.rename(old)


def _identity(path: Path) -> tuple[int, ...]:
    """Return what tells a file from another that takes its place."""
    found = path.lstat()
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size


class CsvLog:
    """Append rows to a CSV file.

    Parameters
    ----------
    path : Path
        The CSV; the JSON has the same stem.
    run : dict
        What is written into the JSON: bundle hash, contract, streams, versions, settings.
    outcome : callable, optional
        Returns what is added to the JSON when the log is closed.
    tell : callable, optional
        Called with what happens to the file; without it trouble is raised.
    clock : callable
        Monotonic seconds.

    Attributes
    ----------
    file : LastingFile
    ended : str
        How the run ended, the last key of the JSON; a JSON without it is of a run that was killed.
    json_failed : str
        Why the JSON could not be written the last time; empty where it was.

    Raises
    ------
    UserError
        The path cannot be written.
    """

    def __init__(
        self,
        path: Path,
        run: dict[str, Any],
        *,
        outcome: Callable[[], dict[str, Any]] = dict,
        tell: Tell | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.ended = "cleanly"
        self.json_failed = ""
        self._tell = tell
        self._outcome = outcome
        self._run = {"schema": SCHEMA, **run}
        self._jsons: dict[Path, tuple[int, ...]] = {}
        try:
            for each in (path, path.with_suffix(".json")):
                _set_aside(each)
            self.file = LastingFile(
                path,
                unit="rows",
                opening=lambda: _line(COLUMNS),
                on_begun=self._begun,
                tell=None if tell is None else self._take_news,
                clock=clock,
            )
            self._write_jsons()
        except OSError as error:
            raise UserError(
                f"cannot write {path}: {error.strerror}; choose another --csv path"
            ) from error

    @property
    def rows(self) -> int:
        """Rows on disk."""
        return self.file.written

    @contextmanager
    def ended_by_errors(self) -> Iterator[None]:
        """Note an error that ends the run within the block."""
        try:
            yield
        except Exception as error:
            self.ended = f"by an error: {error}"
            raise

    def update(self, **more: Any) -> None:
        """Add to the run's JSON and write it as a whole.

        Raises
        ------
        UserError
            The disk is full or gone, and nobody can be told.
        """
        self._run.update(more)
        self.json_failed = ""
        try:
            self._write_jsons()
        except OSError as error:
            self.json_failed = reason_of(error)
            if self._tell is None:
                raise self._failed(error) from error

    def write(self, row: Prediction) -> None:
        """Append one row, which is on disk then, or kept until there is room.

        Raises
        ------
        UserError
            The disk is full or gone, and nobody can be told.
        """
        self.file.append(Piece(_line(to_row(row)), n=1))
        try:
            self.file.flush()
        except OSError as error:
            raise self._failed(error) from error

    def close(self) -> None:
        """Close the CSV and complete the JSON; safe to call twice.

        Raises
        ------
        UserError
            The disk is full or gone, and nobody can be told.
        """
        if self.file.closed:
            return
        try:
            self.file.close()
        except OSError as error:
            raise self._failed(error) from error
        finished = datetime.now(UTC).isoformat(timespec="seconds")
        self.update(**self._outcome(), rows=self.rows, finished=finished, ended=self.ended)

    def _take_news(self, news: FileNews) -> None:
        if self._tell is not None:
            self._tell(news)
        # A run that is killed later has said so all the same, and beside the CSV that goes on.
        if news.kind is not NewsKind.BLOCKED:
            self.update(**self._outcome())

    def _begun(self, path: Path) -> None:
        self._jsons[path.with_suffix(".json")] = ()

    def _write_jsons(self) -> None:
        """Write the JSON beside every CSV of the run, but for what is somebody else's by now."""
        text = json.dumps(self._run, indent=2, default=str) + "\n"
        written = False
        for path, mine in self._jsons.items():
            if os.path.lexists(path) and _identity(path) != mine:
                continue
            with atomic_file(path, private=True) as fresh:
                fresh.write_text(text, encoding="utf-8")
            self._jsons[path] = _identity(path)
            written = True
        if not written:
            raise FileExistsError(errno.EEXIST, "another program has written it")

    def _failed(self, error: OSError) -> UserError:
        return UserError(f"cannot go on writing {self.file.path}: {error.strerror}")


def check_writable(path: Path, option: str = "--csv") -> None:
    """Refuse a file that cannot be written, before anything starts.

    Raises
    ------
    UserError
        The folder does not exist or cannot be written, or the path is a folder.
    """
    folder = path.parent
    if path.is_dir():
        raise UserError(f"{option} {path} is a folder; give the name of a file in it")
    if path.exists() and not path.is_file():
        raise UserError(f"{option} {path} is not a regular file; choose another path")
    if option == "--csv" and path.suffix.lower() != ".csv":
        raise UserError(f"--csv {path}: end the name in .csv; the JSON beside it takes the stem")
    if not folder.is_dir():
        raise UserError(f"{option} {path}: the folder {folder} does not exist; create it first")
    if not os.access(folder, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
        raise UserError(f"{option} {path} cannot be written: no permission; choose another path")
