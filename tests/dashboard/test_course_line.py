"""The past as it was: from one signal dashed, unsure faint, withheld hatched."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from helpers.scenes import lost_gsr
from helpers.snapshots import make_row, make_snapshot
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from physiosync_rt.dashboard.course_line import CourseLine, split_by_kind
from physiosync_rt.dashboard.main_window import Dashboard
from physiosync_rt.dashboard.timeline_bands import Band, single_bands
from physiosync_rt.datatypes import Reason
from physiosync_rt.views.row_kind import RowKind, row_kind

SURE, SINGLE, UNSURE = RowKind(), RowKind(single=True), RowKind(unsure=True)


def test_kind_of_a_row() -> None:
    row = replace(make_row(3), valence=0.8, arousal=0.55)
    assert row_kind(row, "valence", 0.1) == SURE
    assert row_kind(row, "arousal", 0.1) == UNSURE
    assert row_kind(row, "arousal", margin=0.04) == SURE
    alone = replace(row, reason=Reason.NO_PPS, modalities="eeg")
    assert row_kind(alone, "valence", 0.1) == SINGLE
    assert row_kind(alone, "arousal", 0.1) == RowKind(single=True, unsure=True)
    blind = replace(alone, reason=Reason.NO_EEG, modalities="gsr")
    assert row_kind(blind, "valence", 0.1) == SINGLE
    assert row_kind(make_row(3, valid=False, reason=Reason.GAP), "valence", 0.1) == SURE


def test_the_line_to_a_row_is_drawn_as_that_row_and_none_is_lost() -> None:
    values = np.array([0.1, 0.2, np.nan, 0.4, 0.5, 0.6])
    kinds = [SURE, SINGLE, SURE, SURE, UNSURE, SURE]
    parts = split_by_kind(values, kinds)
    np.testing.assert_array_equal(parts[SURE], [0.1, np.nan, np.nan, 0.4, 0.5, 0.6])
    np.testing.assert_array_equal(parts[SINGLE], [0.1, 0.2, np.nan, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(parts[UNSURE], [np.nan, np.nan, np.nan, 0.4, 0.5, np.nan])


def test_kinds_differ_by_more_than_colour(window: Dashboard) -> None:
    curve = window.timeline.curves["valence"]
    assert isinstance(curve, CourseLine)
    assert curve.pen_of(SURE).style() is Qt.PenStyle.SolidLine
    assert curve.pen_of(SINGLE).style() is Qt.PenStyle.CustomDashLine
    assert curve.pen_of(UNSURE).color().alphaF() < 0.5 < curve.pen_of(SURE).color().alphaF()


def test_stretches_from_one_signal_are_told_with_their_reason(window: Dashboard) -> None:
    window.refresh(replace(lost_gsr(), margin=0.1))
    assert window.timeline.text_at(-10.0) == "For 40 s EEG only: GSR has stopped sending"
    assert window.timeline.text_at(-60.0) == ""
    assert window.timeline.legend.text() == ("hatched: none · dashed: one signal · faint: unsure")


def test_one_reason_is_one_stretch() -> None:
    rows = (
        make_row(1),
        make_row(2, reason=Reason.NO_PPS, modalities="eeg"),
        make_row(3, reason=Reason.NO_PPS, modalities="eeg"),
        make_row(4, reason=Reason.GAP, valid=False),
    )
    assert single_bands(rows, 1.0, "GSR") == (Band(-3.0, -1.0, "EEG only: no GSR"),)


def test_a_sure_course_from_all_signals_needs_no_legend_of_its_own(window: Dashboard) -> None:
    snapshot = make_snapshot(32)
    rows = tuple(
        replace(row, valence=0.8, arousal=0.2) if row.valid else row for row in snapshot.history
    )
    window.refresh(replace(snapshot, history=rows, prediction=rows[-1]))
    assert window.timeline.legend.text() == "P(high) · hatched: none"


def test_the_past_looks_different_on_the_screen(window: Dashboard) -> None:
    """A dashed line has gaps: fewer pixels of its colour than the full one."""
    snapshot = replace(make_snapshot(32), margin=0.1)

    def gold(reason: Reason, modalities: str, p: float) -> int:
        rows = tuple(
            replace(
                make_row(row.index),
                valence=p,
                arousal=0.1,
                reason=reason,
                modalities=modalities,
                index=row.index + int(1e6 * p) + len(modalities),
            )
            for row in snapshot.history
        )
        window.refresh(replace(snapshot, history=rows, prediction=rows[-1]))
        QApplication.processEvents()
        image = window.timeline.grab().toImage()
        width = round(0.7 * image.width())
        return sum(
            image.pixelColor(x, y).red() > 190 and image.pixelColor(x, y).blue() < 140
            for x in range(60, width)
            for y in range(image.height())
        )

    full = gold(Reason.NONE, "eeg+gsr", 0.9)
    assert full > 200
    assert gold(Reason.NO_PPS, "eeg", 0.9) < 0.8 * full
    assert gold(Reason.NONE, "eeg+gsr", 0.52) < 0.2 * full
