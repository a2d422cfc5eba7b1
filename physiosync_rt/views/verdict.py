"""What the newest row comes to, in a headline and a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from physiosync_rt.bundle.card import Meaning
from physiosync_rt.datatypes import Prediction, Reason
from physiosync_rt.live.snapshot import Snapshot
from physiosync_rt.utils.translation import mark, tr
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
        return tr(GETTING_READY), waiting_for(snapshot)
    if not row.valid:
        if row.reason is Reason.NO_BASELINE and is_capturing(snapshot):
            return tr(GETTING_READY), waiting_for(snapshot)
        short = why(row, pps_name(snapshot))
        explained = tr(REASONS[row.left_out or row.reason][1])
        return tr("No prediction"), f"{short[:1].upper()}{short[1:]}. {explained}"
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
    return tr(QUADRANTS[name][0] if name else UNSURE)


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
        return [(name, tr(name), value) for name, value in values.items()]
    return [(name, meaning[name].name, p) for name, p in values.items() if name in meaning]


def _felt(levels: Mapping[Target, Level], row: Prediction) -> tuple[str, str]:
    """Return headline and sentence on valence and arousal, or on the one that is there."""
    if len(levels) < len(TARGETS):
        ((name, level),) = levels.items()
        headline = first_upper(level_text(level, tr(name)))
        if level == UNSURE:
            return headline, tr("Too close to one half to tell")
        (absent,) = (other for other in TARGETS if other != name)
        reason = why_absent(row, absent)
        said = tr("No {target}: {reason}").format(target=tr(absent), reason=reason)
        return headline, said if reason else ""
    if here := quadrant_of(levels):
        word, meaning = QUADRANTS[here]
        return first_upper(tr(word)), first_upper(tr(meaning))
    clear = [level_text(level, tr(name)) for name, level in levels.items() if level != UNSURE]
    if not clear:
        said = tr("Valence and arousal are both too close to one half to tell")
        return first_upper(tr(UNSURE)), said
    (unsure,) = (name for name, level in levels.items() if level == UNSURE)
    sides = ({**levels, unsure: side} for side in _SIDES)
    words = [tr(QUADRANTS[quadrant_of(each)][0]) for each in sides]
    said = tr("{clear}; {target} is too close to one half to tell")
    return (
        tr("Between {one} and {other}").format(one=words[0], other=words[1]),
        said.format(clear=first_upper(clear[0]), target=tr(unsure)),
    )


def _meant(levels: Mapping[Target, Level], meaning: Mapping[str, Meaning]) -> tuple[str, str]:
    """Return headline and sentence on targets that stand for something of their own."""
    said, likened = [], []
    for target, level in levels.items():
        if target not in meaning:
            continue
        name, low, high = meaning[target].name, meaning[target].low, meaning[target].high
        said.append(level_text(level, name))
        if level == UNSURE:
            between = tr("between {low} and {high}, too close to one half to tell")
            likened.append(between.format(low=low, high=high))
        else:
            likened.append(tr("like {what}").format(what=high if level == "high" else low))
    return first_upper(", ".join(said)), first_upper(", ".join(likened))


def level_text(level: Level, target: str) -> str:
    """Return a target and its side, as in ``high valence`` or ``valence unsure``."""
    return tr(_LEVELS[level]).format(target=target)


def first_upper(text: str) -> str:
    """Return a text with a capital at its beginning, and all else as it is."""
    return text[:1].upper() + text[1:]


_LEVELS: dict[Level, str] = {
    "low": mark("low {target}"),
    "high": mark("high {target}"),
    UNSURE: mark("{target} unsure"),
}


_SIDES: tuple[Level, ...] = ("low", "high")
