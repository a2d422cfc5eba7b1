"""A person's own models.py, config.py or signal.py beside them breaks no command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.programs import HOSTILE, PATIENCE_S, console_script, plant

DEMO = ("demo", "--headless", "--duration", "8", "--csv", "demo.csv")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Folder of modules that end whatever imports them."""
    plant(tmp_path, *HOSTILE)
    return tmp_path


def _run(folder: Path, env: dict[str, str], *words: str) -> str:
    """Run a command there as a person does; return what it printed."""
    done = subprocess.run(
        words, cwd=folder, env=env, capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert done.returncode == 0, done.stderr
    assert "hostile" not in done.stdout + done.stderr
    return done.stdout


def test_python_finds_our_packages(folder: Path, apart: dict[str, str]) -> None:
    names = "physiosync_rt, physiosync_models, physiosync_training"
    code = f"import {names}; print(physiosync_rt.__version__)"
    said = _run(folder, apart, sys.executable, "-c", code)
    version = _run(folder, apart, sys.executable, "-m", "physiosync_rt", "--version")
    assert version == f"physiosync-rt {said}"


@pytest.mark.live
@pytest.mark.slow
def test_the_demo_as_a_module(folder: Path, apart: dict[str, str]) -> None:
    # `test_demo` runs the console script in such a folder.
    said = _run(folder, apart, sys.executable, "-m", "physiosync_rt", *DEMO)
    assert "with a prediction" in said


@pytest.mark.live
def test_the_doctor_and_its_children(folder: Path, apart: dict[str, str]) -> None:
    script = console_script()
    if script is None:
        pytest.skip("the console script is not installed: pip install -e .")
    # A plain `python -m` cannot survive this one, the console script can.
    plant(folder, "signal")
    findings = json.loads(_run(folder, apart, script, "doctor", "--json"))
    by_name = {finding["name"]: finding for finding in findings}
    for name in ("liblsl", "LSL on this computer", "torch"):
        assert by_name[name]["status"] == "ok", by_name[name]
