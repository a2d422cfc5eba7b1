"""Find the interruptions that a file states, and leave a gap for each.

EDF+D states them by the onsets of its records, BrainVision by ``New Segment`` and ``Bad Interval``
markers, MNE (and files that it or EEGLAB has written) by annotations. In all of them the samples
before and after stand side by side, and a filter or a window across would mix what does not
belong together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from physiosync_rt.datatypes import BoolArray, FloatArray

SHORTEST_S = 0.1
"""A break is made at least this long, and one sample, so that stamps alone show it as a gap."""

OF_UNKNOWN_LENGTH = ", pause of unknown length"
"""Follows what the file calls a break, where it does not say how long it was."""

_BAD = re.compile(r"bad(?![a-z])", re.IGNORECASE)
_BOUNDARY = re.compile(r"((bad|edge)[\s_]*)?boundary|new segment/?", re.IGNORECASE)
_N_LISTED = 5


@dataclass(frozen=True, slots=True)
class Break:
    """An interruption: no sample is used from ``start`` until before ``stop``.

    Attributes
    ----------
    start, stop : float
        In seconds on the clock of the stamps.
    why : str
        What the file calls it.
    ch_names : tuple of str
        Channels that it concerns, as labelled in the file; empty where it concerns all.
    """

    start: float
    stop: float
    why: str
    ch_names: tuple[str, ...] = ()


def annotated_break(
    text: str, onset: float, duration: float, ch_names: Sequence[str] = ()
) -> Break | None:
    """Return the break that an annotation states; None where it states none.

    Parameters
    ----------
    text : str
        ``BAD...``, ``Bad Interval...``, ``boundary``, ``EDGE boundary`` and ``New Segment`` are
        breaks.
    onset, duration : float
        In seconds.
    ch_names : sequence of str
        Channels that it concerns; empty for all.
    """
    plain = text.strip()
    if _BOUNDARY.fullmatch(plain):
        return Break(onset, onset, f"{plain}{OF_UNKNOWN_LENGTH}")
    if _BAD.match(plain) and duration > 0:
        return Break(onset, onset + duration, plain, tuple(ch_names))
    return None


def between(breaks: Iterable[Break], first: float, last: float) -> list[Break]:
    """Return the breaks that lie between the first and the last sample, or reach over one."""
    return [
        each
        for each in breaks
        if each.start < last and (each.start > first or each.stop > each.start)
    ]


def merged(breaks: Iterable[Break]) -> tuple[Break, ...]:
    """Sort the breaks of all channels, make each long enough to be seen, and join overlaps."""
    out: list[Break] = []
    for each in sorted(breaks, key=lambda each: (each.start, each.stop)):
        each = replace(each, stop=max(each.stop, each.start + SHORTEST_S))
        if not out or each.start > out[-1].stop:
            out.append(each)
            continue
        last = out[-1]
        words = dict.fromkeys([*last.why.split(" + "), each.why])
        out[-1] = replace(last, stop=max(last.stop, each.stop), why=" + ".join(words))
    return tuple(out)


def inside(times: FloatArray, sfreq: float, breaks: Sequence[Break]) -> BoolArray:
    """Return which stamps lie in a break, shape (n_times,); at least one sample in each.

    Parameters
    ----------
    times : float64 array, shape (n_times,)
        In seconds, increasing.
    sfreq : float
        In Hz; a break is not shorter than one period.
    breaks : sequence of Break
    """
    found: BoolArray = np.zeros(len(times), dtype=bool)
    rounding = 1e-3 / sfreq
    for each in breaks:
        stop = max(each.stop, each.start + 1.0 / sfreq)
        first, last = np.searchsorted(times, [each.start - rounding, stop - rounding])
        found[first:last] = True
    return found


def resumptions(times: FloatArray, breaks: Sequence[Break]) -> FloatArray:
    """Return the first of the given stamps after each break, without those before the first."""
    at = np.searchsorted(times, [each.start for each in breaks])
    return times[np.unique(at[(at > 0) & (at < len(times))])]


def break_note(breaks: Sequence[Break], zero: float) -> str:
    """State where the breaks are, how long and why, in one sentence.

    Parameters
    ----------
    breaks : sequence of Break
        At least one, as `merged` returns them.
    zero : float
        Time of the file's first sample, from which the sentence counts.
    """
    listed = [
        f"{each.start - zero:.2f} s to {each.stop - zero:.2f} s "
        f"({each.stop - each.start:.2f} s, {each.why})"
        for each in breaks[:_N_LISTED]
    ]
    more = f" and {len(breaks) - _N_LISTED} more" if len(breaks) > _N_LISTED else ""
    n = "a break" if len(breaks) == 1 else f"{len(breaks)} breaks"
    return (
        f"the file states {n}: {', '.join(listed)}{more}; no window spans "
        f"{'it' if len(breaks) == 1 else 'them'}"
    )
