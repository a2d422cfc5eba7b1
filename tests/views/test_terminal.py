"""The terminal view: fits 80x24 in every state, and one line per row where there is no terminal."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.snapshots import make_row, make_snapshot
from rich.console import Console

from physiosync_rt.datatypes import Features, Reason
from physiosync_rt.live.events import Event, EventKind
from physiosync_rt.live.snapshot import Snapshot
from physiosync_rt.views.terminal import TerminalView, line, sparkline


def drawn(snapshot: Snapshot | None, width: int = 80, height: int = 24) -> str:
    """Return a snapshot as it stands on a terminal of a size."""
    console = Console(
        file=io.StringIO(), width=width, height=height, force_terminal=True, color_system=None
    )
    console.print(TerminalView(lambda: snapshot, console).render(snapshot))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert isinstance(text, str)
    return text


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 35)])
@pytest.mark.parametrize("n_chans", [4, 32])
@pytest.mark.parametrize(
    "state", ["running", "gap", "no_pps", "waiting", "filling", "baseline", "lost", "faults"]
)
def test_fits_the_terminal(state: str, n_chans: int, width: int, height: int) -> None:
    lines = drawn(make_snapshot(n_chans, state=state), width, height).splitlines()
    assert len(lines) < height
    assert max(map(len, lines)) <= width


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_lines_that_a_full_disk_does_not_take_end_no_run() -> None:
    full = Path("/dev/full").open("w")  # noqa: SIM115
    view = TerminalView(make_snapshot, Console(file=full, width=80))
    view.print_new_rows()
    view.print_new_rows()
    assert view._last_row == make_snapshot().history[-1].index
    with pytest.raises(OSError, match="No space"):
        full.close()


def test_trouble_with_both_files_fits_too() -> None:
    path = "/home/somebody/a-long-way-down/to-a-folder/of-a-study"
    troubles = tuple(
        Event(EventKind.FILE_BLOCKED, 0.0, text="No space left on device", path=f"{path}/{name}")
        for name in ("session-01.csv", "session-01.xdf")
    )
    lines = drawn(replace(make_snapshot(32), events=troubles)).splitlines()
    assert len(lines) < 24
    assert "session-01.xdf cannot be written" in " ".join(" ".join(lines).split())


def test_shows_the_prediction_and_the_badge() -> None:
    text = drawn(make_snapshot())
    for words in (
        "trained on simulated signals",
        "04:07",
        "Excited",
        "0.82",
        "Signals used: EEG",
        "249.9 / 250 Hz",
        "latency p50 52 ms",
        "session-01.csv",
        "valence balanced accuracy 0.71",
    ):
        assert words in text
    assert "●" in text


def test_shows_the_heart_rate_as_long_as_it_is_known() -> None:
    snapshot = make_snapshot()
    assert snapshot.prediction is not None
    assert "♥" not in drawn(snapshot)
    for rate, said in ((71.6, "Signals used: EEG + GSR  ♥ 72/min"), (float("nan"), "")):
        values, rest = np.array([rate, 40.0]), np.array([60.0, 35.0])
        features = Features(("heart rate", "RMSSD"), values, rest, 30.0)
        text = drawn(
            replace(snapshot, prediction=replace(snapshot.prediction, pps_features=features))
        )
        assert said in text
        assert ("♥" in text) == bool(said)
    skin = Features(("slope",), np.array([0.1]), np.array([0.0]), 30.0)
    text = drawn(replace(snapshot, prediction=replace(snapshot.prediction, pps_features=skin)))
    assert "♥" not in text


def test_says_why_there_is_no_prediction() -> None:
    text = drawn(make_snapshot(state="gap"))
    assert "No prediction" in text
    assert "Gap in EEG." in text
    assert "▲ demo-eeg lost 127 samples (0.51 s)" in text
    assert "○" in text


def test_says_what_seldom_happens_to_samples() -> None:
    assert "duplicates" not in drawn(make_snapshot())
    text = drawn(make_snapshot(state="faults"))
    assert "EEG: 12 duplicates, 7 NaN, 5 stuck clock, 2 after deadline, 1 clock resets" in text
    assert "GSR: 12 duplicates, 7 NaN, 5 stuck clock  " in text


def test_before_the_first_snapshot() -> None:
    assert "loading the model" in drawn(None)


def test_a_point_in_a_corner_hides_no_word() -> None:
    snapshot = make_snapshot()
    row = replace(make_row(300), valence=1.0, arousal=0.0, quadrant="HVLA")
    text = drawn(replace(snapshot, prediction=row, history=(row,)))
    assert all(word in text for word in ("tense", "excited", "sad", "calm"))
    assert text.count("●") == 1 + len(snapshot.streams)


def test_sparkline_marks_withheld_rows() -> None:
    rows = (
        replace(make_row(1), valence=0.0),
        make_row(2, valid=False, reason=Reason.GAP),
        replace(make_row(3), valence=1.0),
    )
    assert sparkline(rows, "valence", 10) == "▁·█"
    assert sparkline(rows, "valence", 2) == "·█"


def test_a_row_is_one_plain_line() -> None:
    row = replace(make_row(247, marker="clip 2"), valence=0.82, arousal=0.73, confidence=0.61)
    assert line(row, "GSR") == (
        "04:07  valence 0.82  arousal 0.73  excited  confidence 0.61  EEG + GSR  marker “clip 2”"
    )
    alone = replace(
        make_row(249, reason=Reason.NO_PPS, modalities="eeg"), left_out=Reason.LOW_QUALITY
    )
    assert line(alone, "GSR").endswith("EEG (poor GSR signal)")
    withheld = make_row(248, valid=False, reason=Reason.GAP)
    assert line(withheld, "GSR") == "04:08  no prediction: gap in EEG"


def test_a_marker_cannot_steer_the_terminal_or_fill_it() -> None:
    row = replace(make_row(247, marker="\x1b[2J" + "a" * 500), valence=0.82, arousal=0.73)
    said = line(row, "GSR")
    assert "\x1b" not in said
    assert len(said) < 200


def test_without_a_terminal_each_row_is_printed_once() -> None:
    first = make_snapshot(state="gap")
    rows = (*first.history, make_row(first.history[-1].index + 1))
    second = replace(first, history=rows, prediction=rows[-1], events=())
    snapshots = iter([None, first, first, second])
    console = Console(file=io.StringIO(), width=40)
    done = iter([False, False, False, True])
    TerminalView(lambda: next(snapshots), console).run(lambda: next(done))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert "trained on simulated" in lines.pop(0)
    assert lines[0].startswith("notice: demo-eeg lost 127 samples")
    assert len(lines) == 1 + len(rows)
    assert lines[-2].endswith("no prediction: gap in EEG")


def test_live_view_leaves_the_last_state() -> None:
    console = Console(file=io.StringIO(), width=80, height=24, force_terminal=True)
    done = iter([False, True])
    TerminalView(make_snapshot, console).run(lambda: next(done))
    assert "Excited" in console.file.getvalue()  # type: ignore[attr-defined]


def test_the_rest_counts_down_in_seconds() -> None:
    text = drawn(make_snapshot(state="baseline"))
    assert "Sit still: 17 s of rest to go" in text
    assert next(row for row in text.splitlines() if row.startswith("rest  ")).count(" 17 s") == 1
    assert "rest  " not in drawn(make_snapshot())


def test_the_recording_and_the_free_disk_are_in_view() -> None:
    text = drawn(make_snapshot())
    assert "raw signals recorded 01:12 · " in text
    assert " free" in text
    assert "raw signals not recorded" in drawn(replace(make_snapshot(), recording_path=""))


def test_an_unsure_prediction_has_no_word_and_no_bold_corner() -> None:
    snapshot = make_snapshot()
    row = replace(make_row(300), valence=0.8, arousal=0.55, quadrant="")
    text = drawn(replace(snapshot, prediction=row, history=(row,), margin=0.1))
    assert "Between calm and excited" in text
    assert "arousal is too close" in text


def test_plain_lines_count_the_rest_down_too() -> None:
    file = io.StringIO()
    view = TerminalView(lambda: make_snapshot(state="baseline"), Console(file=file, width=80))
    view.print_new_rows()
    lines = file.getvalue().splitlines()
    assert lines[-1] == "00:19  no prediction: no baseline yet, 17 s of rest to go"
    assert lines[-2] == "00:18  no prediction: no baseline yet"


@pytest.mark.parametrize(("sound", "rings"), [(True, 1), (False, 0)])
def test_the_terminal_rings_once_when_a_rest_is_complete(sound: bool, rings: int) -> None:
    course = iter([make_snapshot(state="baseline"), *[make_snapshot()] * 3])
    console = Console(file=io.StringIO(), width=80, force_terminal=True)
    view = TerminalView(lambda: next(course), console, sound=sound)
    passes = iter([False, False, False, True])
    view.run(lambda: next(passes))
    assert console.file.getvalue().count("\a") == rings  # type: ignore[attr-defined]
