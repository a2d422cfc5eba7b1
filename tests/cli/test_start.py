"""`physiosync` alone: the start screen where a window can open, else the help."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from physiosync_rt.cli import start
from physiosync_rt.cli.app import app
from physiosync_rt.errors import UserError
from physiosync_rt.utils import display


def _run(*words: str, **env: str) -> subprocess.CompletedProcess[str]:

    clean = {
        k: v
        for k, v in os.environ.items()
        if k not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    }
    command = [sys.executable, "-m", "physiosync_rt", *words]
    return subprocess.run(
        command, env={**clean, **env}, capture_output=True, text=True, timeout=100
    )


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is a display")
def test_without_a_display_the_help_is_printed_and_the_app_says_what_to_do() -> None:
    alone = _run()
    assert alone.returncode == 0
    assert "Usage: physiosync" in alone.stdout
    asked = _run("app")
    assert asked.returncode == 2
    assert asked.stderr == (
        "physiosync: no display is available for the start screen; run `physiosync live "
        "--headless`, which needs none, or set DISPLAY\n"
    )


def test_alone_it_opens_the_start_screen_where_a_window_can_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(start, "app", lambda: opened.append("app"))
    monkeypatch.setattr(display, "display_available", lambda: True)
    monkeypatch.setattr(display, "find_window_problem", lambda: "")
    assert CliRunner().invoke(app, []).exit_code == 0
    assert opened == ["app"]
    result = CliRunner().invoke(app, ["--version"])
    assert result.exit_code == 0
    assert opened == ["app"]


def test_where_qt_is_missing_the_help_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(display, "display_available", lambda: True)
    monkeypatch.setattr(display, "find_window_problem", lambda: "the dashboard cannot open: no Qt")
    result = CliRunner().invoke(app, [])
    assert result.exit_code == 0
    assert "Usage" in result.output
    assert "no Qt" in result.output
    with pytest.raises(UserError, match="no Qt; `physiosync live --headless` needs no window"):
        start.app()
