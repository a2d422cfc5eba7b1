"""Streams by exception, and scores of what is in use."""

from __future__ import annotations

from dataclasses import replace

from helpers.scenes import eeg_gone, lost_gsr
from helpers.snapshots import SCORES, make_snapshot
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from physiosync_rt.dashboard.main_window import Dashboard


def test_a_stream_that_is_well_takes_one_line(window: Dashboard) -> None:
    window.refresh(make_snapshot(32))
    QApplication.processEvents()
    for card in window.streams.cards.values():
        assert card.amiss.isHidden()
        assert card.facts.isHidden()
        assert card.height() < 2 * card.phase.fontMetrics().lineSpacing()


def test_a_click_opens_the_counters_and_closes_them(window: Dashboard) -> None:
    window.refresh(make_snapshot(32))
    QApplication.processEvents()
    card = window.streams.cards["demo-eeg"]
    QTest.mouseClick(card, Qt.MouseButton.LeftButton)
    assert not card.facts.isHidden()
    assert card.facts.text("rate") == "249.9 / 250 Hz"
    QTest.mouseClick(card.more, Qt.MouseButton.LeftButton)
    assert card.facts.isHidden()


def test_the_counters_can_be_opened_by_the_keyboard(window: Dashboard) -> None:
    window.refresh(make_snapshot(32))
    card = window.streams.cards["demo-gsr"]
    assert card.more.focusPolicy() & Qt.FocusPolicy.TabFocus
    assert card.more.accessibleName() == "Counters of demo-gsr"
    card.more.setFocus()
    QTest.keyClick(card.more, Qt.Key.Key_Space)
    assert not card.facts.isHidden()


def test_what_is_amiss_is_said_in_words(window: Dashboard) -> None:
    window.refresh(eeg_gone())
    assert window.streams.cards["demo-eeg"].amiss.text() == (
        "nothing for 10.0 s: check power and range"
    )
    assert window.streams.cards["demo-gsr"].amiss.isHidden()
    window.refresh(make_snapshot(32, state="faults"))
    said = window.streams.cards["demo-eeg"].amiss.text()
    assert said.startswith("of 60,4")
    assert "412 lost (0.68 %)" in said


def _scores(window: Dashboard) -> list[str]:
    QApplication.processEvents()
    panel = window.streams.scores
    return [label.text() for label in panel.findChildren(QLabel) if label.isVisible()]


def test_the_scores_are_those_of_the_modalities_in_use(window: Dashboard) -> None:
    alone = tuple(
        score.model_copy(update={"modalities": "eeg", "value": 0.57, "ci_low": 0.5, "ci_high": 0.6})
        for score in SCORES[:1]
    )
    window.refresh(replace(make_snapshot(32), scores=(*SCORES, *alone)))
    assert "valence balanced accuracy 0.71 [0.64, 0.77]" in _scores(window)
    window.refresh(replace(lost_gsr(), scores=(*SCORES, *alone)))
    said = _scores(window)
    assert "valence balanced accuracy 0.57 [0.50, 0.60]" in said
    assert "eeg, protocol subject, 8 of 8 folds, 20 subjects" in said
    assert "valence balanced accuracy 0.71 [0.64, 0.77]" not in said
    window.refresh(replace(lost_gsr(), scores=SCORES))
    assert "the card has no score of EEG alone" in _scores(window)


def test_no_line_of_the_scores_is_cut_off(window: Dashboard) -> None:
    window.refresh(make_snapshot(32))
    QApplication.processEvents()
    panel = window.streams.scores
    for label in panel.findChildren(QLabel):
        if label.isHidden():
            continue
        assert "…" not in label.text()
        needed = label.fontMetrics().boundingRect(
            0, 0, label.width(), 1000, Qt.TextFlag.TextWordWrap.value, label.text()
        )
        assert needed.width() <= label.width()
        assert needed.height() <= label.height() + 1
    assert panel.rect().contains(panel.childrenRect())
