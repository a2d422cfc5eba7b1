"""Every word that the window itself says goes through Qt's translation."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QTranslator
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

import physiosync_rt.dashboard as room
from physiosync_rt.dashboard.main_window import Dashboard

SHOWING = {
    *("Text", "Words", "say", "write", "say_waiting", "say_busy", "say_problem", "say_report"),
    *("setText", "setToolTip", "setAccessibleName", "setAccessibleDescription", "setWindowTitle"),
    *("setPlaceholderText", "addItem", "addAction", "drawText", "QPushButton", "ProgressButton"),
    *("link", "label_for", "Tick", "tip", "choose_path", "setHeaderLabels", "ask"),
}
"""What takes a text that a person reads."""

SAME_EVERYWHERE = {"PhysioSync-RT", "EEG", "GSR", "ECG", "5 s", "00:00", "Hz"}


def _is_word(text: str) -> bool:
    return text.strip() not in SAME_EVERYWHERE and sum(map(str.isalpha, text)) > 1


def _untranslated(call: ast.Call) -> Iterator[str]:
    """Texts that stand in the call itself, rather than in a call of ``tr`` or ``translate``."""
    for argument in call.args:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            if _is_word(argument.value):
                yield argument.value
        elif isinstance(argument, ast.JoinedStr):
            parts = (part for part in argument.values if isinstance(part, ast.Constant))
            yield from (str(part.value) for part in parts if _is_word(str(part.value)))


def _name(call: ast.Call) -> str:
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


MODULES = sorted(Path(room.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=[path.stem for path in MODULES])
def test_no_word_is_shown_past_the_translation(path: Path) -> None:
    calls = [n for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Call)]
    found = [
        (call.lineno, text)
        for call in calls
        if _name(call) in SHOWING and not ast.unparse(call.func).startswith("sys.")
        for text in _untranslated(call)
    ]
    assert found == []


class _Shouting(QTranslator):
    """A language of capitals."""

    def translate(self, context: str, text: str, *_more: object) -> str:
        del context
        return text.upper()

    def isEmpty(self) -> bool:
        return False


def test_a_translation_that_is_installed_is_seen(qtbot: QtBot) -> None:
    app = QApplication.instance()
    assert app is not None
    translator = _Shouting()
    app.installTranslator(translator)
    try:
        window = Dashboard(lambda _command: None)
        qtbot.addWidget(window)
        assert window.header.marker.text() == "MARKER  M"
        assert window.header.badge.text() == "TRAINED ON SIMULATED SIGNALS"
        assert window.timeline.title.text() == "VALENCE AND AROUSAL OVER TIME"
    finally:
        app.removeTranslator(translator)
