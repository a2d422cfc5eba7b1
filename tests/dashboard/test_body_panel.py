"""Heart, skin and bands: a number with its change, or why there is none; a mark at each beat."""

from __future__ import annotations

from dataclasses import replace

from helpers.scenes import eeg_gone, heart, lost_gsr, no_heartbeat, vitals
from helpers.snapshots import make_snapshot
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from physiosync_rt.dashboard.body_panel import BEAT_MS
from physiosync_rt.dashboard.main_window import Dashboard
from physiosync_rt.live.vitals import Vitals


def _line(window: Dashboard, name: str) -> list[str]:
    """What can be read of a quantity."""
    QApplication.processEvents()
    row = window.streams.body.rows[name]
    shown = (row.name, row.value, row.change, row.why)
    return [label.text() for label in shown if label.isVisible() and label.text()]


def test_heart_rate_with_its_change_and_bands(window: Dashboard) -> None:
    window.refresh(heart())
    assert _line(window, "heart rate") == ["heart rate", "72 /min", "+6"]
    assert _line(window, "alpha") == ["alpha", "21.7 µV²", "-38 %"]
    assert _line(window, "theta") == ["theta", "9.4 µV²", "as at rest"]
    assert window.streams.body.mark.isVisible()
    assert window.streams.body.about.text() == "32 electrodes · change from rest"


def test_skin_has_no_beat_mark(window: Dashboard) -> None:
    window.refresh(replace(make_snapshot(32), vitals=vitals()))
    assert _line(window, "tonic level") == ["skin conductance", "4.31 µS", "+12 %"]
    assert _line(window, "response rate") == ["responses", "4.0 /min", "+2.0"]
    assert not window.streams.body.mark.isVisible()


def test_what_is_missing_is_said_with_its_reason_and_is_never_zero(window: Dashboard) -> None:
    window.refresh(no_heartbeat())
    assert _line(window, "heart rate") == ["heart rate", "–  no heartbeat in the ECG"]
    assert _line(window, "alpha") == ["alpha", "21.7 µV²", "-38 %"]


def test_a_lost_sensor_and_eeg_that_is_gone(window: Dashboard) -> None:
    window.refresh(lost_gsr())
    assert _line(window, "tonic level") == ["skin conductance", "–  GSR has stopped sending"]
    window.refresh(eeg_gone())
    # Once for all bands.
    assert _line(window, "theta") == ["bands", "–  EEG has stopped sending"]
    assert _line(window, "beta") == []
    assert _line(window, "tonic level") == ["skin conductance", "4.31 µS", "+12 %"]
    window.refresh(heart())
    assert _line(window, "beta") == ["beta", "6.1 µV²", "+31 %"]


def test_a_run_without_such_a_signal_says_so(window: Dashboard) -> None:
    window.refresh(replace(make_snapshot(32), vitals=vitals(None)))
    assert window.streams.body.none.isVisible()
    assert window.streams.body.none.text() == "no heart or skin signal in this run"


def test_before_the_first_row_there_is_no_panel(window: Dashboard) -> None:
    window.refresh(make_snapshot(32, state="filling"))
    assert not window.streams.body.isVisible()
    window.refresh(replace(make_snapshot(32), vitals=Vitals()))
    assert not window.streams.body.isVisible()


def test_the_mark_is_filled_at_each_new_beat_alone(window: Dashboard, qtbot: QtBot) -> None:
    mark = window.streams.body.mark
    snapshot = heart()
    window.refresh(snapshot)
    assert mark.lit
    qtbot.waitUntil(lambda: not mark.lit, timeout=20 * BEAT_MS)
    window.refresh(snapshot)
    assert not mark.lit
    known = snapshot.vitals
    later = replace(known, beats=(*known.beats, known.beats[-1] + 0.8))
    window.refresh(replace(snapshot, vitals=later))
    assert mark.lit
