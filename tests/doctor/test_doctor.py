"""The doctor: every check ends in a finding, in bounded time, with a fix where one is needed."""

import io
import json
import os
import subprocess
import sys
from dataclasses import asdict

import pytest
from rich.console import Console

from physiosync_rt.doctor import CHECKS, Finding, check_all, checks, show
from physiosync_rt.utils.child_process import Answer, ask
from physiosync_rt.utils.display import QtProbe


@pytest.mark.live
def test_all_checks_find_something_and_the_live_path_works_here() -> None:
    findings = check_all()
    assert len(findings) == len(CHECKS)
    assert json.loads(json.dumps([asdict(finding) for finding in findings]))
    by_name = {finding.name: finding for finding in findings}
    assert by_name["liblsl"].status == "ok"
    assert by_name["LSL on this computer"].status == "ok", by_name["LSL on this computer"]
    assert by_name["torch"].status == "ok"
    for finding in findings:
        assert finding.found
        assert finding.fix or finding.status == "ok"


@pytest.mark.live
@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("import no_such_thing", "No module named 'no_such_thing'"),
        ("import os; os.abort()", "the process ended with"),
        ("import time; time.sleep(60)", "no answer within 1 s"),
        ("print('hello')", "the process ended with 0"),
    ],
)
def test_a_probe_that_goes_wrong_says_so(code: str, error: str) -> None:
    answer = ask(["-c", code], timeout=1.0)
    assert error in answer.error
    assert answer.values == {}


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (Answer({"find_s": 0.2, "received": 100, "lost": 0, "latency_ms": 0.3}), "ok"),
        (Answer({"find_s": 0.2, "received": 100, "lost": 3, "latency_ms": 0.3}), "bad"),
        (Answer({"find_s": 0.2, "received": 0, "lost": 0, "latency_ms": -1}), "bad"),
        (Answer({"find_s": -1}), "bad"),
        (Answer(error="no answer within 30 s"), "bad"),
    ],
)
def test_the_loopback_is_judged_by_what_arrived(answer: Answer, status: str) -> None:
    finding = checks._judge_loopback(answer)
    assert finding.status == status
    assert bool(finding.fix) == (status == "bad")


def test_a_check_that_fails_is_a_finding() -> None:
    def check_stars() -> Finding:
        raise RuntimeError("clouds")

    finding = checks._guarded(check_stars)
    assert (finding.name, finding.status) == ("stars", "bad")
    assert "clouds" in finding.found


def test_missing_system_libraries_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = QtProbe(
        problem="a system library of Qt is missing (libEGL.so.1)", fix="apt install libegl1"
    )
    monkeypatch.setattr(checks, "probe_qt", lambda: problem)
    finding = checks.check_qt()
    assert (finding.status, finding.fix) == ("bad", "apt install libegl1")


def test_an_old_liblsl_is_bad(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "ask", lambda *_: Answer({"version": 117, "path": "x"}))
    assert checks.check_liblsl().status == "bad"


def test_findings_are_shown_with_their_fixes() -> None:
    out = io.StringIO()
    show(
        [Finding("one", "ok", "fine"), Finding("two", "bad", "broken", "tighten it")],
        Console(file=out, width=100),
    )
    assert "fix: tighten it" in out.getvalue()
    assert "1 of 2 checks failed" in out.getvalue()


def test_qt_can_be_asked_for_alone() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "physiosync_rt.doctor", "--qt"],
        env={**os.environ, "QT_QPA_PLATFORM": "no-such-platform", "DISPLAY": ":0"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "No dashboard here" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("values", "status", "said"),
    [
        ({}, "ok", "ONNX Runtime 1.32.0 computes networks, faster than torch on a CPU; 2 threads"),
        ({"threads": 1}, "ok", "one thread: torch sees one core"),
        ({"onnx": ""}, "note", "ONNX Runtime (extra fast) is not installed"),
        ({"onnx": "", "half": False}, "note", "no fp16: torch is without FBGEMM; no int8"),
        ({"cuda": True}, "ok", "torch computes networks, on the GPU"),
        ({"cuda": True, "no_graph": "no CUDA graph"}, "note", "kernel by kernel: no CUDA graph"),
    ],
)
def test_the_engine_is_named_with_the_reason(values, status: str, said: str) -> None:
    all_there = {"onnx": "1.32.0", "half": True, "cuda": False, "no_graph": "", "threads": 2}
    finding = checks._judge_engine(all_there | values)
    assert finding.status == status
    assert said in finding.found
    assert bool(finding.fix) == (status == "note")


def test_the_engine_of_this_computer_is_found() -> None:
    finding = checks.check_engine()
    assert finding.name == "network"
    assert "computes networks" in finding.found


def test_an_engine_that_cannot_be_loaded_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Answer(error="ImportError: libonnxruntime.so is damaged")
    monkeypatch.setattr(checks, "ask", lambda *_: broken)
    finding = checks.check_engine()
    assert (finding.status, finding.found) == ("note", f"it cannot be computed: {broken.error}")
    assert finding.fix
