"""What a view shows of a bundle's scores: figures, under how they were measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from physiosync_rt.bundle.card import OURS, Meaning, Score
from physiosync_rt.live.snapshot import Snapshot
from physiosync_rt.utils.translation import mark, tr

NOTHING_ELSE: Final[Mapping[str, Meaning]] = MappingProxyType({})
"""Targets that stand for what they are called."""

BEST_BASELINE = mark("best baseline model, same folds")


def score_groups(
    scores: Sequence[Score],
    meaning: Mapping[str, Meaning] = NOTHING_ELSE,
    modalities: str = "",
) -> dict[str, list[str]]:
    """Return the figures to show, by how they were measured.

    They are those of ``modalities``, as a row names them; of the most there are where it is empty.

    A target is called what it stands for, where that is not what its column is called.

    Shown is each target's balanced accuracy, and beside it that of the best baseline model on the
    same folds. Scores without one, as of an imported network, are all shown.
    Where the card also tells what is left without an electrode, that comes last, from the worst
    electrode to lose to the best.
    """
    scores = [_named(score, meaning) for score in scores]
    missing = [score for score in scores if score.without]
    scores = [score for score in scores if not score.without]
    ours = [score for score in scores if score.primary and score.of_network]
    widest = max((score.modalities for score in ours), key=lambda s: s.count("+"), default="")
    widest = modalities or widest
    shown = [score for score in ours if score.modalities == widest]
    if ours and not shown:
        said = tr("the card has no score of {signals} alone")
        return {said.format(signals=widest.upper().replace("+", " + ")): []}
    shown = shown or list(scores)
    groups: dict[str, list[str]] = {}
    for score in shown:
        figure = f"{tr(score.target)} {tr(score.metric)} {value_text(score)}"
        groups.setdefault(_how(score), []).append(figure)
    if ours:
        rivals = filter(None, (best_rival(score, scores) for score in shown))
        if figures := [_rival_figure(rival) for rival in rivals]:
            groups[tr(BEST_BASELINE)] = figures
    groups |= _one_missing([score for score in missing if score.modalities == widest])
    return groups


def modalities_in_use(snapshot: Snapshot) -> str:
    """Return the modalities of the newest row that has a prediction; empty before the first."""
    return next((row.modalities for row in reversed(snapshot.history) if row.modalities), "")


def _one_missing(scores: Sequence[Score]) -> dict[str, list[str]]:
    """Return the range of scores over electrodes that may be missing, by how they were measured."""
    by_target: dict[tuple[str, str], list[Score]] = {}
    for score in scores:
        by_target.setdefault((_how(score), score.target), []).append(score)
    groups: dict[str, list[str]] = {}
    for (how, target), found in by_target.items():
        low, high = (pick(score.value for score in found) for pick in (min, max))
        between = tr("{low} to {high}").format(low=f"{low:.2f}", high=f"{high:.2f}")
        figure = f"{tr(target)} {tr(found[0].metric)} {between}"
        missing = tr("one electrode missing, {how}").format(how=how)
        groups.setdefault(missing, []).append(figure)
    return groups


@dataclass(frozen=True, slots=True)
class Comparison:
    """A target's balanced accuracy from most modalities, and the best baseline model's beside it.

    ``how`` says on what it was measured.
    """

    ours: Score
    rival: Score | None
    how: str


def comparisons(
    scores: Sequence[Score], meaning: Mapping[str, Meaning] = NOTHING_ELSE
) -> list[Comparison]:
    """Return what to compare of a bundle, one for each target and protocol; may be none."""
    scores = [_named(score, meaning) for score in scores if not score.without]
    ours = [score for score in scores if score.primary and score.of_network]
    widest = max((score.modalities for score in ours), key=lambda s: s.count("+"), default="")
    shown = [score for score in ours if score.modalities == widest]
    return [Comparison(score, best_rival(score, scores), _how(score)) for score in shown]


def score_lines(
    scores: Sequence[Score],
    meaning: Mapping[str, Meaning] = NOTHING_ELSE,
    modalities: str = "",
) -> list[str]:
    """Return the same as lines, each with how it was measured in brackets."""
    lines = []
    for how, figures in score_groups(scores, meaning, modalities).items():
        lines += [f"{figure} ({how})" for figure in figures] or [how]
    return lines


def _named(score: Score, meaning: Mapping[str, Meaning]) -> Score:
    if score.target not in meaning:
        return score
    return score.model_copy(update={"target": meaning[score.target].name})


def best_rival(score: Score, scores: Sequence[Score]) -> Score | None:
    """Return the best baseline model's score on the folds of another.

    It uses no signal that the other does not: beside EEG alone stands what is reached without skin
    or heart.
    """
    signals = set(score.modalities.split("+"))
    rivals = [
        rival
        for rival in scores
        if rival.primary
        and (rival.protocol, rival.target) == (score.protocol, score.target)
        and not rival.model.startswith(OURS)
        and set(filter(None, rival.modalities.split("+"))) <= signals
    ]
    return max(rivals, key=lambda rival: rival.value, default=None)


def _how(score: Score) -> str:
    said = tr("{signals}, protocol {protocol}")
    over = f", {score.n} {tr(f'{score.unit}s')}" if score.n and score.unit else ""
    return said.format(signals=score.modalities, protocol=score.protocol) + over


def _rival_figure(rival: Score) -> str:
    name = rival.model.replace(" (", ", ").removesuffix(")")
    said = tr("{target} {value} by {model}")
    return said.format(target=tr(rival.target), value=value_text(rival), model=name)


def value_text(score: Score) -> str:
    """Return a score with its interval, where it has one."""
    if score.ci_low is None or score.ci_high is None:
        return f"{score.value:.2f}"
    return f"{score.value:.2f} [{score.ci_low:.2f}, {score.ci_high:.2f}]"
