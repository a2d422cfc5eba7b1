"""What runs, since when, where it is written, and the three things a person can do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFont, QKeySequence, QPainter, QPaintEvent, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QToolButton, QWidget
from typing_extensions import override

from physiosync_rt.dashboard import theme
from physiosync_rt.live.options import Command
from physiosync_rt.live.snapshot import Snapshot
from physiosync_rt.setup.conduct import DEFAULT_HANDS, HandsOn
from physiosync_rt.views.wording import clock, is_capturing


class ProgressButton(QPushButton):
    """A button that fills from the left while what it started goes on."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._progress = 0.0

    def show_progress(self, progress: float) -> None:
        """Fill to a share in [0, 1]."""
        if progress != self._progress:
            self._progress = progress
            self.update()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the button and, along its lower edge, the progress."""
        super().paintEvent(event)
        if self._progress > 0:
            painter = QPainter(self)
            thick, side = theme.px(2), theme.px(9)
            width = self.width() - 2 * side
            groove = QRectF(side, self.height() - 2 * thick, width, thick)
            painter.fillRect(groove, theme.tint(theme.LINE, 1.0))
            groove.setWidth(groove.width() * self._progress)
            painter.fillRect(groove, theme.tint(theme.TEXT, 1.0))


class Header(QWidget):
    """Title, run time, files and buttons. Keys: B baseline, M marker, R record.

    A marker is sent at the moment of the key press with the text that stands in the field, so
    that a person can prepare it and hit the moment.
    """

    def __init__(self, send: Callable[[Command], None], hands_on: HandsOn = DEFAULT_HANDS) -> None:
        super().__init__()
        self._send = send
        self._hands = hands_on
        self._recording = ""
        self._csv = ""
        self.title = theme.Text(pixels=13, role="muted", elide=Qt.TextElideMode.ElideRight)
        self.badge = theme.Text(self.tr("trained on simulated signals"), pixels=12)
        self.badge.setObjectName("badge")
        self.badge.setToolTip(
            theme.tip(
                self.tr(
                    "The model has seen no recording of a real person: it shows that everything "
                    "works, not how somebody feels."
                )
            )
        )
        self.badge.hide()
        self.help = QToolButton()
        self.help.setText(self.tr("Keys  F1"))
        self.help.setToolTip(self.tr("All keys, and a short guide (F1)"))
        self.help.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.time = theme.Text("00:00", pixels=20)
        self.files = theme.Text(pixels=12, role="muted", elide=Qt.TextElideMode.ElideMiddle)
        self.files.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.marker_text = QLineEdit()
        self.marker_text.setPlaceholderText(self.tr("marker text"))
        self.marker_text.setAccessibleName(self.tr("Marker text"))
        self.marker_text.setFixedWidth(120)
        # Never the first focus: B, M and R would be typed instead of done.
        self.marker_text.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.marker = QPushButton(self.tr("Marker  M"))
        self.baseline = ProgressButton(self.tr("Rest  B"))
        self.record = QPushButton(self.tr("Record  R"))
        self._lay_out()
        self._connect()

    def refresh(self, snapshot: Snapshot) -> None:
        """Show the run's state on the labels and the buttons."""
        trained = self.tr("trained on {what}").format(what=snapshot.trained_on)
        self.title.say(f"{snapshot.bundle_title}  ·  {trained}")
        self.badge.setVisible(snapshot.simulated_training)
        self.time.say(clock(snapshot.run_s))
        self._csv, self._recording = snapshot.csv_path, snapshot.recording_path
        paths = [path for path in (snapshot.csv_path, snapshot.recording_path) if path]
        names = " · ".join(Path(path).name for path in paths)
        self.files.say(names or self.tr("not written to a file"))
        written = self.tr("Run time; written to {files}").format(files=self.tr(" and ").join(paths))
        self.time.setToolTip(theme.tip(written) if paths else "")
        capturing = is_capturing(snapshot)
        self.baseline.show_progress(snapshot.baseline_progress if capturing else 0.0)
        left = self.tr("Rest… {n} s").format(n=f"{snapshot.baseline_left_s:.0f}")
        self.baseline.setText(left if capturing else self.tr("Rest  B"))
        self.baseline.setEnabled(not capturing)
        self._show_recording(bool(self._recording))

    def send_marker(self) -> None:
        """Send the marker now, with the text of the field or the word ``marker``."""
        self._send(Command("marker", self.marker_text.text().strip() or "marker"))
        self.marker_text.clearFocus()

    def toggle_record(self) -> None:
        """Start a recording beside the CSV (a new file each time), or stop the one running."""
        if self._recording:
            self._send(Command("record"))
            return
        path = self._hands.path(self._csv, datetime.now().astimezone(), ".xdf")
        self._send(Command("record", str(path)))

    def offer_end(self, end: Callable[[], object]) -> None:
        """Add a button that ends the run, where something follows it."""
        button = QPushButton(self.tr("Stop"))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setToolTip(self.tr("End the run and go back to the start screen (Ctrl+W)"))
        button.clicked.connect(lambda _checked: end())
        self._row.addWidget(button)

    def _show_recording(self, on: bool) -> None:
        self.record.setText(self.tr("●  Recording  R") if on else self.tr("Record  R"))
        if self.record.property("active") != on:
            self.record.setProperty("active", on)
            self.record.style().unpolish(self.record)
            self.record.style().polish(self.record)

    def _lay_out(self) -> None:
        name = QHBoxLayout()
        name.setSpacing(12)
        name.addWidget(theme.Text("PhysioSync-RT", pixels=20, weight=QFont.Weight.DemiBold))
        name.addWidget(self.badge)
        name.addWidget(self.help)
        name.addStretch(1)
        left = theme.stack()
        left.addLayout(name)
        left.addWidget(self.title)
        self.time.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._row = row = QHBoxLayout(self)
        row.setContentsMargins(4, 2, 4, 2)
        row.setSpacing(8)
        row.addLayout(left, 5)
        row.addLayout(theme.stack(self.time, self.files), 2)
        row.addSpacing(12)
        row.addWidget(self.marker_text)
        for button in (self.marker, self.baseline, self.record):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            row.addWidget(button)

    def _connect(self) -> None:
        self.marker.setToolTip(
            self.tr("Write the marker text into the next row (key M; Ctrl+M to type it)")
        )
        self.baseline.setToolTip(
            self.tr("Capture the rest again, with which all is compared: sit still (key B)")
        )
        self.record.setToolTip(self.tr("Record all streams to an XDF file; again to stop (key R)"))
        self.marker.clicked.connect(self.send_marker)
        self.marker_text.returnPressed.connect(self.send_marker)
        self.record.clicked.connect(self.toggle_record)
        for key, button in (("M", self.marker), ("B", self.baseline), ("R", self.record)):
            QShortcut(QKeySequence(key), self, button.click)
        QShortcut(QKeySequence("Ctrl+M"), self, self.marker_text.setFocus)
