"""The page of several people and the live view of one of them, in Qt's event loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QObject, QTimer
from PySide6.QtGui import QKeySequence, QShortcut

from physiosync_rt.dashboard.application import Poller, application, when_the_display_goes
from physiosync_rt.dashboard.language import words_of_views
from physiosync_rt.dashboard.main_window import Dashboard
from physiosync_rt.dashboard.people_page import PeoplePage
from physiosync_rt.live.options import Command
from physiosync_rt.live.snapshot import Snapshot
from physiosync_rt.setup.conduct import DEFAULT_HANDS, HandsOn

if TYPE_CHECKING:
    from physiosync_rt.live.group import Group

GLANCES_MS = 500


class PeopleApp(QObject):
    """Refreshes the page, and opens the live view of whom a person chooses, one at a time.

    Parameters
    ----------
    group : Group
    hands_on : mapping of str to HandsOn
        By the names of the people.
    is_done : callable
        Whether all runs have ended.

    Attributes
    ----------
    page : PeoplePage
    live : Dashboard or None
        The live view that is open.

    Notes
    -----
    In a live view Ctrl+Page Down and Ctrl+Page Up go to the next person and the one before; closing
    it ends nobody's run.
    """

    def __init__(
        self, group: Group, hands_on: Mapping[str, HandsOn], is_done: Callable[[], bool]
    ) -> None:
        super().__init__()
        self._group = group
        self._hands_on = hands_on
        self._is_done = is_done
        self.live: Dashboard | None = None
        self._poller: Poller | None = None
        self._geometry: QByteArray | None = None
        self.page = PeoplePage([member.name for member in group.members], self.choose)
        self.page.closed.connect(self.leave)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.refresh)
        self._timer.start(GLANCES_MS)
        self.refresh()

    def refresh(self) -> None:
        """Show where everybody stands; close when all runs have ended."""
        self.page.refresh([member.glance for member in self._group.members])
        if self._is_done():
            self.page.close()

    def choose(self, k: int) -> None:
        """Open the live view of the person of a place, in place of the one that is open."""
        member = self._group.members[k % len(self._group.members)]
        if self.live is not None:
            self.live.close()

        def send(command: Command) -> None:
            # A live view that closes ends no run here.
            if command.kind != "stop":
                member.send(command)

        def snapshot() -> Snapshot | None:
            return member.engine.snapshot if member.engine else None

        self.live = live = Dashboard(send, self._hands_on.get(member.name, DEFAULT_HANDS))
        live.setWindowTitle(self.tr("PhysioSync-RT: {name}").format(name=member.name))
        self._poller = Poller(live, snapshot, lambda: False)
        live.closed.connect(self._live_closed)
        for keys, step in (("Ctrl+PgDown", 1), ("Ctrl+PgUp", -1)):
            QShortcut(QKeySequence(keys), live, lambda step=step: self.choose(k + step))
        if self._geometry is not None:
            live.restoreGeometry(self._geometry)
        live.show()

    def _live_closed(self) -> None:
        if self.live is not None:
            self._geometry = self.live.saveGeometry()
            self.live.views.end()
            self.page.look.take()
            self.live.deleteLater()
        self.live = self._poller = None

    def leave(self) -> None:
        """Ask for the end of all runs."""
        self._timer.stop()
        if self.live is not None:
            self.live.close()
        self._group.send(Command("stop"))

    def stop(self) -> None:
        """Touch no window any more, because the display is gone."""
        self._timer.stop()
        if self._poller is not None:
            self._poller.stop()


def run(group: Group, hands_on: Mapping[str, HandsOn], is_done: Callable[[], bool]) -> None:
    """Show the page until it is closed; see :func:`physiosync_rt.dashboard.run_people`."""
    app = application()
    with words_of_views():
        shown = PeopleApp(group, hands_on, is_done)
        shown.page.closed.connect(app.quit)
        shown.page.show()
        with when_the_display_goes(shown.stop):
            app.exec()
    group.send(Command("stop"))
