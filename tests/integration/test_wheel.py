"""The wheel, made through the source archive, works in an empty environment, in any folder."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"physiosync_rt", "physiosync_models", "physiosync_training"}
HOSTILE = ("models", "training", "config", "signals", "tests")


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_wheel_in_an_empty_environment(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    # What the tests themselves run from must not be found from there.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def run(*words: str | Path) -> str:
        command = [str(word) for word in words]
        done = subprocess.run(
            command, cwd=folder, env=env, capture_output=True, text=True, timeout=1000
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    # Without --wheel it is made through the source archive.
    run(sys.executable, "-m", "build", "--outdir", tmp_path / "dist", ROOT)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    _check_names(wheel)
    run(sys.executable, "-m", "venv", tmp_path / "env")
    scripts = tmp_path / "env" / ("Scripts" if sys.platform == "win32" else "bin")
    python, physiosync = scripts / "python", scripts / "physiosync"
    run(python, "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt", wheel)

    for name in HOSTILE:
        (folder / f"{name}.py").write_text(f"raise SystemExit('hostile {name}')\n")
    run(python, "-c", f"import {', '.join(sorted(PACKAGES))}")
    assert run(python, "-m", "physiosync_rt", "--version").startswith("physiosync-rt ")
    run(python, "-m", "physiosync_rt", "demo", "--headless", "--duration", "8")
    # A plain `python -m` cannot survive this name; the console script and its children can.
    (folder / "signal.py").write_text("raise SystemExit('hostile signal')\n")
    run(physiosync, "demo", "--headless", "--duration", "20", "--csv", "demo.csv")
    with (folder / "demo.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) >= 19
    assert rows[-1]["valid"] == "1"
    findings = json.loads(run(physiosync, "doctor", "--json"))
    status = {finding["name"]: finding["status"] for finding in findings}
    for name in ("shipped files", "liblsl", "LSL on this computer", "torch"):
        assert status[name] == "ok", findings
    # The extras are not there: a sentence says so.
    assert status["BrainFlow"] == "note"


def _check_names(wheel: Path) -> None:
    """The wheel claims three names in site-packages, and carries its bundles and configurations."""
    with ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == PACKAGES
    assert "physiosync_rt/_bundles/demo-eeg32/card.json" in names
    assert "physiosync_rt/_configs/devices/muse.yaml" in names
    assert {f"{package}/py.typed" for package in PACKAGES} <= set(names)
