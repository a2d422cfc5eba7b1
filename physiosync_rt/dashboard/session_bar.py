"""One line about the session: who, what is recorded and where there is room, and quick keys."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from datetime import datetime
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QImage, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from physiosync_rt.dashboard import theme
from physiosync_rt.dashboard.background import Background
from physiosync_rt.dashboard.save_picture import save_picture
from physiosync_rt.live.events import Event
from physiosync_rt.live.options import Command
from physiosync_rt.live.snapshot import Snapshot
from physiosync_rt.setup.conduct import DEFAULT_HANDS, MOST_KEYS, HandsOn
from physiosync_rt.utils.atomic import reason_of
from physiosync_rt.utils.disk_space import LITTLE_FREE, free_bytes, free_text
from physiosync_rt.views.events_text import sentence
from physiosync_rt.views.recording import folder_of, recording_text

DISK_MS = 5000
SAID_MS = 8000
"""So long it is said what a key has done."""

_MARKER_CHARS = 18


class SessionBar(QWidget):
    """Who takes part, the state of the recording, free disk, marker keys and two buttons.

    Parameters
    ----------
    send : callable
        Takes the Commands of the person; must return at once.
    hands_on : HandsOn
    picture : callable
        Returns the picture of the window.

    Notes
    -----
    Lives in the GUI thread. The disk is asked and pictures are written in a thread of its own.
    """

    def __init__(
        self,
        send: Callable[[Command], None],
        hands_on: HandsOn = DEFAULT_HANDS,
        picture: Callable[[], QImage] = QImage,
    ) -> None:
        super().__init__()
        self._send = send
        self._hands = hands_on
        self._picture = picture
        self._csv = ""
        self._saved: Event | None = None
        self._disk = _DiskWatch(self)
        self.who = theme.Text(
            "  ".join(f"{name} {label}" for name, label in hands_on.labels), pixels=12
        )
        self.recording = theme.Text(pixels=12)
        self.free = theme.Text(pixels=12, role="muted")
        self.said = theme.Text(pixels=12, role="muted", elide=Qt.TextElideMode.ElideMiddle)
        self.keys = [self._key(n, name) for n, name in enumerate(hands_on.marker_keys, 1)]
        self.picture = self._button(
            self.tr("Picture  S"), self.tr("Save a picture of the window (key S)")
        )
        self.last = self._button(
            self.tr("Last 5 min  L"),
            self.tr("Save the raw signals of the last five minutes (key L)"),
        )
        self._quiet = QTimer(self)
        self._quiet.setSingleShot(True)
        self._quiet.timeout.connect(lambda: self.said.say(""))
        self._lay_out()
        self._connect()

    def refresh(self, snapshot: Snapshot) -> None:
        """Show the state of the recording; say what was saved."""
        self._csv = snapshot.csv_path
        mark = "●" if snapshot.recording_path else "○"
        self.recording.say(f"{mark} {recording_text(snapshot)}")
        self.recording.set_role("alert" if snapshot.recording_path else "muted")
        self._disk.watch(folder_of(snapshot, self._hands.folder))
        if snapshot.saved is not self._saved:
            self._saved = snapshot.saved
            if self._saved is not None:
                self.say(sentence(self._saved))

    def say(self, text: str) -> None:
        """Say for a while what a key has done."""
        self.said.say(text[:1].upper() + text[1:])
        self._quiet.start(SAID_MS)

    def mark(self, n: int) -> None:
        """Write the marker of Ctrl and a number."""
        names = self._hands.marker_keys
        text = names[n - 1] if n <= len(names) else f"marker {n}"
        self._send(Command("marker", text))
        self.say(self.tr("Marker “{text}”").format(text=text))

    def save_last(self) -> None:
        """Save the last minutes."""
        path = self._hands.path(self._csv, datetime.now().astimezone(), ".xdf")
        self._send(Command("save_last", str(path)))
        self.say(self.tr("Saving the last minutes…"))

    def save_picture(self) -> None:
        """Save a picture of the window."""
        path = self._hands.path(self._csv, datetime.now().astimezone(), ".png")
        done = self.tr("The picture is saved in {name}").format(name=path.name)
        self._disk.jobs.submit(
            partial(copy_context().run, save_picture, self._picture(), path),
            lambda _none: self.say(done),
            lambda error: self.say(str(error)),
        )

    def close_jobs(self) -> None:
        """End the thread of the bar; safe to call twice."""
        self._disk.close()

    def show_free(self, free: int | Exception) -> None:
        """Show how much room there is, or that it is not known."""
        if isinstance(free, Exception):
            self.free.say(self.tr("free disk not known"))
            self.free.setToolTip(theme.tip(reason_of(free)))
            self.free.set_role("muted")
            return
        self.free.say(free_text(free))
        self.free.set_role("alert" if free < LITTLE_FREE else "muted")

    def _key(self, n: int, name: str) -> QPushButton:
        short = name if len(name) <= _MARKER_CHARS else f"{name[: _MARKER_CHARS - 1]}…"
        tip = self.tr("Write the marker “{name}” into the next row (Ctrl+{n})")
        button = self._button(f"{n}  {short}", tip.format(name=name, n=n))
        button.setAccessibleName(name)
        button.clicked.connect(lambda _checked: self.mark(n))
        return button

    def _button(self, text: str, tip: str) -> QPushButton:
        # An ampersand is shown, not taken for a key.
        button = QPushButton(text.replace("&", "&&"))
        button.setFont(theme.font(12))
        button.setStyleSheet("padding: 3px 9px")
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setToolTip(theme.tip(tip))
        return button

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 0, 4, 0)
        row.setSpacing(14)
        for label in (self.who, self.recording, self.free):
            row.addWidget(label)
        self.who.setVisible(bool(self._hands.labels))
        row.addWidget(self.said, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        for button in (*self.keys, self.picture, self.last):
            buttons.addWidget(button)
        row.addLayout(buttons)

    def _connect(self) -> None:
        self.picture.clicked.connect(self.save_picture)
        self.last.clicked.connect(self.save_last)
        QShortcut(QKeySequence("S"), self, self.picture.click)
        QShortcut(QKeySequence("L"), self, self.last.click)
        for n in range(1, MOST_KEYS + 1):
            QShortcut(QKeySequence(f"Ctrl+{n}"), self, partial(self.mark, n))


class _DiskWatch(QObject):
    """Asks for the free disk every few seconds, beside the GUI thread."""

    def __init__(self, bar: SessionBar) -> None:
        super().__init__(bar)
        self._bar = bar
        self._folder: Path | None = None
        self._asking = False
        self.jobs = Background("physiosync-disk", self)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._ask)
        self._timer.start(DISK_MS)

    def watch(self, folder: Path) -> None:
        """Watch the disk of a folder."""
        if folder != self._folder:
            self._folder = folder
            self._ask()

    def close(self) -> None:
        """Ask no more."""
        self._timer.stop()
        self.jobs.close()

    def _ask(self) -> None:
        # A disk that does not answer is asked once.
        if self._folder is not None and not self._asking:
            self._asking = True
            self.jobs.submit(partial(free_bytes, self._folder), self._take, self._take)

    def _take(self, free: int | Exception) -> None:
        self._asking = False
        self._bar.show_free(free)
