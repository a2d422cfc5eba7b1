"""Everything that the start screen says goes through the translation; data stay as they are."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from helpers.capitals import words
from helpers.start import muse_sight, numbered, offered, report
from PySide6.QtWidgets import QAbstractButton, QLabel, QLineEdit, QTableWidget, QWidget
from pytestqt.qtbot import QtBot

from physiosync_rt import setup as room
from physiosync_rt.bundle.card import Card, find_bundle, read_card
from physiosync_rt.dashboard.check_panel import CheckPanel
from physiosync_rt.dashboard.mapping_form import MappingForm
from physiosync_rt.dashboard.memory import Memory
from physiosync_rt.dashboard.start_app import App
from physiosync_rt.dashboard.start_screen import StartScreen
from physiosync_rt.datatypes import Modality, StreamSpec
from physiosync_rt.devices.assist_units import StreamExcerpt
from physiosync_rt.setup.draft import make_draft
from physiosync_rt.setup.file_checks import check_files
from physiosync_rt.setup.look_board import look_at_board
from physiosync_rt.setup.look_file import FileLook
from physiosync_rt.setup.look_lsl import _obvious_problem
from physiosync_rt.setup.plan import Plan
from physiosync_rt.setup.requirements import Check, check_bundle, check_sight
from physiosync_rt.setup.sight import Offered, Sight, say_unclear

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NAMES = {"PhysioSync", "RT", "EEG", "GSR", "ECG", "Hz", "µV", "µS", "uV", "uS", "ch"}
"""Names and units, which are the same in every language."""

OF_THE_COMMAND_LINE = {"group_run", "live_run", "persons", "persons_in_sight", "settings"}


def _texts(widget: QWidget) -> Iterator[str]:
    """All that is read in a widget, and what screen readers say of it."""
    for label in widget.findChildren(QLabel):
        yield getattr(label, "_full", label.text())
    for button in widget.findChildren(QAbstractButton):
        yield button.text()
    for line in widget.findChildren(QLineEdit):
        yield line.placeholderText()
    for table in widget.findChildren(QTableWidget):
        items = (table.item(i, 3) for i in range(table.rowCount()))
        yield from (item.text() for item in items if item)
    for each in widget.findChildren(QWidget):
        yield each.accessibleName()


def _small(widget: QWidget, *data: str) -> set[str]:
    """Words that are not in capitals, and are none of the data."""
    small = {word for word in words(_texts(widget)) if not word.isupper()}
    return small - words(data) - NAMES


def _of_card(card: Card) -> list[str]:
    texts = [card.headline, card.title, card.name, card.trained_on, *card.eeg.ch_names]
    for score in card.scores:
        texts += [score.model, score.protocol, score.target, score.modalities]
    return texts


@pytest.mark.usefixtures("capitals")
def test_the_whole_screen_is_translated(qtbot: QtBot, tmp_path: Path) -> None:
    memory = Memory(tmp_path / "app.ini")
    memory.keep_plan(Plan(folder=str(tmp_path), participant="Anna B"))
    screen = StartScreen(memory)
    qtbot.addWidget(screen)
    found = report(screen.plan, muse_sight())
    assert found.card is not None
    checks = (*found.checks, *check_files(screen.plan, NOW))
    screen.show_report(replace(found, checks=checks))
    data = [*_of_card(found.card), "demo-muse", "TP9 AF7 AF8 TP10", "Muse", "Anna B", "as in P01"]
    assert _small(screen, *data) == set()
    said = "\n".join(_texts(screen))
    assert "SIGNALS" in said
    assert "EEG FROM “Muse” (4 CHANNELS, 250 HZ)" in said
    assert "THE PARTICIPANT “Anna B” CANNOT NAME FILES: A SPACE IS NEITHER" in said
    assert "ELECTRODES: MISSING. " in said


EIGHT = ("Fp1", "Fp2", "C3", "C4", "P7", "P8", "O1", "O2")


def _eeg(name: str = "Cap", names: tuple[str, ...] = EIGHT, *, unit: bool = True) -> Offered:
    return offered(name, "EEG", names, unit=unit, serves=(Modality.EEG,))


def _lsl(*streams: Offered, **plan: str) -> Sight:
    wanted = (Modality.EEG, Modality.GSR)
    found = _obvious_problem(Sight(streams), Plan(**plan), wanted)
    assert found is not None
    return found


def _sights(card: Card, tmp_path: Path) -> Iterator[Sight]:
    """What may be wrong with signals, and what may be said of those that are well."""
    gsr = StreamSpec("Cap", Modality.GSR, ("GSR",), 32.0, "uS")
    unclear = _eeg(names=numbered(8), unit=False)
    no_unit = offered("Cap", "GSR", ("GSR",), unit=False)
    yield Sight()
    yield Sight(eeg=_eeg().whole, pps=gsr)
    yield Sight(eeg=_eeg(names=("Cz",)).whole)
    yield Sight(eeg=_eeg(names=card.eeg.ch_names).whole, pps=gsr)
    yield Sight((no_unit,), eeg=_eeg().whole)
    yield Sight(problem=say_unclear(unclear, (Modality.EEG,)), unclear=unclear)
    yield _lsl()
    yield _lsl(eeg="Cap")
    yield _lsl(_eeg(), _eeg())
    yield _lsl(unclear)
    yield _lsl(_eeg(), *[offered("Cap", "GSR", ("GSR",))] * 2)
    yield FileLook().look(Plan(), card)
    yield look_at_board(Plan(), card)
    for port in ("", str(tmp_path / "Cap")):
        cyton = Plan(board="CYTON_BOARD", serial_port=port, device="openbci-cyton")
        yield look_at_board(cyton, card)


def _of_files(tmp_path: Path) -> Iterator[Check]:
    for name in ("Cap.csv", "Cap.xdf"):
        (tmp_path / name).touch()
    here = Plan(folder=str(tmp_path))
    wrong: list[dict[str, object]] = [
        *({}, {"name": "Cap"}, {"name": "Cap", "record": True}, {"csv": False}, {"folder": ""}),
        *({"name": name} for name in ("Cap/", ".Cap", "con", "é" * 200)),
        *({"folder": str(tmp_path / name)} for name in ("Cap.csv", "Cap.csv/Cap")),
        *({"session": name} for name in ("é", "\n", "e" * 50)),
        {"participant": "P01", "record": True},
    ]
    for change in wrong:
        yield from check_files(here.model_copy(update=change), NOW)


@pytest.mark.usefixtures("capitals")
def test_every_check_is_translated(qtbot: QtBot, tmp_path: Path) -> None:
    card = read_card(find_bundle("demo-eeg32"))
    (tmp_path / "card.json").write_bytes((find_bundle("demo-muse") / "card.json").read_bytes())
    checks = [check_bundle(name)[1] for name in ("demo-eeg32", "Cap", str(tmp_path))]
    for sight in _sights(card, tmp_path):
        checks += check_sight(sight, card, ("demo-muse",))
    checks += _of_files(tmp_path)
    said = list(dict.fromkeys(check.text for check in checks))
    assert len(said) > 30
    panel = CheckPanel()
    qtbot.addWidget(panel)
    panel.show_checks(tuple(checks))
    data = [*_of_card(card), *EIGHT, str(tmp_path), "Cap", "demo-muse effort-eeg8", "é" * 200]
    data += ["weights.safetensors card.json", "old1 csv xdf", "P01 sub task live run physio"]
    data += ["sudo usermod -aG dialout USER", "e" * 50, "con", "x00"]
    assert _small(panel, *data) == set()


@pytest.mark.usefixtures("capitals")
def test_the_form_of_the_channels_is_translated(qtbot: QtBot) -> None:
    stream = offered("Cap", "EEG", ("Fp1", "Cap", "ch3", "Trigger", "ch5", "ch6"), unit=False)
    n = np.arange(500)
    samples = np.zeros((500, 6), np.float32)
    samples[:, 4], samples[:, 5] = n % 256, n
    excerpt = StreamExcerpt(stream.whole, samples, 250.0, stream.parts[0][1])
    sight = Sight((stream,), excerpts=lambda _stream: [excerpt])
    form = MappingForm()
    qtbot.addWidget(form)
    form.show_draft(make_draft(sight, stream))
    data = ["Fp1 Cap Trigger", "documents microvolts millivolts volts nanovolts"]
    seen = "\n".join(_texts(form))
    assert _small(form, *data) == set(), seen
    assert "AS LABELLED" in seen
    assert "FLAT WHILE LISTENED TO" in seen
    form._drop_all()
    assert form.problem.text() == "NO CHANNEL IS USED; SAY WHAT AT LEAST ONE OF THEM IS."
    form.uses[0].setEditText("Cap")
    assert form.problem.text().startswith("“Cap” IS NOT AN ELECTRODE")
    form.uses[0].setEditText("Fp1")
    assert form.problem.text() == "THE STREAM DOES NOT STATE THE UNIT OF ITS EEG; CHOOSE IT."


@pytest.mark.usefixtures("capitals")
def test_looks_speak_the_language_of_the_window(qtbot: QtBot, tmp_path: Path) -> None:
    memory = Memory(tmp_path / "app.ini")
    memory.keep_plan(Plan(source="file", folder=str(tmp_path)))
    with closing(App(memory, local=True)) as app:
        qtbot.addWidget(app.screen)
        qtbot.waitUntil(lambda: app.screen.report is not None, timeout=30_000)
        found = app.screen.report
        assert found is not None
        assert {check.title for check in found.checks} >= {"MODEL", "SIGNALS", "FILES"}
        assert found.sight.problem.startswith("NO RECORDING IS CHOSEN")


MODULES = sorted(
    path for path in Path(room.__file__).parent.glob("*.py") if path.stem not in OF_THE_COMMAND_LINE
)


def _arguments(tree: ast.AST) -> set[int]:
    """All that stands in a call of ``tr`` or ``mark``."""
    calls = (
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("tr", "mark")
    )
    return {id(part) for call in calls for part in ast.walk(call)}


@pytest.mark.parametrize("path", MODULES, ids=[path.stem for path in MODULES])
def test_no_sentence_is_made_past_the_translation(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = (
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in documentation | _arguments(tree)
    )
    sentences = [text for text in texts if re.search(r"[a-z]{2,} [a-z]", text, re.IGNORECASE)]
    # A command is the same in every language; the other is cut from an error, and not said.
    allowed = {"`sudo usermod -aG dialout $USER`", ", starting from"}
    assert [text for text in sentences if text not in allowed] == []
