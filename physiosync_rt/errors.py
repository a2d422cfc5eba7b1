"""Errors that the user can fix: one sentence, exit code 2, no traceback."""

from __future__ import annotations


class UserError(Exception):
    """A request that cannot be met; the message names the cause, what was expected and the fix."""

    exit_code = 2


class SourceLostError(UserError):
    """A source was lost and did not reconnect in time."""

    exit_code = 3
