"""What happened to the streams of a run, as the sentence that a person should read now."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from physiosync_rt.align.counters import Counters
from physiosync_rt.datatypes import StreamPhase, StreamState
from physiosync_rt.pipeline import Lane
from physiosync_rt.watchdog import Watchdog

SHOWN_S = 10.0
"""How long an event stays before the eyes."""

SOURCE_FIRST_S = 5.0
"""So long what a source says is not covered by what its counters say of the same event."""

KEPT = 1000


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, at a time of the engine's clock."""

    at: float
    text: str
    by_source: bool = False


class Notices:
    """Turns counters that move, and what a source says, into sentences.

    Attributes
    ----------
    events : deque of Event
        The last thousand.
    """

    def __init__(self) -> None:
        self.events: deque[Event] = deque(maxlen=KEPT)
        self._counters: dict[str, dict[str, int]] = {}
        self._bursts: dict[str, int] = {}
        self._n_said = 0

    def heed_source(self, said: Sequence[str], now: float) -> None:
        """Take over what the source has said since the last time."""
        for text in said[self._n_said :]:
            self.events.append(Event(now, text, by_source=True))
        self._n_said = len(said)

    def heed_stream(self, lane: Lane, watchdog: Watchdog, now: float) -> None:
        """Say what a stream's counters have counted since the last time."""
        if lane.aligner is None:
            return
        name, sfreq = lane.spec.name, lane.spec.sfreq
        counters = asdict(lane.aligner.counters)
        before = self._counters.get(name, asdict(Counters()))
        new = {key: value - before[key] for key, value in counters.items()}
        self._counters[name] = counters
        bursts = watchdog.bursts - self._bursts.get(name, 0)
        self._bursts[name] = watchdog.bursts
        if new["clock_resets"]:
            self._say(now, f"the clock of {name} was set anew; it goes on after a gap")
        elif new["gaps"] and new["lost"]:
            self._say(now, f"{name} lost {new['lost']} samples ({new['lost'] / sfreq:.2g} s)")
        if new["duplicated"]:
            self._say(now, f"{name} sent {new['duplicated']} samples twice; they are left out")
        if bursts:
            self._say(now, f"{name} held samples up and sent them at once")

    def _say(self, now: float, text: str) -> None:
        self.events.append(Event(now, text))

    def sentence(self, streams: Sequence[StreamState], standing: str, now: float) -> str:
        """Choose what to say now.

        Parameters
        ----------
        streams : sequence of StreamState
        standing : str
            What holds for the whole run, said when nothing else is to be said.
        now : float
        """
        for state in streams:
            if sentence := _trouble(state):
                return sentence
        said = [e for e in self.events if e.by_source and now - e.at < SOURCE_FIRST_S]
        said = said or [e for e in self.events if now - e.at < SHOWN_S]
        if said:
            # Of what came together, the first: it is the EEG's.
            return next(e.text for e in said if e.at == said[-1].at)
        for state in streams:
            if state.rate_is_off:
                return (
                    f"{state.spec.name} declares {state.spec.sfreq:g} Hz and sends "
                    f"{state.sfreq_effective:.4g} Hz; it is resampled as it comes"
                )
        return standing


def _trouble(state: StreamState) -> str:
    name = state.spec.name
    if state.phase is StreamPhase.WAITING and state.age_s > 2.0:
        return f"waiting for the first sample of {name}"
    if state.phase is StreamPhase.STALLED:
        return f"{name} has sent nothing for {state.age_s:.0f} s"
    if state.phase is StreamPhase.LOST:
        return f"{name} is lost; check the device, the run goes on"
    if state.stamps_stuck:
        return f"the timestamps of {name} stand still; its samples have no time and are left out"
    return ""
