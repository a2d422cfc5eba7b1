"""What all tests share: LSL kept on this computer, no thread left behind, real recordings."""

from __future__ import annotations

import gc
import os
import re
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import typer.main

from physiosync_rt.lsl.config import use_loopback

# Before any test module imports pylsl; of its own session, so that runs do not see each other, and
# of tests that run side by side (xdist) none sees a stream of another: a worker leaves the session
# of the process that started it.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.pop("LSLAPICFG", None)
use_loopback(session=f"test-{os.getpid()}")

# Windows remember where they were: of the tests, not of the person who runs them.
_SETTINGS = tempfile.TemporaryDirectory(prefix="physiosync-settings-")
os.environ["XDG_CONFIG_HOME"] = _SETTINGS.name

# What programs keep from run to run is shared by all of one run of the tests, and by no other.
_CACHE = tempfile.TemporaryDirectory(prefix="physiosync-cache-")
if "PYTEST_XDIST_WORKER" not in os.environ:
    os.environ["PHYSIOSYNC_CACHE_DIR"] = _CACHE.name

# A shell starts what runs in its background without Ctrl-C, and nohup without SIGHUP; programs
# under test inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

_ROOT = Path(__file__).resolve().parents[1]

LIVE = (
    *("integration/test_window.py", "lsl/test_mixed_source.py", "lsl/test_source.py"),
    *("integration/test_demo.py", "integration/test_parity.py", "integration/test_faults_live.py"),
    *("integration/test_trouble_running.py", "integration/test_killed.py"),
    *("lsl/test_odd_streams.py", "dashboard/test_application.py", "cli/test_assist.py"),
    *("integration/test_brainflow.py", "lsl/test_replay.py", "brainflow"),
    *("integration/test_eegmat.py", "integration/test_unplugged.py"),
)
"""Tests with real streams, windows or programs beside the clock, the longest first.

Where only some tests of a file are such, they carry the mark ``live`` themselves.
"""

LONG = (
    *("training/loop/test_distributed.py", "training/experiment", "cli/test_train.py"),
    *("test_examples.py", "fuzz", "utils/test_small_product.py"),
    *("training", "align", "models", "bundle"),
)
"""Files with long tests; files are shared out in this order, so that short ones end a run."""


def _place(path: Path, among: tuple[str, ...]) -> int:
    """Return the place of a test file among files and folders, or their number."""
    name = path.relative_to(_ROOT / "tests").as_posix()
    holding = (k for k, each in enumerate(among) if name == each or name.startswith(f"{each}/"))
    return next(holding, len(among))


def _may_be_live(path: Path) -> bool:
    """Whether a file has live tests, by its place or by its text."""
    return _place(path, LIVE) < len(LIVE) or "mark.live" in path.read_text(encoding="utf-8")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Spare live tests the import of what only others use, and others that of live ones."""
    asked = config.option.markexpr
    if not collection_path.is_file():
        return None
    if asked.endswith("not live"):
        return True if _place(collection_path, LIVE) < len(LIVE) else None
    return True if asked.startswith("live ") and not _may_be_live(collection_path) else None


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Import faster once pytest-qt has loaded Qt, which is before any test does."""
    if hasattr(config, "workerinput") or not config.getoption("numprocesses", None):
        from physiosync_rt.dashboard import qt

        qt.skip_feature_search()


def pytest_collection() -> None:
    """Look for no garbage among what is imported, which stays."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Look for garbage again, but never among what is there by now."""
    gc.enable()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of `LIVE`, and put the long files first."""
    for item in items:
        if _place(item.path, LIVE) < len(LIVE):
            item.add_marker(pytest.mark.live)
        elif item.get_closest_marker("live") and not _may_be_live(item.path):
            raise pytest.UsageError(f"{item.nodeid}: live, but its file nowhere says mark.live")
    items.sort(key=lambda item: (_place(item.path, LIVE), _place(item.path, LONG)))


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


@pytest.fixture(scope="session")
def apart(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment of programs whose streams no test sees, even where one is left behind."""
    shared = Path(os.environ["LSLAPICFG"]).read_text(encoding="utf-8")
    own, n_found = re.subn(r"^SessionID = .*$", r"\g<0>-apart", shared, flags=re.MULTILINE)
    assert n_found == 1
    path = tmp_path_factory.mktemp("apart") / "lsl_api.cfg"
    path.write_text(own, encoding="utf-8")
    return {**os.environ, "LSLAPICFG": str(path)}


@pytest.fixture(autouse=True, scope="session")
def _options_described_once() -> Iterator[None]:
    """Let typer look at each command's options once, as in a person's program.

    It does so for all commands, at each call of any of them, which takes a tenth of a second.
    """
    with pytest.MonkeyPatch.context() as patch:
        once = cache(typer.main.get_params_from_function)
        patch.setattr(typer.main, "get_params_from_function", once)
        yield


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    """Fail a test that leaves a thread behind."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + 2.0
    while (left := set(threading.enumerate()) - before) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not left, f"threads left behind: {sorted(thread.name for thread in left)}"
