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
from helpers.programs import HOSTILE, LATE, PATIENCE_S, console_script, plant, started, wait_for

from physiosync_rt.cli import main
from physiosync_rt.lsl.demo_player import DemoPlayer
from physiosync_rt.utils import child_process

PLAIN = [sys.executable, "-m", "physiosync_rt"]
HEADLESS = ["demo", "--headless"]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_headless_demo_gives_a_row_per_hop_and_a_picture(
    tmp_path: Path, apart: dict[str, str]
) -> None:
    log, picture = tmp_path / "demo.csv", tmp_path / "demo.png"
    # A person's own modules beside it break neither it nor its player. A plain `python -m` cannot
    # survive signal.py, the console script can.
    script = console_script()
    plant(tmp_path, *HOSTILE, *(["signal"] if script else []))
    command = [*([script] if script else PLAIN), *HEADLESS, "--duration", "11"]
    done = subprocess.run(
        [*command, "--csv", log.name, "--png", picture.name],
        cwd=tmp_path,
        env=apart,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr
    assert "with a prediction" in done.stdout
    assert "hostile" not in done.stdout + done.stderr
    rows = _rows(log)
    assert 9 <= len(rows) <= 11 + LATE
    times = [float(row["t_end_lsl"]) for row in rows]
    assert [b - a for a, b in pairwise(times)] == pytest.approx([1.0] * (len(rows) - 1), abs=2e-6)
    assert [row["reason"] for row in rows[:6]] == ["warming_up"] * 6
    assert all(row["valid"] == "1" and row["modalities"] == "eeg+gsr" for row in rows[6:])
    run = json.loads(log.with_suffix(".json").read_text(encoding="utf-8"))
    assert run["bundle"]["simulated"] is True
    assert run["rows"] == len(rows)
    assert run["baseline"]["channels"].keys() == {"EEG", "GSR"}
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "end", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
def test_ctrl_c_leaves_a_complete_csv(
    tmp_path: Path, apart: dict[str, str], end: signal.Signals
) -> None:
    log = tmp_path / "demo.csv"
    command = [*PLAIN, *HEADLESS, "--csv", str(log)]
    with started(command, env=apart, stdout=subprocess.PIPE) as demo:
        wait_for(lambda: log.exists() and len(_rows(log)) >= 2, demo)
        demo.send_signal(end)
        demo.communicate(timeout=PATIENCE_S)
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
    # Its streams would be searched for far longer than this test may take.
    search = DemoPlayer.source
    monkeypatch.setattr(DemoPlayer, "source", lambda self: search(self, 10 * PATIENCE_S))
    began = time.monotonic()
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert time.monotonic() - began < PATIENCE_S
    said = capsys.readouterr().err
    assert "physiosync: the demo's player died: ImportError: liblsl is broken here\n" in said
    assert not (tmp_path / "demo.csv").exists()
