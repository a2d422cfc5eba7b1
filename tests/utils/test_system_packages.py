"""One list of system packages serves README, CI, doctor and the errors."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from physiosync_rt.utils import system_packages
from physiosync_rt.utils.system_packages import FEDORA, fix_for, missing_libraries, packages

ROOT = Path(__file__).resolve().parents[2]


def test_readme_names_the_packages_of_the_list() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (named,) = re.findall(r"the dashboard needs\s+`([^`]+)`", readme)
    assert tuple(named.split()) == packages()


def test_ci_asks_the_list() -> None:
    assert "physiosync_rt/utils/system_packages.py" in (ROOT / ".ci" / "run").read_text()
    # On a Python that has nothing, from anywhere.
    listed = subprocess.run(
        [sys.executable, "-I", "-S", str(ROOT / "physiosync_rt/utils/system_packages.py")],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert set(listed.stdout.split()) <= set(packages())


def test_a_missing_library_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(system_packages, "_loads", lambda name: "cursor" not in name)
    assert missing_libraries(window=True) == ("libxcb-cursor.so.0",)
    assert missing_libraries(window=False) == ()
    fix = fix_for(("libxcb-cursor.so.0",))
    assert fix == "Debian/Ubuntu: apt install libxcb-cursor0; Fedora: dnf install xcb-util-cursor"


def test_an_unknown_library_names_them_all() -> None:
    fix = fix_for(("libnobody.so.1",))
    assert all(package in fix for package in (*packages(), *packages(FEDORA)))
