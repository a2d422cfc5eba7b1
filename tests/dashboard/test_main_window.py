"""The window as a person meets it: every state, every button, every key."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.snapshots import make_snapshot, make_stream
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from physiosync_rt.dashboard.main_window import Dashboard
from physiosync_rt.datatypes import Modality, Reason
from physiosync_rt.live.options import Command
from physiosync_rt.live.snapshot import Snapshot

STATES = ("running", "gap", "no_pps", "waiting", "filling", "baseline", "lost", "faults")


@pytest.mark.parametrize("n_chans", [4, 32])
@pytest.mark.parametrize("state", STATES)
def test_every_state_fits_the_smallest_window(window: Dashboard, state: str, n_chans: int) -> None:
    window.refresh(make_snapshot(n_chans, state=state))
    window.resize(1280, 800)
    QApplication.processEvents()
    assert (window.width(), window.height()) == (1280, 800)
    for panel in (window.readout, window.timeline, window.eeg, window.streams, window.rows):
        assert panel.isVisible()
        corner = panel.mapTo(window, panel.rect().bottomRight())
        assert corner.x() < 1280
        assert corner.y() < 800


@pytest.mark.parametrize(
    ("state", "headline", "sentence"),
    [
        ("running", "Excited", "High valence, high arousal"),
        ("gap", "No prediction", "Gap in EEG. Too many samples"),
        ("lost", "No prediction", "No EEG. The EEG stream is missing"),
        ("waiting", "Getting ready", "Waiting for EEG “demo-eeg” and GSR “demo-gsr”"),
        ("baseline", "Getting ready", "Sit still: 17 s of rest to go"),
    ],
)
def test_says_in_words_what_is_going_on(
    window: Dashboard,
    state: str,
    headline: str,
    sentence: str,
) -> None:
    window.refresh(make_snapshot(state=state))
    assert window.readout.state.text() == headline
    assert window.readout.meaning.text().startswith(sentence)


def test_says_what_is_missing(window: Dashboard) -> None:
    window.refresh(make_snapshot(state="no_pps"))
    assert window.readout.signals.text() == "EEG only: no GSR or ECG, confidence lowered"
    assert not window.pps.isVisible()
    window.refresh(make_snapshot(state="running"))
    assert window.readout.signals.text() == "Signals used: EEG + GSR"
    assert window.pps.isVisible()


def test_notice_takes_room_only_when_there_is_one(window: Dashboard) -> None:
    window.refresh(make_snapshot(state="gap"))
    assert window.notice.isVisible()
    assert "demo-eeg lost 127 samples (0.51 s)" in window.notice.text()
    window.refresh(make_snapshot(state="running"))
    assert not window.notice.isVisible()


def test_badge_tells_simulated_training(window: Dashboard) -> None:
    snapshot = make_snapshot()
    window.refresh(snapshot)
    assert window.header.badge.isVisible()
    assert window.header.badge.text() == "trained on simulated signals"
    window.refresh(replace(snapshot, simulated_training=False))
    assert not window.header.badge.isVisible()


def test_keys_send_commands(window: Dashboard, sent: list[Command]) -> None:
    window.refresh(replace(make_snapshot(), recording_path=""))
    for key in (Qt.Key.Key_M, Qt.Key.Key_B, Qt.Key.Key_R):
        QTest.keyClick(window, key)
        if key == Qt.Key.Key_B:
            QTest.keyClick(window, Qt.Key.Key_Y)
    assert [command.kind for command in sent] == ["marker", "baseline", "record"]
    assert sent[0].text == "marker"
    assert Path(sent[2].text).parent == Path("runs/2026-11-20")
    assert Path(sent[2].text).suffix == ".xdf"


def test_marker_carries_the_prepared_text_and_typing_is_no_shortcut(
    window: Dashboard, sent: list[Command]
) -> None:
    window.header.marker_text.setFocus()
    QTest.keyClicks(window.header.marker_text, "bmr")
    assert sent == []
    QTest.keyClick(window.header.marker_text, Qt.Key.Key_Return)
    QTest.keyClick(window, Qt.Key.Key_M)
    assert sent == [Command("marker", "bmr")] * 2


def test_no_text_field_has_the_first_focus(window: Dashboard) -> None:
    assert not window.header.marker_text.hasFocus()


def test_record_stops_a_running_recording(window: Dashboard, sent: list[Command]) -> None:
    window.refresh(make_snapshot(state="running"))
    assert "Recording" in window.header.record.text()
    window.header.record.click()
    assert sent == [Command("record", "")]


def test_baseline_button_waits_while_capturing(window: Dashboard, sent: list[Command]) -> None:
    window.refresh(make_snapshot(state="baseline"))
    assert window.header.baseline.text() == "Rest… 17 s"
    window.header.baseline.click()
    assert sent == []
    window.refresh(make_snapshot(state="running"))
    window.header.baseline.click()
    window.ask.yes.click()
    assert sent == [Command("baseline")]


def test_closing_sends_stop_once(window: Dashboard, sent: list[Command]) -> None:
    window.close()
    window.close()
    assert sent == [Command("stop")]


def test_stream_cards_follow_the_streams(
    window: Dashboard,
) -> None:
    snapshot = make_snapshot()
    window.refresh(snapshot)
    before = dict(window.streams.cards)
    window.refresh(make_snapshot(state="gap"))
    assert window.streams.cards == before
    ecg = make_stream(Modality.ECG, 1, 256.0, lost=3)
    window.refresh(replace(snapshot, streams=(*snapshot.streams, ecg)))
    assert list(window.streams.cards) == ["demo-eeg", "demo-gsr", "demo-ecg"]
    assert window.streams.cards["demo-ecg"].facts.text("lost") == "3"


def test_a_stream_card_tells_all_that_happened_to_its_samples(window: Dashboard) -> None:
    window.refresh(make_snapshot(state="faults"))
    facts = window.streams.cards["demo-eeg"].facts
    shown = {
        "gaps": "3",
        "lost": "412",
        "late": "31",
        "duplicates": "12",
        "NaN": "7",
        "stuck clock": "5",
        "after deadline": "2",
        "clock resets": "1",
    }
    assert {name: facts.text(name) for name in shown} == shown


def test_one_target_bundle(window: Dashboard) -> None:
    snapshot = make_snapshot()
    rows = tuple(replace(row, arousal=None, quadrant="") for row in snapshot.history)
    window.refresh(replace(snapshot, history=rows, prediction=rows[-1]))
    QApplication.processEvents()
    assert window.readout.state.text() == "High valence"
    assert window.readout.arousal.text() == "–"


def test_withheld_point_is_hollow(window: Dashboard) -> None:
    snapshot = replace(make_snapshot(), history=make_snapshot().history[-1:])
    window.refresh(snapshot)
    plane = window.readout.circumplex
    x, y = plane.point_at(snapshot.history[-1])
    assert plane.grab().toImage().pixelColor(x, y).lightness() > 150
    withheld = replace(
        snapshot.history[-1],
        index=snapshot.history[-1].index + 1,
        valid=False,
        valence=None,
        arousal=None,
        quadrant="",
        confidence=None,
        reason=Reason.GAP,
    )
    window.refresh(replace(snapshot, prediction=withheld, history=(*snapshot.history, withheld)))
    assert plane.grab().toImage().pixelColor(x, y).lightness() < 60


def test_refresh_makes_no_new_items(window: Dashboard) -> None:
    snapshot = make_snapshot(32)
    window.refresh(snapshot)
    plots = (window.eeg.plot, window.pps.plot, window.timeline.plot)
    before = [list(plot.items()) for plot in plots]
    for step in range(1, 6):
        window.refresh(_later(snapshot, step))
    assert [list(plot.items()) for plot in plots] == before


@pytest.mark.slow
def test_time_of_a_refresh(window: Dashboard, qtbot: QtBot) -> None:
    """Print how long the event loop is held; the numbers are for reading, not for judging."""
    snapshot = make_snapshot(32)
    window.resize(1920, 1080)
    window.refresh(snapshot)
    qtbot.wait(50)
    held = []
    for step in range(1, 101):
        later = _later(snapshot, step)
        start = time.perf_counter()
        window.refresh(later)
        QApplication.processEvents()
        held.append(1e3 * (time.perf_counter() - start))
    print(
        f"\nrefresh and paint, 32 channels at 1920x1080: p50 {np.percentile(held, 50):.1f} ms, "
        f"p99 {np.percentile(held, 99):.1f} ms, max {max(held):.1f} ms"
    )
    assert window.rows.facts.text("rows") == f"{snapshot.rows + 100}"


def _later(snapshot: Snapshot, step: int) -> Snapshot:
    assert snapshot.eeg is not None
    assert snapshot.prediction is not None
    row = replace(
        snapshot.prediction,
        index=snapshot.prediction.index + step,
        t_end=snapshot.prediction.t_end + step,
    )
    return replace(
        snapshot,
        eeg=replace(snapshot.eeg, samples=np.roll(snapshot.eeg.samples, 5 * step, axis=0)),
        prediction=row,
        history=(*snapshot.history[1:], row),
        rows=snapshot.rows + step,
    )
