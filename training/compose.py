"""What a report says and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any, Final

import yaml

from training import figures
from training.data.dataset import Dataset
from training.document import Code, Document, Figure, Heading, Paragraph
from training.evaluate import PRIMARY, Assessment, ScoreRow, Verdict
from training.folders import slug
from training.loop import Curves
from training.pooling import OURS, Pooled
from training.protocols import INFLATED
from training.published import PUBLISHED, REMARKS
from training.tables import (
    marked,
    people_in_words,
    people_table,
    pooled_of,
    published,
    scores_table,
    summary,
    units_in_words,
)

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
    "where no stimulus is named). The people are the same on both sides.",
    "subject": "Nothing that comes from a tested person is trained on. The stimuli are the same "
    "on both sides.",
}


def verdict_sentence(verdict: Verdict) -> str:
    """Who is better, by how much and how surely, in one sentence."""
    where = f"Protocol {verdict.protocol}, {verdict.target}"
    if verdict.inflated:
        where += f" ({INFLATED})"
    ours, theirs = f"{verdict.ours:.3f}", f"{verdict.theirs:.3f}"
    low, high = verdict.margin.low, verdict.margin.high
    margin = f"{verdict.margin.value:+.3f}"
    if isfinite(low):
        over = units_in_words(verdict.n, verdict.unit)
        margin += f", 95 % interval {low:+.3f} to {high:+.3f} over {over}"
    if verdict.loses:
        said = (
            "the model loses to its best baseline"
            if verdict.ours < verdict.theirs
            else "the model does no better than its best baseline"
        )
    else:
        said = "the model beats its best baseline"
    if not verdict.loses and not verdict.is_clear:
        said += ", but not clearly"
    return f"{where}: {said}, {verdict.baseline} ({PRIMARY} {ours} against {theirs}, {margin})."


def headline(assessment: Assessment) -> tuple[str, bool]:
    """First line of a report, and whether it is bad news."""

    def named(verdicts: list[Verdict]) -> str:
        return "; ".join(
            f"{v.target} on protocol {marked(v.protocol, v.inflated)} ({v.baseline})"
            for v in verdicts
        )

    lost = [v for v in assessment.verdicts if v.loses]
    close = [v for v in assessment.verdicts if not v.loses and not v.is_clear]
    parts = []
    if assessment.verdicts and all(v.inflated for v in assessment.verdicts):
        parts.append("No honest number here: protocol window alone, whose numbers are inflated.")
    if lost:
        parts.append(f"The model loses to its best baseline: {named(lost)}.")
    if close:
        parts.append(f"It is not clearly better than its best baseline: {named(close)}.")
    if assessment.undecided:
        where = "; ".join(f"{target} on protocol {p}" for p, target in assessment.undecided)
        parts.append(f"The tested windows have one class only, so nothing can be said: {where}.")
    if parts:
        return " ".join(parts), True
    return "The model clearly beats its best baseline on every protocol and target.", False


def compose(
    assessment: Assessment, dataset: Dataset, title: str, about: dict[str, Any]
) -> Document:
    """Put the report together."""
    document = Document(title)
    said, bad = headline(assessment)
    document.add(Paragraph(said, "verdict bad" if bad else "verdict"), Heading(title, 1))
    if dataset.about.simulated:
        document.add(
            Paragraph(
                "Simulated data. No real person's signal was seen; these numbers show how the "
                "procedure behaves, and nothing about emotion.",
                "warning",
            )
        )
    document.add(Paragraph(_data_sentence(dataset)))
    document.add(*(Paragraph(verdict_sentence(v)) for v in assessment.verdicts))
    document.add(summary(assessment))
    present = [p for p in ("subject", "trial", "window") if pooled_of(assessment, p)]
    for protocol in present:
        _add_protocol(document, assessment, dataset, protocol)
    _add_published(document, assessment, dataset)
    _add_provenance(document, assessment, about)
    return document


def _data_sentence(dataset: Dataset) -> str:
    about, table = dataset.about, dataset.table
    said = (
        f"{about.title}: {len(about.subjects)} people, {int(table.trial.max()) + 1} trials, "
        f"{len(dataset)} windows of 5 s, {about.eeg.n_chans} EEG channels and "
        f"{about.pps.n_chans} of {about.pps.modality}, preprocessing profile {about.profile}. "
        f"Ratings from {about.scale[0]:g} to {about.scale[1]:g}; {about.threshold:g} and above "
        "is high."
    )
    said = said[0].upper() + said[1:]
    return " ".join([said, *(note[0].upper() + note[1:] + "." for note in about.notes)])


def _add_protocol(
    document: Document, assessment: Assessment, dataset: Dataset, protocol: str
) -> None:
    pooled = pooled_of(assessment, protocol)
    document.add(Heading(TITLES[protocol]))
    if pooled[0].inflated:
        document.add(Paragraph(f"{INFLATED[0].upper()}{INFLATED[1:]}.", "warning"))
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
                    f"Protocol {marked(protocol, pooled[0].inflated)}: learning curves of "
                    f"{title}, folds thin, mean strong.",
                )
            )


def _add_target(
    document: Document,
    assessment: Assessment,
    dataset: Dataset,
    pooled: Sequence[Pooled],
    rows: Sequence[ScoreRow],
    models: Sequence[str],
) -> None:
    protocol, target = pooled[0].protocol, pooled[0].target
    split = marked(protocol, pooled[0].inflated)
    first = next(row for row in rows if row.subject is None)
    n_classes = pooled[0].probability.shape[1]
    document.add(Heading(f"{target.capitalize()} on protocol {split}", 3))
    document.add(
        Paragraph(
            f"Intervals resample {units_in_words(first.n, first.unit)} of "
            f"{people_in_words(first.n_subjects)}; guessing scores {1 / n_classes:.3f} in "
            f"{PRIMARY}."
        )
    )
    document.add(scores_table(pooled, rows, split))
    if len(dataset.about.subjects) <= _FEW_PEOPLE:
        document.add(people_table(pooled, rows, dataset, split))
    whole = [row for row in rows if row.subject is None]
    best = {(v.protocol, v.target): v.baseline for v in assessment.verdicts}
    rivals = [p for p in pooled if p.model == best.get((protocol, target))]
    shown = [*_main_heads(pooled, assessment), *rivals]
    where = f"Protocol {split}, {target}"
    compared = [row for row in whole if row.metric == PRIMARY]
    if compared:
        over = units_in_words(first.n, first.unit)
        document.add(
            Figure(
                slug(protocol, target, "comparison"),
                figures.comparison(compared, n_classes, models),
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
            figures.confidence(shown, assessment.models, models),
            f"{where}: what abstaining buys, and whether {assessment.models[OURS]} means what it "
            "says.",
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
                dataset.about.subjects,
                models,
            ),
            f"{where}: accuracy of every person.",
        ),
    )


def _main_heads(pooled: Sequence[Pooled], assessment: Assessment) -> list[Pooled]:
    """One head of every network: the fused one, or the one there is."""
    found = []
    for name in assessment.models:
        own = [p for p in pooled if p.model == name]
        found += [p for p in own if p.route == "fused"] or own[:1]
    return found


def _add_published(document: Document, assessment: Assessment, dataset: Dataset) -> None:
    kind = dataset.about.name.removeprefix("simulated-")
    rows = [p for p in PUBLISHED if p.data == kind]
    if not rows:
        return
    document.add(Heading("Beside the paper"))
    if dataset.about.simulated:
        document.add(
            Paragraph(
                "Our numbers here are from simulated people and are not comparable with the "
                "paper's, which are from real ones.",
                "warning",
            )
        )
    document.add(
        published(assessment, kind),
        *(Paragraph(REMARKS[p]) for p in dict.fromkeys(row.protocol for row in rows)),
    )


def _add_provenance(document: Document, assessment: Assessment, about: dict[str, Any]) -> None:
    networks = "; ".join(
        f"{title}, {n_weights(assessment, title):,} weights" for title in assessment.models.values()
    )
    machines, here = about["machines"], about["reported_on"]
    places = [("Trained on", machine) for machine in machines]
    if here not in machines:
        places.append(("Baselines and report from", here))
    document.add(
        Heading("Where these numbers come from"),
        Paragraph(f"Networks: {networks}."),
        Paragraph(
            f"Data {about['data']['digest']}, seed {about['seed']}, precision "
            f"{about['precision']}, {about['processes']} process(es). The training of all folds "
            f"took {about['seconds'] / 60:.1f} minutes."
        ),
        *(Paragraph(f"{said} {_in_words(machine)}.") for said, machine in places),
        Code(yaml.safe_dump(about["config"], sort_keys=False, allow_unicode=True)),
    )


def _in_words(machine: dict[str, Any]) -> str:
    gpu = f", {machine['gpu']}" if machine["gpu"] else ""
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return f"{machine['system']}, {machine['cpus']} CPUs{gpu}; {versions}"


def n_weights(assessment: Assessment, title: str) -> int:
    """Weights of a network."""
    return next(r.n_weights for r in assessment.results if r.network == title)
