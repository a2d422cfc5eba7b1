"""The table of a lab's own recordings, checked before anything long begins.

``labels.csv`` has one line for every segment: ``file, start, stop, subject, trial, kind, valence,
arousal``, and ``stimulus`` where several people saw the same. ``start`` and ``stop`` are seconds
from the first EEG sample of the file, ``kind`` is ``trial`` or ``baseline``, and a rating may be
empty. A column ``note`` is for people and read by nobody else. A person's files are taken in the
order in which the table names them. Spreadsheets of any country may have saved it: with commas,
semicolons or tabs, in any encoding. All that is wrong with a table is named at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from physiosync_rt.datatypes import Segment
from physiosync_rt.errors import Faults, UserError
from physiosync_rt.formats.registry import readable
from physiosync_rt.utils.plain_file import is_there, require_plain
from physiosync_rt.utils.resources import configs_dir
from physiosync_training.datasets.recordings_rows import (
    REQUIRED,
    TableRow,
    read_rows,
    segment_of,
)


@dataclass(frozen=True, slots=True)
class RecordedFile:
    """One file and the segments of it that count, in order of time.

    Attributes
    ----------
    path : Path
    segments : tuple of Segment
    places : tuple of str
        Where each of these stands: the table and the line.
    """

    path: Path
    segments: tuple[Segment, ...]
    places: tuple[str, ...]

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
        Everything that is wrong, a line each, with the line of the table it stands in.
    """
    faults = Faults()
    rows = list(read_rows(table, faults))
    paths = {name: folder / name for row in rows if (name := row.cells["file"])}
    if not ignore_unlisted:
        _check_unlisted(table, folder, set(paths.values()), faults)
    return read_files(table, rows, paths, scale, faults)


def read_files(
    table: Path,
    rows: Sequence[TableRow],
    paths: Mapping[str, Path],
    scale: tuple[float, float],
    faults: Faults,
) -> list[RecordedFile]:
    """Check lines of a table together.

    Parameters
    ----------
    table : Path
    rows : sequence of TableRow
    paths : dict of str to Path
        Where the files lie that the lines name.
    scale : tuple of float
        Lowest and highest possible rating.
    faults : Faults
        What is known to be wrong already.

    Returns
    -------
    list of RecordedFile
        Files by subject, both in the order of the table.

    Raises
    ------
    UserError
        Everything that is wrong, a line each.
    """
    by_file: dict[str, list[_Placed]] = {}
    first_lines: dict[str, str] = {}
    unsure: set[str] = set()
    for row in rows:
        if name := row.cells["file"]:
            first_lines.setdefault(name, row.where)
        try:
            by_file.setdefault(name, []).append(_Placed(row.where, segment_of(row, scale)))
        except UserError as error:
            faults.add(str(error))
            unsure.add(row.cells["subject"])
    files = [
        file
        for name, where in first_lines.items()
        if (file := _recorded(table, paths[name], where, by_file[name], faults)) is not None
    ]
    subjects = list(dict.fromkeys(file.subject for file in files))
    ordered = [file for subject in subjects for file in files if file.subject == subject]
    _check_rest(table, ordered, faults, unsure)
    faults.check()
    return ordered


@dataclass(frozen=True, slots=True)
class _Placed:
    """A segment and where it stands: the table and the line."""

    where: str
    segment: Segment


def _recorded(
    table: Path, path: Path, where: str, placed: list[_Placed], faults: Faults
) -> RecordedFile | None:
    """Check a file and put its segments in order; None where it cannot be used."""
    if not path.exists():
        faults.add(
            f"{where} names {path.name}, which is not in {path.parent}; add the file or take "
            "its lines out"
        )
        return None
    if not readable(path):
        faults.add(
            f"{where}: {path.name} is not a recording that can be read; `physiosync inspect` "
            "says why"
        )
        return None
    if not placed:
        return None
    subjects = sorted({each.segment.subject for each in placed})
    if len(subjects) > 1:
        faults.add(
            f"{table.name} gives {path.name} to {' and '.join(subjects)}; a recording is of one "
            "subject"
        )
        return None
    ordered = sorted(placed, key=lambda each: each.segment.start)
    for one, other in pairwise(ordered):
        before, after = one.segment, other.segment
        if after.start < before.stop:
            faults.add(
                f"{other.where}: two segments of {path.name} overlap ({before.start:g} to "
                f"{before.stop:g} s in line {one.where.rpartition(' ')[2]} and {after.start:g} to "
                f"{after.stop:g} s)"
            )
    return RecordedFile(
        path, tuple(each.segment for each in ordered), tuple(each.where for each in ordered)
    )


def _check_unlisted(table: Path, folder: Path, named: set[Path], faults: Faults) -> None:
    inside = {part for path in named for part in path.parents}
    for path in sorted(folder.iterdir()):
        if path in named or path in inside or path.name.startswith(".") or path == table:
            continue
        if readable(path):
            faults.add(
                f"{path.name} lies in {folder} and {table.name} does not name it; add its lines, "
                "move it away, or set data.ignore_unlisted=true"
            )


def _check_rest(table: Path, files: list[RecordedFile], faults: Faults, unsure: set[str]) -> None:
    """Find people without a rest before a trial, and numbers of trials that come twice.

    Of people with a line that cannot be read (``unsure``) nobody knows whether it was the rest.
    """
    rested: set[str] = set()
    numbers: set[tuple[str, int]] = set()
    for file in files:
        for segment, where in zip(file.segments, file.places, strict=True):
            subject = segment.subject
            if segment.kind == "baseline":
                rested.add(subject)
                continue
            if subject not in rested | unsure:
                faults.add(
                    f"{where}: subject {subject} has no baseline before trial "
                    f"{segment.trial} ({file.path.name}); add a line of kind baseline"
                )
                rested.add(subject)  # said once
            if (subject, segment.trial) in numbers:
                faults.add(
                    f"{where}: trial {segment.trial} of subject {subject} comes twice; "
                    "give every trial of a subject its own number"
                )
            numbers.add((subject, segment.trial))
    if not numbers and not faults.found:
        faults.add(f"{table.name} has no line of kind trial")
