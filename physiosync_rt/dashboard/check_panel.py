"""The list of requirements with words on what is missing, and the button that starts a run."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from physiosync_rt.dashboard import theme
from physiosync_rt.dashboard.parts import Words, clear, link, scrolled
from physiosync_rt.setup.requirements import Check, Fix, State
from physiosync_rt.utils.translation import mark, tr

MARKS = {State.OK: "✓", State.WARNING: "▲", State.MISSING: "✕", State.WAITING: "…"}
"""A shape for each state, so that no colour is needed to tell it."""

STATES = {
    State.OK: mark("ok"),
    State.WARNING: mark("warning"),
    State.MISSING: mark("missing"),
    State.WAITING: mark("waiting"),
}

ROLES = {
    State.OK: "fine",
    State.WARNING: "warning",
    State.MISSING: "alert",
    State.WAITING: "muted",
}


class CheckPanel(theme.Panel):
    """Requirements, what went wrong at the last start, and Start."""

    start_asked = Signal()
    fix_asked = Signal(object)
    """The Check that a person wants to put right."""

    def __init__(self) -> None:
        super().__init__()
        self.column.addWidget(theme.Text(self.tr("Ready to start?"), weight=QFont.Weight.DemiBold))
        self._shown: tuple[Check, ...] | None = None
        content = QWidget()
        self._rows = QVBoxLayout(content)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(10)
        self.column.addWidget(scrolled(content), 1)
        self.problem = Banner("alert")
        self.column.addWidget(self.problem)
        self.busy = Words(pixels=12, role="muted")
        self.busy.hide()
        self.column.addWidget(self.busy)
        self.start = QPushButton(self.tr("Start"))
        self.start.setObjectName("start")
        self.start.setFont(theme.font(15, QFont.Weight.DemiBold))
        self.start.setEnabled(False)
        self.start.clicked.connect(self.start_asked)
        self.column.addWidget(self.start)

    def show_checks(self, checks: tuple[Check, ...]) -> None:
        """Show how every requirement stands; nothing is redrawn where nothing has changed."""
        if checks == self._shown:
            return
        self._shown = checks
        self.restyle()

    def restyle(self) -> None:
        """Lay the requirements out at the zoom of the present."""
        clear(self._rows)
        for check in self._shown or ():
            row = self._row(check)
            self._rows.addWidget(row)
            # A layout shows what it is given only when Qt comes to it.
            row.show()
        self._rows.addStretch(1)

    def allow_start(self, allowed: bool) -> None:
        """Enable the button, and say why where it is not."""
        self.start.setEnabled(allowed)
        self.start.setToolTip(
            self.tr("Start the run (Ctrl+Return)")
            if allowed
            else self.tr("Something is missing: see the list above")
        )

    def say_busy(self, text: str) -> None:
        """Say what goes on; an empty text ends it."""
        self.busy.write(text)
        self.busy.setVisible(bool(text))

    def _row(self, check: Check) -> QWidget:
        row = QWidget()
        state = tr(STATES[check.state])
        row.setAccessibleName(f"{check.title}: {state}. {check.text}")
        sign = theme.Text(MARKS[check.state], pixels=14, role=ROLES[check.state])
        sign.setFixedWidth(round(theme.px(18)))
        sign.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignHCenter)
        sign.setToolTip(state)
        body = QVBoxLayout()
        body.setSpacing(1)
        body.addWidget(theme.Text(check.title, weight=QFont.Weight.DemiBold))
        # What is awaited has to be read as well: it says what to switch on.
        quiet = "muted" if check.state is State.OK else ""
        body.addWidget(Words(check.text, pixels=12, role=quiet))
        if check.fix is not Fix.NONE:
            words = {
                Fix.MAP: self.tr("Say what the channels are…"),
                Fix.BUNDLE: self.tr("Take {name} instead").format(name=check.fix_name),
            }
            button = link(words[check.fix], lambda: self.fix_asked.emit(check))
            fix = QHBoxLayout()
            fix.addWidget(button)
            fix.addStretch(1)
            body.addLayout(fix)
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        line.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        line.addLayout(body, 1)
        return row


class Banner(QFrame):
    """A sentence that stays until it is closed: what a run came to, or why it did not start."""

    def __init__(self, tone: str = "") -> None:
        super().__init__()
        self.setObjectName("banner")
        self.setProperty("tone", tone)
        self.words = Words()
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.close_button = QPushButton("✕")
        self.close_button.setObjectName("link")
        self.close_button.setAccessibleName(self.tr("Close this message"))
        self.close_button.setToolTip(self.tr("Close this message"))
        self.close_button.clicked.connect(self.hide)
        self.line = QHBoxLayout(self)
        self.line.setContentsMargins(12, 8, 6, 8)
        self.line.addWidget(self.words, 1)
        self.line.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        self.hide()

    def say(self, text: str) -> None:
        """Show a text; an empty one hides the banner."""
        self.words.write(text)
        self.setAccessibleName(text)
        self.setVisible(bool(text))
