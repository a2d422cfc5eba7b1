"""The event loop, each in a process of its own: a second QApplication would abort."""

from __future__ import annotations

import os
import struct
import sys
from pathlib import Path

import pytest
from helpers.programs import run

HEAD = """
import os, sys, time
from pathlib import Path
from physiosync_rt.dashboard import render_png, run_dashboard
from physiosync_rt.errors import UserError
from physiosync_rt.views.events_text import notice_text
from helpers.snapshots import make_snapshot
snapshot = make_snapshot(4)
sent = []
"""


def run_python(body: str) -> str:
    """Run a script on an offscreen display and return what it printed."""
    tests = str(Path(__file__).parents[1])
    path = os.pathsep.join(filter(None, [tests, os.environ.get("PYTHONPATH")]))
    done = run(
        [sys.executable, "-c", HEAD + body],
        env={**os.environ, "PYTHONPATH": path, "QT_QPA_PLATFORM": "offscreen"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def png_size(path: Path) -> tuple[int, int]:
    """Read width and height from a PNG's header."""
    head = path.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", head[16:24])
    return width, height


def test_duration_ends_with_a_screenshot_and_stop(tmp_path: Path) -> None:
    picture = tmp_path / "end.png"
    out = run_python(f"""
code = run_dashboard(lambda: snapshot, sent.append, duration=0.5,
                     screenshot=Path({str(picture)!r}), is_done=lambda: False)
print(code, [command.kind for command in sent])
""")
    assert out.strip() == "0 ['stop']"
    assert png_size(picture) == (1280, 800)


def test_a_finished_run_closes_the_window() -> None:
    out = run_python("""
end = time.monotonic() + 0.4
code = run_dashboard(lambda: None, sent.append, is_done=lambda: time.monotonic() > end)
print(code, time.monotonic() >= end)
""")
    assert out.strip() == "0 True"


@pytest.mark.skipif(sys.platform == "win32", reason="os.kill ends the process on Windows")
def test_interrupt_closes_the_window() -> None:
    out = run_python("""
import signal
before = signal.getsignal(signal.SIGINT)
polls = []
def interrupted():
    # The fifth poll comes from a running event loop, however slow the computer.
    polls.append(1)
    if len(polls) == 5:
        os.kill(os.getpid(), signal.SIGINT)
    return snapshot
code = run_dashboard(interrupted, sent.append, is_done=lambda: False)
print(code, [command.kind for command in sent], signal.getsignal(signal.SIGINT) is before)
""")
    assert out.strip() == "0 ['stop'] True"


def test_a_silent_engine_is_told() -> None:
    out = run_python("""
from physiosync_rt.dashboard import qt
from physiosync_rt.dashboard import application
application.SILENT_MS = 200
seen = []
real = application.Dashboard.say
application.Dashboard.say = lambda self, text: (seen.append(text), real(self, text))[1]
run_dashboard(lambda: snapshot, sent.append, duration=0.8, is_done=lambda: False)
print(seen[0] == "" == notice_text(snapshot.events), seen[-1])
""")
    assert out.startswith("True The engine has reported nothing for ")


def test_unwritable_screenshot_is_a_user_error(tmp_path: Path) -> None:
    missing = tmp_path / "missing" / "end.png"
    out = run_python(f"""
for show in (
    lambda: render_png(snapshot, Path({str(missing)!r})),
    lambda: run_dashboard(lambda: snapshot, sent.append, duration=0.1,
                          screenshot=Path({str(missing)!r}), is_done=lambda: False),
):
    try:
        show()
    except UserError as error:
        print("could not be written" in str(error))
""")
    assert out.split() == ["True", "True"]


def test_render_png_has_the_size_asked_for(tmp_path: Path) -> None:
    picture = tmp_path / "wide.png"
    run_python(f"render_png(snapshot, Path({str(picture)!r}), (1920, 1080))")
    if os.name != "nt":
        # It shows a person.
        assert picture.stat().st_mode & 0o777 == 0o600
    assert png_size(picture) == (1920, 1080)
