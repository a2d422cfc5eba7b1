"""What all tests share: LSL kept on this computer, no thread left behind, real recordings."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from physiosync_rt.lsl.config import use_loopback

# Before any test module imports pylsl; of its own session, so that runs do not see each other.
use_loopback(session=f"test-{os.getpid()}")

# A shell starts what runs in its background without Ctrl-C, and nohup without SIGHUP; programs
# under test inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

_ROOT = Path(__file__).resolve().parents[1]

LIVE = (
    *("brainflow", "lsl/test_replay.py", "lsl/test_source.py"),
    *("lsl/test_odd_streams.py", "lsl/test_mixed_source.py"),
    *("cli/test_assist.py", "dashboard/test_application.py"),
    *(
        f"integration/test_{name}.py"
        for name in (
            *("brainflow", "demo", "eegmat", "faults_live", "killed", "parity"),
            *("trouble_running", "unplugged", "window"),
        )
    ),
)
"""Tests with real streams, windows or programs beside the clock; they run one at a time.

Where only some tests of a file are such, they carry the mark ``live`` themselves.
"""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of `LIVE`."""
    for item in items:
        path = item.path.relative_to(_ROOT / "tests").as_posix()
        if any(path == name or path.startswith(f"{name}/") for name in LIVE):
            item.add_marker(pytest.mark.live)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of real recordings; its absence skips the test."""
    path = Path(os.environ.get("PHYSIOSYNC_DATA_DIR", _ROOT / ".." / "shared" / "data"))
    if not path.is_dir():
        pytest.skip(f"no recordings at {path}; set PHYSIOSYNC_DATA_DIR")
    return path


@pytest.fixture(scope="session")
def people_dir(data_dir: Path) -> Path:
    """Folder of real people at rest and at work beside the recordings; its absence skips."""
    path = data_dir.parent / "people" / "eegmat"
    if not path.is_dir():
        pytest.skip(f"no people at {path}")
    return path


@pytest.fixture(scope="session")
def hostile_dir(data_dir: Path) -> Path:
    """Folder of hostile and damaged inputs beside the recordings; its absence skips the test."""
    path = data_dir.parent / "field-cases" / "hostile"
    if not path.is_dir():
        pytest.skip(f"no hostile inputs at {path}")
    return path


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    """Fail a test that leaves a thread behind."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + 2.0
    while (left := set(threading.enumerate()) - before) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not left, f"threads left behind: {sorted(thread.name for thread in left)}"
