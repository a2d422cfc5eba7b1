"""The table of a lab's own recordings, checked before anything long begins.

``labels.csv`` has one line for every segment: ``file, start, stop, subject, trial, kind, valence,
arousal``, and ``stimulus`` where several people saw the same. ``start`` and ``stop`` are seconds
from the first EEG sample of the file, ``kind`` is ``trial`` or ``baseline``, and a rating may be
empty. A person's files are taken in the order in which the table names them. Spreadsheets of any
country may have saved it: with commas, semicolons or tabs, in any encoding.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from physiosync_rt.datatypes import Segment
from physiosync_rt.errors import UserError
from physiosync_rt.formats.numerals import Numerals, UndecidedError, find_numerals
from physiosync_rt.formats.registry import readable
from physiosync_rt.formats.separators import split_rows
from physiosync_rt.formats.text import read_text, shown
from physiosync_rt.utils.plain_file import is_there, require_plain
from physiosync_rt.utils.resources import configs_dir
from physiosync_training.datasets.index import WINDOW_S

REQUIRED: Final = ("file", "start", "stop", "subject", "trial", "kind", "valence", "arousal")
OPTIONAL: Final = ("stimulus",)
_NUMBERS: Final = ("start", "stop", "trial", "valence", "arousal")


@dataclass(frozen=True, slots=True)
class RecordedFile:
    """One file and the segments of it that count, in order of time."""

    path: Path
    segments: tuple[Segment, ...]

    @property
    def subject(self) -> str:
        """Whose it is."""
        return self.segments[0].subject


def find_table(folder: Path, name: str) -> Path:
    """Find the table: beside the recordings, by its path, or among those that ship.

    Parameters
    ----------
    folder : Path
        Of the recordings.
    name : str
        Of the table, or its path.

    Raises
    ------
    UserError
        Neither the folder nor the table is there.
    """
    if not folder.is_dir():
        raise UserError(
            f"there is no folder {folder}; give the folder of your recordings with "
            "--set data.path=FOLDER"
        )
    given = Path(name).expanduser()
    places = (folder / given, given, configs_dir() / "train" / given)
    found = next((path for path in places if is_there(path)), None)
    if found is None:
        raise UserError(
            f"{folder} holds no {name}; write one line per trial and baseline with the "
            f"columns {', '.join(REQUIRED)}"
        )
    require_plain(found)
    return found


def read_table(
    table: Path, folder: Path, scale: tuple[float, float], *, ignore_unlisted: bool = False
) -> list[RecordedFile]:
    """Read and check the table; no recording is opened beyond its first bytes.

    Parameters
    ----------
    table, folder : Path
        The table, and where the files lie that it names.
    scale : tuple of float
        Lowest and highest possible rating.
    ignore_unlisted : bool
        Leave recordings alone that lie in the folder and not in the table.

    Returns
    -------
    list of RecordedFile
        Files by subject, both in the order of the table.

    Raises
    ------
    UserError
        The first thing that is wrong, with the line it stands in.
    """
    by_file: dict[str, list[Segment]] = {}
    for row in _rows(table):
        by_file.setdefault(row.cells["file"], []).append(_segment(row, scale))
    files = [_recorded(table, folder / name, segments) for name, segments in by_file.items()]
    if not ignore_unlisted:
        _check_unlisted(table, folder, {file.path for file in files})
    subjects = list(dict.fromkeys(file.subject for file in files))
    ordered = [file for subject in subjects for file in files if file.subject == subject]
    _check_rest(table, ordered)
    return ordered


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of the table: where it stands, and its cells by their titles."""

    where: str
    cells: dict[str, str]
    numerals: Numerals


def _rows(table: Path) -> Iterator[_Row]:
    lines = [line for line in enumerate(read_text(table).lines, 1) if line[1].strip(' \t;,"')]
    header = lines[0][1] if lines else ""
    separator = next((sign for sign in ("\t", ";", ",") if sign in header), ",")
    (names,) = split_rows([header], separator)
    while names and not names[-1]:
        names.pop()
    _check_header(table, names or [])
    assert names is not None, "a line is as long as itself"
    if len(lines) < 2:
        raise UserError(f"{table.name} has a header and no line below it")
    split = split_rows([line for _, line in lines[1:]], separator, len(names))
    rows = [dict(zip(names, row, strict=True)) for row in split if row is not None]
    numerals = _numerals(table, rows, separator)
    for (number, line), row in zip(lines[1:], split, strict=True):
        where = f"{table.name}, line {number}"
        if row is None:
            more = line.count(separator) >= len(names)
            decimal = "; a decimal comma needs semicolons between the cells" if more else ""
            raise UserError(f"{where}: expected {len(names)} cells{decimal}")
        yield _Row(where, dict(zip(names, row, strict=True)), numerals)


def _check_header(table: Path, names: list[str]) -> None:
    missing = [name for name in REQUIRED if name not in names]
    unknown = [name for name in names if name not in (*REQUIRED, *OPTIONAL)]
    if missing or unknown:
        said = f"lacks {', '.join(missing)}" if missing else f"has {', '.join(unknown)} as well"
        raise UserError(
            f"{table.name}: the header {said}; expected are {', '.join(REQUIRED)} and, if you "
            f"like, {', '.join(OPTIONAL)}"
        )


def _numerals(table: Path, rows: list[dict[str, str]], separator: str) -> Numerals:
    """Return how the table writes its numbers."""
    cells = (row[name] for row in rows for name in _NUMBERS)
    try:
        # A spreadsheet separates by semicolons where the decimal sign is a comma.
        return find_numerals(cells, likely="," if separator == ";" else None)
    except UndecidedError as error:
        raise UserError(
            f"{table.name}: whether its numbers have a decimal comma cannot be decided ({error}); "
            "write decimal points"
        ) from error


def _segment(line: _Row, scale: tuple[float, float]) -> Segment:
    where, row = line.where, line.cells

    def number(name: str) -> float:
        try:
            value = line.numerals.number(row[name])
        except ValueError:
            value = np.nan
        if not np.isfinite(value):
            raise UserError(f"{where}: {name} is {shown(row[name])}, expected a number")
        return value

    def rating(name: str) -> float | None:
        if not row[name]:
            return None
        value = number(name)
        low, high = scale
        if not low <= value <= high:
            raise UserError(
                f"{where}: {name} is {value:g}, out of the scale of {low:g} to {high:g}; fix the "
                "line, or the scale in the configuration"
            )
        return value

    kind = row["kind"]
    if kind not in ("trial", "baseline"):
        raise UserError(f"{where}: kind is {shown(kind)}, expected trial or baseline")
    if not row["file"] or not row["subject"]:
        raise UserError(f"{where}: file and subject must not be empty")
    start, stop = number("start"), number("stop")
    least = WINDOW_S if kind == "trial" else 2
    if start < 0 or stop - start < least:
        raise UserError(
            f"{where}: a {kind} from {start:g} s to {stop:g} s; it must not start before 0 and "
            f"must last {least} s or more"
        )
    if kind == "baseline":
        return Segment(start, stop, "baseline", row["subject"], 0)
    trial = number("trial")
    if trial != int(trial):
        raise UserError(f"{where}: trial is {shown(row['trial'])}, expected a whole number")
    return Segment(
        start,
        stop,
        "trial",
        row["subject"],
        int(trial),
        row.get("stimulus", ""),
        rating("valence"),
        rating("arousal"),
    )


def _recorded(table: Path, path: Path, segments: list[Segment]) -> RecordedFile:
    if not path.exists():
        raise UserError(
            f"{table.name} names {path.name}, which is not in {path.parent}; add the file or take "
            "its lines out"
        )
    if not readable(path):
        raise UserError(
            f"{path.name} is not a recording that can be read; `physiosync inspect` says why"
        )
    subjects = sorted({segment.subject for segment in segments})
    if len(subjects) > 1:
        raise UserError(
            f"{table.name} gives {path.name} to {' and '.join(subjects)}; a recording is of one "
            "subject"
        )
    ordered = sorted(segments, key=lambda segment: segment.start)
    for one, other in pairwise(ordered):
        if other.start < one.stop:
            raise UserError(
                f"{table.name}: two segments of {path.name} overlap ({one.start:g} to "
                f"{one.stop:g} s and {other.start:g} to {other.stop:g} s)"
            )
    return RecordedFile(path, tuple(ordered))


def _check_unlisted(table: Path, folder: Path, named: set[Path]) -> None:
    inside = {part for path in named for part in path.parents}
    for path in sorted(folder.iterdir()):
        if path in named or path in inside or path.name.startswith(".") or path == table:
            continue
        if readable(path):
            raise UserError(
                f"{path.name} lies in {folder} and {table.name} does not name it; add its lines, "
                "move it away, or set data.ignore_unlisted=true"
            )


def _check_rest(table: Path, files: list[RecordedFile]) -> None:
    rested: set[str] = set()
    numbers: set[tuple[str, int]] = set()
    for file in files:
        for segment in file.segments:
            subject = segment.subject
            if segment.kind == "baseline":
                rested.add(subject)
                continue
            if subject not in rested:
                raise UserError(
                    f"{table.name}: subject {subject} has no baseline before trial "
                    f"{segment.trial} ({file.path.name}); add a line of kind baseline"
                )
            if (subject, segment.trial) in numbers:
                raise UserError(
                    f"{table.name}: trial {segment.trial} of subject {subject} comes twice; "
                    "give every trial of a subject its own number"
                )
            numbers.add((subject, segment.trial))
    if not numbers:
        raise UserError(f"{table.name} has no line of kind trial")
