"""A person's own models.py, config.py or signal.py beside them breaks no command."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HOSTILE = ("models", "training", "config", "signals", "tests")
SCRIPTS = Path(sys.executable).parent
DEMO = ("demo", "--headless", "--duration", "8", "--csv", "demo.csv")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Folder of modules that end whatever imports them."""
    for name in HOSTILE:
        _plant(tmp_path, name)
    return tmp_path


def _plant(folder: Path, name: str) -> None:
    (folder / f"{name}.py").write_text(f"raise SystemExit('hostile {name}')\n", encoding="utf-8")


def _run(folder: Path, *words: str) -> str:
    """Run a command there as a person does; return what it printed."""
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert "hostile" not in done.stdout + done.stderr
    return done.stdout


def _console_script() -> str:
    found = shutil.which("physiosync", path=f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}")
    if found is None:
        pytest.skip("the console script is not installed: pip install -e .")
    return found


def test_python_finds_our_packages(folder: Path) -> None:
    names = "physiosync_rt, physiosync_models, physiosync_training"
    said = _run(folder, sys.executable, "-c", f"import {names}; print(physiosync_rt.__version__)")
    version = _run(folder, sys.executable, "-m", "physiosync_rt", "--version")
    assert version == f"physiosync-rt {said}"


@pytest.mark.live
def test_the_demo_and_its_player(folder: Path) -> None:
    # Also signal.py, which a plain `python -m` cannot survive, but the console script can.
    _plant(folder, "signal")
    assert "with a prediction" in _run(folder, _console_script(), *DEMO)


@pytest.mark.live
@pytest.mark.slow
def test_the_demo_as_a_module(folder: Path) -> None:
    said = _run(folder, sys.executable, "-m", "physiosync_rt", *DEMO)
    assert "with a prediction" in said


@pytest.mark.live
def test_the_doctor_and_its_children(folder: Path) -> None:
    _plant(folder, "signal")
    findings = json.loads(_run(folder, _console_script(), "doctor", "--json"))
    by_name = {finding["name"]: finding for finding in findings}
    for name in ("liblsl", "LSL on this computer", "torch"):
        assert by_name[name]["status"] == "ok", by_name[name]
