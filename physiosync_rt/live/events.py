"""What happened to the streams of a run, as the sentence that a person should read now."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from physiosync_rt.align.stats import Counters
from physiosync_rt.datatypes import StreamPhase, StreamSpec, StreamState
from physiosync_rt.live.run_logger import log_event
from physiosync_rt.live.watchdog import Watchdog
from physiosync_rt.pipeline.stream import StreamPipeline
from physiosync_rt.utils.text import gist

SHOWN_S = 10.0
"""How long an event stays before the eyes."""

SOURCE_FIRST_S = 5.0
"""So long what a source says is not covered by what its counters say of the same event."""

SUMMED_S = 10.0
"""Seconds of samples over which what happens again and again is summed up and said once."""

KEPT = 1000


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, at a time of the engine's clock."""

    at: float
    text: str
    stream: str = ""
    """Empty where the source says it."""


class Tally:
    """One kind of thing that may happen to any sample, said at once and then summed up."""

    def __init__(self) -> None:
        self._unsaid = 0
        self._from: int | None = None

    def add(self, n: int, seen: int, sfreq: float) -> str:
        """Count ``n`` more among ``seen`` samples so far; return what is to be said now, if any.

        Parameters
        ----------
        n, seen : int
        sfreq : float
            In Hz.
        """
        self._unsaid += n
        first = self._from is None
        since = seen - (self._from or 0)
        if not self._unsaid or not (first or since >= SUMMED_S * sfreq):
            return ""
        unsaid, self._unsaid, self._from = self._unsaid, 0, seen
        return f"{unsaid} of its last {max(since, unsaid)} samples"


class EventLog:
    """Turns counters that move, and what a source says, into sentences.

    Attributes
    ----------
    events : deque of Event
        The last thousand.
    """

    def __init__(self) -> None:
        self.events: deque[Event] = deque(maxlen=KEPT)
        self._counters: dict[str, dict[str, int]] = {}
        self._tallies: dict[tuple[str, str], Tally] = {}
        self._off_rate: set[str] = set()
        self._bursts: dict[str, int] = {}
        self._n_said = 0

    def heed_source(self, said: Sequence[str], now: float) -> None:
        """Take over what the source has said since the last time."""
        for text in said[self._n_said :]:
            self._record(Event(now, text))
        self._n_said = len(said)

    def heed_stream(self, stream: StreamPipeline, watchdog: Watchdog, now: float) -> None:
        """Say what a stream's counters have counted since the last time."""
        if stream.aligner is None:
            return
        name, sfreq = stream.spec.name, stream.spec.sfreq
        counters = asdict(stream.aligner.counters)
        before = self._counters.get(name, asdict(Counters()))
        new = {key: value - before[key] for key, value in counters.items()}
        self._counters[name] = counters
        bursts = watchdog.bursts - self._bursts.get(name, 0)
        self._bursts[name] = watchdog.bursts
        if new["clock_resets"]:
            self.say(now, name, f"the clock of {name} was set anew; it goes on after a gap")
        elif new["gaps"] and new["lost"]:
            count = f"{new['lost']} sample{'s' if new['lost'] > 1 else ''}"
            self.say(now, name, f"{name} lost {count} ({new['lost'] / sfreq:.2g} s)")
            new["lost"] = 0
        seen = counters["received"] + counters["lost"]
        for kind, words in _TALLIED.items():
            tally = self._tallies.setdefault((name, kind), Tally())
            if count := tally.add(new[kind], seen, sfreq):
                self.say(now, name, words.format(name=name, count=count))
        if bursts:
            self.say(now, name, f"{name} held samples up and sent them at once")
        if stream.aligner.off_rate and name not in self._off_rate:
            self._off_rate.add(name)
            self.say(now, name, off_rate_sentence(stream.spec, stream.aligner.sfreq_effective))

    def say(self, now: float, stream: str, text: str) -> None:
        """Take up something that has happened to a stream now."""
        self._record(Event(now, text, stream))

    def _record(self, event: Event) -> None:
        self.events.append(event)
        log_event(event.text, event.stream)

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
        said = [e for e in self.events if not e.stream and now - e.at < SOURCE_FIRST_S]
        said = said or [e for e in self.events if now - e.at < SHOWN_S]
        if said:
            # One stream's trouble must not hide another's; of what came together, the first.
            newest: dict[str, Event] = {}
            for event in said:
                if event.stream not in newest or event.at > newest[event.stream].at:
                    newest[event.stream] = event
            return "; ".join(event.text for event in newest.values())
        for state in streams:
            if state.rate_is_off:
                return off_rate_sentence(state.spec, state.sfreq_effective)
        return standing


_TALLIED = {
    "lost": "{name} lost {count}, a few at a time; they are bridged",
    "bad": "{name} sent values that are no numbers in {count}; they are left out",
    "duplicated": "{name} sent {count} twice; they are left out",
}
"""Sentences by the name of the counter, for what is summed up."""


def off_rate_sentence(spec: StreamSpec, effective: float) -> str:
    """Say that a stream sends at another rate than it declares."""
    return (
        f"{spec.name} declares {spec.sfreq:g} Hz and sends {effective:.4g} Hz; it is resampled as "
        "it comes"
    )


def each_once(texts: Iterable[str]) -> tuple[str, ...]:
    """Sentences in their order, those that differ in numbers alone as one that counts them."""
    found: dict[str, list[str]] = {}
    for text in filter(None, texts):
        found.setdefault(gist(text), []).append(text)
    return tuple(
        said[0] if len(said) == 1 else f"{said[0]} (the first of {len(said)} such)"
        for said in found.values()
    )


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
