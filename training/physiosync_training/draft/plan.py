"""Lay out the lines of a table: whose rest, which trials, and what only a person can know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from physiosync_rt.devices.description import UNKNOWN
from physiosync_training.datasets.index import WINDOW_S
from physiosync_training.draft.stretches import Stretch
from physiosync_training.draft.survey import Surveyed

_REST_S: Final = 30.0
_LEAST_REST_S: Final = 10.0
_WHOLE: Final = "the whole recording: there is no marker in it"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table; ``start`` and ``stop`` are None where nobody but a person knows."""

    file: str
    start: float | None
    stop: float | None
    subject: str
    trial: int
    kind: str
    valence: float | None = None
    arousal: float | None = None
    stimulus: str = ""
    note: str = ""

    def cells(self) -> dict[str, str]:
        """Return the cells by the titles of the columns."""
        found = {name: _number(getattr(self, name), UNKNOWN) for name in ("start", "stop")} | {
            name: _number(getattr(self, name), "") for name in ("valence", "arousal")
        }
        texts = {name: getattr(self, name) for name in ("file", "subject", "kind", "note")}
        return texts | found | {"trial": str(self.trial), "stimulus": self.stimulus}


def _number(value: float | None, otherwise: str) -> str:
    return otherwise if value is None else f"{value:.3f}".rstrip("0").rstrip(".")


def plan_lines(recordings: Sequence[Surveyed], people: Mapping[str, str]) -> list[Line]:
    """Lay out the lines of all recordings, person by person.

    Parameters
    ----------
    recordings : sequence of Surveyed
    people : dict of str to str
        Whose each recording is, by its name.
    """
    lines: list[Line] = []
    for person in dict.fromkeys(people[each.name] for each in recordings):
        own = [each for each in recordings if people[each.name] == person]
        if all(each.start_utc is not None for each in own):
            own.sort(key=lambda each: each.start_utc or 0.0)
        lines += _plan_person(person, own)
    return lines


def _plan_person(person: str, own: Sequence[Surveyed]) -> Iterator[Line]:
    """Yield the rest of a person, then the trials of all their recordings."""
    shown = [(each, part) for each in own for part in _parts(each)]
    rest, shown = _take_rest(own[0], shown)
    numbered = 0
    for file in own:
        if rest[0] is file:
            start, stop = (None, None) if rest[1] is None else (rest[1].start, rest[1].stop)
            yield Line(file.name, start, stop, person, 0, "baseline", note=rest[2])
        for each, part in shown:
            if each is not file:
                continue
            numbered += 1
            yield Line(
                file.name,
                part.start,
                part.stop,
                person,
                numbered,
                "trial",
                part.valence,
                part.arousal,
                part.name,
                part.note,
            )


_Rest = tuple[Surveyed, Stretch | None, str]
_Shown = list[tuple[Surveyed, Stretch]]


def _take_rest(first: Surveyed, shown: _Shown) -> tuple[_Rest, _Shown]:
    """Choose the rest that comes before a person's first trial, and what is left as trials."""
    at = next((k for k, (_, part) in enumerate(shown) if part.is_rest), None)
    if at == 0 and first.stretches:
        file, part = shown[0]
        return (file, part, part.note), shown[1:]
    if shown and shown[0][0] is first:
        part = shown[0][1]
        if first.stretches and part.start >= _LEAST_REST_S:
            before = Stretch(0.0, part.start, "")
            return (first, before, "guess: what comes before the first marker is rest"), shown
        if not first.stretches and part.stop >= _REST_S + WINDOW_S:
            whole = (first, replace(part, start=_REST_S))
            rest = Stretch(0.0, _REST_S, "")
            said = f"guess: the first {_REST_S:g} s are rest (there is no marker)"
            return (first, rest, said), [whole, *shown[1:]]
    later = "" if at is None else f"; the first one marked is {shown[at][1].name}, after trials"
    said = f"fill in: when this person rested before the first trial, 10 s or more{later}"
    return (first, None, said), shown


def _parts(each: Surveyed) -> tuple[Stretch, ...]:
    """Return the marked stretches of a recording, and what no marker names where a trial must be.

    Where nothing is marked that is all of it; where only rest is marked, what follows.
    """
    stop = each.length_s * 1000 // 1 / 1000
    start = each.stretches[-1].stop if each.stretches else 0.0
    if not all(part.is_rest for part in each.stretches) or stop - start < WINDOW_S:
        return each.stretches
    said = "what follows the rest: no marker names it" if each.stretches else _WHOLE
    return (*each.stretches, Stretch(start, stop, "", said))
