"""Children: safe from the working directory, ended by their id, heard when they die."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from physiosync_rt.errors import UserError
from physiosync_rt.utils.child_process import Child, ask

SLEEP = "import time; time.sleep(60)"


def _wait_for_death(child: Child) -> None:
    deadline = time.monotonic() + 20.0
    while time.monotonic() < deadline:
        child.check()
        time.sleep(0.05)


def test_a_child_that_dies_is_quoted() -> None:
    code = "import sys; sys.stderr.write('first\\n' * 9999); raise ValueError('no such person')"
    with (
        Child("the player", ["-c", code]) as child,
        pytest.raises(UserError, match=r"^the player died: ValueError: no such person$"),
    ):
        _wait_for_death(child)


def test_a_child_that_dies_without_a_word_is_named_by_its_code() -> None:
    with (
        Child("the player", ["-c", "import os; os._exit(7)"]) as child,
        pytest.raises(UserError, match="the process ended with 7"),
    ):
        _wait_for_death(child)


def test_a_child_that_lives_or_was_killed_or_ended_well_raises_nothing() -> None:
    with Child("one", ["-c", SLEEP]) as child:
        child.check()
        child.kill()
        child.check()
    with Child("two", ["-c", "pass"]) as child:
        time.sleep(0.5)
        child.check()


def test_an_answer_that_needs_a_dead_child_comes_at_once() -> None:
    began = time.monotonic()
    with Child("the sender", ["-c", "raise SystemExit('no port is free')"]) as sender:
        answer = ask(["-c", SLEEP], 60.0, beside=sender)
    assert answer.error == "the sender died: no port is free"
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("path", ["", ":", "."])
def test_modules_of_the_working_directory_are_not_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    (tmp_path / "signal.py").write_text("raise SystemExit('hostile')")
    (tmp_path / "json.py").write_text("raise SystemExit('hostile')")
    monkeypatch.chdir(tmp_path)
    inner = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import json'], check=1)"
    code = f"import signal, json; {inner}; print(json.dumps({{'well': 1}}))"
    monkeypatch.setenv("PYTHONPATH", path)
    assert ask(["-c", code], 60.0).values == {"well": 1}
