"""Split the text of device software and spreadsheets into cells and numbers.

Every text reader comes here, so that separators, decimal commas, encodings and lines that are cut
off are understood in one place.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from physiosync_rt.datatypes import FloatArray
from physiosync_rt.errors import UserError
from physiosync_rt.formats.numerals import Decimal, Numerals, UndecidedError, find_numerals
from physiosync_rt.formats.text import TextFile, shown

_N_SAMPLE: Final = 500
"""Lines by which the separator is found."""

_MOST: Final = 0.9
"""Share of lines that a separator must be in; a few may be titles or cut off."""

_ODD_SHARE: Final = 0.01
"""A column with a larger share of cells that are not numbers is another kind of column."""

_QUOTED = re.compile(r'"[^"]*"')
_DECIMAL_POINT = re.compile(r"[+-]?\d*\.\d+([eE][+-]?\d+)?")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+([eE][+-]?\d+)?")
_DIGITS = re.compile(r"[+-]?\d+([eE][+-]?\d+)?")
_FRACTION = re.compile(r"0\d+")


@dataclass(slots=True)
class Table:
    """Rows of cells.

    Attributes
    ----------
    name : str
        Of the file, for messages.
    rows : list of list of str
        Cells without surrounding blanks and quotes; all rows are of one length.
    line_numbers : list of int
        Line of each row in the file, from 1.
    separator : str
        One of tab, ``;``, ``,`` and ``, ``; empty where there is one column.
    notes : list of str
        What was left out; reading numbers adds to it.
    """

    name: str
    rows: list[list[str]]
    line_numbers: list[int]
    separator: str
    notes: list[str] = field(default_factory=list)

    @property
    def n_columns(self) -> int:
        """Cells of a row."""
        return len(self.rows[0]) if self.rows else 0

    def numbers(self, columns: Sequence[int]) -> FloatArray:
        """Return the numbers of some columns; an empty cell is NaN.

        Parameters
        ----------
        columns : sequence of int

        Returns
        -------
        float64 array, shape (n_rows, n_columns)
            A cell that is not a number, among many that are, is NaN; `notes` counts them.

        Raises
        ------
        UserError
            A column is not of numbers, or what its commas and dots mean cannot be decided.
        """
        cells = [[row[column] for row in self.rows] for column in columns]
        numerals = self.numerals(columns)
        values = np.empty((len(self.rows), len(columns)))
        odd: set[tuple[int, int]] = set()
        for i, column in enumerate(cells):
            try:
                values[:, i], rows = numerals.column(column)
            except UndecidedError as error:
                raise self._undecided(error) from error
            if len(rows) > max(1.0, _ODD_SHARE * len(column)):
                raise UserError(
                    f"{self.name}, line {self.line_numbers[rows[0]]}: "
                    f"{shown(column[rows[0]])} is not a number; fix the line, or export the file "
                    "again"
                )
            odd |= {(row, i) for row in rows}
        if odd:
            row, i = min(odd)
            self.notes.append(
                f"{len(odd)} cells are not numbers and count as missing (the first in line "
                f"{self.line_numbers[row]}: {shown(cells[i][row])})"
            )
        return values

    def numerals(self, columns: Sequence[int]) -> Numerals:
        """Return how the numbers of some columns are written.

        Raises
        ------
        UserError
            Whether their commas are decimal signs cannot be decided.
        """
        # A spreadsheet separates by semicolons where the decimal sign is a comma.
        likely: Decimal | None = "," if self.separator in (";", ", ") else None
        try:
            return find_numerals(
                (row[column] for column in columns for row in self.rows), likely=likely
            )
        except UndecidedError as error:
            raise self._undecided(error) from error

    def _undecided(self, error: UndecidedError) -> UserError:
        return UserError(
            f"{self.name}: whether its numbers have a decimal comma cannot be decided ({error}); "
            "export it again with decimal points and no sign between thousands"
        )


def read_table(
    file: TextFile,
    *,
    first: int = 0,
    n_columns: int | None = None,
    n_optional: int = 0,
    separator: str | None = None,
) -> Table:
    """Split the lines of a text file into rows of cells.

    Parameters
    ----------
    file : TextFile
    first : int
        Index of the first line of the table.
    n_columns : int, optional
        Columns that the table has, where a title or the format says so.
    n_optional : int
        So many of the last ones may be absent from a row.
    separator : str, optional
        Where it is known.

    Returns
    -------
    Table
        Lines of another length are left out, which a note counts; so is a last line that was cut
        off within its last cell. Empty rows are left out.

    Raises
    ------
    UserError
        Columns and decimal commas cannot be told apart.
    """
    numbered = enumerate(file.lines[first:], first + 1)
    kept = [(number, line) for number, line in numbered if line.strip() and line[:1] != "%"]
    lines = [line for _, line in kept]
    if separator is None:
        separator = find_separator(file.path.name, lines, n_columns, n_optional)
    split = split_rows(lines, separator, n_columns, n_optional)
    table = Table(file.path.name, [], [], separator)
    n_bad = 0
    for (number, _), row in zip(kept, split, strict=True):
        if row is None:
            n_bad += 1
        elif any(row):
            table.rows.append(row)
            table.line_numbers.append(number)
    if file.unfinished and split and split[-1] is not None and _is_cut(table.rows):
        table.rows.pop()
        table.line_numbers.pop()
        n_bad += 1
    if n_bad:
        table.notes.append(f"{n_bad} lines of wrong length were dropped")
    if n_empty := _n_empty(file.lines, table.line_numbers):
        table.notes.append(f"{n_empty} lines between the rows are empty")
    return table


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
    return [row[:n_columns] if _fits(row, n_columns) else None for row in rows]


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
    sample = [_QUOTED.sub('""', line) for line in lines[:_N_SAMPLE] if line.strip()]
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
    if n_columns is None and inside and all(_DECIMAL_COMMA.fullmatch(cell) for cell in inside):
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
    if '"' in line and len(separator) == 1:
        cells = next(csv.reader([line], delimiter=separator, skipinitialspace=True))
    else:
        cells = line.split(separator)
    return [cell.strip() for cell in cells]


def _fits(row: Sequence[str], n_columns: int) -> bool:
    """Return whether a row has so many columns, separators at its end aside."""
    return len(row) >= n_columns and not any(row[n_columns:])


def _n_empty(lines: Sequence[str], line_numbers: Sequence[int]) -> int:
    """Return how many empty lines lie between the first row and the last."""
    if not line_numbers:
        return 0
    between = lines[line_numbers[0] : line_numbers[-1] - 1]
    return sum(not line.strip(' \t;,"') for line in between)


def _is_cut(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the last row ends in a shorter cell than every other row does."""
    if len(rows) < 3:
        return False
    before = [row[-1] for row in rows[-_N_SAMPLE:-1]]
    return len(rows[-1][-1]) < min(map(len, before))
