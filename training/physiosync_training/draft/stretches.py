"""From markers to stretches: what a recording shows from when to when, as far as markers tell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from physiosync_training.datasets.index import WINDOW_S

Role = Literal["start", "end", "point"]

_STARTS: Final = {"start", "starts", "begin", "begins", "onset", "on"}
_ENDS: Final = {"end", "ends", "stop", "stops", "offset", "off", "finish", "finished", "done"}
_IGNORED: Final = re.compile(
    r"\[total time\]|new segment|bad([ _]|$)|edge |boundary|lost samples|empty$|"
    r"rec(ording)? ?(start|end|stop)s?$",
    re.IGNORECASE,
)
_KINDS: Final = re.compile(r"(stimulus|response|comment|event|marker|trigger)/", re.IGNORECASE)
"""What BrainVision and others put before a marker's text."""

_RATING: Final = re.compile(
    r"\b(valence|arousal)\s*[=:]\s*([-+]?\d+(?:[.,]\d+)?)[,; ]*", re.IGNORECASE
)
_REST: Final = re.compile(
    r"(?<![a-z])(rest(ing)?|baseline|relax(ed|ation|ing)?|eyes?[ _-]?(open|closed)|fixation|"
    r"neutral|ruhe)(?![a-z])",
    re.IGNORECASE,
)
_LEAST_DURATION_S: Final = 2.0
_MOST_NESTED: Final = 2


@dataclass(frozen=True, slots=True)
class Event:
    """A marker: seconds from the first EEG sample, its text, and its duration where it has one."""

    t: float
    text: str
    duration: float = 0.0


@dataclass(frozen=True, slots=True)
class Marker:
    """What the text of a marker says.

    Attributes
    ----------
    name : str
        Of what it marks; empty where it only rates or only ends something.
    role : {"start", "end", "point"}
    ratings : dict of str to float
        ``valence`` and ``arousal``, where it states them.
    """

    name: str
    role: Role
    ratings: dict[str, float]


@dataclass(frozen=True, slots=True)
class Stretch:
    """What a recording shows from ``start`` to ``stop``, in seconds from its first EEG sample."""

    start: float
    stop: float
    name: str
    note: str = ""
    valence: float | None = None
    arousal: float | None = None

    @property
    def is_rest(self) -> bool:
        """Whether its name is that of a rest."""
        return bool(_REST.search(self.name))


def read_marker(text: str) -> Marker:
    """Tell what a marker's text says: a name, whether it starts or ends, ratings."""
    ratings = {
        name.lower(): float(value.replace(",", ".")) for name, value in _RATING.findall(text)
    }
    words = " ".join(_RATING.sub(" ", text).split()).strip(" ,;")
    words = _KINDS.sub("", words)
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", words)
    parts = [part for part in re.split(r"[\s_\-:./|]+", spaced) if part]
    for at in (-1, 0):
        if parts and (word := parts[at].lower()) in _STARTS | _ENDS:
            del parts[at]
            if word in _ENDS:
                return Marker("_".join(parts), "end", ratings)
            return Marker("_".join(parts) or word, "start", ratings)
    return Marker(words, "point", ratings)


def find_stretches(events: Iterable[Event], length_s: float) -> tuple[list[Stretch], list[str]]:
    """Find what markers mark.

    A start and the end of the same name are a pair, also where the end has no name; a start
    without an end lasts to the next marker. Any other marker lasts to the next one of another
    name; those within a pair mark moments of it. A rating belongs to the stretch before it, or to
    the one that its own marker begins.

    Parameters
    ----------
    events : iterable of Event
    length_s : float
        Of the recording.

    Returns
    -------
    stretches : list of Stretch
        In order of time; they do not overlap and lie within the recording.
    notes : list of str
        What was left out.
    """
    notes: list[str] = []
    marked = [
        (event, read_marker(event.text))
        for event in sorted(set(events), key=lambda e: (e.t, e.text))
        if event.text.strip() and not _IGNORED.match(_KINDS.sub("", event.text.strip()))
    ]
    spans, points = _pairs(marked, length_s, notes)
    spans, points = _unnested(spans, points, notes)
    stretches = _apart([*spans, *_to_next(points, spans, length_s)], length_s, notes)
    return _rated(stretches, marked, notes), notes


def _pairs(
    marked: Sequence[tuple[Event, Marker]], length_s: float, notes: list[str]
) -> tuple[list[Stretch], list[Event]]:
    """Match starts with ends; return the pairs, and the markers that are neither."""
    opened: dict[str, float] = {}
    spans: list[Stretch] = []
    points: list[Event] = []
    times = [event.t for event, marker in marked if marker.name or marker.role != "point"]

    def close(name: str, stop: float, how: str) -> None:
        start = opened.pop(name)
        spans.append(Stretch(start, stop, name, f"{name}: start to {how}"))

    for event, marker in marked:
        if event.duration >= _LEAST_DURATION_S and marker.role == "point" and marker.name:
            stop = event.t + event.duration
            spans.append(Stretch(event.t, stop, marker.name, f"{marker.name}, with its duration"))
        elif marker.role == "start":
            if marker.name in opened:
                close(marker.name, event.t, "its next start")
            opened[marker.name] = event.t
        elif marker.role == "end":
            name = marker.name if marker.name else next(reversed(opened), "")
            if name in opened:
                close(name, event.t, "end")
            else:
                notes.append(f"{event.text!r} at {event.t:.1f} s ends what nothing starts")
        elif marker.name:
            points.append(Event(event.t, marker.name))
    for name, start in list(opened.items()):
        stop = min((t for t in times if t > start), default=length_s)
        close(name, stop, "the next marker" if stop < length_s else "the end of the recording")
    return spans, points


def _unnested(
    spans: list[Stretch], points: list[Event], notes: list[str]
) -> tuple[list[Stretch], list[Event]]:
    """Drop pairs that hold others, as that of a whole session does, and moments within a pair."""
    kept = []
    for span in spans:
        holds = {other.name for other in spans if other != span and _within(other.start, span)} - {
            span.name
        }
        inside = [point for point in points if _within(point.t, span)]
        names = {point.text for point in inside}
        apart = (span.stop - span.start) / max(len(inside), 1) >= WINDOW_S
        if holds or (len(names) >= _MOST_NESTED and apart):
            others = sorted(holds or names)
            notes.append(f"{span.name!r} is left out: it holds {_listed(others)}")
        else:
            kept.append(span)
    outside = [point for point in points if not any(_within(point.t, span) for span in kept)]
    if len(outside) < len(points):
        n = len(points) - len(outside)
        notes.append(f"{n} marker(s) between a start and its end were taken for moments of it")
    return kept, outside


def _within(t: float, span: Stretch) -> bool:
    return span.start <= t < span.stop


def _to_next(points: Sequence[Event], spans: Sequence[Stretch], length_s: float) -> list[Stretch]:
    """Let every marker last to the next one of another name, or to the next pair."""
    out: list[Stretch] = []
    edges = sorted([(span.start, "") for span in spans] + [(p.t, p.text) for p in points])
    for point in sorted(points, key=lambda p: p.t):
        if out and out[-1].name == point.text and point.t < out[-1].stop:
            continue
        stop = min((t for t, name in edges if t > point.t and name != point.text), default=length_s)
        end = "the next marker" if stop < length_s else "the end of the recording"
        out.append(Stretch(point.t, stop, point.text, f"{point.text} to {end}"))
    return out


def _apart(stretches: list[Stretch], length_s: float, notes: list[str]) -> list[Stretch]:
    """Put stretches in order, cut off what overlaps, and leave out what is too short."""
    out: list[Stretch] = []
    short: list[str] = []
    before = 0.0
    for each in sorted(stretches, key=lambda s: (s.start, s.stop)):
        start, stop = max(each.start, before, 0.0), min(each.stop, length_s)
        # Whole milliseconds, rounded inwards.
        start, stop = -(-start * 1000 // 1) / 1000, stop * 1000 // 1 / 1000
        if stop - start < WINDOW_S:
            short.append(each.name)
            continue
        out.append(replace(each, start=start, stop=stop))
        before = stop
    if short:
        named = _listed(sorted(set(short)))
        notes.append(
            f"{len(short)} stretch(es) are shorter than {WINDOW_S} s, the length of a window, and "
            f"left out: {named}"
        )
    return out


def _rated(
    stretches: list[Stretch], marked: Iterable[tuple[Event, Marker]], notes: list[str]
) -> list[Stretch]:
    """Give every rating to the last stretch that began before it, or with it."""
    out = list(stretches)
    for event, marker in marked:
        if not marker.ratings:
            continue
        begun = [i for i, each in enumerate(out) if each.start <= event.t + 1e-3]
        if not begun:
            notes.append(f"{event.text!r} at {event.t:.1f} s rates nothing that came before it")
            continue
        out[begun[-1]] = replace(out[begun[-1]], **marker.ratings)  # type: ignore[arg-type]
    return out


def _listed(names: Sequence[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
