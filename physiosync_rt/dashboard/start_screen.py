"""The start screen: choose a model, signals and files, see what is missing, start."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QFont,
    QHideEvent,
    QKeySequence,
    QShortcut,
)
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMainWindow,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from physiosync_rt.dashboard import theme
from physiosync_rt.dashboard.bundle_panel import BundlePanel
from physiosync_rt.dashboard.check_panel import CheckPanel
from physiosync_rt.dashboard.guide import START_PAGE
from physiosync_rt.dashboard.last_run import LastRun, Outcome
from physiosync_rt.dashboard.mapping_form import MappingForm
from physiosync_rt.dashboard.memory import Memory
from physiosync_rt.dashboard.output_panel import OutputPanel
from physiosync_rt.dashboard.parts import link
from physiosync_rt.dashboard.scheme import Scheme, style_of
from physiosync_rt.dashboard.source_panel import SourcePanel
from physiosync_rt.dashboard.window_look import WindowLook
from physiosync_rt.errors import UserError
from physiosync_rt.setup.examine import Report
from physiosync_rt.setup.plan import Plan
from physiosync_rt.setup.requirements import Check, Fix
from physiosync_rt.setup.sight import first_paragraph

SIZE = QSize(1320, 720)


class StartScreen(QMainWindow):
    """Everything that is chosen before a run, in one window.

    Parameters
    ----------
    memory : Memory
        What was chosen the last time.

    Notes
    -----
    Lives in the GUI thread and does nothing that takes time: it shows the Reports that it is
    given and says by signals what a person wants.
    """

    plan_changed = Signal()
    start_asked = Signal()
    map_asked = Signal(object)
    """The Offered whose channels a person wants to say."""

    closed = Signal()

    def __init__(self, memory: Memory) -> None:
        super().__init__()
        self._memory = memory
        self._base = memory.plan()
        self._filling = False
        self.report: Report | None = None
        self.bundle = BundlePanel()
        self.source = SourcePanel()
        self.output = OutputPanel()
        self.mapping = MappingForm()
        self.checks = CheckPanel()
        self.last_run = LastRun()
        self.middle = QStackedWidget()
        self.setWindowTitle("PhysioSync-RT")
        self._lay_out()
        self.look = WindowLook(self, self._style, START_PAGE)
        self.look.remember(memory)
        self._connect()
        self._show(self._base)

    # --- plan and report ----------------------------------------------------------------------

    @property
    def plan(self) -> Plan:
        """What is chosen at present."""
        return self.output.fill(self.source.fill(self._base))

    def show_report(self, report: Report) -> None:
        """Show what an examination has found; one of another plan is out of date."""
        if report.plan != self.plan:
            return
        self.report = report
        self.source.show_sight(report.sight)
        self.checks.show_checks(report.checks)
        self._allow()

    def keep(self) -> None:
        """Remember what is chosen, and how the window is looked at."""
        self._memory.keep_plan(self.plan)
        self.look.keep()

    # --- what a run does to the screen --------------------------------------------------------

    def say_busy(self, text: str) -> None:
        """Say what goes on while nothing can be started; an empty text ends it."""
        self.checks.say_busy(text)
        for panel in (self.bundle, self.source, self.output):
            panel.setEnabled(not text)
        self._allow()

    def say_problem(self, text: str) -> None:
        """Say why a run did not start, or how it failed."""
        self.checks.problem.say(text)

    def show_outcome(self, outcome: Outcome) -> None:
        """Say what the last run came to, and how it failed where it did."""
        self.last_run.show_outcome(outcome)
        self.say_problem(outcome.problem)

    def open_mapping(self) -> None:
        """Show the form of the channels."""
        self.middle.setCurrentWidget(self.mapping)
        self._allow()

    def close_mapping(self) -> None:
        """Go back to the sources."""
        self.middle.setCurrentIndex(0)
        self.source.edit.setFocus()
        self._allow()

    # --- the window ---------------------------------------------------------------------------

    def recolour(self, scheme: Scheme) -> None:
        """Take the colours of a scheme."""
        self.look.recolour(scheme)

    def leave(self) -> None:
        """Leave the form of the channels, else the full screen."""
        if self.middle.currentWidget() is self.mapping:
            self.close_mapping()
        else:
            self.look.leave()

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        """Close the page of the keys, which is of this window alone."""
        self.look.close_guide()
        super().hideEvent(event)

    @override
    def closeEvent(self, event: QCloseEvent) -> None:
        """Remember what is chosen, and where the window was."""
        self.keep()
        self.look.end()
        self.closed.emit()
        super().closeEvent(event)

    def _show_help(self) -> None:
        self.look.toggle_guide()

    def _style(self, scheme: Scheme) -> str:
        self.bundle.card.recolour(scheme)
        # The middle is as wide as its fields and boxes need.
        for widget, least in ((self.bundle, 320), (self.checks, 290)):
            widget.setMinimumWidth(round(theme.px(least)))
        return style_of(scheme)

    def _allow(self) -> None:
        ready = self.report is not None and self.report.can_start
        current = self.report is not None and self.report.plan == self.plan
        idle = not self.checks.busy.text() and self.middle.currentIndex() == 0
        self.checks.allow_start(ready and current and idle)

    def _changed(self) -> None:
        if not self._filling:
            self._allow()
            self.plan_changed.emit()

    def _take_bundle(self, name: str) -> None:
        self._base = self._base.model_copy(update={"bundle": name})
        self._memory.keep_recent("bundles", name)
        self._changed()

    def _fix(self, check: Check) -> None:
        if check.fix is Fix.BUNDLE:
            self.bundle.choose(check.fix_name)
        elif check.fix is Fix.MAP:
            self.source.edit.click()

    def _use_device(self, path: str) -> None:
        self._memory.keep_recent("devices", path)
        self.close_mapping()
        self.source.use_device(path)

    def _ask_start(self) -> None:
        if self.checks.start.isEnabled():
            self.start_asked.emit()

    def _show(self, plan: Plan) -> None:
        self._filling = True
        self.bundle.offer(self._memory.recent("bundles"), plan.bundle)
        self.source.show_plan(plan, self._memory.recent("devices"))
        self.output.show_plan(plan)
        self._filling = False

    def _connect(self) -> None:
        self.bundle.chosen.connect(self._take_bundle)
        self.source.changed.connect(self._changed)
        self.output.changed.connect(self._changed)
        self.source.map_asked.connect(self.map_asked)
        self.mapping.saved.connect(self._use_device)
        self.mapping.cancelled.connect(self.close_mapping)
        self.checks.start_asked.connect(self._ask_start)
        self.checks.fix_asked.connect(self._fix)
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            QShortcut(QKeySequence(keys), self, self._ask_start)
        for standard in (QKeySequence.StandardKey.Close, QKeySequence.StandardKey.Quit):
            QShortcut(QKeySequence(standard), self, self.close)
        QShortcut(QKeySequence("Esc"), self, self.leave)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(theme.Text("PhysioSync-RT", pixels=20, weight=QFont.Weight.DemiBold))
        head.addSpacing(10)
        about = self.tr("valence and arousal, live, from EEG with skin conductance or ECG")
        head.addWidget(theme.Text(about, role="muted"))
        head.addStretch(1)
        self.help = link(self.tr("Keys and a short guide  F1"), self._show_help)
        self.help.setToolTip(self.tr("All keys, and what each part of this screen is for (F1)"))
        head.addWidget(self.help)
        sources = QWidget()
        column = QVBoxLayout(sources)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP)
        column.addWidget(self.source, 1)
        column.addWidget(self.output)
        self.middle.addWidget(sources)
        self.middle.addWidget(self.mapping)
        row = QHBoxLayout()
        row.setSpacing(theme.GAP)
        for widget, stretch in ((self.bundle, 8), (self.middle, 13), (self.checks, 8)):
            row.addWidget(widget, stretch)
        body = QWidget()
        body.setObjectName("body")
        whole = QVBoxLayout(body)
        whole.setContentsMargins(16, 10, 16, 16)
        whole.setSpacing(theme.GAP)
        whole.addLayout(head)
        whole.addWidget(self.last_run)
        whole.addLayout(row, 1)
        self.setCentralWidget(body)
        self.resize(SIZE.boundedTo(self.screen().availableSize()))
        body.setFocusPolicy(Qt.FocusPolicy.ClickFocus)


def said(error: Exception) -> str:
    """Return an error as a person reads it in the window."""
    if isinstance(error, UserError):
        return first_paragraph(error)
    return f"{type(error).__name__}: {error}"
