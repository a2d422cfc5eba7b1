"""Signals end a run: the first one politely, the second one at once with its files closed."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

_RUN = """
import sys, time
from pathlib import Path
from physiosync_rt.utils.end_signals import EndSignals, treat_like_ctrl_c

treat_like_ctrl_c()
file = Path(sys.argv[1]).open("w")
file.write("kept")
asked = []
with EndSignals(file.close) as signals:
    if sys.argv[2] == "hangs":
        signals.ask = lambda: print("asked", flush=True)
    try:
        print("ready", flush=True)
        while True:
            time.sleep(0.01)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
"""


def _started(path: Path, how: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", _RUN, str(path), how], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_the_first_signal_is_like_ctrl_c(tmp_path: Path, number: str) -> None:
    with _started(tmp_path / "log", "ends") as process:
        process.send_signal(signal.Signals[number])
        assert process.communicate(timeout=20)[0] == "interrupted\n"
    assert process.returncode == 0


@pytest.mark.parametrize(("first", "second"), [("SIGINT", "SIGINT"), ("SIGTERM", "SIGHUP")])
def test_the_second_signal_ends_at_once_with_files_closed(
    tmp_path: Path, first: str, second: str
) -> None:
    with _started(tmp_path / "log", "hangs") as process:
        assert process.stdout is not None
        process.send_signal(signal.Signals[first])
        assert process.stdout.readline() == "asked\n"
        process.send_signal(signal.Signals[second])
        process.communicate(timeout=20)
    assert process.returncode == 128 + signal.Signals[second]
    assert (tmp_path / "log").read_text() == "kept"


def test_an_ignored_signal_stays_ignored(tmp_path: Path) -> None:
    code = (
        "import signal\n"
        "from physiosync_rt.utils.end_signals import EndSignals, treat_like_ctrl_c\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "treat_like_ctrl_c()\n"
        "with EndSignals(print):\n"
        "    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN\n"
        "    assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
