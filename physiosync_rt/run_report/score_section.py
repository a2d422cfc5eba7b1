"""What the bundle's card says of its scores, for the modalities that the run used."""

from __future__ import annotations

from collections import Counter

from physiosync_rt.bundle.card import Score
from physiosync_rt.run_report import page
from physiosync_rt.run_report.read_run import Run
from physiosync_rt.run_report.stretches import used_text
from physiosync_rt.views.scores_text import best_rival, value_text

_MOST: int = 60


def scores(run: Run) -> str:
    """Return the scores of the modalities in use, each beside the best baseline model's."""
    facts = run.facts
    heading = "What the predictions are worth"
    if not facts.scores:
        said = (
            "The scores of the bundle are not in the run's files; name the bundle with --bundle to "
            "have them here."
        )
        return page.section(heading, page.paragraph(said))
    used = [m for m, _ in Counter(_used(run)).most_common()]
    whole = [score for score in facts.scores if not score.without]
    networks = [score for score in whole if score.primary and score.of_network]
    shown = [score for m in used for score in networks if score.modalities == m]
    missing = [m for m in used if all(score.modalities != m for score in shown)]
    notes = [
        "Scores of the bundle on the people and trials of its training's test, not of this run."
    ]
    if missing and networks:
        names = " and of ".join(used_text(m) for m in missing)
        notes.append(f"The card has no score of {names}.")
    if not shown:
        shown = networks or whole
    if any(score.inflated for score in shown):
        notes.append(
            "Inflated: windows of one trial were on both sides of the split, so the number is too "
            "good."
        )
    metrics = sorted({score.metric.replace("_", " ") for score in shown})
    header = (
        "protocol",
        "of",
        "from",
        f"{', '.join(metrics)} [95 %]",
        "tested on",
        "best baseline",
    )
    rows = [_row(run, score, named=len(metrics) > 1) for score in shown[:_MOST]]
    return page.section(heading, page.paragraph(" ".join(notes)), page.table(header, rows))


def _used(run: Run) -> list[str]:
    return [m for m, valid in zip(run.modalities, run.valid, strict=True) if valid and m]


def _row(run: Run, score: Score, *, named: bool) -> tuple[str, ...]:
    rival = best_rival(score, run.facts.scores) if score.of_network else None
    protocol = score.protocol
    if score.inflated:
        protocol = f"{protocol}\ntoo good by its making"
    tested = f"{score.n} {score.unit}s" if score.n and score.unit else "–"
    beside = f"{value_text(rival)}\n{rival.model}" if rival else "–"
    target = run.name_of(score.target)
    used = used_text(score.modalities)
    value = value_text(score) + (f"\n{score.metric.replace('_', ' ')}" if named else "")
    return (protocol, target, used, value, tested, beside)
