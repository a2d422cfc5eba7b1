"""Which stretches of one person's recordings are rest, and which are labelled."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from physiosync_rt.errors import Faults, UserError
from physiosync_rt.utils.plain_file import is_there, require_plain
from physiosync_training.datasets.recordings_rows import TableRow, read_rows
from physiosync_training.datasets.recordings_table import RecordedFile, read_files


def read_labels(
    table: Path, recordings: Sequence[Path], scale: tuple[float, float]
) -> list[RecordedFile]:
    """Read the lines of a table that are of these recordings.

    Parameters
    ----------
    table : Path
        As `physiosync_training.datasets.recordings_table` describes it; lines of other recordings
        do not matter.
    recordings : sequence of Path
    scale : tuple of float
        Lowest and highest possible rating.

    Raises
    ------
    UserError
        The table is missing or not in order, a recording is not in it, or they are of several
        people.
    """
    if not is_there(table):
        raise UserError(
            f"there is no table {table}; write one with a line for the rest and one for each "
            "labelled stretch (docs/calibration.md has an example)"
        )
    require_plain(table)
    faults = Faults()
    paths: dict[str, Path] = {}
    rows: list[TableRow] = []
    named: dict[str, None] = {}
    for row in read_rows(table, faults):
        name = row.cells["file"]
        named.setdefault(name)
        if (path := _find(name, recordings)) is not None:
            paths[name] = path
            rows.append(row)
    for path in recordings:
        if path not in paths.values():
            raise UserError(
                f"{table.name} has no line for {path.name}, only for {', '.join(named)}; add its "
                "lines, or give the recordings that it names"
            )
    _check_one_person(table, rows)
    return read_files(table, rows, paths, scale, faults)


def _find(name: str, recordings: Sequence[Path]) -> Path | None:
    """Return the recording that a table calls so, by its file name or the end of its path."""
    parts = Path(name).parts
    return next((path for path in recordings if parts and path.parts[-len(parts) :] == parts), None)


def _check_one_person(table: Path, rows: Sequence[TableRow]) -> None:
    """Refuse the rest of one person beside stretches of another."""
    people: dict[str, TableRow] = {}
    for row in rows:
        people.setdefault(row.cells["subject"], row)
    if len(people) > 1:
        (one, first), (other, second) = list(people.items())[:2]
        raise UserError(
            f"{table.name} gives {first.cells['file']} to {one} and {second.cells['file']} to "
            f"{other}; a bundle is calibrated to one person, with that person's own rest"
        )
