"""What all tests share: LSL kept on this computer, no thread left behind, real recordings."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from physiosync_rt.lsl.config import use_loopback

# Before any test module imports pylsl; of its own session, so that runs do not see each other.
use_loopback(session=f"test-{os.getpid()}")

_ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of real recordings; its absence skips the test."""
    path = Path(os.environ.get("PHYSIOSYNC_DATA_DIR", _ROOT / ".." / "shared" / "data"))
    if not path.is_dir():
        pytest.skip(f"no recordings at {path}; set PHYSIOSYNC_DATA_DIR")
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
