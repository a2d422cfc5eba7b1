"""The dashboard as a program of its own: start screen, run, and back to the start screen."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from contextvars import Context, copy_context
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication

from physiosync_rt.dashboard.application import Poller, application, when_the_display_goes
from physiosync_rt.dashboard.background import Background
from physiosync_rt.dashboard.language import words_of_views
from physiosync_rt.dashboard.last_run import Outcome
from physiosync_rt.dashboard.main_window import Dashboard
from physiosync_rt.dashboard.memory import Memory
from physiosync_rt.dashboard.smooth import smooth_window
from physiosync_rt.dashboard.start_screen import StartScreen, said
from physiosync_rt.setup.conduct import HandsOn
from physiosync_rt.setup.draft import Draft, make_draft
from physiosync_rt.setup.examine import Examiner, Report
from physiosync_rt.setup.file_checks import make_folder
from physiosync_rt.setup.plan import Plan, expanded, settings_of
from physiosync_rt.setup.sight import Offered
from physiosync_rt.utils.end_signals import EndSignals

if TYPE_CHECKING:
    from physiosync_rt.brainflow.boards import Board
    from physiosync_rt.setup.live_run import LiveRun

EXAMINE_MS = 1000
PORTS_MS = 2000


class App(QObject):
    """Puts screens, examinations and runs together.

    Parameters
    ----------
    memory : Memory
    local : bool
        Whether LSL is restricted to this computer.

    Notes
    -----
    Lives in the GUI thread. Looking, listening and connecting happen in `_looks`, a run is opened
    and finished in `_runs`; the engine has its own thread. Looks speak the language of this thread,
    in a copy of its context; what a run writes does not.
    """

    def __init__(self, memory: Memory, *, local: bool = False) -> None:
        super().__init__()
        self._local = local
        self._memory = memory
        self._examiner = Examiner()
        self._looks = Background("physiosync-looks", self)
        self._runs = Background("physiosync-runs", self)
        self._examining = False
        self._closed = False
        self.run: LiveRun | None = None
        self._opened: LiveRun | None = None
        self.live: Dashboard | None = None
        self._poller: Poller | None = None
        self._watching = ExitStack()
        self.screen = StartScreen(memory)
        self.screen.plan_changed.connect(self.examine)
        self.screen.start_asked.connect(self.start)
        self.screen.map_asked.connect(self.map_channels)
        self.screen.closed.connect(self._quit)
        self.screen.last_run.report_asked.connect(self.make_report)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.examine)
        self._timer.start(EXAMINE_MS)
        self._ports = QTimer(self)
        self._ports.timeout.connect(self._find_ports)
        self._ports.start(PORTS_MS)
        self._looks.submit(_list_boards, self.screen.source.board.offer_boards, self._no_boards)
        self.examine()

    # --- before the run -----------------------------------------------------------------------

    def examine(self) -> None:
        """Examine what is chosen, unless that goes on already or a run does."""
        if self._examining or self.run is not None or self._closed:
            return
        self._examining = True
        job = partial(copy_context().run, self._examiner.examine, self.screen.plan)
        self._looks.submit(job, self._take_report, self._examination_failed)

    def map_channels(self, stream: Offered) -> None:
        """Draft what a stream's channels are, and let a person say it."""
        report = self.screen.report
        if report is None:
            return
        self.screen.mapping.say(self.tr("Listening to the stream for a moment…"))
        self.screen.open_mapping()
        job = partial(copy_context().run, make_draft, report.sight, stream)
        self._looks.submit(job, self._take_draft, self._draft_failed)

    def _take_report(self, report: Report) -> None:
        self._examining = False
        self.screen.show_report(report)
        if report.plan != self.screen.plan:
            self.examine()

    def _examination_failed(self, error: Exception) -> None:
        self._examining = False
        self.screen.say_problem(said(error))

    def _take_draft(self, draft: Draft) -> None:
        self.screen.mapping.show_draft(draft)

    def _draft_failed(self, error: Exception) -> None:
        self.screen.mapping.say(said(error))

    def _no_boards(self, error: Exception) -> None:
        self.screen.source.board.say(said(error))

    def _find_ports(self) -> None:
        if self.screen.source.kind == "brainflow" and self.run is None:
            self._looks.submit(_list_ports, self.screen.source.board.offer_ports, _ignore)

    # --- the run ------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin a run of what is chosen: load, connect, and then show it."""
        report = self.screen.report
        if report is None or self.run is not None:
            return
        self.screen.keep()
        self.screen.show_outcome(Outcome(""))
        self.screen.say_busy(self.tr("Loading the model and connecting…"))
        self._timer.stop()
        self._looks.submit(self._examiner.rest, _ignore, _ignore)
        job = partial(self._open, report.plan, report.sight.device, copy_context())
        self._runs.submit(job, self._show_run, self._not_started)

    def _open(self, plan: Plan, device: str, words: Context) -> LiveRun:
        if plan.csv or plan.record:
            words.run(make_folder, expanded(plan.folder))
        self._opened = _open_run(plan, device, self._local)
        return self._opened

    def _show_run(self, run: LiveRun) -> None:
        self.run = run
        run.start()
        engine = run.engine
        plan = self.screen.plan
        self.live = Dashboard(engine.send, HandsOn.of(plan, expanded(plan.folder)))
        self.live.header.offer_end(self.live.close)
        self._poller = Poller(self.live, lambda: engine.snapshot, lambda: run.is_done)
        self.live.closed.connect(self._end_run)
        self.live.setGeometry(self.screen.geometry())
        self.live.views.remember(self._memory)
        self._watching.enter_context(smooth_window())
        self.screen.hide()
        self.live.show()
        self.live.activateWindow()

    def _not_started(self, error: Exception) -> None:
        self.screen.say_busy("")
        self.screen.say_problem(said(error))
        self._go_on_looking()

    def _end_run(self) -> None:
        """Come back from the run, whose files are finished meanwhile."""
        assert self.run is not None
        if self._poller is not None:
            self._poller.stop()
        self._watching.close()
        if self.live is not None:
            self.live.views.end()
        self.screen.look.take()
        self.screen.say_busy(self.tr("Finishing the files…"))
        self.screen.show()
        self.screen.activateWindow()
        self._runs.submit(partial(_finish_run, self.run), self._show_summary, self._show_summary)

    def _show_summary(self, problem: str | Exception) -> None:
        assert self.run is not None
        # In this thread, which knows the language of the person.
        outcome = _outcome(self.run, said(problem) if isinstance(problem, Exception) else problem)
        self.run = self._opened = None
        if self.live is not None:
            self.live.deleteLater()
            self.live = self._poller = None
        self.screen.say_busy("")
        self.screen.show_outcome(outcome)
        self._go_on_looking()

    def make_report(self, csv: Path) -> None:
        """Make the page about the last run, and open it."""
        self.screen.last_run.say_report(self.tr("Making the report…"), busy=True)
        self._runs.submit(partial(_make_page, csv), self._open_report, self._no_report)

    def _open_report(self, page: Path) -> None:
        shown = QDesktopServices.openUrl(QUrl.fromLocalFile(str(page)))
        # Without a browser the page is there all the same.
        words = self.tr("{name} is open in the browser") if shown else self.tr("Wrote {name}")
        self.screen.last_run.say_report(words.format(name=page.name), busy=False)

    def _no_report(self, error: Exception) -> None:
        self.screen.last_run.say_report("", busy=False)
        self.screen.say_problem(said(error))

    def _go_on_looking(self) -> None:
        self._timer.start(EXAMINE_MS)
        self.examine()

    # --- the end ------------------------------------------------------------------------------

    def end(self) -> None:
        """End the program: the run first, where there is one."""
        QApplication.quit()

    def end_at_once(self) -> None:
        """Close the files of the run, for a second signal."""
        if self.run is not None:
            self.run.end_at_once()

    def close(self) -> str:
        """Finish the run and all threads; return what the run came to."""
        self._closed = True
        self._timer.stop()
        self._ports.stop()
        self._looks.close()
        self._runs.close()
        self._examiner.rest()
        if self._opened is not None and self._opened is not self.run:
            # The program was ended while it connected: nobody has seen this run.
            self._opened.close()
        if self.run is None:
            return ""
        outcome = _outcome(self.run, _finish_run(self.run))
        self.run = None
        return "\n".join(filter(None, (outcome.summary, outcome.problem)))

    def _quit(self) -> None:
        """End with the start screen, which is hidden and not closed while a run is watched."""
        QApplication.quit()


def run_app(settings: Path | None, *, local: bool, say: Callable[[str], None]) -> None:
    """Show the start screen until it is closed; see :func:`physiosync_rt.dashboard.run_app`."""
    qt = application()
    qt.setQuitOnLastWindowClosed(False)
    with words_of_views():
        app = App(Memory(settings), local=local)
        with EndSignals(app.end_at_once) as signals, when_the_display_goes(qt.quit):
            signals.ask = app.end
            app.screen.show()
            qt.exec()
            if summary := app.close():
                say(summary)


def _open_run(plan: Plan, device: str, local: bool) -> LiveRun:
    """Load the bundle, connect and begin the files."""
    from physiosync_rt.setup.live_run import LiveRun, make_engine

    files = plan.files(datetime.now().astimezone())
    settings = settings_of(plan, device, files, local=local)
    run = LiveRun(
        make_engine(settings), files, settings.model_dump(mode="json", exclude_defaults=True)
    )
    try:
        run.open()
    except BaseException:
        run.close()
        raise
    return run


def _finish_run(run: LiveRun) -> str:
    """End a run; return what went wrong."""
    try:
        try:
            with run.ended_by_errors():
                run.finish()
        finally:
            run.close()
    except Exception as error:  # noqa: BLE001 - the person hears of it, whatever it is.
        return said(error)
    return ""


def _outcome(run: LiveRun, problem: str) -> Outcome:
    """Return what a run came to, once it is finished."""
    from physiosync_rt.views.summary import run_summary

    state = run.engine.state
    csv = Path(state.csv_path) if state.csv_path else None
    return Outcome(run_summary(state), problem, csv)


def _make_page(csv: Path) -> Path:
    from physiosync_rt.run_report.make_page import make_page

    return make_page(csv)


def _list_boards() -> tuple[Board, ...]:
    from physiosync_rt.brainflow.boards import list_boards

    return list_boards()


def _list_ports() -> tuple[str, ...]:
    from physiosync_rt.setup.look_board import serial_ports

    return serial_ports()


def _ignore(_result: object) -> None:
    """Take nothing of what comes back."""
