"""Milestones of a start, for who measures how long it takes."""

from __future__ import annotations

import logging

LOGGER = __name__
"""Each milestone is a record of this logger, of level DEBUG."""

_logger = logging.getLogger(LOGGER)


def milestone(name: str) -> None:
    """Note that a start has come so far; costs nothing where nobody listens."""
    _logger.debug("%s", name)
