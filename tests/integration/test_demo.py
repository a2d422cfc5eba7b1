"""The first thing that a person runs, as a person runs it."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from physiosync_rt.cli import main
from physiosync_rt.lsl.demo_player import FIND_S
from physiosync_rt.utils import child_process

COMMAND = [sys.executable, "-m", "physiosync_rt", "demo", "--headless"]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_headless_demo_gives_a_row_per_hop_and_a_picture(tmp_path: Path) -> None:
    log, picture = tmp_path / "demo.csv", tmp_path / "demo.png"
    command = [*COMMAND, "--duration", "11", "--csv", str(log), "--png", str(picture)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=True)
    assert "with a prediction" in done.stdout
    rows = _rows(log)
    assert 9 <= len(rows) <= 11
    times = [float(row["t_end_lsl"]) for row in rows]
    assert [b - a for a, b in pairwise(times)] == pytest.approx([1.0] * (len(rows) - 1), abs=2e-6)
    assert [row["reason"] for row in rows[:6]] == ["warming_up"] * 6
    assert all(row["valid"] == "1" and row["modalities"] == "eeg+gsr" for row in rows[6:])
    run = json.loads(log.with_suffix(".json").read_text(encoding="utf-8"))
    assert run["bundle"]["simulated"] is True
    assert run["rows"] == len(rows)
    assert run["baseline"]["channels"].keys() == {"EEG", "GSR"}
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_leaves_a_complete_csv(tmp_path: Path, end: signal.Signals) -> None:
    log = tmp_path / "demo.csv"
    with subprocess.Popen([*COMMAND, "--csv", str(log)], stdout=subprocess.PIPE) as demo:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not (log.exists() and len(_rows(log)) >= 2):
            time.sleep(0.1)
        demo.send_signal(end)
        demo.communicate(timeout=30)
    assert demo.returncode == 0
    rows = _rows(log)
    assert len(rows) >= 2
    assert all(None not in row and None not in row.values() for row in rows)
    run = json.loads(log.with_suffix(".json").read_text(encoding="utf-8"))
    assert run["rows"] == len(rows)
    assert "finished" in run


def test_a_player_that_dies_is_quoted_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = child_process._command
    broken = ["-c", "raise ImportError('liblsl is broken here')"]
    monkeypatch.setattr(child_process, "_command", lambda _: real(broken))
    words = ["physiosync", "demo", "--headless", "--csv", str(tmp_path / "demo.csv")]
    monkeypatch.setattr(sys, "argv", words)
    began = time.monotonic()
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert time.monotonic() - began < FIND_S
    said = capsys.readouterr().err
    assert "physiosync: the demo's player died: ImportError: liblsl is broken here\n" in said
    assert not (tmp_path / "demo.csv").exists()
