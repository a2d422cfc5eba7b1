"""Twenty minutes of recording at 40 times its pace: rows all the while, memory flat."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from physiosync_rt.formats.registry import read
from physiosync_rt.simulation.write_xdf import write_recording

NAMES = ("TP9", "AF7", "AF8", "TP10")
RECORDED_S, SPEED = 1200.0, 40.0


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_rows_come_all_the_while_and_memory_stays(tmp_path: Path) -> None:
    person = tmp_path / "person.xdf"
    write_recording(person, 3, duration_s=RECORDED_S, ch_names=NAMES, ecg_sfreq=0)
    log, raw = tmp_path / "run.csv", tmp_path / "raw.xdf"
    command = [sys.executable, "-m", "physiosync_rt", "live", "--source", "file", "--headless"]
    options = ["--file", str(person), "--speed", f"{SPEED:g}", "--bundle", "demo-muse"]
    files = ["--csv", str(log), "--record", str(raw)]
    process = subprocess.Popen(
        [*command, *options, *files], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    watched = psutil.Process(process.pid)
    times, rows, memory = [], [], []
    while process.poll() is None:
        n_rows = log.read_bytes().count(b"\n") - 1 if log.exists() else 0
        if n_rows > 0:
            times.append(time.monotonic())
            rows.append(n_rows)
            # Nothing is left of a program that has just ended.
            memory.append(watched.memory_info().rss / 1e6 or memory[-1])
        time.sleep(0.1)
    _, said = process.communicate()
    assert process.returncode == 0, said
    assert log.read_bytes().count(b"\n") - 1 == RECORDED_S - 1
    # Seconds without a new row, but for the moment when the files are finished.
    changes = np.flatnonzero(np.diff(rows)) + 1
    longest = float(np.diff(np.asarray(times)[changes]).max())
    settled = [mb for mb, n in zip(memory, rows, strict=True) if n > 300]
    print(
        f"{rows[-1]} rows in {times[-1] - times[0]:.0f} s, none for {longest:.2f} s at most; "
        f"memory {settled[0]:.0f} to {settled[-1]:.0f} MB, at most {max(memory):.0f} MB"
    )
    assert longest < 2.0
    assert settled[-1] - settled[0] < 15.0
    recorded, played = read(raw).streams[0], read(person).streams[0]
    np.testing.assert_array_equal(recorded.samples, played.samples)
    np.testing.assert_array_equal(recorded.timestamps, played.timestamps)
