"""What the last run came to, and the way to its report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPushButton

from physiosync_rt.dashboard import theme
from physiosync_rt.dashboard.check_panel import Banner
from physiosync_rt.dashboard.parts import tip


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to, what went wrong, and its CSV, where it has one."""

    summary: str
    problem: str = ""
    csv: Path | None = None


class LastRun(Banner):
    """The summary of the last run, with a button that makes its report."""

    report_asked = Signal(object)
    """The CSV of the run."""

    def __init__(self) -> None:
        super().__init__()
        self._csv: Path | None = None
        self.report = QPushButton(self.tr("Report"))
        self.report.setToolTip(
            tip(self.tr("Make one page about the run, and open it in the browser"))
        )
        self.report.clicked.connect(lambda _checked: self.report_asked.emit(self._csv))
        self.line.insertWidget(1, self.report, 0, Qt.AlignmentFlag.AlignTop)
        self.said = theme.Text(pixels=12, role="muted")
        self.line.insertWidget(1, self.said, 0, Qt.AlignmentFlag.AlignVCenter)

    def show_outcome(self, outcome: Outcome) -> None:
        """Show what a run came to; its problem is shown elsewhere."""
        self._csv = outcome.csv
        self.report.setVisible(outcome.csv is not None)
        self.say_report("", busy=False)
        self.say(outcome.summary)

    def say_report(self, text: str, *, busy: bool) -> None:
        """Say how far the report is."""
        self.report.setEnabled(not busy)
        self.said.say(text)
