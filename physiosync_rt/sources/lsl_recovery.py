"""Bring back a stream that has gone, by who it was."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from physiosync_rt.errors import UserError
from physiosync_rt.sources.lsl_inlet import SignalInlet
from physiosync_rt.sources.reopening import longer

if TYPE_CHECKING:
    import pylsl

SILENT_S = 1.5
"""A stream that is silent for so long may live on under another address."""

LOOK_S = 0.1
_FORGET_S = 2.0


class Recovery:
    """Watches one stream and connects to its successor.

    Parameters
    ----------
    inlet : SignalInlet
        Open.
    others : callable
        uids of streams that were in sight from the beginning or are in use: never a successor.

    Notes
    -----
    The successor has another uid, and the same name, type, rate and channel count. It has the
    same source_id (on the same computer if there is one), or it is the only one of its kind on
    the same computer: many programs make up a new source_id with every start.
    """

    def __init__(self, inlet: SignalInlet, others: Callable[[], frozenset[str]]) -> None:
        self._inlet = inlet
        self._others = others
        self._refused: set[str] = set()
        self._resolver: pylsl.ContinuousResolver | None = None
        self._last: float | None = None
        self._due = 0.0
        self._pause = 0.0
        self._announced = False

    def step(self, got_samples: bool) -> str:
        """Do what is due after a poll; return a sentence for a person, empty as a rule."""
        now = time.monotonic()
        if got_samples:
            return self._heard(now)
        if self._last is None:
            if not self._inlet.lost:
                return ""
            self._last = now
        if not self._inlet.lost and now - self._last < SILENT_S:
            return ""
        if self._resolver is None:
            self._start()
        if self._inlet.lost and not self._announced:
            self._announced = True
            return (
                f"stream {self._inlet.spec.name!r} has gone; it is taken up again when it is back"
            )
        if now >= self._due:
            self._due = now + LOOK_S
            return self._look()
        return ""

    def close(self) -> None:
        """Stop looking."""
        self._resolver = None

    def _heard(self, now: float) -> str:
        before, self._last = self._last, now
        if self._resolver is None:
            return ""
        self._resolver, self._announced, self._pause = None, False, 0.0
        assert before is not None, "the search began after a silence"
        return f"stream {self._inlet.spec.name!r} is back after {now - before:.1f} s"

    def _start(self) -> None:
        import pylsl

        name = self._inlet.info.name()
        # A quote would end the resolver's own quotes.
        quoted = "'" in name or '"' in name or not name
        self._resolver = (
            pylsl.ContinuousResolver(forget_after=_FORGET_S)
            if quoted
            else pylsl.ContinuousResolver("name", name, forget_after=_FORGET_S)
        )

    def _look(self) -> str:
        from pylsl.util import LostError

        successor = self._successor()
        if successor is None:
            return ""
        try:
            self._inlet.reopen(successor)
        except (TimeoutError, LostError):
            self._pause = longer(self._pause)
            self._due = time.monotonic() + self._pause
        except UserError as error:
            self._refused.add(successor.uid())
            return str(error)
        return ""

    def _successor(self) -> pylsl.StreamInfo | None:
        assert self._resolver is not None, "the search has begun"
        gone = self._inlet.info
        never = {*self._others(), *self._refused, gone.uid()}
        kind = [
            info
            for info in self._resolver.results()
            if info.uid() not in never and _kind(info) == _kind(gone)
        ]
        here = [info for info in kind if info.hostname() == gone.hostname()]
        source_id = gone.source_id()
        by_id = [info for info in kind if source_id and info.source_id() == source_id]
        for choice in ([info for info in by_id if info in here], by_id, here):
            if len(choice) == 1:
                return choice[0]
        return None


def _kind(info: pylsl.StreamInfo) -> tuple[object, ...]:
    return (
        info.name(),
        info.type(),
        info.channel_count(),
        info.nominal_srate(),
        info.channel_format(),
    )
