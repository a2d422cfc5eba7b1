"""A run in sentences: what it came to, how it ended, and what its signals and scores are of."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import numpy as np

from physiosync_rt.run_report.envelope import MOST_POINTS
from physiosync_rt.run_report.read_run import Run
from physiosync_rt.run_report.stretches import partly, used_text, why_text
from physiosync_rt.views.events_text import count_text
from physiosync_rt.views.wording import clock, duration, losses_text

SIMULATED_SOURCE = "physiosync-simulated"


def in_short(run: Run) -> str:
    """Return what a run came to, in a paragraph."""
    sentences = [_rows(run), _withheld(run), *_left_empty(run), _losses(run), *_files(run)]
    return " ".join(filter(None, [*sentences, how_it_ended(run)]))


def percent(n: float, total: float) -> str:
    """Return a share, never 0 % of something and never 100 % of less than all."""
    if not total:
        return "–"
    share = 100.0 * n / total
    if n and share < 1:
        return "below 1 %"
    if n < total and share > 99:
        return "above 99 %"
    return f"{share:.0f} %"


def counted(n: int, unit: str) -> str:
    """Return a number of things, whose name is given in the plural."""
    return f"{n:,} {count_text(n, unit).partition(' ')[2]}"


def length(seconds: float) -> str:
    """Return how long a stretch is."""
    return f"{seconds:.3g} s" if seconds < 60 else clock(seconds)


def resolution(run: Run) -> str:
    """Return what a point of a course stands for, where it is more than one row."""
    if len(run) <= MOST_POINTS:
        return ""
    return (
        f"A point stands for {duration(run.span_s / MOST_POINTS)}: the line is the median of its "
        "rows, the band reaches from their least to their greatest value."
    )


def how_it_ended(run: Run) -> str:
    """Return how a run ended, as far as its files tell."""
    facts = run.facts
    if run.is_going_on:
        return "The run is still going on: this page shows what was written by now."
    if not facts.is_known:
        return "How the run ended is not known."
    if not facts.ended:
        return (
            "Its JSON says nothing of an end: the run was killed, or was still going on when its "
            "files were copied."
        )
    return f"The run ended {facts.ended.removesuffix('.')}."


def source_text(run: Run) -> str:
    """Return where the signals came from."""
    settings = run.facts.settings or {}
    if run.facts.command == "predict":
        return f"a recording, predicted offline: {settings.get('files', 'not named')}"
    if run.facts.command == "demo":
        return "a simulated person, sent through LSL (demo)"
    if not run.facts.is_known:
        return ""
    source = settings.get("source", "lsl")
    if source == "simulated":
        return "a simulated person"
    if source == "file":
        return f"a recording at its own pace: {settings.get('file', 'not named')}"
    if source == "brainflow":
        return " ".join(filter(None, ("BrainFlow", settings.get("device", ""))))
    return "LSL streams"


def signals_are_simulated(run: Run) -> bool:
    """Whether the run's own files say that nobody's signals were measured."""
    said = source_text(run).startswith("a simulated person")
    return said or any(s.source_id.startswith(SIMULATED_SOURCE) for s in run.facts.streams)


def when_text(utc: str) -> str:
    """Return a time of the log as a person reads it."""
    try:
        at = datetime.fromisoformat(utc)
    except ValueError:
        return utc
    return f"{at:%Y-%m-%d %H:%M:%S} {at:%Z}".strip()


def _rows(run: Run) -> str:
    n = int(run.valid.sum())
    said = f"{counted(len(run), 'rows')} over {clock(run.span_s)}, one every {run.hop_s:g} s."
    if not n:
        return f"{said} None has a prediction."
    bridged = partly(run)
    used = Counter(m for m, valid in zip(run.modalities, run.valid, strict=True) if valid)
    alone = {m for m, part in zip(run.modalities, bridged, strict=True) if part}
    parts = [f"{k:,} from {used_text(m)}{' alone' * (m in alone)}" for m, k in used.most_common()]
    return f"{said} {n:,} ({percent(n, len(run))}) have a prediction: {', '.join(parts)}."


def _withheld(run: Run) -> str:
    reasons = Counter(r for r, valid in zip(run.reasons, run.valid, strict=True) if not valid)
    if not reasons:
        return "No row was withheld." if len(run) else ""
    parts = [f"{n:,} {why_text(reason, run.pps)}" for reason, n in reasons.most_common()]
    return f"{sum(reasons.values()):,} have none: {', '.join(parts)}."


def _left_empty(run: Run) -> list[str]:
    """Say in how many rows one target alone has no number."""
    empty = ((run.name_of(t), run.valid & np.isnan(run.numbers[t])) for t in run.targets)
    return [
        f"In {counted(int(rows.sum()), 'rows')} {name} alone is left empty: what was left of "
        "the signals cannot tell it, or the network was not sure enough."
        for name, rows in empty
        if rows.any()
    ]


def _losses(run: Run) -> str:
    streams = run.facts.streams
    if not run.facts.is_complete or not streams:
        return ""
    lossy = [(s.name, losses_text(s.stats)) for s in streams if s.stats is not None]
    said = [f"{name}: {losses}" for name, losses in lossy if losses]
    return f"{'; '.join(said)}." if said else "No sample was lost, late or repeated."


def _files(run: Run) -> list[str]:
    lost = [
        f"{counted(int(n), unit)} could not be written and are lost."
        for unit, n in (run.facts.not_written or {}).items()
        if n >= 1
    ]
    if run.facts.behind_s >= 2:
        lost.append(f"The computer was up to {run.facts.behind_s:.0f} s behind.")
    return lost
