"""What the newest row comes to, in a headline and a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from physiosync_rt.bundle.card import Meaning
from physiosync_rt.datatypes import Prediction, Reason
from physiosync_rt.live.snapshot import Snapshot
from physiosync_rt.views.absence_text import why_absent
from physiosync_rt.views.shown_levels import (
    TARGETS,
    UNSURE,
    Level,
    Target,
    quadrant_of,
    rows_shown,
    shown_levels,
)
from physiosync_rt.views.wording import (
    GETTING_READY,
    QUADRANTS,
    REASONS,
    is_capturing,
    pps_name,
    waiting_for,
    why,
)


def verdict(snapshot: Snapshot) -> tuple[str, str]:
    """Return a headline on the newest row and the sentence that belongs under it.

    Valid rows give the quadrant and its meaning, or between which they lie; withheld rows
    ``No prediction`` and the reason with its explanation, and a run that has not warmed up says
    what it is waiting for.
    """
    row = snapshot.prediction
    if row is None or row.reason is Reason.WARMING_UP:
        return GETTING_READY, waiting_for(snapshot)
    if not row.valid:
        if row.reason is Reason.NO_BASELINE and is_capturing(snapshot):
            return GETTING_READY, waiting_for(snapshot)
        short = why(row, pps_name(snapshot))
        return (
            "No prediction",
            f"{short[:1].upper()}{short[1:]}. {REASONS[row.left_out or row.reason][1]}",
        )
    levels = shown_levels(rows_shown(snapshot), snapshot.margin)
    if snapshot.meaning:
        return _meant(levels, snapshot.meaning)
    return _felt(levels, row)


def state_word(rows: Sequence[Prediction], margin: float) -> str:
    """Return the word of the newest row's quadrant, or ``unsure``; empty for a single target."""
    levels = shown_levels(rows, margin)
    if len(levels) < len(TARGETS):
        return ""
    name = quadrant_of(levels)
    return QUADRANTS[name][0] if name else UNSURE


def targets_shown(
    row: Prediction | None, meaning: Mapping[str, Meaning]
) -> list[tuple[str, str, float | None]]:
    """Return the targets that a view shows of a row: column, name, and P(high).

    They are valence and arousal, or, where a bundle's targets stand for something else, these
    alone under the names of what they stand for.
    """
    values = {
        "valence": row.valence if row else None,
        "arousal": row.arousal if row else None,
    }
    if not meaning:
        return [(name, name, value) for name, value in values.items()]
    return [(name, meaning[name].name, p) for name, p in values.items() if name in meaning]


def _felt(levels: Mapping[Target, Level], row: Prediction) -> tuple[str, str]:
    """Return headline and sentence on valence and arousal, or on the one that is there."""
    if len(levels) < len(TARGETS):
        ((name, level),) = levels.items()
        headline = f"{name} unsure" if level == UNSURE else f"{level} {name}"
        if level == UNSURE:
            return headline.capitalize(), "Too close to one half to tell"
        (absent,) = (other for other in TARGETS if other != name)
        reason = why_absent(row, absent)
        return headline.capitalize(), f"No {absent}: {reason}" if reason else ""
    if here := quadrant_of(levels):
        word, meaning = QUADRANTS[here]
        return word.capitalize(), meaning.capitalize()
    clear = [f"{level} {name}" for name, level in levels.items() if level != UNSURE]
    if not clear:
        return "Unsure", "Valence and arousal are both too close to one half to tell"
    (unsure,) = (name for name, level in levels.items() if level == UNSURE)
    sides = ({**levels, unsure: side} for side in _SIDES)
    words = [QUADRANTS[quadrant_of(each)][0] for each in sides]
    return (
        f"Between {' and '.join(words)}",
        f"{clear[0].capitalize()}; {unsure} is too close to one half to tell",
    )


def _meant(levels: Mapping[Target, Level], meaning: Mapping[str, Meaning]) -> tuple[str, str]:
    """Return headline and sentence on targets that stand for something of their own."""
    said, likened = [], []
    for target, level in levels.items():
        if target not in meaning:
            continue
        name, low, high = meaning[target].name, meaning[target].low, meaning[target].high
        said.append(f"{name} unsure" if level == UNSURE else f"{level} {name}")
        if level == UNSURE:
            likened.append(f"between {low} and {high}, too close to one half to tell")
        else:
            likened.append(f"like {high if level == 'high' else low}")
    return ", ".join(said).capitalize(), ", ".join(likened).capitalize()


_SIDES: tuple[Level, ...] = ("low", "high")
