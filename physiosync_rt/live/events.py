"""What happened to the streams of a run, as records that a view puts into words."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from physiosync_rt.align.stats import StreamStats
from physiosync_rt.datatypes import StreamSpec
from physiosync_rt.sources.base import SourceMessage
from physiosync_rt.utils.plain_text import plain_text

MARKERS_WAITING = 10_000
"""Most markers that wait for their row; of more, the first ones are dropped and counted."""

SUMMED_S = 10.0
"""Seconds of samples over which what happens again and again is summed up and said once."""

KEPT = 1000


class EventKind(StrEnum):
    """What a person should know of a run."""

    WAITING = "waiting"
    """The first sample has not come for ``seconds``."""
    STALLED = "stalled"
    """Nothing has come for ``seconds``."""
    STREAM_LOST = "stream_lost"
    """Nothing has come for so long that the device may be gone."""
    CLOCK_STUCK = "clock_stuck"
    """The device's clock is stuck at present."""
    GAP = "gap"
    """``n`` samples, ``seconds``, were lost at one time."""
    LOSSES = "losses"
    """``n`` of the last ``n_seen`` samples were lost, a few at a time."""
    NONFINITE = "nonfinite"
    """``n`` of the last ``n_seen`` samples were NaN or infinite."""
    DUPLICATES = "duplicates"
    """``n`` of the last ``n_seen`` samples were duplicates."""
    CLOCK_RESET = "clock_reset"
    """The device's clock, or its counter, was reset."""
    BURST = "burst"
    """``n`` samples were held back and sent at once."""
    RATE_OFF = "rate_off"
    """The stream sends ``sfreq_effective`` and declares ``sfreq``, in Hz."""
    ELECTRODES = "electrodes"
    """The stream measures ``n`` of the bundle's ``n_seen`` electrodes; the rest is interpolated."""
    NO_STREAM = "no_stream"
    """The run has no peripheral stream; ``text`` is its modality."""
    LEFT_OUT = "left_out"
    """The peripheral stream takes no part; ``text`` is why."""
    REFUSED = "refused"
    """A command could not be obeyed; ``text`` is why."""
    SOURCE = "source"
    """``text`` is what the source says."""
    NOTE = "note"
    """``text`` is what preprocessing says of a baseline or of bad electrodes."""
    NO_PROOF = "no_proof"
    """The bundle was calibrated with the recording that it is used on."""
    FILE_BLOCKED = "file_blocked"
    """``path`` cannot be written at present, because of ``text``; ``n`` are lost so far."""
    FILE_RESUMED = "file_resumed"
    """``path`` is written again after ``seconds``; ``n`` are lost."""
    FILE_REMOVED = "file_removed"
    """``path`` is gone with the ``n`` in it; the rest goes to the file ``text``, if any."""
    FILE_RENAMED = "file_renamed"
    """``path`` has another name, with the ``n`` in it; ``text`` as before."""
    FILE_UNSAVED = "file_unsaved"
    """``path`` is closed without its last ``n``, because of ``text``."""
    BEHIND = "behind"
    """Samples wait for ``seconds`` until the pipeline takes them."""
    CUT_OFF = "cut_off"
    """The run ended while samples of the last ``seconds`` still waited."""
    MARKERS_DROPPED = "markers_dropped"
    """``n`` markers so far are in no row: too many waited for theirs."""
    MARKERS_AFTER = "markers_after"
    """``n`` markers came after the last row; ``text`` names the first ones."""
    FILE_SAVED = "file_saved"
    """The last ``seconds`` were written into ``path``; ``text`` is what of them."""
    CAUGHT_UP = "caught_up"
    """They wait no more; it was ``seconds`` at most."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, at a time of the engine's clock, with its numbers.

    ``stream`` is the stream's name, empty where the event belongs to none or the source says it;
    ``about`` is ``text`` without its numbers, where they differ from one such event to the next.
    ``path`` is the file that it is about, and ``unit`` what is in it: ``rows`` or ``samples``.
    ``row_s`` is the end of the newest row by then, in seconds from the first EEG sample.
    """

    kind: EventKind
    at: float
    stream: str = ""
    n: int = 0
    n_seen: int = 0
    seconds: float = 0.0
    sfreq: float = 0.0
    sfreq_effective: float = 0.0
    text: str = ""
    about: str = ""
    path: str = ""
    unit: str = ""
    row_s: float = 0.0

    def __str__(self) -> str:
        numbers = {
            name: value
            for name in ("n", "n_seen", "seconds", "sfreq", "sfreq_effective")
            if (value := getattr(self, name))
        }
        words = [f"{name}={value:.6g}" for name, value in numbers.items()]
        said = " ".join(
            [f"{self.kind}:", *filter(None, [self.stream or self.path, *words, self.text])]
        )
        return plain_text(said)

    @property
    def topic(self) -> tuple[str, str, str]:
        """What it is about: two events of one topic differ in time and numbers alone."""
        return self.kind, self.stream or self.path, self.about or self.text


class Tally:
    """One kind of thing that may happen to any sample, reported at once and then summed up."""

    def __init__(self) -> None:
        self._unsaid = 0
        self._from: int | None = None

    def add(self, n: int, seen: int, sfreq: float) -> tuple[int, int] | None:
        """Count ``n`` more among ``seen`` samples so far.

        Parameters
        ----------
        n, seen : int
        sfreq : float
            In Hz.

        Returns
        -------
        (int, int) or None
            Samples to report now, and among how many they were.
        """
        self._unsaid += n
        first = self._from is None
        since = seen - (self._from or 0)
        if not self._unsaid or not (first or since >= SUMMED_S * sfreq):
            return None
        unsaid, self._unsaid, self._from = self._unsaid, 0, seen
        return unsaid, max(since, unsaid)


_TALLIED = {
    "lost": EventKind.LOSSES,
    "nonfinite": EventKind.NONFINITE,
    "duplicates": EventKind.DUPLICATES,
}
"""Events by the name of the count, for what is summed up."""


class EventLog:
    """Turns counts that move, and what a source says, into events.

    Attributes
    ----------
    events : deque of Event
        The last thousand.
    standing : Event or None
        What holds for the whole run.
    n_added : int
        Events so far.
    row_s : float
        End of the newest row, in seconds from the first EEG sample: where events are placed.
    """

    def __init__(self) -> None:
        self.row_s = 0.0
        self.events: deque[Event] = deque(maxlen=KEPT)
        self.standing: Event | None = None
        self.n_added = 0
        self._stats: dict[str, StreamStats] = {}
        self._tallies: dict[tuple[str, str], Tally] = {}
        self._off_rate: set[str] = set()
        self._said: set[tuple[str, str, str]] = set()
        self._n_messages = 0

    @property
    def all_events(self) -> tuple[Event, ...]:
        """All that a person should have read during the run, in order."""
        return (*([self.standing] if self.standing else []), *self.events)

    def add(self, event: Event) -> None:
        """Take up something that has happened now."""
        self.events.append(replace(event, row_s=self.row_s))
        self.n_added += 1

    def add_once(self, event: Event) -> None:
        """Take up something that holds from now on, unless it has been said."""
        if event.topic not in self._said:
            self._said.add(event.topic)
            self.add(event)

    def since(self, n: int) -> list[Event]:
        """Return the events after the first ``n``, as far back as they are kept."""
        n_new = min(self.n_added - n, len(self.events))
        return list(self.events)[len(self.events) - n_new :]

    def add_messages(self, messages: Sequence[SourceMessage], now: float) -> None:
        """Take over what the source has said since the last time."""
        for message in messages[self._n_messages :]:
            self.add(Event(EventKind.SOURCE, now, text=message.text, about=message.topic))
        self._n_messages = len(messages)

    def update(self, spec: StreamSpec, stats: StreamStats, now: float) -> None:
        """Report what a stream's counts have counted since the last time."""
        name, sfreq = spec.name, spec.sfreq
        before = self._stats.get(name, StreamStats())
        self._stats[name] = stats
        lost = stats.lost - before.lost
        if stats.clock_resets > before.clock_resets:
            self.add(Event(EventKind.CLOCK_RESET, now, name))
        elif stats.gaps > before.gaps and lost:
            self.add(Event(EventKind.GAP, now, name, n=lost, seconds=lost / sfreq))
            lost = 0
        for count, kind in _TALLIED.items():
            new = lost if count == "lost" else getattr(stats, count) - getattr(before, count)
            tally = self._tallies.setdefault((name, count), Tally())
            if found := tally.add(new, stats.sent, sfreq):
                n, n_seen = found
                self.add(Event(kind, now, name, n=n, n_seen=n_seen))
        if burst := stats.late_in_bursts - before.late_in_bursts:
            self.add(Event(EventKind.BURST, now, name, n=burst))
        if stats.rate_is_off and name not in self._off_rate:
            self._off_rate.add(name)
            self.add(rate_off(spec, stats, now))


def rate_off(spec: StreamSpec, stats: StreamStats, now: float) -> Event:
    """Return the event that a stream sends at another rate than it declares."""
    return Event(
        EventKind.RATE_OFF,
        now,
        spec.name,
        sfreq=spec.sfreq,
        sfreq_effective=stats.sfreq_effective,
    )
