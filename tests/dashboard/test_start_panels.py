"""Panels of the start screen: what they show, and what they make of clicks and keys."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from helpers.start import muse_sight, numbered, offered, report
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QFont, QFontMetrics
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from physiosync_rt.brainflow.boards import Board
from physiosync_rt.dashboard import theme
from physiosync_rt.dashboard.memory import Memory
from physiosync_rt.dashboard.parts import Tick, Words
from physiosync_rt.dashboard.start_screen import StartScreen
from physiosync_rt.datatypes import Modality
from physiosync_rt.setup.plan import AS_STATED, Plan
from physiosync_rt.setup.requirements import Check, State
from physiosync_rt.setup.sight import Sight


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    return Memory(tmp_path / "app.ini")


@pytest.fixture
def screen(qtbot: QtBot, memory: Memory, tmp_path: Path) -> StartScreen:
    memory.keep_plan(Plan(folder=str(tmp_path)))
    start = StartScreen(memory)
    qtbot.addWidget(start)
    start.show()
    return start


def texts(widget: QWidget) -> str:
    labels = [*widget.findChildren(QLabel), *widget.findChildren(QPushButton)]
    return "\n".join(label.text() for label in labels if label.isVisibleTo(widget))


def _drop(widget: QWidget, path: Path) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    event = QDropEvent(
        QPointF(5, 5),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    widget.dropEvent(event)


def test_the_card_is_honest(screen: StartScreen) -> None:
    screen.bundle.choose("demo-eeg32")
    card = screen.bundle.card
    assert card.badge.isVisible()
    assert "simulated people" in card.trained.text()
    assert "protocol subject" in card.how.text()
    assert card.bars.accessibleName().startswith("valence 0.72 [0.68, 0.76]; best baseline model")
    assert "at least 8 measured" in card.needs.text()
    assert "GSR: 1 channel in µS; without it, EEG alone is used" in card.needs.text()
    assert "30 s of rest" in card.needs.text()
    assert card.bars.grab().width() > 0


def test_a_folder_that_is_no_bundle_says_so_in_its_place(
    screen: StartScreen, tmp_path: Path
) -> None:
    screen.bundle.choose(str(tmp_path))
    assert "is not a bundle" in screen.bundle.card.title.text()
    assert not screen.bundle.card.badge.isVisible()
    assert screen.plan.bundle == str(tmp_path)
    screen.bundle.choose("demo-muse")
    assert screen.bundle.card.badge.isVisible()


def test_streams_of_one_headset_stand_together(screen: StartScreen) -> None:
    screen.show_report(report(screen.plan, muse_sight()))
    tree = screen.source.lsl.tree
    assert tree.topLevelItemCount() == 1
    head = tree.topLevelItem(0)
    assert [head.text(i) for i in (0, 1)] == ["Muse  ·  lab", "4 streams"]
    rows = [[head.child(i).text(c) for c in range(3)] for i in range(4)]
    assert rows[0] == ["EEG", "EEG 4 ch, 250 Hz, µV", "✓ EEG"]
    assert [row[2] for row in rows[1:]] == ["–", "–", "–"]


def test_names_from_outside_are_only_text(screen: StartScreen) -> None:
    name = "<b>Cap</b>\n\x1b[31m"
    sight = Sight((offered(name, "EEG", ("Fp1",), serves=(Modality.EEG,)),))
    screen.show_report(report(screen.plan, sight))
    item = screen.source.lsl.tree.topLevelItem(0)
    assert "\x1b" not in item.text(0)
    assert "\n" not in item.text(0)
    assert "&lt;b&gt;" in item.toolTip(0)
    for label in screen.findChildren(QLabel):
        assert label.textFormat() is Qt.TextFormat.PlainText


def test_one_of_several_streams_is_chosen_by_keys_and_kept(screen: StartScreen) -> None:
    streams = (offered("A", "EEG", ("Fp1",)), offered("B", "EEG", ("Fp2",)))
    screen.show_report(report(screen.plan, Sight(streams, problem="2 streams")))
    box = screen.source.lsl.eeg
    assert [box.itemData(i) for i in range(box.count())] == ["", "A", "B"]
    QTest.keyClick(box, Qt.Key.Key_Down)
    QTest.keyClick(box, Qt.Key.Key_Down)
    assert screen.plan.eeg == "B"
    screen.show_report(report(screen.plan, Sight(streams[:1], problem="gone")))
    assert screen.plan.eeg == "B"
    assert "not in sight" in box.currentText()


def test_start_is_enabled_when_every_check_passes_and_only_then(
    qtbot: QtBot, screen: StartScreen
) -> None:
    screen.bundle.choose("demo-muse")
    assert not screen.checks.start.isEnabled()
    screen.show_report(report(screen.plan, Sight(problem="Nothing is in sight")))
    assert not screen.checks.start.isEnabled()
    assert "Nothing is in sight" in texts(screen.checks)
    screen.show_report(report(screen.plan, muse_sight()))
    assert screen.checks.start.isEnabled()
    with qtbot.waitSignal(screen.start_asked):
        QTest.mouseClick(screen.checks.start, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(screen.plan_changed):
        QTest.keyClicks(screen.output.name, "x")
    assert not screen.checks.start.isEnabled(), "what was typed has not been examined"


def test_a_report_of_another_plan_is_out_of_date(screen: StartScreen) -> None:
    old = report(screen.plan, muse_sight())
    screen.output.name.setText("new")
    screen.show_report(old)
    assert screen.report is None


def test_the_link_takes_the_bundle_that_fits(qtbot: QtBot, screen: StartScreen) -> None:
    screen.bundle.choose("demo-eeg32")
    screen.show_report(report(screen.plan, muse_sight()))
    (button,) = (b for b in screen.checks.findChildren(QPushButton) if "demo-muse" in b.text())
    qtbot.waitUntil(button.isVisible)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert screen.plan.bundle == "demo-muse"


def test_the_link_opens_the_form_of_an_unclear_stream(qtbot: QtBot, screen: StartScreen) -> None:
    stream = offered("obci_eeg1", "EEG", numbered(8), unit=False)
    sight = Sight((stream,), problem="say what its channels are", unclear=stream)
    screen.show_report(report(screen.plan, sight))
    (button,) = (b for b in screen.checks.findChildren(QPushButton) if "channels" in b.text())
    qtbot.waitUntil(button.isVisible)
    with qtbot.waitSignal(screen.map_asked) as asked:
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert asked.args == [stream]


def test_boards_ports_and_what_was_typed(screen: StartScreen) -> None:
    form = screen.source.board
    QTest.mouseClick(screen.source.buttons["brainflow"], Qt.MouseButton.LeftButton)
    form.offer_boards((Board("CYTON_BOARD", 250.0, (), 8, 0, 0),))
    assert "Cyton  ·  8 EEG, 250 Hz" in [form.board.itemText(i) for i in range(2)]
    QTest.keyClick(form.board, Qt.Key.Key_Down)
    form.port.setCurrentText("/dev/ttyX")
    form.offer_ports(("/dev/ttyUSB0", "/dev/ttyUSB1"))
    assert form.port.currentText() == "/dev/ttyX"
    QTest.keyClicks(form.ip_port, "abc6677")
    plan = screen.plan
    assert (plan.source, plan.board, plan.serial_port) == ("brainflow", "CYTON_BOARD", "/dev/ttyX")
    assert plan.ip_port == 6677


def test_a_recording_is_dropped(screen: StartScreen, tmp_path: Path) -> None:
    QTest.mouseClick(screen.source.buttons["file"], Qt.MouseButton.LeftButton)
    _drop(screen.source.file, tmp_path / "person.xdf")
    assert screen.plan.file == str(tmp_path / "person.xdf")
    assert screen.plan.source == "file"


def test_a_bundle_folder_is_dropped(screen: StartScreen, tmp_path: Path) -> None:
    _drop(screen.bundle, tmp_path)
    assert screen.plan.bundle == str(tmp_path)


def test_descriptions_are_offered(screen: StartScreen) -> None:
    box = screen.source.device
    offers = [box.itemData(i) for i in range(box.count())]
    assert offers[:2] == ["", AS_STATED]
    assert "openbci-cyton" in offers
    screen.source.use_device("/there/mine.yaml")
    assert screen.plan.device == "/there/mine.yaml"
    assert box.currentText() == "mine"


def test_what_was_chosen_is_remembered_but_for_the_name(
    qtbot: QtBot, screen: StartScreen, memory: Memory, tmp_path: Path
) -> None:
    QTest.mouseClick(screen.source.buttons["simulated"], Qt.MouseButton.LeftButton)
    screen.source.person.seed.setText("12")
    screen.output.name.setText("sub-01")
    QTest.mouseClick(screen.output.record, Qt.MouseButton.LeftButton, pos=_box(screen))
    screen.bundle.choose(str(tmp_path))
    screen.close()
    again = StartScreen(Memory(memory.path))
    qtbot.addWidget(again)
    plan = again.plan
    assert (plan.source, plan.seed, plan.name, plan.record) == ("simulated", 12, "", True)
    assert plan.bundle == str(tmp_path)


def _box(screen: StartScreen) -> object:
    rect = screen.output.record.rect()
    rect.setWidth(20)
    return rect.center()


def test_settings_that_nobody_understands_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "app.ini"
    path.write_text('[General]\nplan={"source": 7}\n', encoding="utf-8")
    assert Memory(path).plan().source == "lsl"
    assert Memory(path).geometry() is None
    assert Memory(path).recent("bundles") == []


def test_a_problem_stays_until_it_is_closed_and_nothing_typed_is_lost(
    screen: StartScreen,
) -> None:
    screen.output.name.setText("sub-01")
    screen.say_busy("Connecting…")
    assert not screen.output.isEnabled()
    screen.say_busy("")
    screen.say_problem("The port is busy")
    assert screen.output.isEnabled()
    assert screen.plan.name == "sub-01"
    assert screen.checks.problem.isVisible()
    QTest.mouseClick(screen.checks.problem.close_button, Qt.MouseButton.LeftButton)
    assert not screen.checks.problem.isVisible()


def test_everything_that_can_be_used_is_reached_by_tab_and_has_a_name(
    screen: StartScreen,
) -> None:
    screen.show_report(report(screen.plan, muse_sight()))
    reached, widget = [], screen.bundle.names
    for _ in range(400):
        widget = widget.nextInFocusChain()
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisibleTo(screen):
            reached.append(widget)
    for wanted in (
        screen.source.buttons["lsl"],
        screen.source.lsl.eeg,
        screen.source.device,
        screen.source.edit,
        screen.output.folder,
        screen.output.csv,
        screen.checks.start,
    ):
        assert wanted in reached
    for widget in reached:
        text = widget.text() if hasattr(widget, "text") else ""
        assert text or widget.accessibleName(), widget


def test_it_fits_a_laptop(screen: StartScreen) -> None:
    screen.show_report(report(screen.plan, muse_sight()))
    least = screen.minimumSizeHint()
    assert least.width() <= 1366
    assert least.height() <= 700


def test_names_of_targets_and_boxes_to_tick_are_not_cut(screen: StartScreen) -> None:
    screen.resize(1231, 700)
    screen.bundle.choose("effort-eeg8")
    QApplication.processEvents()
    bars = screen.bundle.card.bars
    bold = QFontMetrics(theme.font(13, QFont.Weight.DemiBold))
    assert bars.names_px() > bold.horizontalAdvance("mental effort")
    ticks = screen.findChildren(Tick)
    assert len(ticks) == 4
    for tick in ticks:
        assert tick.width() >= tick.sizeHint().width(), tick.text()


def test_what_is_awaited_is_read_as_well_as_what_is_missing(screen: StartScreen) -> None:
    waiting = Check("source", State.WAITING, "Signals", "Switch it on")
    screen.checks.show_checks((waiting, replace(waiting, state=State.OK, text="It is on")))
    roles = {label.text(): label.property("role") for label in screen.checks.findChildren(Words)}
    assert roles["Switch it on"] == ""
    assert roles["It is on"] == "muted"
