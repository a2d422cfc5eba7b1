"""Find what separates the columns of a text table, and split its lines into cells."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from physiosync_rt.errors import UserError

N_SAMPLE: Final = 500
"""Lines by which a table is judged."""

_MOST: Final = 0.6
"""Share of lines that a separator must be in; some may be titles, empty or cut off."""

_QUOTED = re.compile(r'"[^"]*"')
_DECIMAL_POINT = re.compile(r"[+-]?\d*\.\d+([eE][+-]?\d+)?")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+([eE][+-]?\d+)?")
_DIGITS = re.compile(r"[+-]?\d+([eE][+-]?\d+)?")
_FRACTION = re.compile(r"0\d+")


def split_rows(
    lines: Sequence[str], separator: str, n_columns: int | None = None, n_optional: int = 0
) -> list[list[str] | None]:
    """Split lines into cells.

    Parameters
    ----------
    lines : sequence of str
    separator : str
        Empty for one column.
    n_columns : int, optional
        The number that most lines have, where it is not given.
    n_optional : int
        So many of the last cells may be absent; they are empty then.

    Returns
    -------
    list of (list of str or None)
        Cells without surrounding blanks; None for a line of another length.
    """
    rows = [_cells(line, separator) for line in lines]
    if n_columns is None:
        lengths = Counter(len(row) for row in rows)
        n_columns = lengths.most_common(1)[0][0] if lengths else 0
    for row in rows:
        if n_columns - n_optional <= len(row) < n_columns:
            row += [""] * (n_columns - len(row))
    return [row[:n_columns] if _fits(row, n_columns, separator) else None for row in rows]


def find_separator(
    name: str, lines: Sequence[str], n_columns: int | None = None, n_optional: int = 0
) -> str:
    """Find what separates the columns.

    Parameters
    ----------
    name : str
        Of the file, for the error.
    lines : sequence of str
    n_columns, n_optional : int
        As for `read_table`.

    Returns
    -------
    str
        Tab, ``;``, ``,`` or ``, ``; empty for one column.

    Raises
    ------
    UserError
        The comma separates columns and is the decimal sign, too.
    """
    sample = [_QUOTED.sub('""', line) for line in lines[:N_SAMPLE] if line.strip()]
    if n_columns == 1 or not sample:
        return ""
    for separator in ("\t", ";"):
        if sum(separator in line for line in sample) >= _MOST * len(sample):
            return separator
    if sum("," in line for line in sample) < _MOST * len(sample):
        return ""
    if n_columns is not None:
        for separator in (",", ", "):
            fitting = [row for row in split_rows(sample, separator, n_columns, n_optional) if row]
            if len(fitting) > 0.5 * len(sample):
                return separator
    if _has_decimal_points(sample) or not _has_decimal_commas(sample, n_columns):
        return ","
    spaced = [line.split(", ") for line in sample]
    inside = [cell.strip() for row in spaced for cell in row if "," in cell.strip().rstrip(",")]
    numbers = [cell for cell in inside if ":" not in cell]
    if n_columns is None and numbers and all(map(_DECIMAL_COMMA.fullmatch, numbers)):
        return ", "
    raise UserError(
        f"{name}: its numbers have a decimal comma and commas separate its columns too, so one "
        "number cannot be told from two; export it again with decimal points, or with semicolons "
        "between the columns"
    )


def _has_decimal_points(sample: Sequence[str]) -> bool:
    return any(
        _DECIMAL_POINT.fullmatch(cell.strip()) for line in sample for cell in line.split(",")
    )


def _has_decimal_commas(sample: Sequence[str], n_columns: int | None) -> bool:
    """Return whether whole numbers between commas look like the halves of decimal numbers."""
    rows = [[cell.strip() for cell in line.split(",")] for line in sample]
    if n_columns is not None:
        digits = [sum(_DIGITS.fullmatch(cell) is not None for cell in row) for row in rows]
        longer = sum(len(row) > n_columns and n > 1 for row, n in zip(rows, digits, strict=True))
        return longer > 0.5 * len(rows)
    if any(_DECIMAL_COMMA.fullmatch(cell) for line in sample for cell in line.split(", ")) and any(
        ", " in line for line in sample
    ):
        return True
    return any(_FRACTION.fullmatch(cell) for row in rows for cell in row[1:])


def _cells(line: str, separator: str) -> list[str]:
    if not separator:
        return [line.strip().strip('"').rstrip("\t;,").strip()]
    cells = line.split(separator)
    if '"' in line and len(separator) == 1:
        with suppress(csv.Error):
            cells = next(csv.reader([line], delimiter=separator, skipinitialspace=True))
    return [cell.strip() for cell in cells]


def _fits(row: Sequence[str], n_columns: int, separator: str) -> bool:
    """Return whether a row has so many columns; separators at its end may follow.

    Between commas, a number in halves would also make a row longer, but not where another number
    has a decimal point.
    """
    if len(row) <= n_columns or any(row[n_columns:]):
        return len(row) == n_columns
    return "," not in separator or any(_DECIMAL_POINT.fullmatch(cell) for cell in row)
