"""The part of a report that belongs to one protocol: its tables and figures, target by target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from physiosync_rt.bundle.card import OURS
from physiosync_training.datasets.index import WindowIndex
from physiosync_training.datasets.splits import INFLATED
from physiosync_training.evaluation.compare import SelectiveResult
from physiosync_training.evaluation.evaluate import Assessment, ScoreRow
from physiosync_training.evaluation.metrics import PRIMARY
from physiosync_training.evaluation.pooled import Pooled
from physiosync_training.loop.loop import Curves
from physiosync_training.loop.paths import slug
from physiosync_training.reporting import figures
from physiosync_training.reporting.blocks import Document, Figure, Heading, Paragraph
from physiosync_training.reporting.tables import people_table, pooled_of, scores_table
from physiosync_training.reporting.wording import name_of, people_in_words, units_in_words

_FEW_PEOPLE: Final = 6

TITLES: Final = {
    "window": "Protocol window: windows of one trial on both sides",
    "trial": "Protocol trial: stimuli held out, of all people",
    "subject": "Protocol subject: people held out",
}
NOTES: Final = {
    "window": "The split of the paper's release. It says nothing about people or stimuli that "
    "were not trained on.",
    "trial": "All windows of a stimulus, of everybody who had it, lie on one side (of a trial, "
    "where no stimulus is named). The people are the same on both sides. Intervals that resample "
    "people say how sure a number is with these stimuli, not with others.",
    "subject": "Nothing that comes from a tested person is trained on. The stimuli are the same "
    "on both sides.",
}


def add_protocol(
    document: Document, assessment: Assessment, dataset: WindowIndex, protocol: str
) -> None:
    """Add all that was found out on one protocol: scores and figures by target, then curves."""
    pooled = pooled_of(assessment, protocol)
    document.add(Heading(TITLES[protocol]))
    if pooled[0].inflated:
        document.add(Paragraph(f"{INFLATED[0].upper()}{INFLATED[1:]}.", "warning"))
    done, planned = assessment.folds[protocol]
    if done < planned:
        document.add(
            Paragraph(
                f"Only {done} of {planned} folds was trained on: what stands here was tested on "
                "that part of the data alone."
                if done == 1
                else f"Only {done} of {planned} folds were trained on: what stands here was "
                "tested on these parts of the data alone.",
                "warning",
            )
        )
    document.add(Paragraph(NOTES[protocol]))
    models = [name for name in assessment.models if name != OURS]
    for target in dict.fromkeys(p.target for p in pooled):
        here = [p for p in pooled if p.target == target]
        rows = [r for r in assessment.scores if (r.protocol, r.target) == (protocol, target)]
        _add_target(document, assessment, dataset, here, rows, models)
    for name, title in assessment.models.items():
        curves: dict[str, list[Curves]] = {}
        for result in assessment.results:
            if result.protocol == protocol and result.network == title:
                for stage, found in result.curves.items():
                    curves.setdefault(stage, []).append(found)
        if curves:
            document.add(
                Figure(
                    slug(protocol, "learning", name),
                    figures.learning(curves),
                    f"Protocol {assessment.named(protocol)}: learning curves of {title}, folds "
                    "thin, mean strong, validation dashed.",
                )
            )


def _add_target(
    document: Document,
    assessment: Assessment,
    dataset: WindowIndex,
    pooled: Sequence[Pooled],
    rows: Sequence[ScoreRow],
    models: Sequence[str],
) -> None:
    protocol, target = pooled[0].protocol, pooled[0].target
    split = assessment.named(protocol)
    first = next(row for row in rows if row.subject is None)
    n_classes = pooled[0].probability.shape[1]
    document.add(Heading(f"{target.capitalize()} on protocol {split}", 3))
    document.add(
        Paragraph(
            f"Intervals resample {_resampled(first)}; guessing scores {1 / n_classes:.3f} in "
            f"{PRIMARY}."
        )
    )
    document.add(scores_table(pooled, rows, assessment))
    if 1 < first.n_subjects <= _FEW_PEOPLE:
        document.add(people_table(pooled, rows, dataset, assessment))
    whole = [row for row in rows if row.subject is None]
    best = {(v.protocol, v.target): v.rival for v in assessment.verdicts}
    rivals = [p for p in pooled if p.model == best.get((protocol, target))]
    heads = main_heads(pooled, assessment)
    shown = [*heads, *rivals]
    where = f"Protocol {split}, {target}"
    compared = [row for row in whole if row.metric == PRIMARY]
    if compared:
        over = units_in_words(first.n, first.unit)
        document.add(
            Figure(
                slug(protocol, target, "comparison"),
                figures.comparison(
                    compared,
                    [name_of(row, assessment.models) for row in compared],
                    n_classes,
                    models,
                ),
                f"{where}: all models with 95 % intervals over {over}.",
            )
        )
    document.add(
        Figure(
            slug(protocol, target, "confusion"),
            figures.confusion(shown, assessment.models),
            f"{where}: share of each true class by answer, and the windows behind it.",
        ),
        Figure(
            slug(protocol, target, "confidence"),
            figures.confidence(shown, selective_of(heads, assessment), assessment.models, models),
            f"{where}: selective prediction (dots: the confidence threshold chosen on "
            f"validation), and the calibration of {assessment.models[OURS]}.",
        ),
        Figure(
            slug(protocol, target, "subjects"),
            figures.subjects(
                [
                    row
                    for row in rows
                    if row.subject is not None
                    and row.metric == "accuracy"
                    and any((row.model, row.modalities) == (p.model, p.modalities) for p in shown)
                ],
                dataset.info.subjects,
                assessment.models,
                models,
            ),
            f"{where}: accuracy of every tested person.",
        ),
    )


def _resampled(row: ScoreRow) -> str:
    """Name what intervals resample."""
    if row.unit == "subject":
        return people_in_words(row.n)
    return f"{units_in_words(row.n, row.unit)} of {people_in_words(row.n_subjects)}"


def selective_of(heads: Sequence[Pooled], assessment: Assessment) -> list[SelectiveResult]:
    """Return the selective prediction of some heads, in the order of the heads."""
    found = {(a.protocol, a.target, a.model, a.modalities): a for a in assessment.selective}
    keys = ((p.protocol, p.target, p.model, p.modalities) for p in heads)
    return [found[key] for key in keys if key in found]


def main_heads(pooled: Sequence[Pooled], assessment: Assessment) -> list[Pooled]:
    """Return one head of every network: the fused one, or the one there is."""
    found = []
    for name in assessment.models:
        own = [p for p in pooled if p.model == name]
        fused = [p for p in own if p.route == "fused"]
        found += fused or [p for p in own if p.route == own[0].route]
    return found
