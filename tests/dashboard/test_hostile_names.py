"""In the window names are text and nothing else: no markup, no link, no turned letters."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from helpers.snapshots import make_row, make_snapshot
from PySide6.QtGui import Qt
from PySide6.QtWidgets import QLabel, QWidget

from physiosync_rt.dashboard.main_window import Dashboard

HOSTILE = "<b>x</b><img src='file:///etc/passwd'>\x07\u202e\n\ud800"
AS_TEXT = "<b>x</b><img src='file:///etc/passwd'>�� �"


def test_names_are_plain_text(window: Dashboard) -> None:
    snapshot = make_snapshot()
    streams = tuple(replace(s, spec=replace(s.spec, name=HOSTILE)) for s in snapshot.streams)
    row = replace(make_row(snapshot.prediction.index + 1), marker=HOSTILE)
    assert snapshot.eeg is not None
    traces = replace(snapshot.eeg, ch_names=(HOSTILE, *snapshot.eeg.ch_names[1:]))
    window.refresh(
        replace(
            snapshot,
            bundle_title=HOSTILE,
            trained_on=HOSTILE,
            streams=streams,
            history=(*snapshot.history, row),
            prediction=row,
            eeg=traces,
            csv_path=str(Path("study") / "<b>run.csv"),
        )
    )
    labels = window.findChildren(QLabel)
    said = "".join(label.text() for label in labels)
    assert not set(said) & set("\x07\u202e\ud800")
    assert "<b>x" in said
    for label in labels:
        plain = label.textFormat() is Qt.TextFormat.PlainText
        assert plain or not Qt.mightBeRichText(label.text()), label.text()
    tips = [w.toolTip() for w in window.findChildren(QWidget) if "x" in w.toolTip()]
    assert any("&lt;b&gt;run.csv" in tip for tip in tips)
    assert not any("<b>" in tip or "<img" in tip for tip in tips)
    window.grab()
