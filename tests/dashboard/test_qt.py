"""The door to Qt: displays, missing packages, and Python 3.11 under PySide6 6.12."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from physiosync_rt.dashboard import qt
from physiosync_rt.errors import UserError
from physiosync_rt.utils.display import display_available


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("linux", {"QT_QPA_PLATFORM": "offscreen"}, True),
        ("win32", {}, True),
        ("darwin", {}, True),
    ],
)
def test_display_available(
    monkeypatch: pytest.MonkeyPatch, platform: str, variables: dict[str, str], expected: bool
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert display_available() is expected


def test_what_is_imported_after_qt_is_not_read_for_features(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    qt.load()
    (tmp_path / "imported_after_qt.py").write_text("found = 1\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    read: list[object] = []
    monkeypatch.setattr(inspect, "getsource", read.append)
    assert importlib.import_module("imported_after_qt").found == 1
    monkeypatch.delitem(sys.modules, "imported_after_qt")
    assert read == []


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            ModuleNotFoundError("No module named 'PySide6'", name="PySide6"),
            ["PySide6", "pip install 'physiosync-rt[gui]'", "--headless"],
        ),
        (
            ImportError("libEGL.so.1: cannot open shared object file"),
            ["libEGL.so.1", "apt install", "libegl1", "dnf install", "mesa-libEGL", "--headless"],
        ),
    ],
)
def test_missing_qt_is_a_user_error(
    monkeypatch: pytest.MonkeyPatch, error: ImportError, words: list[str]
) -> None:
    def fail(_name: str) -> None:
        raise error

    monkeypatch.setattr(importlib, "import_module", fail)
    with pytest.raises(UserError) as caught:
        qt.load()
    for word in words:
        assert word in str(caught.value)


def test_importing_the_package_loads_no_qt() -> None:
    code = (
        "import sys, physiosync_rt.dashboard, physiosync_rt.views.terminal\n"
        "loaded = [name for name in sys.modules if name.startswith(('PySide6', 'pyqtgraph'))]\n"
        "assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_many_calls_do_not_wear_out_none() -> None:
    code = (
        "from physiosync_rt.dashboard import qt\n"
        "qt.load()\n"
        "from PySide6.QtGui import QColor\n"
        "colour = QColor()\n"
        "for _ in range(200_000):\n"
        "    colour.setAlpha(1)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
