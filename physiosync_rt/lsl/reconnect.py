"""Reconnect to a lost stream, identified by its source_id or its description."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from physiosync_rt.errors import UserError
from physiosync_rt.lsl.clock_correction import no_answer
from physiosync_rt.sources.base import SourceMessage
from physiosync_rt.utils.retry import longer

if TYPE_CHECKING:
    import pylsl

SILENT_S = 1.5
"""Seconds without samples after which a successor of the stream is searched for."""

SEARCH_S = 0.1
_FORGET_S = 2.0


class Recoverable(Protocol):
    """An inlet that can switch to a successor of its outlet."""

    lost: bool
    info: pylsl.StreamInfo

    @property
    def name(self) -> str:
        """Name of the stream in this run."""
        ...

    def reopen(self, info: pylsl.StreamInfo) -> None:
        """Switch to the successor; raises as pylsl does, or UserError."""
        ...


class Reconnect:
    """Monitor of one stream that connects to its successor.

    Parameters
    ----------
    inlet : Recoverable
        Open.
    others : callable
        uids of streams that existed from the start or are in use: excluded a successor.
    silent_s : float or None
        Seconds without samples after which a successor is searched for although the connection
        exists; None for a stream that is usually silent.
    same_id : bool
        Whether only a stream of the same source_id is a successor, because others of its kind are
        other people's.

    Notes
    -----
    The successor has another uid and the same name, type, rate and channel count. It has the same
    source_id (preferably on the same computer), or it is the only one of its kind on the same
    computer: many programs create a new source_id at every start.
    """

    def __init__(
        self,
        inlet: Recoverable,
        others: Callable[[], frozenset[str]],
        silent_s: float | None = SILENT_S,
        *,
        same_id: bool = False,
    ) -> None:
        self._inlet = inlet
        self._others = others
        self._silent_s = silent_s
        self._same_id = same_id
        self._rejected: set[str] = set()
        self._resolver: pylsl.ContinuousResolver | None = None
        self._last: float | None = None
        self._since: float | None = None
        self._due = 0.0
        self._pause = 0.0
        self._announced = False

    def step(self, got_samples: bool) -> SourceMessage | None:
        """Continue after a poll; return a message for the user, usually None."""
        now = time.monotonic()
        if got_samples:
            self._last = now
            return self._report_return(now)
        if not self._inlet.lost and not self._is_silent(now):
            return None
        if self._resolver is None:
            self._start_search(now)
        if self._inlet.lost and not self._announced:
            self._announced = True
            return SourceMessage(
                f"stream {self._inlet.name!r} is lost; waiting for it to come back"
            )
        if now >= self._due:
            self._due = now + SEARCH_S
            return self._try_reconnect()
        return None

    def close(self) -> None:
        """Stop searching."""
        self._resolver = None

    def _is_silent(self, now: float) -> bool:
        limit = self._silent_s
        return limit is not None and self._last is not None and now - self._last > limit

    def _report_return(self, now: float) -> SourceMessage | None:
        """Report that the stream is back, where it was lost."""
        self._resolver, self._announced, self._pause = None, False, 0.0
        since, self._since = self._since, None
        if since is None:
            return None
        back = f"stream {self._inlet.name!r} is back"
        return SourceMessage(f"{back} after {now - since:.1f} s", topic=back)

    def _start_search(self, now: float) -> None:
        import pylsl

        if self._since is None:
            self._since = now if self._last is None else self._last
        name = self._inlet.info.name()
        # A quote in the name would end the resolver's quotes.
        quoted = "'" in name or '"' in name or not name
        self._resolver = (
            pylsl.ContinuousResolver(forget_after=_FORGET_S)
            if quoted
            else pylsl.ContinuousResolver("name", name, forget_after=_FORGET_S)
        )

    def _try_reconnect(self) -> SourceMessage | None:
        successor = self._successor()
        if successor is None:
            return self._report_changed()
        try:
            self._inlet.reopen(successor)
        except no_answer():
            self._pause = longer(self._pause)
            self._due = time.monotonic() + self._pause
        except UserError as error:
            self._rejected.add(successor.uid())
            return SourceMessage(str(error))
        else:
            self._resolver, self._last = None, time.monotonic()
            if self._silent_s is None:
                return self._report_return(self._last)
        return None

    def _new_outlets(self) -> list[pylsl.StreamInfo]:
        assert self._resolver is not None, "the search was started"
        excluded = {*self._others(), *self._rejected, self._inlet.info.uid()}
        return [info for info in self._resolver.results() if info.uid() not in excluded]

    def _report_changed(self) -> SourceMessage | None:
        """Report a device that is back with other channels, another rate or format; once."""
        previous = self._inlet.info
        for info in self._new_outlets():
            if _device(info) == _device(previous) and _kind(info) != _kind(previous):
                self._rejected.add(info.uid())
                return SourceMessage(
                    f"stream {self._inlet.name!r} is back with {_shape(info)} instead of "
                    f"{_shape(previous)}; restart the run to use it"
                )
        return None

    def _successor(self) -> pylsl.StreamInfo | None:
        previous = self._inlet.info
        kind = [info for info in self._new_outlets() if _kind(info) == _kind(previous)]
        here = [info for info in kind if info.hostname() == previous.hostname()]
        source_id = previous.source_id()
        by_id = [info for info in kind if source_id and info.source_id() == source_id]
        by_kind = [] if self._same_id else here
        for choice in ([info for info in by_id if info in here], by_id, by_kind):
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


def _device(info: pylsl.StreamInfo) -> tuple[str, ...]:
    """Return what stays of a device whose channels have changed."""
    return info.name(), info.type(), info.source_id(), info.hostname()


def _shape(info: pylsl.StreamInfo) -> str:
    import pylsl.lib

    number = pylsl.lib.fmt2string[info.channel_format()]
    return f"{info.channel_count()} channels of {number} at {info.nominal_srate():g} Hz"
