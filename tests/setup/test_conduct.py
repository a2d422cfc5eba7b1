"""File names of a participant, and labels that cannot name files."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from physiosync_rt.errors import UserError
from physiosync_rt.setup.conduct import (
    Conduct,
    HandsOn,
    label_problem,
    next_run,
    path_beside,
    split_keys,
)
from physiosync_rt.setup.file_checks import check_files
from physiosync_rt.setup.plan import Plan, settings_of
from physiosync_rt.setup.requirements import State
from physiosync_rt.setup.settings import RunFiles, live_settings

NOW = datetime(2026, 11, 26, 10, 15, 0)
BIDS = re.compile(
    r"sub-[0-9a-zA-Z]+(_ses-[0-9a-zA-Z]+)?_task-[0-9a-zA-Z]+(_run-[0-9]+)?"
    r"(_recording-[0-9a-zA-Z]+)?_physio"
)


@pytest.mark.parametrize(
    ("said", "stem"),
    [
        ({}, ""),
        ({"session": "02", "task": "music"}, ""),
        ({"participant": "01"}, "sub-01_task-live"),
        ({"participant": " 01 ", "session": "02"}, "sub-01_ses-02_task-live"),
        ({"participant": "01", "task": "music"}, "sub-01_task-music"),
    ],
)
def test_labels_make_the_stem(said: dict[str, str], stem: str) -> None:
    assert Conduct.model_validate(said).stem == stem


@given(st.text(max_size=50))
def test_a_label_is_refused_unless_it_names_a_file(label: str) -> None:
    problem = label_problem("participant", label)
    if not problem:
        assert label == "" or re.fullmatch(r"[0-9A-Za-z]{1,40}", label)
    else:
        assert problem.startswith("The participant ")


@pytest.mark.parametrize(
    ("label", "words"),
    [("P-01", "“-”"), ("Anna B", "a space"), ("a/b", "“/”"), ("Jürgen", "“ü”"), ("x" * 41, "long")],
)
def test_the_refusal_names_what_is_wrong(label: str, words: str) -> None:
    assert words in label_problem("participant", label)


def test_the_next_run_has_the_next_number(tmp_path: Path) -> None:
    stem = "sub-01_task-live"
    assert next_run(tmp_path, stem) == f"{stem}_run-1_physio"
    (tmp_path / f"{stem}_run-1_physio.csv").touch()
    (tmp_path / f"{stem}_run-2_physio.xdf").touch()
    assert next_run(tmp_path, stem) == f"{stem}_run-3_physio"
    assert next_run(tmp_path / "not-yet", stem).endswith("_run-1_physio")


def test_a_plan_is_named_by_its_participant_unless_it_has_a_name(tmp_path: Path) -> None:
    plan = Plan(folder=str(tmp_path), participant="01", session="02", record=True)
    files = plan.files(NOW)
    assert files.csv == tmp_path / "sub-01_ses-02_task-live_run-1_physio.csv"
    assert files.record == files.csv.with_suffix(".xdf")
    assert BIDS.fullmatch(files.csv.stem)
    assert plan.model_copy(update={"name": "mine"}).files(NOW).csv == tmp_path / "mine.csv"


def test_a_participant_that_is_no_file_name_stops_the_start_in_words(tmp_path: Path) -> None:
    plan = Plan(folder=str(tmp_path), participant="../P1")
    (check,) = check_files(plan, NOW)
    assert check.state is State.MISSING
    assert "The participant “../P1” cannot name files" in check.text
    unkept = plan.model_copy(update={"csv": False})
    assert check_files(unkept, NOW)[0].state is State.MISSING


def test_the_run_knows_what_was_said(tmp_path: Path) -> None:
    plan = Plan(
        folder=str(tmp_path), participant="01", notes="slept badly", marker_keys=("video", "rest")
    )
    settings = settings_of(plan, "", RunFiles(), local=True)
    said = settings.model_dump(mode="json", exclude_defaults=True)
    assert (said["participant"], said["notes"]) == ("01", "slept badly")
    assert said["marker_keys"] == ["video", "rest"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"participant": "P-01"}, "--participant P-01: .*cannot name files"),
        ({"marker_keys": tuple("abcdefghij")}, "--marker-keys .*at most 9"),
    ],
)
def test_the_command_line_refuses_the_same(given: dict[str, object], said: str) -> None:
    with pytest.raises(UserError, match=said):
        live_settings(None, given)


@pytest.mark.parametrize(
    ("csv", "stem", "name"),
    [
        ("", "", "physiosync-20261126-101500.xdf"),
        ("runs/a.csv", "", "a-101500.xdf"),
        (
            "runs/sub-01_task-live_run-2_physio.csv",
            "sub-01_task-live",
            "sub-01_task-live_run-2_recording-101500_physio.xdf",
        ),
        ("", "sub-01_task-live", "sub-01_task-live_recording-101500_physio.xdf"),
    ],
)
def test_what_is_asked_for_in_a_run_lies_beside_it(csv: str, stem: str, name: str) -> None:
    path = path_beside(csv, stem, Path("out"), NOW, ".xdf")
    assert path.name == name
    assert path.parent == (Path("runs") if csv else Path("out"))
    if stem:
        assert BIDS.fullmatch(path.stem)


def test_hands_on_follow_from_the_conduct() -> None:
    hands = HandsOn.of(Conduct(participant="01", marker_keys=("a",), sound=False), Path("x"))
    assert hands == HandsOn((("participant", "01"),), "sub-01_task-live", Path("x"), ("a",), False)
    assert split_keys(" video , ,rest") == ("video", "rest")
