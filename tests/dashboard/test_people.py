"""The page of several people, and the live view of whom one chooses."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from helpers.snapshots import make_row, make_snapshot

pytest.importorskip("pytestqt")

from PySide6.QtCore import Qt

from physiosync_rt.dashboard.guide import Guide
from physiosync_rt.dashboard.people_app import PeopleApp
from physiosync_rt.datatypes import Reason
from physiosync_rt.live.glance import Glance, MemberPhase
from physiosync_rt.live.options import Command


class Person:
    """A member of a group as the page sees it."""

    def __init__(self, glance: Glance) -> None:
        self.name = glance.name
        self.glance = glance
        self.sent: list[Command] = []
        self.engine = SimpleNamespace(snapshot=make_snapshot(4))

    def send(self, command: Command) -> None:
        self.sent.append(command)


class Room:
    """A group as the page sees it."""

    def __init__(self, *members: Person) -> None:
        self.members = members
        self.sent: list[Command] = []

    def send(self, command: Command) -> None:
        self.sent.append(command)


def _room() -> Room:
    gap = make_row(9, reason=Reason.GAP, valid=False)
    return Room(
        Person(Glance("ada", MemberPhase.RUNNING, "", (make_row(9),), 9, 9, "GSR", 0.05)),
        Person(Glance("ben", MemberPhase.RUNNING, "", (gap,), 9, 0, "GSR")),
        Person(Glance("eve", MemberPhase.COMING, "no stream called 'cap-03' found")),
    )


def test_a_tile_for_each_and_a_live_view_for_one(qtbot: Any) -> None:
    room = _room()
    group: Any = room
    shown = PeopleApp(group, {}, lambda: False)
    qtbot.addWidget(shown.page)
    shown.page.show()
    ada, ben, eve = shown.page.tiles
    assert "valence 0." in ada.figures.text()
    assert "gap" in ben.state.text()
    assert "–" in ben.figures.text()
    assert eve.state.text() == "not here yet: no stream called 'cap-03' found"
    qtbot.mouseClick(ada, Qt.MouseButton.LeftButton)
    assert shown.live is not None
    assert shown.live.windowTitle() == "PhysioSync-RT: ada"
    qtbot.keyClick(shown.page, Qt.Key.Key_2)
    first = shown.live
    shown.choose(1)
    assert shown.live is not first
    assert shown.live is not None
    assert shown.live.windowTitle() == "PhysioSync-RT: ben"
    shown.live.close()
    assert shown.live is None
    assert all(person.sent == [] for person in room.members), "no run was ended"
    shown.page.close()
    assert [command.kind for command in room.sent] == ["stop"]


def test_the_page_is_zoomed_and_has_a_guide_beside_a_live_view(qtbot: Any) -> None:
    group: Any = _room()
    shown = PeopleApp(group, {}, lambda: False)
    qtbot.addWidget(shown.page)
    shown.page.show()
    shown.page.look.zoom_in()
    assert shown.page.tiles[0].minimumWidth() == 253
    shown.choose(0)
    assert shown.live is not None
    shown.live.close()
    # A live view has a zoom of its own; the page has its own again.
    assert shown.page.look.zoom == 1.1
    shown.page.look.toggle_guide()
    (guide,) = shown.page.findChildren(Guide)
    assert guide.isVisible()
    shown.page.close()
    assert not guide.isVisible()


def test_the_page_closes_when_all_runs_are_over(qtbot: Any) -> None:
    group: Any = _room()
    shown = PeopleApp(group, {}, lambda: True)
    qtbot.addWidget(shown.page)
    shown.page.show()
    shown.refresh()
    assert not shown.page.isVisible()
