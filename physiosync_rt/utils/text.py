"""Small helpers for text."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"\b\d+(?:[.,]\d+)*")


def gist(text: str) -> str:
    """Return a sentence without its numbers, so that a counter that increases is not news."""
    return _NUMBER.sub("", text)
