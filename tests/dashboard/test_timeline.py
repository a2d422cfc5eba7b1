"""The five minutes: bands where rows were withheld, labels that never overlap."""

from __future__ import annotations

from dataclasses import replace

import pytest
from helpers.snapshots import make_row, make_snapshot
from pytestqt.qtbot import QtBot

from physiosync_rt.dashboard.main_window import Dashboard
from physiosync_rt.dashboard.timeline_bands import Band, rows_of_names, withheld_bands
from physiosync_rt.datatypes import Reason


def test_bands_join_one_reason_and_part_two() -> None:
    rows = (
        make_row(1),
        make_row(2, valid=False, reason=Reason.GAP),
        make_row(3, valid=False, reason=Reason.GAP),
        make_row(4, valid=False, reason=Reason.LOW_QUALITY),
        make_row(5),
        make_row(6, valid=False, reason=Reason.GAP),
        make_row(7),
    )
    assert withheld_bands(rows, 1.0, "GSR") == (
        Band(-6.0, -4.0, "gap in EEG"),
        Band(-4.0, -3.0, "poor EEG signal"),
        Band(-2.0, -1.0, "gap in EEG"),
    )


def test_valid_rows_and_no_rows_have_no_bands() -> None:
    assert withheld_bands((), 1.0, "GSR") == ()
    assert withheld_bands((make_row(1), make_row(2)), 1.0, "GSR") == ()


def test_hover_tells_the_reason(window: Dashboard) -> None:
    window.refresh(make_snapshot(state="gap"))
    assert window.timeline.text_at(-1.0) == "No prediction for 4 s: gap in EEG"
    assert window.timeline.text_at(-20.0) == ""


def test_line_breaks_where_rows_are_withheld(window: Dashboard) -> None:
    snapshot = make_snapshot()
    window.refresh(snapshot)
    _times, values = window.timeline.curves["valence"].getData()
    missing = sum(row.valence is None for row in snapshot.history)
    assert missing > 0
    assert sum(value != value for value in values) == missing


def test_labels_stand_apart_in_the_order_of_their_values(window: Dashboard) -> None:
    snapshot = make_snapshot()
    assert snapshot.prediction is not None
    row = replace(snapshot.prediction, index=999, valence=0.50, arousal=0.51)
    window.refresh(replace(snapshot, prediction=row, history=(*snapshot.history[:-1], row)))
    labels = window.timeline.labels
    assert labels["arousal"].pos().y() - labels["valence"].pos().y() >= 0.1
    assert labels["valence"].toPlainText() == "valence 0.50"


def test_axis_grows_with_the_run(window: Dashboard) -> None:
    snapshot = make_snapshot()
    for rows, span in ((30, 60), (100, 120), (240, 300)):
        history = snapshot.history[-rows:]
        row = replace(history[-1], index=1000 + rows)
        window.refresh(replace(snapshot, prediction=row, history=(*history[:-1], row)))
        left = window.timeline.plot.getViewBox().viewRange()[0][0]
        assert left == pytest.approx(-span)


def test_labels_have_room_at_any_width(window: Dashboard, qtbot: QtBot) -> None:
    window.refresh(make_snapshot(4))
    window.show()
    for width in (1600, 1280):
        window.resize(width, 800)
        qtbot.wait(50)
        view = window.timeline.plot.getViewBox()
        for label in window.timeline.labels.values():
            right = label.mapRectToItem(view, label.boundingRect()).right()
            assert right <= view.width() + 1


def test_names_of_markers_do_not_run_into_each_other() -> None:
    assert rows_of_names([0, 100, 200], [40, 40, 40]) == [0, 0, 0]
    # In a row below where one would begin before the other ends, and in none where none is left.
    assert rows_of_names([0, 14, 28, 42, 60], [40, 40, 40, 40, 40]) == [0, 1, 2, None, 0]
