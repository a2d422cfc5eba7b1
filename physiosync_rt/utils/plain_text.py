"""Text from outside as text and nothing else, and cells of a table that no program computes.

Names of streams, markers and sentences of other programs may contain anything: what moves a
terminal's cursor, what no XML may contain, what turns the order of letters around, halves of
characters. All that is written or shown passes through `plain_text`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate, takewhile
from typing import Final

REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
"""Stands where a character was that cannot be shown."""

CELL_CHARS: Final = 1000
"""Most characters of a marker cell in a CSV."""

_SPACES: Final = re.compile("[\t\n\v\f\r\x85\u2028\u2029]+")
_NOT_SHOWN: Final = (
    "\x00-\x1f\x7f-\x9f"  # control characters, escape among them
    "\u200e\u200f\u202a-\u202e\u2066-\u2069"  # turn the order of letters around
    "\ud800-\udfff"  # halves of characters
    "\ufdd0-\ufdef\ufff9-\ufffb"  # not characters, like the last two of every plane
)
_LAST_TWO: Final = "".join(f"{chr(end - 1)}{chr(end)}" for end in range(0xFFFF, 0x110000, 1 << 16))
_UNFIT: Final = re.compile(f"[{_NOT_SHOWN}{_LAST_TWO}]")
_NUMBER: Final = re.compile(r"-([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\Z")


def plain_text(text: str) -> str:
    """Return a text that can stand in XML, in a table and on a terminal.

    Line breaks and tabs become a space, other characters that cannot be shown `REPLACEMENT`.
    """
    return _UNFIT.sub(REPLACEMENT, _SPACES.sub(" ", text))


def encodable(text: str) -> str:
    """Return a text with `REPLACEMENT` for halves of characters, which UTF-8 does not have."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def marker_cell(text: str) -> str:
    """Return a marker as the cell of a CSV that no spreadsheet takes for a formula.

    An apostrophe is put before ``=``, ``+``, ``@`` and a tab, and before a ``-`` that does not
    begin a number.
    """
    cell = plain_text(text)
    first = cell.lstrip(" ")
    computes = first.startswith(("=", "+", "@")) or text.startswith("\t")
    if computes or (first.startswith("-") and not _NUMBER.match(first)):
        cell = f"'{cell}"
    return cell if len(cell) <= CELL_CHARS else f"{cell[: CELL_CHARS - 1]}…"


def join_markers(texts: Sequence[str], most: int = CELL_CHARS - 1) -> str:
    """Return the markers of a row, joined by semicolons, or as many as there is room for.

    Parameters
    ----------
    texts : sequence of str
        In their order.
    most : int
        Most characters; one less than a cell has, which may begin with an apostrophe.

    Returns
    -------
    str
        Markers that do not fit are counted at the end. The first is cut where it is too long by
        itself.
    """
    whole = ";".join(texts)
    if len(whole) <= most:
        return whole
    room = most - len(f";… {len(texts)} more")
    ends = accumulate(len(text) + 1 for text in texts)
    n = sum(1 for _ in takewhile(lambda end: end - 1 <= room, ends))
    shown = ";".join(texts[:n]) if n else f"{texts[0][: room - 1]}…"
    following = len(texts) - max(n, 1)
    return f"{shown};… {following} more" if following else shown
