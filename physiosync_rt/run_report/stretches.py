"""Stretches of a run that were predicted from all, from one modality, or not at all, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby

import numpy as np

from physiosync_rt.datatypes import BoolArray, Reason
from physiosync_rt.run_report.read_run import Run
from physiosync_rt.views.wording import REASONS


class Kind(StrEnum):
    """What a stretch of rows has in common."""

    WHOLE = "whole"
    """Predicted from every modality that the bundle takes."""
    PARTLY = "partly"
    """Predicted from one modality of two."""
    WITHHELD = "withheld"
    """Without a prediction."""
    NO_ROWS = "no_rows"
    """The log has no rows of this time."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Consecutive rows of one kind and reason.

    Attributes
    ----------
    kind : Kind
    start, stop : float
        Seconds of the run; a row stands for the hop that it ends.
    why : str
        In words: the reason, or what it was predicted from.
    reason : str
        The word of the CSV; empty where there is none.
    n_rows, n_stretches : int
        Rows, and stretches where several lie so close together that they are drawn as one.
    """

    kind: Kind
    start: float
    stop: float
    why: str
    reason: str
    n_rows: int
    n_stretches: int = 1

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.stop - self.start


def find_stretches(run: Run) -> list[Stretch]:
    """Return the stretches of a run in order of time; they cover it."""
    found: list[Stretch] = []
    for indices in _groups(run):
        first, last = indices[0], indices[-1]
        start = run.t[first] - run.hop_s
        if found and start > found[-1].stop + run.hop_s / 2:
            why = "no rows in the log"
            found.append(Stretch(Kind.NO_ROWS, found[-1].stop, float(start), why, "", 0))
        # Rows closer than a hop must not overlap.
        begin = max(float(start), found[-1].stop) if found else float(start)
        kind, why = _kind(run, first)
        stop = max(float(run.t[last]), begin)
        found.append(Stretch(kind, begin, stop, why, run.reasons[first], len(indices)))
    return found


def partly(run: Run) -> BoolArray:
    """Return which rows were predicted from one modality of two, shape (n_rows,)."""
    bridged = np.array([reason in _BRIDGED for reason in run.reasons], dtype=np.bool_)
    return np.logical_and(run.valid, bridged)


def why_text(reason: str, pps: str) -> str:
    """Return the reason of a withheld row in a few words; one of a later version as it stands."""
    try:
        known = Reason(reason)
    except ValueError:
        return reason
    if known is Reason.NONE:
        return "no reason given"
    return REASONS[known][0].format(signal=pps if known is Reason.NO_PPS else "EEG")


def advice_text(reason: str) -> str:
    """Return what a reason means and what to do."""
    try:
        return REASONS[Reason(reason)][1]
    except ValueError:
        return "This version does not know the word; the one that wrote the log explains it."


def used_text(modalities: str) -> str:
    """Return modalities as a person reads them: ``EEG + GSR``."""
    return " + ".join(part.upper() for part in modalities.split("+") if part) or "unknown signals"


def thin_out(stretches: Sequence[Stretch], closer_s: float) -> list[Stretch]:
    """Join stretches of one reason that are closer than can be drawn; each stays to be seen."""
    found: list[Stretch] = []
    for each in stretches:
        last = found[-1] if found else None
        if last is not None and each.start - last.stop < closer_s:
            found[-1] = replace(
                last,
                stop=each.stop,
                n_rows=last.n_rows + each.n_rows,
                n_stretches=last.n_stretches + each.n_stretches,
            )
        else:
            found.append(each)
    return found


_BRIDGED = (Reason.NO_PPS, Reason.NO_EEG)


def _groups(run: Run) -> Iterator[list[int]]:
    """Yield the indices of consecutive rows of one kind, without a jump in time."""
    jumps = np.diff(run.t, prepend=run.t[:1]) > 1.5 * run.hop_s
    block = np.cumsum(jumps)

    def same(i: int) -> tuple[int, bool, str, str]:
        valid = bool(run.valid[i])
        return int(block[i]), valid, run.reasons[i], run.modalities[i] if valid else ""

    for _, group in groupby(range(len(run)), key=same):
        yield list(group)


def _kind(run: Run, i: int) -> tuple[Kind, str]:
    if not run.valid[i]:
        return Kind.WITHHELD, why_text(run.reasons[i], run.pps)
    used = used_text(run.modalities[i])
    if run.reasons[i] in _BRIDGED:
        return Kind.PARTLY, f"from {used} alone"
    return Kind.WHOLE, f"from {used}"
