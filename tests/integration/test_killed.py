"""Runs killed at random moments under load: at most a second is lost, and nothing is torn."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import killed_runs

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nothing is forked there")


@pytest.mark.timeout(900)
@pytest.mark.parametrize("n_runs", [6, pytest.param(100, marks=pytest.mark.slow)])
def test_a_killed_run_leaves_whole_files(tmp_path: Path, n_runs: int) -> None:
    command = [sys.executable, killed_runs.__file__, str(tmp_path), str(n_runs)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=850, check=False)
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == n_runs
    assert not any(each["torn"] or each["warnings"] for each in found)
    assert all(each["is_whole"] for each in found)
    assert max(each["header_s"] for each in found) < 0.5
    samples = [each["sample_lost_s"] for each in found if each["lived_s"] > 1.5]
    rows = [each["row_lost_s"] for each in found if each["lived_s"] > 2.5]
    assert None not in samples
    assert None not in rows
    print(
        f"{n_runs} kills: header after {max(each['header_s'] for each in found):.3f} s, samples of "
        f"{max(samples):.2f} s lost at most, the last row ended {max(rows):.2f} s before at most"
    )
    assert max(samples) < 1.0
    # A row comes every second: the one of the last second may still be on its way.
    assert max(rows) < 2.0
