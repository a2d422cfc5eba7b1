"""Inputs that are shaped after what users of other tools reported in public."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_SHARED = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"


def field_case(name: str) -> Path:
    """Return the path of a case; its absence skips the test."""
    folder = Path(os.environ.get("PHYSIOSYNC_DATA_DIR", _SHARED)).parent / "field-cases"
    if not (folder / name).exists():
        pytest.skip(f"no case {name} in {folder}")
    return folder / name
