"""BrainFlow's synthetic board through the whole live run, as a person starts it."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.programs import LATE, PATIENCE_S, run

pytest.importorskip("brainflow", reason="needs physiosync-rt[devices]")

REST_S = 3


def _live(log: Path, duration: int) -> tuple[list[dict[str, str]], str]:
    command = [
        *(sys.executable, "-m", "physiosync_rt", "live", "--headless", "--source", "brainflow"),
        *("--device", "brainflow-synthetic", "--bundle", "demo-eeg32", "--csv", str(log)),
        *("--baseline", str(REST_S), "--duration", str(duration)),
    ]
    done = run(command, timeout=duration + PATIENCE_S)
    assert done.returncode == 0, done.stderr
    with log.open(encoding="utf-8") as file:
        return list(csv.DictReader(file)), done.stdout


def _check(log: Path, duration: int, latency_ms: float) -> None:
    rows, said = _live(log, duration)
    assert duration - 2 <= len(rows) <= duration + LATE
    times = [float(row["t_end_lsl"]) for row in rows]
    assert np.diff(times) == pytest.approx([1.0] * (len(rows) - 1), abs=2e-6)
    assert [row["reason"] for row in rows[:6]] == ["warming_up"] * 6
    assert [row["modalities"] for row in rows[6:]] == ["eeg+gsr"] * (len(rows) - 6)
    complete = [float(row["completeness_eeg"]) for row in rows[6:]]
    assert min(complete) == 1.0
    # Sines of 30 to 45 Hz on four of its sixteen electrodes are no brain waves, and are said so.
    about = json.loads(log.with_suffix(".json").read_text(encoding="utf-8"))
    assert set(about["electrodes_bad_s"]) == {"PO7", "Oz", "PO8", "F5"}
    # In the closing line: on a busy computer a notice of delays may take the place of theirs.
    assert "; bad electrodes: PO7 " in said
    assert all(0.5 <= float(row["quality_eeg"]) <= 0.8 for row in rows[6:])
    latencies = [float(row["latency_ms"]) for row in rows[6:]]
    assert sorted(latencies)[len(latencies) // 2] < latency_ms


def test_ten_seconds(tmp_path: Path) -> None:
    # Beside other tests a computer is as late as it likes; the slow test runs alone.
    _check(tmp_path / "board.csv", 10, 5000)


@pytest.mark.slow
@pytest.mark.timeout(150)
def test_a_minute(tmp_path: Path) -> None:
    _check(tmp_path / "board.csv", 60, 500)
