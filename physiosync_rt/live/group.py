"""Several people in one process: a run of each, and one forward pass for all that is due.

One thread takes turns with everyone's signals, each when a row of theirs may be due. Whose window
is due waits for the network, which answers in a thread of its own all that have come together while
it was busy; the others go on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Event as Flag

from physiosync_rt.bundle.predictor import Estimate, Predictor
from physiosync_rt.live.engine import END_S
from physiosync_rt.live.glance import MemberPhase
from physiosync_rt.live.member import Member
from physiosync_rt.live.options import Command

TURN_S = 0.02
"""Seconds from one turn to the next."""

GATHERED = 8
"""So many windows are asked for in the middle of a turn; fewer when it is over."""

N_OPENING = 8
"""So many people's streams are looked for at once."""


class Group:
    """Runs of several people.

    Parameters
    ----------
    members : sequence of Member
    clock : callable
        Monotonic seconds.

    Attributes
    ----------
    members : tuple of Member

    Notes
    -----
    `step` and `close` are called from one thread, `run` calls them; `send` from any.
    """

    def __init__(
        self, members: Sequence[Member], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.members = tuple(members)
        self._clock = clock
        self._pool = ThreadPoolExecutor(N_OPENING, thread_name_prefix="physiosync-open")
        self._network = ThreadPoolExecutor(1, thread_name_prefix="physiosync-network")
        self._asked: list[Member] = []
        self._answers: Future[list[Estimate]] | None = None
        self._stopping = Flag()

    def send(self, command: Command) -> None:
        """Ask the same of everybody; ``stop`` ends the group."""
        if command.kind == "stop":
            self._stopping.set()
            return
        for member in self.members:
            member.send(command)

    @property
    def done(self) -> bool:
        """Whether everybody's run is over."""
        over = (MemberPhase.ENDED, MemberPhase.FAILED)
        return all(member.phase in over for member in self.members)

    def run(self, duration_s: float | None = None) -> None:
        """Work until all runs are over, somebody stops them, or the time has passed."""
        began = self._clock()
        try:
            while not (self.done or self._stopping.is_set()):
                turn = self._clock()
                if duration_s is not None and turn - began >= duration_s:
                    break
                self.step()
                self.rest(turn + TURN_S)
        finally:
            self.close()

    def step(self) -> None:
        """Take a turn with the signals that are due, and ask the network where it is free."""
        now = self._clock()
        for member in self.members:
            member.admit(self._pool, now)
        # Those of whom a row may be due come first; the others' passes can wait for a moment.
        for waits_for_row in (True, False):
            for member in self.members:
                if member.may_have_row if waits_for_row else member.is_due(now):
                    member.turn(self._pool, now)
                    self._serve(GATHERED)
            self._serve()

    def rest(self, until: float) -> None:
        """Wait for the next turn; give out answers as they come."""
        while (left := until - self._clock()) > 0:
            if self._answers is None:
                time.sleep(left)
            else:
                wait([self._answers], left)
                self._serve()

    def answer_all(self) -> None:
        """Wait until the network has answered all that is asked."""
        while self._answers is not None:
            wait([self._answers])
            self._serve()

    def _serve(self, least: int = 1) -> None:
        """Give out answers that are there, and ask for all that is due since.

        Parameters
        ----------
        least : int
            Fewer are not worth a forward pass yet.
        """
        if self._answers is not None:
            if not self._answers.done():
                return
            answers, self._answers = self._answers, None
            for member, estimate in zip(self._asked, answers.result(), strict=True):
                member.answer(estimate, self._pool)
        asking = [member for member in self.members if member.window is not None]
        if len(asking) >= least:
            self._ask(asking)

    def _ask(self, asking: Sequence[Member]) -> None:
        """Ask the network of the first one, for all whose bundle it is."""
        predictor = _predictor(asking[0])
        self._asked = [member for member in asking if _predictor(member) is predictor]
        windows = [member.window for member in self._asked if member.window is not None]
        self._answers = self._network.submit(predictor.ask, windows)

    # --- the end ------------------------------------------------------------------------------

    def close(self) -> None:
        """End all runs, with what has come by now, and finish their files; safe to call twice."""
        until = self._clock() + END_S
        self.answer_all()
        running = [m for m in self.members if m.phase is MemberPhase.RUNNING]
        while any(m.engine is not None and m.engine.has_work for m in running):
            if self._clock() >= until:
                for member in running:
                    if member.engine is not None and member.engine.has_work:
                        member.engine.cut_off()
                break
            for member in running:
                if member.phase is MemberPhase.RUNNING:
                    member.turn(self._pool, self._clock(), polls=False)
            self._serve()
            self.answer_all()
            running = [m for m in running if m.phase is MemberPhase.RUNNING]
        for member in self.members:
            member.end(self._pool)
            member.give_up()
        self._pool.shutdown()
        self._network.shutdown()

    def close_files(self) -> None:
        """Close everybody's files in the middle of the run, for a second signal."""
        for member in self.members:
            if member.engine is not None:
                if member.engine.state.log is not None:
                    member.engine.state.log.ended = "at once, by a second signal"
                member.engine.close_files()


def _predictor(member: Member) -> Predictor:
    assert member.engine is not None, "only a run that has begun asks"
    return member.engine.predictor
