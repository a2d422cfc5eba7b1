"""The dashboard in a real window on a virtual screen, closed by its own clock and by Ctrl-C."""

from __future__ import annotations

import csv
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

if shutil.which("Xvfb") is None:
    pytest.skip("Xvfb is not installed (Debian: apt install xvfb)", allow_module_level=True)


@pytest.fixture(scope="module")
def screen() -> Iterator[dict[str, str]]:
    """Environment in which windows open on a virtual screen."""
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1400x900x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL) as server:
        os.close(write)
        try:
            with os.fdopen(read) as pipe:
                number = pipe.readline().strip()
            yield {**os.environ, "DISPLAY": f":{number}", "QT_QPA_PLATFORM": "xcb"}
        finally:
            server.terminate()


def _demo(tmp_path: Path, *words: str) -> list[str]:
    log = ["--csv", str(tmp_path / "demo.csv"), "--png", str(tmp_path / "demo.png")]
    return [sys.executable, "-m", "physiosync_rt", "demo", *log, *words]


def _n_rows(tmp_path: Path) -> int:
    path = tmp_path / "demo.csv"
    if not path.exists():
        return 0
    with path.open(encoding="utf-8") as file:
        return sum(1 for _ in csv.DictReader(file))


def test_the_demo_in_a_window(screen: dict[str, str], tmp_path: Path) -> None:
    command = _demo(tmp_path, "--duration", "10")
    done = subprocess.run(command, env=screen, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
    assert _n_rows(tmp_path) >= 8
    assert (tmp_path / "demo.png").stat().st_size > 20_000


def test_ctrl_c_closes_the_window_and_completes_the_log(
    screen: dict[str, str], tmp_path: Path
) -> None:
    with subprocess.Popen(_demo(tmp_path), env=screen, stdout=subprocess.PIPE) as demo:
        deadline = time.monotonic() + 60
        while _n_rows(tmp_path) < 3 and time.monotonic() < deadline:
            time.sleep(0.1)
        demo.send_signal(signal.SIGINT)
        demo.communicate(timeout=30)
    assert demo.returncode == 0
    assert _n_rows(tmp_path) >= 3
