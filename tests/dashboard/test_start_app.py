"""The start screen with its examinations and runs: what starts, what does not, and the way back."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from physiosync_rt.bundle.card import find_bundle
from physiosync_rt.dashboard.memory import Memory
from physiosync_rt.dashboard.start_app import App
from physiosync_rt.datatypes import Modality
from physiosync_rt.formats.registry import read
from physiosync_rt.setup.plan import Plan
from physiosync_rt.simulation.write_xdf import write_recording

pytestmark = pytest.mark.live

WAIT_MS = 60_000
CYTON = ("Fp1", "Fp2", "C3", "C4", "P7", "P8", "O1", "O2")


@pytest.fixture
def begin(qtbot: QtBot, tmp_path: Path) -> Iterator[type[App]]:
    """Open the start screen with a plan."""
    QApplication.setQuitOnLastWindowClosed(False)
    apps: list[App] = []

    def open_app(plan: Plan) -> App:
        memory = Memory(tmp_path / "app.ini")
        memory.keep_plan(plan)
        app = App(memory, local=True)
        apps.append(app)
        app.screen.show()
        return app

    yield open_app
    for app in apps:
        app.close()
        app.screen.close()
        app.screen.deleteLater()
    QApplication.setQuitOnLastWindowClosed(True)


def _start(app: App, qtbot: QtBot) -> None:
    start = app.screen.checks.start
    qtbot.waitUntil(start.isEnabled, timeout=WAIT_MS)
    QTest.mouseClick(start, Qt.MouseButton.LeftButton)


def _problem(app: App, qtbot: QtBot) -> str:
    problem = app.screen.checks.problem
    qtbot.waitUntil(problem.isVisible, timeout=WAIT_MS)
    return problem.words.text()


def test_a_run_that_ends_by_itself_comes_back_with_its_summary(
    qtbot: QtBot, begin: type[App], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = tmp_path / "person.xdf"
    write_recording(recording, 1, duration_s=3.0, rest_s=2.0)
    app = begin(Plan(source="file", file=str(recording), folder=str(tmp_path / "new"), rest_s=1))
    app.screen.output.name.setText("short")
    _start(app, qtbot)
    qtbot.waitUntil(lambda: app.live is not None, timeout=WAIT_MS)
    assert not app.screen.isVisible()
    qtbot.waitUntil(lambda: app.run is None and app.screen.isVisible(), timeout=WAIT_MS)
    summary = app.screen.last_run
    assert summary.isVisible()
    assert "short.csv" in summary.words.text()
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: not opened.append(url))
    page = tmp_path / "new" / "short.html"
    for name in ("short.html", "short-2.html"):
        QTest.mouseClick(summary.report, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda name=name: summary.said.text().startswith(name), timeout=WAIT_MS)
    assert opened[0].toLocalFile() == str(page)
    assert "<h1>" in page.read_text(encoding="utf-8")
    assert app.screen.plan.name == "short"
    run = json.loads((tmp_path / "new" / "short.json").read_text(encoding="utf-8"))
    assert run["settings"]["file"] == [str(recording)]
    qtbot.waitUntil(lambda: "short.csv exists" in _check_texts(app), timeout=WAIT_MS)


def test_stop_in_the_live_view_leads_back(qtbot: QtBot, begin: type[App], tmp_path: Path) -> None:
    app = begin(Plan(source="simulated", folder=str(tmp_path), csv=False))
    _start(app, qtbot)
    qtbot.waitUntil(lambda: app.live is not None, timeout=WAIT_MS)
    (stop,) = (b for b in app.live.header.findChildren(QPushButton) if b.text() == "Stop")
    QTest.mouseClick(stop, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: app.run is None, timeout=WAIT_MS)
    assert app.screen.isVisible()
    assert "rows" in app.screen.last_run.words.text()
    assert not app.screen.last_run.report.isVisible()


def test_closing_the_program_while_it_connects_leaves_nothing_running(
    qtbot: QtBot, begin: type[App], tmp_path: Path
) -> None:
    app = begin(Plan(source="simulated", folder=str(tmp_path)))
    _start(app, qtbot)
    app.close()
    assert app.run is None


def test_weights_that_are_damaged_are_said_in_place(
    qtbot: QtBot, begin: type[App], tmp_path: Path
) -> None:
    bundle = tmp_path / "mine"
    shutil.copytree(find_bundle("demo-muse"), bundle)
    (bundle / "weights.safetensors").write_bytes(b"no weights")
    app = begin(Plan(bundle=str(bundle), source="simulated", folder=str(tmp_path)))
    app.screen.output.name.setText("kept")
    _start(app, qtbot)
    assert "mine" in _problem(app, qtbot)
    assert app.live is None
    assert app.screen.plan.name == "kept"
    assert list(tmp_path.glob("*.csv")) == []
    qtbot.waitUntil(app.screen.checks.start.isEnabled, timeout=WAIT_MS)


def test_a_folder_that_has_become_a_file_is_said_in_place(
    qtbot: QtBot, begin: type[App], tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    app = begin(Plan(source="simulated", folder=str(folder)))
    qtbot.waitUntil(app.screen.checks.start.isEnabled, timeout=WAIT_MS)
    app._timer.stop()
    folder.touch()
    QTest.mouseClick(app.screen.checks.start, Qt.MouseButton.LeftButton)
    assert f"{folder} cannot be made" in _problem(app, qtbot)
    qtbot.waitUntil(lambda: f"{folder} is a file" in _check_texts(app), timeout=WAIT_MS)
    assert not app.screen.checks.start.isEnabled()


def test_a_port_that_leads_to_no_board_is_said_in_place(
    qtbot: QtBot, begin: type[App], tmp_path: Path
) -> None:
    port = tmp_path / "ttyUSB0"
    port.touch()
    plan = Plan(
        source="brainflow",
        board="CYTON_BOARD",
        serial_port=str(port),
        device="openbci-cyton",
        folder=str(tmp_path),
    )
    app = begin(plan)
    _start(app, qtbot)
    said = _problem(app, qtbot)
    assert "BrainFlow cannot open CYTON_BOARD" in said
    assert "no other program has open" in said
    assert app.screen.plan.serial_port == str(port)


def test_the_form_of_a_recording_makes_it_usable(
    qtbot: QtBot, begin: type[App], tmp_path: Path
) -> None:
    """One channel after the other is said, as a person does who knows the wiring."""
    rng = np.random.default_rng(0)
    names = ", ".join(f"EXG Channel {i}" for i in range(8))
    head = ["%OpenBCI Raw EXG Data", "%Number of channels = 8", "%Sample Rate = 250 Hz"]
    head += ["%Board = OpenBCI_GUI$BoardCytonSerial", f"Sample Index, {names}, Timestamp"]
    body = [
        ", ".join([str(n % 256), *(f"{v:.3f}" for v in rng.normal(0, 20, 8)), f"{1.7e9 + n / 250}"])
        for n in range(1000)
    ]
    path = tmp_path / "OpenBCI-RAW.txt"
    path.write_text("\n".join((*head, *body)), encoding="utf-8")
    app = begin(Plan(source="file", file=str(path), folder=str(tmp_path)))
    screen, form = app.screen, app.screen.mapping
    qtbot.waitUntil(screen.source.edit.isEnabled, timeout=WAIT_MS)
    QTest.mouseClick(screen.source.edit, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(form.uses) == 8, timeout=WAIT_MS)
    assert "OpenBCI Cyton" in form.note.text()
    assert [box.currentText() for box in form.uses] == list(CYTON)
    QTest.mouseClick(form.all_unused, Qt.MouseButton.LeftButton)
    assert not form.save.isEnabled()
    assert form.problem.text() == "No channel is used; say what at least one of them is."
    for box in form.uses:
        box.lineEdit().selectAll()
        QTest.keyClick(box.lineEdit(), Qt.Key.Key_Delete)
    assert form.problem.text() == "Say what channel 1, 2, 3, 4, 5, 6, 7, 8 is."
    for box, name in zip(form.uses[:7], CYTON[:7], strict=True):
        QTest.keyClicks(box.lineEdit(), name)
    QTest.keyClicks(form.uses[7].lineEdit(), "O1")
    assert "Duplicate channel names in" in form.problem.text()
    form.uses[7].lineEdit().selectAll()
    QTest.keyClicks(form.uses[7].lineEdit(), "O2")
    assert form.problem.text() == ""
    form.path.setText(str(tmp_path / "devices" / "mine"))
    QTest.mouseClick(form.save, Qt.MouseButton.LeftButton)
    assert screen.plan.device == str(tmp_path / "devices" / "mine.yaml")
    qtbot.waitUntil(screen.checks.start.isEnabled, timeout=WAIT_MS)
    assert "8 of 32 electrodes measured" in _check_texts(app)
    # Back in the form, what was said is there again, and Back changes nothing.
    QTest.mouseClick(screen.source.edit, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(form.save.isEnabled, timeout=WAIT_MS)
    assert form.uses[2].currentText() == "C3"
    QTest.mouseClick(form.cancel, Qt.MouseButton.LeftButton)
    assert screen.middle.currentIndex() == 0


def _check_texts(app: App) -> str:
    report = app.screen.report
    return "\n".join(check.text for check in report.checks) if report else ""


def test_a_participant_names_the_files_and_a_wrong_one_loses_nothing(
    qtbot: QtBot, begin: type[App], tmp_path: Path
) -> None:
    app = begin(Plan(source="simulated", folder=str(tmp_path), rest_s=1))
    form = app.screen.output.conduct
    qtbot.waitUntil(app.screen.checks.start.isEnabled, timeout=WAIT_MS)
    QTest.keyClicks(form.participant, "P-1")
    QTest.keyClicks(form.notes, "slept badly")
    QTest.keyClicks(form.keys, "video, rest")
    assert form.problem.isVisible()
    assert "The participant “P-1” cannot name files" in form.problem.text()
    qtbot.waitUntil(lambda: "cannot name files" in _check_texts(app), timeout=WAIT_MS)
    assert not app.screen.checks.start.isEnabled()
    assert (form.participant.text(), form.notes.text()) == ("P-1", "slept badly")
    form.participant.setText("P1")
    assert not form.problem.isVisible()
    assert app.screen.output.name.placeholderText() == "sub-P1_task-live_run-…"
    _start(app, qtbot)
    qtbot.waitUntil(lambda: app.live is not None, timeout=WAIT_MS)
    assert app.live.session.who.text() == "participant P1"
    QTest.keyClick(app.live, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    rows = app.run.engine.predictions
    qtbot.waitUntil(lambda: any(row.marker == "rest" for row in tuple(rows)), timeout=WAIT_MS)
    QTest.keyClick(app.live, Qt.Key.Key_L)
    qtbot.waitUntil(lambda: "are saved in sub-P1" in app.live.session.said._full, timeout=WAIT_MS)
    app.live.close()
    qtbot.waitUntil(lambda: app.run is None, timeout=WAIT_MS)
    (path,) = tmp_path.glob("*.json")
    assert path.name == "sub-P1_task-live_run-1_physio.json"
    settings = json.loads(path.read_text(encoding="utf-8"))["settings"]
    assert (settings["participant"], settings["notes"]) == ("P1", "slept badly")
    assert settings["marker_keys"] == ["video", "rest"]
    assert ",rest" in path.with_suffix(".csv").read_text(encoding="utf-8")
    (last,) = tmp_path.glob("sub-P1_task-live_run-1_recording-*_physio.xdf")
    assert {stream.spec.modality for stream in read(last).streams} == {Modality.EEG, Modality.GSR}
