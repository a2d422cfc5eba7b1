"""Errors that the user can fix: one sentence, exit code 2, no traceback."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

LONGEST_LINE: Final = 1000
"""Characters of a message's line: a damaged file may have a cell of megabytes in one line."""

MOST_FAULTS: Final = 50
"""Lines of one message; a table of ten thousand wrong rows has one fault, said fifty times."""

_KEPT_END = 300
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class UserError(Exception):
    """A request that cannot be met; the message names the cause, what was expected and the fix.

    What a message quotes of a file or stream is text and nothing else: control characters are
    escaped, and of a line longer than `LONGEST_LINE` the middle is left out.
    """

    exit_code = 2

    def __init__(self, message: str) -> None:
        super().__init__("\n".join(map(_shown, message.split("\n"))))


class Faults:
    """Collect what is wrong, so that a person reads all of it at once.

    Attributes
    ----------
    found : list of str
        One line each, in the order in which they were found.
    """

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, message: str) -> None:
        """Add the lines of a message, each once."""
        self.found += [line for line in message.split("\n") if line not in self.found]

    @contextmanager
    def collect(self, where: str = "") -> Iterator[None]:
        """Add what a step raises as a `UserError`, with where it stands, and go on after it."""
        try:
            yield
        except UserError as error:
            for line in str(error).split("\n"):
                self.add(f"{where}: {line}" if where else line)

    def check(self) -> None:
        """Raise a `UserError` that names all faults, if there are any."""
        if self.found:
            more = len(self.found) - MOST_FAULTS
            tail = [f"... and {more} more"] if more > 0 else []
            raise UserError("\n".join([*self.found[:MOST_FAULTS], *tail]))


class SourceLostError(UserError):
    """A source was lost and did not reconnect in time."""

    exit_code = 3


def _shown(line: str) -> str:
    line = _UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1], line)
    left_out = len(line) - LONGEST_LINE
    if left_out <= 0:
        return line
    start = line[: LONGEST_LINE - _KEPT_END]
    return f"{start} … ({left_out} characters left out) … {line[-_KEPT_END:]}"
