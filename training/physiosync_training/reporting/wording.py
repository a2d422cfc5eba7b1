"""Wording of a report's numbers."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

from physiosync_training.evaluation.compare import SelectiveResult, Verdict
from physiosync_training.evaluation.evaluate import ScoreRow
from physiosync_training.evaluation.metrics import Estimate, Unit
from physiosync_training.evaluation.pooled import Pooled


def units_in_words(n: int, unit: Unit) -> str:
    """Write a number of units."""
    if unit == "20 s block":
        return f"{n} blocks of 20 s"
    return people_in_words(n) if unit == "subject" else f"{n} {unit}s"


def people_in_words(n: int) -> str:
    """Write a number of people."""
    return "1 person" if n == 1 else f"{n} people"


def name_of(row: ScoreRow | Pooled | SelectiveResult, titles: Mapping[str, str]) -> str:
    """Name a network with what it was given, or a baseline model."""
    title = titles.get(row.model)
    return row.model if title is None else f"{title} · {row.modalities}"


def interval(row: ScoreRow | None) -> str:
    """Write a score with its interval below it; empty where there is none."""
    if row is None:
        return ""
    if row.ci_low is None or row.ci_high is None:
        return f"{row.value:.3f}"
    return f"{row.value:.3f}\n[{row.ci_low:.3f}, {row.ci_high:.3f}]"


def difference(estimate: Estimate) -> str:
    """Write a margin with its interval below it."""
    if not isfinite(estimate.low):
        return f"{estimate.value:+.3f}"
    return f"{estimate.value:+.3f}\n[{estimate.low:+.3f}, {estimate.high:+.3f}]"


def verdict_text(verdict: Verdict) -> str:
    """Say who is better and how surely, in a few words."""
    if verdict.ours == verdict.theirs:
        return "no better"
    sure = "clearly " if verdict.is_clear else ""
    reserve = "" if verdict.is_clear else ", not clearly"
    return f"{sure}{'worse' if verdict.loses else 'better'}{reserve}"
