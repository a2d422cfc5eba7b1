"""Streams as nobody should send them: each comes to what it should, none to a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from physiosync_rt.bench.measure_odd_streams import run_case
from physiosync_rt.bench.odd_streams import ODD_CASES, OddCase

ROOT = Path(__file__).resolve().parents[2]
MOST_MIB = 800.0


@pytest.mark.slow
@pytest.mark.timeout(200)
@pytest.mark.parametrize("case", ODD_CASES, ids=lambda case: case.name)
def test_an_odd_stream(case: OddCase, tmp_path: Path) -> None:
    found = run_case(case, tmp_path / "run.csv")
    assert not found.traceback, found
    assert found.as_expected, found
    assert found.peak_mib < MOST_MIB
    if found.exit_code == 0:
        assert found.rows >= 8, found
        assert found.every_hop, found
    else:
        assert found.said[-1].startswith("physiosync: "), found


def test_every_odd_stream_has_a_row_in_the_table() -> None:
    page = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
    table = page[page.index("## Odd streams") :]
    missing = [case.name for case in ODD_CASES if f"| {case.name} |" not in table]
    assert missing == []
    assert len(ODD_CASES) >= 48
