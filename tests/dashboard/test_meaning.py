"""The window with a bundle whose target is not an emotion."""

from __future__ import annotations

from helpers.snapshots import EFFORT, effort, make_snapshot

from physiosync_rt.dashboard.main_window import Dashboard


def test_the_window_shows_what_the_target_stands_for_and_no_plane(window: Dashboard) -> None:
    window.refresh(make_snapshot(4))
    assert window.readout.circumplex.isVisibleTo(window)
    window.refresh(effort())
    assert window.readout.state.text() == "High mental effort"
    assert not window.readout.circumplex.isVisibleTo(window)
    assert not window.readout.valence.isVisibleTo(window)
    assert window.readout.arousal.toolTip() == str(EFFORT["arousal"])
    assert window.readout.arousal.text() == "0.90"
    assert window.timeline.title.text() == "Mental effort over time"
    assert not window.timeline.labels["valence"].isVisible()
