"""How a view names the side of a target without flicker: the unsure zone, with hysteresis.

The CSV judges each row by itself (`physiosync_rt.bundle.unsure_zone`). A view is more careful: a
word appears once the probability is well outside the margin and goes as soon as it is inside, so
that no view says a word where the CSV has none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from physiosync_rt.bundle.unsure_zone import Side, distance, side
from physiosync_rt.datatypes import Prediction
from physiosync_rt.live.snapshot import Snapshot

WELL_OUTSIDE = 1.5
"""So many margins from one half a probability is clear at once."""

UNSURE: Final = "unsure"
"""A view translates it."""

Level = Side | Literal["unsure"]

Target = Literal["valence", "arousal"]

TARGETS: tuple[Target, ...] = ("valence", "arousal")


def clear_from(margin: float) -> float:
    """Return the distance from one half at which a side is clear at once."""
    return min(WELL_OUTSIDE * margin, (margin + 0.5) / 2)


def shown_level(rows: Sequence[Prediction], target: Target, margin: float) -> Level | None:
    """Return what a view says of a target at the newest row; None where it has no number.

    Parameters
    ----------
    rows : sequence of Prediction
        In order of time; the newest is the one that is shown.
    target : {"valence", "arousal"}
    margin : float
        Of the bundle.

    Notes
    -----
    Looks back only to the last row that decides: one well outside the margin, or one inside it,
    without a number or on the other side.
    """
    shown: Side | None = None
    for row in reversed(rows):
        p = probability(row, target)
        here = side(p, margin)
        if shown is None:
            if p is None:
                return None
            shown = here
        if p is None or here is None or here != shown:
            return UNSURE
        if distance(p) >= clear_from(margin):
            return here
    return UNSURE if rows else None


def probability(row: Prediction, target: Target) -> float | None:
    """Return the probability of a target in a row."""
    return row.valence if target == "valence" else row.arousal


def shown_levels(rows: Sequence[Prediction], margin: float) -> dict[Target, Level]:
    """Return what a view says of each target of the newest row that has a number."""
    levels = {target: shown_level(rows, target, margin) for target in TARGETS}
    return {target: level for target, level in levels.items() if level is not None}


def quadrant_of(levels: Mapping[Target, Level]) -> str:
    """Return the quadrant of two levels; empty where one is missing or unsure."""
    if len(levels) < len(TARGETS) or UNSURE in levels.values():
        return ""
    letters = {target: "H" if level == "high" else "L" for target, level in levels.items()}
    return f"{letters['valence']}V{letters['arousal']}A"


def rows_shown(snapshot: Snapshot) -> tuple[Prediction, ...]:
    """Return the rows up to the newest, which is the one that a view shows."""
    row, before = snapshot.prediction, snapshot.history
    if row is None:
        return ()
    if before and before[-1].index == row.index:
        before = before[:-1]
    return (*before, row)


def shown_quadrant(snapshot: Snapshot) -> str:
    """Return the quadrant that a view names; empty where it is unsure or there is none."""
    if snapshot.meaning:
        return ""
    return quadrant_of(shown_levels(rows_shown(snapshot), snapshot.margin))
