"""One person of a group: from waiting for their streams to the end of their run."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress

from physiosync_rt.bundle.predictor import Estimate
from physiosync_rt.datatypes import Window
from physiosync_rt.errors import UserError
from physiosync_rt.live.engine import Engine
from physiosync_rt.live.glance import Glance, MemberPhase
from physiosync_rt.live.options import Command
from physiosync_rt.live.worker import Questions

RETRY_S = 3.0
"""Seconds from one search for a person's streams to the next."""

QUIET_S = 0.22
"""Longest time between two passes, while no row is due. A pass costs about the same whether it has
20 ms of samples or 250; more are worked on in pieces (`backlog.PIECE_S`)."""


class Member:
    """One person of a group.

    Parameters
    ----------
    name : str
    begin : callable
        Returns their engine, open and with its files; may take seconds, and is called again as
        long as it raises a UserError.

    Attributes
    ----------
    engine : Engine or None
        None until their streams are there.
    phase : MemberPhase
    error : UserError or None
        Why their streams are not there yet, or what ended their run.
    window : Window or None
        What the network has to answer before their run goes on.

    Notes
    -----
    All but `glance` and `send` is called in the thread of the group.
    """

    def __init__(self, name: str, begin: Callable[[], Engine]) -> None:
        self.name = name
        self.engine: Engine | None = None
        self.phase = MemberPhase.COMING
        self.error: Exception | None = None
        self.window: Window | None = None
        self._begin = begin
        self._begun: Future[Engine] | None = None
        self._begin_at = 0.0
        self._turned_at = -math.inf
        self._questions: Questions | None = None

    def admit(self, pool: Executor, now: float) -> None:
        """Look for the streams of who is not here yet, or take up that they have been found."""
        if self.phase is not MemberPhase.COMING:
            return
        if self._begun is None:
            if now >= self._begin_at:
                self._begun = pool.submit(self._begin)
        elif self._begun.done():
            begun, self._begun = self._begun, None
            try:
                self.engine = begun.result()
            except UserError as error:
                self.error, self._begin_at = error, now + RETRY_S
            except Exception as error:  # noqa: BLE001 - whatever it is, it is one person's.
                self.error, self.phase = error, MemberPhase.FAILED
            else:
                self.error, self.phase = None, MemberPhase.RUNNING

    @property
    def may_have_row(self) -> bool:
        """Whether a pass now may make a row."""
        return self._is_free and self.engine is not None and self.engine.may_have_row

    def is_due(self, now: float) -> bool:
        """Whether the last pass was a while ago."""
        return self._is_free and now - self._turned_at >= QUIET_S

    @property
    def _is_free(self) -> bool:
        """Whether a pass can begin: the run goes on, and does not wait for the network."""
        return self.phase is MemberPhase.RUNNING and self.window is None

    def turn(self, pool: Executor, now: float, *, polls: bool = True) -> None:
        """Do a pass of their run, up to the first window that the network has to answer."""
        if self.engine is not None and self.window is None:
            self._turned_at = now
            self._questions = self.engine.questions(polls=polls)
            self._go_on(pool, None)

    def answer(self, estimate: Estimate, pool: Executor) -> None:
        """Go on with what the network says of the window, up to the next one."""
        self._go_on(pool, estimate)

    def _go_on(self, pool: Executor, estimate: Estimate | None) -> None:
        assert self.engine is not None
        assert self._questions is not None
        try:
            if estimate is None:
                self.window = next(self._questions)
            else:
                self.window = self._questions.send(estimate)
        except StopIteration:
            self.window = None
            if self.engine.ended or self.engine.stopping:
                self.end(pool)
        except Exception as error:  # noqa: BLE001 - the others go on, whatever it is.
            self.window = None
            self.error = error
            if self.engine.state.log is not None:
                self.engine.state.log.ended = f"by an error: {error}"
            self.end(pool, MemberPhase.FAILED)

    def end(self, pool: Executor, phase: MemberPhase = MemberPhase.ENDED) -> None:
        """End their run and finish their files, which nobody waits for."""
        if self.engine is not None and self.phase is MemberPhase.RUNNING:
            self.phase = phase
            self.engine.rest()
            pool.submit(self.engine.close)

    def give_up(self) -> None:
        """Wait for their streams no more."""
        begun, self._begun = self._begun, None
        if begun is None or begun.cancel():
            return
        with suppress(Exception):
            begun.result().close()

    def send(self, command: Command) -> None:
        """Ask something of their run, where it has begun."""
        if self.engine is not None:
            self.engine.send(command)

    @property
    def glance(self) -> Glance:
        """Where they stand, for a list."""
        engine, error = self.engine, str(self.error or "")
        if engine is None:
            return Glance(self.name, self.phase, error)
        state = engine.state
        return Glance(
            self.name,
            self.phase,
            error,
            tuple(state.predictions),
            state.rows,
            state.valid_rows,
            str(state.pps.modality) if state.pps else "",
            state.margin,
            state.bundle.card.meaning,
        )
