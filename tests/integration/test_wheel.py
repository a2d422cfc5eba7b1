"""The wheel, installed in an empty environment, runs the demo outside the checkout."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_demo_from_an_empty_environment(tmp_path: Path) -> None:
    def run(*words: str | Path) -> None:
        subprocess.run([str(word) for word in words], cwd=tmp_path, check=True, timeout=800)

    run(sys.executable, "-m", "build", "--wheel", "--outdir", tmp_path / "dist", ROOT)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    run(sys.executable, "-m", "venv", tmp_path / "env")
    scripts = tmp_path / "env" / ("Scripts" if sys.platform == "win32" else "bin")
    pip = [scripts / "python", "-m", "pip", "install", "-q"]
    run(*pip, "-c", ROOT / "constraints.txt", wheel)
    run(scripts / "physiosync", "demo", "--headless", "--duration", "20", "--csv", "demo.csv")
    with (tmp_path / "demo.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) >= 19
    assert rows[-1]["valid"] == "1"
