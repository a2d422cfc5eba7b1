"""From the start screen to a prediction and back, by clicks and keys in a real window."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from helpers.programs import Program, run
from helpers.virtual_screen import virtual_screen

from physiosync_rt.devices import load_device
from physiosync_rt.sources.read import read

if shutil.which("Xvfb") is None:
    pytest.skip("Xvfb is not installed (Debian: apt install xvfb)", allow_module_level=True)

pytestmark = pytest.mark.live

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def screen() -> Iterator[dict[str, str]]:
    """Environment in which windows open on a laptop's screen."""
    with virtual_screen(size="1366x768") as (_, env):
        path = os.pathsep.join(filter(None, [str(HERE.parent), env.get("PYTHONPATH", "")]))
        yield {**env, "PYTHONPATH": path}


@contextmanager
def headset(kind: str) -> Iterator[None]:
    """Send a headset's streams from a process of its own."""
    command = [sys.executable, str(HERE / "headset.py"), kind]
    pipe = subprocess.PIPE
    with Program(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        try:
            yield
        finally:
            process.kill()


def play(scenario: str, folder: Path, env: dict[str, str]) -> dict[str, Any]:
    """Play a script of clicks; return what it saw."""
    command = [sys.executable, str(HERE / "start_script.py"), scenario, str(folder)]
    done = run(command, timeout=400, env=env)
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert seen["code"] in (0, None)
    return seen


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.timeout(420)
def test_simulated_person_start_mark_record_report_and_again(
    screen: dict[str, str], tmp_path: Path
) -> None:
    seen = play("simulated", tmp_path, screen)
    first = rows(tmp_path / "first.csv")
    assert any(row["valence"] for row in first), first
    assert "marker" in {row["marker"] for row in first}
    assert "first.csv" in seen["summary"]
    assert "says nothing of a real person" in seen["summary"]
    (recording,) = tmp_path.glob("*.xdf")
    assert [stream.spec.modality for stream in read(recording).streams] == ["EEG", "GSR"]
    page = (tmp_path / "first.html").read_text(encoding="utf-8")
    assert "first.csv" in page
    assert ">marker<" in page
    for name in ("first", "second"):
        run = json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8"))
        assert "finished" in run
        assert run["settings"]["source"] == "simulated"


@pytest.mark.timeout(420)
def test_a_muse_of_four_streams_with_a_fifth_electrode(
    screen: dict[str, str], tmp_path: Path
) -> None:
    with headset("muse"):
        seen = play("muse", tmp_path, screen)
    said = " | ".join(seen["checks"])
    assert "EEG from “Muse” (4 channels, 256 Hz)" in said
    assert "All 4 electrodes measured" in said
    assert "EEG: TP9 AF7 AF8 TP10; 1 more not used" in said
    run = json.loads((tmp_path / "muse.json").read_text(encoding="utf-8"))
    assert run["settings"]["device"] == "muse"
    assert run["streams"][0]["ch_names"] == ["TP9", "AF7", "AF8", "TP10"]
    assert {row["modalities"] for row in rows(tmp_path / "muse.csv") if row["valence"]} == {"eeg"}


@pytest.mark.timeout(420)
def test_an_unlabelled_openbci_stream_through_the_form(
    screen: dict[str, str], tmp_path: Path
) -> None:
    with headset("obci"):
        seen = play("obci", tmp_path, screen)
    assert "8 of 32 electrodes measured" in " | ".join(seen["checks"])
    (stream,) = load_device(tmp_path / "mine.yaml").streams
    names = ("Fp1", "Fp2", "C3", "C4", "T7", "P8", "O1", "O2")
    assert stream.channels == names
    assert stream.unit == "microvolts"
    run = json.loads((tmp_path / "obci.json").read_text(encoding="utf-8"))
    assert run["settings"]["device"] == str(tmp_path / "mine.yaml")
    assert tuple(run["streams"][0]["ch_names"]) == names
    assert any(row["valence"] for row in rows(tmp_path / "obci.csv"))
