"""Errors that a person can mend: one sentence, exit code 2, no traceback."""

from __future__ import annotations


class UserError(Exception):
    """Something asked for cannot be done; the message names it, what was expected and the mend."""

    exit_code = 2


class SourceLostError(UserError):
    """A source has gone and will not come back within the time it was given."""

    exit_code = 3
