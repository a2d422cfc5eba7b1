"""The dashboard in a real window on a virtual screen, and every way that it ends."""

from __future__ import annotations

import csv
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.programs import PATIENCE_S, run, started, wait_for
from helpers.virtual_screen import virtual_screen

if shutil.which("Xvfb") is None:
    pytest.skip("Xvfb is not installed (Debian: apt install xvfb)", allow_module_level=True)


@pytest.fixture(scope="module")
def screen(apart: dict[str, str]) -> Iterator[dict[str, str]]:
    """Environment in which windows open on a virtual screen."""
    with virtual_screen(apart) as (_, env):
        yield env


def _demo(tmp_path: Path, *words: str) -> list[str]:
    log = ["--csv", str(tmp_path / "demo.csv"), "--png", str(tmp_path / "demo.png")]
    return [sys.executable, "-m", "physiosync_rt", "demo", *log, *words]


EARLY = 8
"""Rows at most of the seconds that were heard while everything loaded."""


def _n_rows(tmp_path: Path) -> int:
    path = tmp_path / "demo.csv"
    if not path.exists():
        return 0
    with path.open(encoding="utf-8") as file:
        return sum(1 for _ in csv.DictReader(file))


def test_the_demo_in_a_window(screen: dict[str, str], tmp_path: Path) -> None:
    command = _demo(tmp_path, "--duration", "10")
    done = run(command, env=screen)
    assert done.returncode == 0, done.stderr
    assert _n_rows(tmp_path) >= 8
    assert (tmp_path / "demo.png").stat().st_size > 20_000


def _is_complete(folder: Path) -> bool:
    run = json.loads((folder / "demo.json").read_text(encoding="utf-8"))
    return run["rows"] == _n_rows(folder) >= 3 and "finished" in run and "streams_seen" in run


@pytest.mark.parametrize(
    "number",
    ["SIGTERM", *(pytest.param(name, marks=pytest.mark.slow) for name in ("SIGINT", "SIGHUP"))],
)
def test_a_signal_closes_the_window_and_completes_the_log(
    screen: dict[str, str], tmp_path: Path, number: str
) -> None:
    with started(_demo(tmp_path), env=screen, stdout=subprocess.PIPE) as demo:
        wait_for(lambda: _n_rows(tmp_path) >= 3, demo)
        demo.send_signal(signal.Signals[number])
        demo.communicate(timeout=PATIENCE_S)
    assert demo.returncode == 0
    assert _is_complete(tmp_path)


def test_a_display_that_goes_away_ends_the_run_and_completes_the_log(
    tmp_path: Path, apart: dict[str, str]
) -> None:
    with virtual_screen(apart) as (server, env):
        log = ["--csv", str(tmp_path / "demo.csv")]
        command = [sys.executable, "-m", "physiosync_rt", "demo", *log]
        with started(command, env=env, stderr=subprocess.PIPE, text=True) as demo:
            # The first rows are of before the window was there.
            wait_for(lambda: _n_rows(tmp_path) >= EARLY + 3, demo)
            server.kill()
            _, said = demo.communicate(timeout=PATIENCE_S)
    assert demo.returncode == 0, said
    assert "the display went away; the run ends" in said
    assert _is_complete(tmp_path)


def test_the_terminal_view_takes_the_place_of_a_window_that_cannot_open(
    tmp_path: Path, apart: dict[str, str]
) -> None:
    env = {k: v for k, v in apart.items() if k not in ("QT_QPA_PLATFORM", "WAYLAND_DISPLAY")}
    # Nobody listens on a display of this number.
    done = run(_demo(tmp_path, "--duration", "3"), env={**env, "DISPLAY": ":4711"})
    assert done.returncode == 0, done.stderr
    assert "no window can open on the display :4711" in done.stderr
    assert "the terminal view takes its place" in done.stderr
    assert _n_rows(tmp_path) >= 2
