"""The window with a bundle whose target is not an emotion."""

from __future__ import annotations

from helpers.snapshots import EFFORT, effort, make_snapshot
from PySide6.QtWidgets import QApplication, QLabel

from physiosync_rt.dashboard.main_window import Dashboard
from physiosync_rt.views.wording import QUADRANTS


def test_the_window_shows_what_the_target_stands_for_and_no_plane(window: Dashboard) -> None:
    window.refresh(make_snapshot(4))
    assert window.readout.circumplex.isVisibleTo(window)
    window.refresh(effort())
    assert window.readout.state.text() == "High mental effort"
    assert not window.readout.circumplex.isVisibleTo(window)
    assert not window.readout.valence.isVisibleTo(window)
    assert str(EFFORT["arousal"]) in window.readout.arousal.toolTip()
    assert window.readout.arousal.text() == "0.90"
    assert window.timeline.title.text() == "Mental effort over time"
    assert not window.timeline.labels["valence"].isVisible()


def test_no_label_of_the_window_says_an_emotion(window: Dashboard) -> None:
    window.refresh(effort(0.55))
    said = " ".join(
        label.text() for label in window.findChildren(QLabel) if label.isVisibleTo(window)
    )
    words = set(said.lower().replace(",", " ").replace(":", " ").split())
    emotions = {word for word, _ in QUADRANTS.values()}
    assert not words & (emotions | {"valence", "arousal"})


def test_the_label_of_a_long_name_is_not_cut_off(window: Dashboard) -> None:
    window.resize(1366, 768)
    for _ in range(2):
        window.refresh(effort())
        QApplication.processEvents()
    label = window.timeline.labels["arousal"]
    right = label.mapToScene(label.boundingRect().topRight()).x()
    assert right <= window.timeline.plot.width()
