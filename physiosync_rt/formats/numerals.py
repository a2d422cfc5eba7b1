"""Read numbers as people and programs of any country write them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from physiosync_rt.datatypes import FloatArray

Decimal = Literal[".", ","]

_EXPONENT = r"([eE][+-]?\d+)?"
_DOT = re.compile(rf"[+-]?(\d+\.?\d*|\.\d+){_EXPONENT}")
_COMMA = re.compile(rf"[+-]?(\d+,?\d*|,\d+){_EXPONENT}")
# Digits in groups of three, as in 1,234,567.8 and 1.234.567,8 and 1 234 567,8.
_GROUPS_OF_COMMAS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?")
_GROUPS_OF_DOTS = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+(,\d*)?")
_GROUPS_OF_BLANKS = re.compile(r"[+-]?[1-9]\d{0,2}([ '’\u00a0\u2009\u202f]\d{3})+([.,]\d*)?")
_LONGEST: Final = 64
"""Characters of the longest numeral; a longer cell would take long to be told from one."""

_BLANKS: Final = str.maketrans("", "", " '’\u00a0\u2009\u202f")
_MISSING: Final = frozenset({"", "nan", "na", "n/a", "#n/a", "null"})
_INFINITE: Final = frozenset({"inf", "infinity"})


class UndecidedError(ValueError):
    """A numeral may mean two numbers: whether its comma or dot is the decimal sign is open."""


@dataclass(frozen=True, slots=True)
class Numerals:
    """How the numbers of a table are written.

    Attributes
    ----------
    decimal : {".", ","}
        The decimal sign.
    grouped : bool
        Whether the other sign separates thousands somewhere, so that it does so everywhere.
    """

    decimal: Decimal = "."
    grouped: bool = False

    def number(self, cell: str) -> float:
        """Return the number in a cell; NaN where it is empty.

        Raises
        ------
        UndecidedError
            It may be two numbers, as 1.234 where the decimal sign is a comma.
        ValueError
            It is not a number.
        """
        if len(cell) > _LONGEST:
            raise ValueError("it is too long for a number")
        word = cell.strip().replace("\N{MINUS SIGN}", "-")
        if _GROUPS_OF_BLANKS.fullmatch(word):
            word = word.translate(_BLANKS)
        if self.decimal == ".":
            plain, groups, thousands = _DOT, _GROUPS_OF_COMMAS, ","
        else:
            plain, groups, thousands = _COMMA, _GROUPS_OF_DOTS, "."
        if plain.fullmatch(word):
            return float(word.replace(",", "."))
        if groups.fullmatch(word):
            once = word.count(thousands) == 1 and self.decimal not in word
            if once and thousands == "." and not self.grouped:
                raise UndecidedError(f"{word} has a decimal point or separates thousands")
            return float(word.replace(thousands, "").replace(",", "."))
        # Spreadsheets leave some cells as they were, a UNIX time for one.
        if _DOT.fullmatch(word):
            return float(word)
        lower = word.lower()
        if lower in _MISSING:
            return np.nan
        if lower.lstrip("+-") in _INFINITE:
            return float(lower)
        raise ValueError(f"{word!r} is not a number")

    def column(self, cells: Sequence[str]) -> tuple[FloatArray, list[int]]:
        """Return the numbers of a column.

        Returns
        -------
        values : float64 array, shape (n_rows,)
            NaN where a cell is empty or not a number.
        odd : list of int
            Rows whose cell is not a number.

        Raises
        ------
        UndecidedError
            As `number`.
        """
        text = [cell or "nan" for cell in cells]
        if self.decimal == ",":
            plain = not any("." in cell for cell in text)
            text = [cell.replace(",", ".") for cell in text] if plain else []
        # The whole column at once, where it is as plain as nearly every one is.
        try:
            if text:
                return np.array(text, dtype=np.float64), []
        except ValueError:
            pass
        values, odd = np.full(len(cells), np.nan), []
        for row, cell in enumerate(cells):
            try:
                values[row] = self.number(cell)
            except UndecidedError:
                raise
            except ValueError:
                odd.append(row)
        return values, odd


def find_numerals(cells: Iterable[str], *, likely: Decimal | None = None) -> Numerals:
    """Find how the numbers of a table are written.

    Parameters
    ----------
    cells : iterable of str
        Cells with numbers; others are ignored.
    likely : {".", ","}, optional
        The decimal sign where every number can be read in both ways.

    Raises
    ------
    UndecidedError
        All commas may be decimal signs or separate thousands, or some are the one and some the
        other.
    """
    either = point = comma = grouped = ""
    for cell in (cell for cell in cells if len(cell) <= _LONGEST):
        if "," in cell:
            thousands = _GROUPS_OF_COMMAS.fullmatch(cell) is not None
            if thousands and (cell.count(",") > 1 or "." in cell):
                point = cell
            elif thousands:
                either = cell
            elif _COMMA.fullmatch(cell):
                comma = cell
            elif _GROUPS_OF_DOTS.fullmatch(cell):
                comma = grouped = cell
        elif cell.count(".") > 1 and _GROUPS_OF_DOTS.fullmatch(cell):
            # Alone it may be a version or an address.
            grouped = cell
    if comma and point:
        raise UndecidedError(f"the comma is the decimal sign in {comma} and not in {point}")
    if comma:
        return Numerals(",", bool(grouped))
    if point or not either:
        return Numerals(".", bool(point))
    if likely is None:
        raise UndecidedError(f"{either} has a decimal comma or separates thousands")
    return Numerals(likely)
