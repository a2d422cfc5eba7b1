"""Split the text of device software and spreadsheets into cells and numbers.

Every text reader comes here, so that separators, decimal commas, encodings and lines that are cut
off are understood in one place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

import numpy as np

from physiosync_rt.datatypes import FloatArray
from physiosync_rt.errors import UserError
from physiosync_rt.formats.numerals import Decimal, Numerals, UndecidedError, find_numerals
from physiosync_rt.formats.separators import N_SAMPLE, find_separator, split_rows
from physiosync_rt.formats.text import TextFile, shown

_UNFINISHED: Final = (
    "the file ends within a line: if it was cut off there, its last value is cut too"
)

_ODD_SHARE: Final = 0.01
"""A column with a larger share of cells that are not numbers is another kind of column."""


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
    _numerals: Numerals | None = None

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
        """Return how the table, or at least some columns of it, write their numbers.

        Raises
        ------
        UserError
            Whether their commas are decimal signs cannot be decided.
        """
        if self._numerals is None:
            # A spreadsheet separates by semicolons where the decimal sign is a comma.
            likely: Decimal | None = "," if self.separator in (";", ", ") else None
            try:
                self._numerals = find_numerals(chain.from_iterable(self.rows), likely=likely)
            except UndecidedError:
                cells = (row[column] for column in columns for row in self.rows)
                try:
                    return find_numerals(cells, likely=likely)
                except UndecidedError as error:
                    raise self._undecided(error) from error
        return self._numerals

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
    if file.unfinished and split and split[-1] is not None:
        if _is_cut(table.rows):
            table.rows.pop()
            table.line_numbers.pop()
            n_bad += 1
        else:
            table.notes.append(_UNFINISHED)
    if n_bad:
        table.notes.append(f"{n_bad} lines of wrong length were dropped")
    if n_empty := _n_empty(file.lines, table.line_numbers):
        table.notes.append(f"{n_empty} lines between the rows are empty")
    return table


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
    before = [row[-1] for row in rows[-N_SAMPLE:-1]]
    return len(rows[-1][-1]) < min(map(len, before))
