"""Errors that the user can fix: one sentence, exit code 2, no traceback."""

from __future__ import annotations

import re
from typing import Final

LONGEST_LINE: Final = 1000
"""Characters of a message's line: a damaged file may have a cell of megabytes in one line."""

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
