"""The rest and the labelled stretches of a person by the names of markers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.personal import make_person, write_parent, write_person

from physiosync_rt.datatypes import RecordedMarkers, Recording
from physiosync_rt.errors import UserError
from physiosync_training.calibration import calibrate as module
from physiosync_training.calibration.calibrate import calibrate
from physiosync_training.calibration.marker_labels import label_by_markers, read_marker_names

NAMES = "rest=eyes open, low=easy, high=hard"


def _marked(recording: Recording, *markers: tuple[float, str]) -> Recording:
    stamps = 100.0 + np.array([t for t, _ in markers])
    return replace(
        recording, markers=(RecordedMarkers("marks", stamps, tuple(m for _, m in markers)),)
    )


@pytest.fixture(scope="module")
def me() -> Recording:
    return _marked(make_person(), (0.0, "Eyes open"), (31.0, "easy"), (77.0, "Hard"))


def test_markers_say_what_is_rest_low_and_high(me: Recording) -> None:
    names = read_marker_names(NAMES)
    assert names == {"eyes open": "rest", "easy": "low", "hard": "high"}
    (file,) = label_by_markers(names, [(Path("me.xdf"), me)], "arousal", 0.5)
    found = [(s.kind, round(s.start), round(s.stop), s.arousal) for s in file.segments]
    assert found == [("baseline", 0, 31, None), ("trial", 31, 77, -0.5), ("trial", 77, 124, 0.5)]
    assert len(file.places) == 3


def test_a_rest_in_one_file_serves_the_next(me: Recording) -> None:
    rest = _marked(make_person(), (0.0, "eyes open"))
    task = _marked(make_person(), (0.0, "easy"), (31.0, "hard"))
    names = read_marker_names(NAMES)
    assert names is not None
    files = label_by_markers(names, [(Path("1.xdf"), rest), (Path("2.xdf"), task)], "arousal", 0.5)
    assert [[s.kind for s in file.segments] for file in files] == [["baseline"], ["trial"] * 2]
    with pytest.raises(UserError, match="'easy' at 0 s comes before any rest"):
        label_by_markers(names, [(Path("2.xdf"), task), (Path("1.xdf"), rest)], "arousal", 0.5)


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        ("rest=a,low=b", "names no marker for high"),
        ("rest=a,low=b,mid=c,high=d", "mid=c is not one of"),
        ("rest=a,low=a,high=b", "'a' stands for rest and low"),
        ("rest=,low=a,high=b", "rest= is not one of"),
    ],
)
def test_names_that_cannot_serve(labels: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        read_marker_names(labels)


def test_a_name_that_no_marker_has_is_said_with_those_that_are_there(me: Recording) -> None:
    names = read_marker_names("rest=eyes open,low=easy,high=sums")
    assert names is not None
    with pytest.raises(UserError, match=r"me.xdf: no stretch is marked 'sums'.*Eyes open, Hard, e"):
        label_by_markers(names, [(Path("me.xdf"), me)], "arousal", 0.5)


def test_a_path_is_a_table(tmp_path: Path) -> None:
    assert read_marker_names("labels.csv") is None
    odd = tmp_path / "a=b.csv"
    odd.touch()
    assert read_marker_names(str(odd)) is None


@pytest.mark.slow
def test_markers_calibrate_as_a_table_does(
    me: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_person(tmp_path / "me.xdf", me)
    monkeypatch.setattr(module, "read", lambda _: replace(me, path=path))
    found = calibrate(write_parent(tmp_path / "parent"), [path], NAMES, tmp_path / "mine")
    assert found.brought["arousal"].helped
    assert found.written == tmp_path / "mine"
