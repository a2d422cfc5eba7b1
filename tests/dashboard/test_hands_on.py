"""What a person does in a run: markers, rest, recording, pictures, the last minutes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.snapshots import make_row, make_snapshot
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from physiosync_rt.dashboard import main_window
from physiosync_rt.dashboard.main_window import Dashboard
from physiosync_rt.datatypes import Reason
from physiosync_rt.live.events import Event, EventKind
from physiosync_rt.live.options import Command
from physiosync_rt.live.snapshot import Snapshot
from physiosync_rt.setup.conduct import Conduct, HandsOn

CONDUCT = Conduct(participant="01", session="02", marker_keys=("video", "rest & tea", "x" * 60))
CTRL = Qt.KeyboardModifier.ControlModifier
WAIT_MS = 20_000


@pytest.fixture
def opened(qtbot: QtBot, sent: list[Command], tmp_path: Path) -> Dashboard:
    """A window of a run in which somebody takes part."""
    window = Dashboard(sent.append, HandsOn.of(CONDUCT, tmp_path))
    qtbot.addWidget(window)
    window.resize(1280, 800)
    with qtbot.waitActive(window):
        window.show()
    return window


def _of(tmp_path: Path, **changes: object) -> Snapshot:
    csv = tmp_path / "sub-01_ses-02_task-live_run-1_physio.csv"
    snapshot = replace(make_snapshot(), csv_path=str(csv), recording_path="", recording_s=0.0)
    return replace(snapshot, **changes)  # type: ignore[arg-type]


def test_marker_keys_write_their_names(opened: Dashboard, sent: list[Command]) -> None:
    for key in (Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_9):
        QTest.keyClick(opened, key, CTRL)
    assert sent == [Command("marker", text) for text in ("video", "rest & tea", "marker 9")]
    assert opened.session.said.text() == "Marker “marker 9”"


def test_marker_buttons_do_the_same_and_are_named_for_screen_readers(
    opened: Dashboard, sent: list[Command]
) -> None:
    first, second, third = opened.session.keys
    assert [first.text(), second.text()] == ["1  video", "2  rest && tea"]
    assert third.text().endswith("…")
    assert third.accessibleName() == "x" * 60
    second.click()
    assert sent == [Command("marker", "rest & tea")]


def test_marker_keys_work_while_a_text_is_typed(opened: Dashboard, sent: list[Command]) -> None:
    QTest.keyClick(opened, Qt.Key.Key_M, CTRL)
    field = opened.header.marker_text
    assert field.hasFocus()
    QTest.keyClicks(field, "sls")
    QTest.keyClick(field, Qt.Key.Key_1, CTRL)
    assert sent == [Command("marker", "video")]
    assert field.text() == "sls"
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert not field.hasFocus()
    assert field.text() == "sls"


def test_b_asks_before_it_throws_a_rest_away(
    opened: Dashboard, sent: list[Command], tmp_path: Path
) -> None:
    opened.refresh(_of(tmp_path))
    QTest.keyClick(opened, Qt.Key.Key_B)
    assert opened.ask.isVisible()
    assert "It replaces the present one (30 s at rest)" in opened.ask.words.text()
    assert opened.ask.no.hasFocus()
    opened.refresh(_of(tmp_path))
    for key in (Qt.Key.Key_Space, Qt.Key.Key_Y):
        # The focus is on the answer that changes nothing, and a question is answered once.
        QTest.keyClick(opened.ask.no if key == Qt.Key.Key_Space else opened, key)
        assert not opened.ask.isVisible()
    assert sent == []


@pytest.mark.parametrize(
    ("key", "commands"),
    [(Qt.Key.Key_Y, ["baseline"]), (Qt.Key.Key_N, []), (Qt.Key.Key_Escape, [])],
)
def test_the_question_is_answered_by_keys(
    opened: Dashboard, sent: list[Command], tmp_path: Path, key: Qt.Key, commands: list[str]
) -> None:
    opened.refresh(_of(tmp_path))
    QTest.keyClick(opened, Qt.Key.Key_B)
    QTest.keyClick(opened, key)
    assert [command.kind for command in sent] == commands
    assert not opened.ask.isVisible()


@pytest.mark.parametrize("failed", [True, False])
def test_b_asks_nothing_where_there_is_no_rest(
    opened: Dashboard, sent: list[Command], tmp_path: Path, failed: bool
) -> None:
    row = make_row(300, reason=Reason.NO_BASELINE, valid=False)
    none = {"baseline_failed": True} if failed else {"prediction": row}
    opened.refresh(_of(tmp_path, **none))
    QTest.keyClick(opened, Qt.Key.Key_B)
    assert sent == [Command("baseline")]


def _rest(left_s: float, **changes: object) -> Snapshot:
    progress = 1.0 - left_s / 30.0
    snapshot = replace(make_snapshot(state="baseline"), baseline_progress=progress)
    return replace(snapshot, baseline_left_s=left_s, **changes)  # type: ignore[arg-type]


def test_the_rest_counts_down_in_place_of_the_plane(opened: Dashboard) -> None:
    opened.refresh(_rest(17.0))
    readout = opened.readout
    assert readout.meaning.text() == "Sit still: 17 s of rest to go"
    assert opened.header.baseline.text() == "Rest… 17 s"
    assert readout.rest.isVisible()
    assert readout.rest.accessibleDescription() == "17 s"
    assert not readout.circumplex.isVisible()
    opened.refresh(make_snapshot())
    assert not readout.rest.isVisible()
    assert readout.circumplex.isVisible()


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    rung: list[str] = []
    monkeypatch.setattr(main_window, "ring", lambda: rung.append("ring"))
    return rung


def test_the_end_of_a_rest_is_heard_once(opened: Dashboard, rung: list[str]) -> None:
    for left_s in (2.0, 1.0):
        opened.refresh(_rest(left_s))
    assert rung == []
    for _ in range(3):
        opened.refresh(make_snapshot())
    assert rung == ["ring"]


def test_a_rest_that_failed_is_not_heard_as_one_that_is_complete(
    opened: Dashboard, rung: list[str]
) -> None:
    opened.refresh(_rest(12.0))
    opened.refresh(replace(make_snapshot(), baseline_failed=True))
    opened.refresh(make_snapshot())
    assert rung == []


def test_no_sound_where_none_is_wanted(qtbot: QtBot, sent: list[Command], rung: list[str]) -> None:
    window = Dashboard(sent.append, HandsOn(sound=False))
    qtbot.addWidget(window)
    window.refresh(_rest(1.0))
    window.refresh(make_snapshot())
    assert rung == []


def test_the_state_of_the_recording_and_the_free_disk_are_in_view(
    opened: Dashboard, qtbot: QtBot, tmp_path: Path
) -> None:
    bar = opened.session
    opened.refresh(_of(tmp_path))
    assert bar.who.text() == "participant 01  session 02"
    assert bar.recording.text() == "○ raw signals not recorded"
    qtbot.waitUntil(lambda: bar.free.text().endswith("free"), timeout=WAIT_MS)
    path = str(tmp_path / "a.xdf")
    opened.refresh(_of(tmp_path, recording_path=path, recording_s=3672.0))
    assert bar.recording.text() == "● raw signals recorded 1:01:12"
    assert bar.recording.property("role") == "alert"


@pytest.mark.parametrize(
    ("free", "said", "role"),
    [
        (5 * 2**30, "5.0 GB free", "muted"),
        (80 * 2**20, "Only 80 MB free", "alert"),
        (OSError(5, "Input/output error"), "free disk not known", "muted"),
    ],
)
def test_little_room_is_said(opened: Dashboard, free: int | OSError, said: str, role: str) -> None:
    opened.session.show_free(free)
    assert (opened.session.free.text(), opened.session.free.property("role")) == (said, role)


def test_what_is_begun_in_a_run_is_named_after_it(
    opened: Dashboard, sent: list[Command], tmp_path: Path
) -> None:
    opened.refresh(_of(tmp_path))
    QTest.keyClick(opened, Qt.Key.Key_R)
    QTest.keyClick(opened, Qt.Key.Key_L)
    assert [command.kind for command in sent] == ["record", "save_last"]
    for command in sent:
        path = Path(command.text)
        assert path.parent == tmp_path
        assert path.name.startswith("sub-01_ses-02_task-live_run-1_recording-")
        assert path.name.endswith("_physio.xdf")


def test_what_was_saved_is_said_once_it_is_there(opened: Dashboard, tmp_path: Path) -> None:
    QTest.keyClick(opened, Qt.Key.Key_L)
    assert opened.session.said.text() == "Saving the last minutes…"
    saved = Event(EventKind.FILE_SAVED, 1.0, seconds=300.0, path="x/last.xdf", text="signals")
    opened.refresh(_of(tmp_path, saved=saved))
    assert opened.session.said.text() == "The last 300 s of signals are saved in last.xdf"
    assert not opened.notice.isVisible()


def test_a_picture_of_the_window_lies_beside_the_run(
    opened: Dashboard, qtbot: QtBot, tmp_path: Path
) -> None:
    opened.refresh(_of(tmp_path))
    QTest.keyClick(opened, Qt.Key.Key_S)
    said = opened.session.said
    qtbot.waitUntil(lambda: said.text().startswith("The picture is saved"), timeout=WAIT_MS)
    (path,) = tmp_path.glob("sub-01*_physio.png")
    assert QImage(str(path)).size() == opened.size()


def test_a_picture_that_cannot_be_written_is_said_and_ends_nothing(
    qtbot: QtBot, sent: list[Command], tmp_path: Path
) -> None:
    window = Dashboard(sent.append, HandsOn(folder=tmp_path / "nowhere"))
    qtbot.addWidget(window)
    with qtbot.waitActive(window):
        window.show()
    QTest.keyClick(window, Qt.Key.Key_S)
    said: Callable[[], bool] = lambda: "could not be written" in window.session.said._full  # noqa: E731
    qtbot.waitUntil(said, timeout=WAIT_MS)
    assert sent == []
