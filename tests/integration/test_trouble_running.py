"""Trouble with files, before the eyes of whoever watches a real run in a terminal."""

from __future__ import annotations

import csv
import json
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from helpers.programs import Program

from physiosync_rt.formats.registry import read

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="limits and moved files are POSIX's"
)
COMMAND = [sys.executable, "-m", "physiosync_rt", "live", "--source", "simulated", "--headless"]
BLOCKED_S = 4.0


class Run:
    """A run of a simulated person with a log and a recording, as a program."""

    def __init__(self, folder: Path) -> None:
        self.csv, self.xdf = folder / "run.csv", folder / "raw.xdf"
        options = ["--bundle", "demo-muse", "--csv", str(self.csv), "--record", str(self.xdf)]
        self.process = Program(
            [*COMMAND, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._lines: list[str] = []
        # A pipe, for the trouble is to be with the run's own files.
        self._reader = Thread(target=lambda: self._lines.extend(self.process.stdout or ()))
        self._reader.start()

    @property
    def said(self) -> str:
        return "".join(self._lines)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def wait(self, ready: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + 60.0
        while not ready():
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, f"{what}: {self.said}"
            time.sleep(0.05)

    def wait_for_rows(self, path: Path, n: int) -> None:
        self.wait(lambda: path.exists() and path.read_bytes().count(b"\n") > n, f"{n} rows")

    def finish(self) -> str:
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(30.0) == 0, self.said
        self._reader.join()
        return self.said


@pytest.fixture
def start() -> Iterator[Callable[[Path], Run]]:
    runs: list[Run] = []

    def begin(folder: Path) -> Run:
        folder.mkdir(exist_ok=True)
        runs.append(Run(folder))
        runs[-1].wait_for_rows(runs[-1].csv, 2)
        return runs[-1]

    yield begin
    for run in runs:
        run.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    at = tmp_path / "disk"
    at.mkdir()
    mount = shutil.which("mount")
    options = ["-t", "tmpfs", "-o", "size=2m", "none", str(at)]
    if mount is None or subprocess.run([mount, *options], capture_output=True).returncode:
        pytest.skip("this user may not mount a file system")
    yield at
    subprocess.run(["umount", str(at)], check=True)


def _rows(path: Path) -> list[float]:
    with path.open(newline="") as file:
        return [float(row["t_end_lsl"]) for row in csv.DictReader(file)]


def _check_nothing_lost(run: Run) -> None:
    assert np.diff(_rows(run.csv)) == pytest.approx(1.0)
    recording = read(run.xdf)
    assert recording.notes == ()
    assert np.diff(recording.streams[0].timestamps).max() < 0.05
    about = json.loads(run.csv.with_suffix(".json").read_text())
    assert (list(about)[-1], about["ended"]) == ("ended", "cleanly")
    assert about["not_written"] == {"rows": 0, "samples": 0}
    assert sum("is written again after" in text for text in about["told"]) == 2


@pytest.mark.slow
def test_a_disk_that_fills_and_is_freed(start, small_disk: Path) -> None:
    run = start(small_disk)
    ballast = small_disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        while shutil.disk_usage(small_disk).free:
            file.write(bytes(4096))
    full = "cannot be written (No space left on device)"
    run.wait(lambda: f"run.csv {full}" in run.said and f"raw.xdf {full}" in run.said, "full")
    rows = len(_rows(run.csv))
    time.sleep(BLOCKED_S)
    assert len(_rows(run.csv)) <= rows + 1
    ballast.unlink()
    run.wait_for_rows(run.csv, rows + 5)
    for path in (run.csv, run.xdf):
        run.wait(lambda path=path: f"{path.name} is written again after" in run.said, "resumed")
    said = run.finish()
    assert "nothing is lost" in said
    assert f"wrote {run.csv} and {run.xdf}" in said
    _check_nothing_lost(run)


def test_a_limit_on_the_size_of_files(start, tmp_path: Path) -> None:
    run = start(tmp_path / "study")
    hard = resource.prlimit(run.process.pid, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(run.process.pid, resource.RLIMIT_FSIZE, (run.csv.stat().st_size, hard))
    full = "cannot be written (File too large)"
    run.wait(lambda: f"run.csv {full}" in run.said and f"raw.xdf {full}" in run.said, "full")
    time.sleep(BLOCKED_S)
    rows = len(_rows(run.csv))
    resource.prlimit(run.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
    run.wait_for_rows(run.csv, rows + 5)
    assert f"wrote {run.csv} and {run.xdf}" in run.finish()
    _check_nothing_lost(run)


@pytest.mark.parametrize("what", [pytest.param("removed", marks=pytest.mark.slow), "renamed"])
def test_a_folder_removed_and_a_file_renamed(start, tmp_path: Path, what: str) -> None:
    study = tmp_path / "study"
    run = start(study)
    first = _rows(run.csv)
    moved = tmp_path / "mine.csv"
    if what == "removed":
        shutil.rmtree(study)
    else:
        run.csv.rename(moved)
    rest = study / "run-2.csv"
    run.wait_for_rows(rest, 3)
    said = run.finish()
    word = "removed or replaced" if what == "removed" else "renamed or moved"
    assert f"run.csv was {word}" in said
    assert "the run goes on in run-2.csv" in said
    xdf = study / "raw-2.xdf" if what == "removed" else run.xdf
    assert f"wrote {rest} and {xdf}" in said
    assert not run.csv.exists()
    rows = _rows(rest)
    if what == "renamed":
        rows = [*_rows(moved), *rows]
        assert rows[: len(first)] == first
    assert np.diff(rows) == pytest.approx(1.0)
    assert rows[0] - first[0] < len(first) + 3.0
    assert np.diff(read(xdf).streams[0].timestamps).max() < 0.05
    about = json.loads(rest.with_suffix(".json").read_text())
    assert about["files"][0]["place"] == what
    assert about["ended"] == "cleanly"
