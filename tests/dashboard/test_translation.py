"""Every word that the window itself says goes through Qt's translation."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from helpers.capitals import shouted, words
from helpers.scenes import SCENES
from pytestqt.qtbot import QtBot

import physiosync_rt
import physiosync_rt.dashboard as room
from physiosync_rt.dashboard import theme
from physiosync_rt.dashboard.main_window import Dashboard
from physiosync_rt.datatypes import Reason
from physiosync_rt.live.snapshot import Snapshot
from physiosync_rt.preprocess.bad_channels import FAULTS
from physiosync_rt.utils.translation import OF_OTHER_ROOMS, translated_by
from physiosync_rt.views.shown_levels import TARGETS
from physiosync_rt.views.wording import reason_text

SHOWING = {
    *("Text", "Words", "say", "write", "say_waiting", "say_busy", "say_problem", "say_report"),
    *("setText", "setToolTip", "setAccessibleName", "setAccessibleDescription", "setWindowTitle"),
    *("setPlaceholderText", "addItem", "addAction", "drawText", "QPushButton", "ProgressButton"),
    *("link", "label_for", "Tick", "tip", "choose_path", "setHeaderLabels", "ask", "UserError"),
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


BESIDE_A_WINDOW = {"qt", "application"}
"""Modules whose errors are seen on the command line, before there is a window or after it."""

MODULES = sorted(Path(room.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=[path.stem for path in MODULES])
def test_no_word_is_shown_past_the_translation(path: Path) -> None:
    calls = [n for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Call)]
    found = [
        (call.lineno, text)
        for call in calls
        if _name(call) in SHOWING
        and not (_name(call) == "UserError" and path.stem in BESIDE_A_WINDOW)
        and not ast.unparse(call.func).startswith("sys.")
        for text in _untranslated(call)
    ]
    assert found == []


@pytest.mark.usefixtures("capitals")
def test_a_translation_that_is_installed_is_seen(qtbot: QtBot) -> None:
    window = Dashboard(lambda _command: None)
    qtbot.addWidget(window)
    assert window.header.marker.text() == "MARKER  M"
    assert window.header.badge.text() == "TRAINED ON SIMULATED SIGNALS"
    assert window.timeline.title.text() == "VALENCE AND AROUSAL OVER TIME"


_UNITS = {"ms", "min", "ppm", "Hz", "µV", "µV²", "mV", "µS"}


def _of_data(snapshot: Snapshot) -> set[str]:
    """Words that come with the bundle, the streams and the run, and not from the window."""
    texts = [snapshot.bundle_title, snapshot.trained_on, snapshot.baseline]
    texts += [snapshot.csv_path, snapshot.recording_path]
    for state in snapshot.streams:
        texts += [state.spec.name, state.spec.modality, *state.spec.ch_names]
    for score in snapshot.scores:
        texts += [score.protocol, score.modalities, score.model, score.target]
    for meaning in snapshot.meaning.values():
        texts += [meaning.name, meaning.low, meaning.high]
    return words(texts)


@pytest.mark.usefixtures("capitals")
@pytest.mark.parametrize("scene", ["cyton", "lost-gsr", "not-about-emotion"])
def test_words_of_views_are_translated_in_the_window(qtbot: QtBot, scene: str) -> None:
    snapshot = SCENES[scene]()
    window = Dashboard(lambda _command: None)
    qtbot.addWidget(window)
    window.refresh(snapshot)
    labels = [label for label in window.findChildren(theme.Text) if label.isVisibleTo(window)]
    assert len(labels) > 30
    allowed = _of_data(snapshot) | _UNITS | SAME_EVERYWHERE | {"PhysioSync", "RT", "EEG", "ch"}
    small = {word for word in words(label._full for label in labels) if not word.isupper()}
    assert small <= allowed, small - allowed


def test_words_of_views_are_english_in_any_other_thread() -> None:
    with translated_by(shouted):
        assert reason_text(Reason.GAP, "EEG") == "GAP IN EEG"
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(reason_text, Reason.GAP, "EEG").result() == "gap in EEG"
    assert reason_text(Reason.GAP, "EEG") == "gap in EEG"


def test_words_of_other_rooms_are_in_the_catalogue() -> None:
    assert {*FAULTS, *TARGETS} <= set(OF_OTHER_ROOMS)


def test_what_is_filled_in_stands_in_named_braces() -> None:
    """A translation may change the order of what is filled in, and an f-string hides it."""
    paths = Path(physiosync_rt.__file__).parent.rglob("*.py")
    sources = {path: path.read_text("utf-8") for path in paths}
    translated = {path: text for path, text in sources.items() if "utils.translation" in text}
    assert len(translated) > 30
    for path, text in translated.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and _name(node) in ("tr", "mark"):
                (said,) = node.args
                told = ast.unparse(said)
                assert not isinstance(said, ast.JoinedStr) or "unit" in told, (path.name, told)
                assert "{}" not in told, (path.name, told)
