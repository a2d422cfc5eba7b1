"""A small run on disk that has something of everything."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from helpers.runs import PLAN, rows_of, write_run


@pytest.fixture
def log(tmp_path: Path) -> Path:
    rows = rows_of(PLAN)
    rows[11] = replace(rows[11], marker="film 1")
    rows[30] = replace(rows[30], marker="film 2; pause")
    write_run(tmp_path / "run.csv", rows)
    return tmp_path / "run.csv"
