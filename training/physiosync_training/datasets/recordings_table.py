"""The table of a lab's own recordings, checked before anything long begins.

``labels.csv`` has one line for every segment: ``file, start, stop, subject, trial, kind, valence,
arousal``, and ``stimulus`` where several people saw the same. ``start`` and ``stop`` are seconds
from the first EEG sample of the file, ``kind`` is ``trial`` or ``baseline``, and a rating may be
empty. A person's files are taken in the order in which the table names them.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from physiosync_rt.datatypes import Segment
from physiosync_rt.errors import UserError
from physiosync_rt.formats.registry import readable
from physiosync_rt.utils.resources import configs_dir
from physiosync_training.datasets.index import WINDOW_S

REQUIRED: Final = ("file", "start", "stop", "subject", "trial", "kind", "valence", "arousal")
OPTIONAL: Final = ("stimulus",)


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
    found = next((path for path in places if path.is_file()), None)
    if found is None:
        raise UserError(
            f"{folder} holds no {name}; write one line per trial and baseline with the "
            f"columns {', '.join(REQUIRED)}"
        )
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
    for line, row in _rows(table):
        by_file.setdefault(row["file"], []).append(_segment(table, line, row, scale))
    files = [_recorded(table, folder / name, segments) for name, segments in by_file.items()]
    if not ignore_unlisted:
        _check_unlisted(table, folder, {file.path for file in files})
    subjects = list(dict.fromkeys(file.subject for file in files))
    ordered = [file for subject in subjects for file in files if file.subject == subject]
    _check_rest(table, ordered)
    return ordered


def _rows(table: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        lines = table.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{table.name} cannot be read as text: {error}") from error
    reader = csv.DictReader(lines, skipinitialspace=True)
    names = [name.strip() for name in reader.fieldnames or ()]
    reader.fieldnames = names
    missing = [name for name in REQUIRED if name not in names]
    unknown = [name for name in names if name not in (*REQUIRED, *OPTIONAL)]
    if missing or unknown:
        said = f"lacks {', '.join(missing)}" if missing else f"has {', '.join(unknown)} as well"
        raise UserError(
            f"{table.name}: the header {said}; expected are {', '.join(REQUIRED)} and, if you "
            f"like, {', '.join(OPTIONAL)}"
        )
    found = [(reader.line_num, row) for row in reader]
    if not found:
        raise UserError(f"{table.name} has a header and no line below it")
    for line, row in found:
        if None in row or None in row.values():
            raise UserError(f"{table.name}, line {line}: expected {len(names)} cells")
        yield line, {name: str(cell).strip() for name, cell in row.items()}


def _segment(table: Path, line: int, row: dict[str, str], scale: tuple[float, float]) -> Segment:
    where = f"{table.name}, line {line}"

    def number(name: str) -> float:
        try:
            value = float(row[name])
        except ValueError:
            value = np.nan
        if not np.isfinite(value):
            raise UserError(f"{where}: {name} is {row[name]!r}, expected a number")
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
        raise UserError(f"{where}: kind is {kind!r}, expected trial or baseline")
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
        raise UserError(f"{where}: trial is {row['trial']!r}, expected a whole number")
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
