"""Content of a report, in its order."""

from __future__ import annotations

from typing import Any

import yaml

from physiosync_rt.datatypes import Modality
from physiosync_training.datasets.base import SIMULATED_PEOPLE_NOTE
from physiosync_training.datasets.index import WINDOW_S, WindowIndex
from physiosync_training.datasets.splits import STRICTEST_FIRST
from physiosync_training.evaluation.evaluate import Assessment
from physiosync_training.evaluation.published import FOLD_REMARKS, PUBLISHED, REMARKS
from physiosync_training.reporting.blocks import Code, Document, Heading, Paragraph
from physiosync_training.reporting.people_section import add_people
from physiosync_training.reporting.section import add_protocol, main_heads, selective_of
from physiosync_training.reporting.tables import (
    encoders,
    left_out_table,
    n_weights,
    protocols_of,
    published,
    selective_table,
    summary,
    verdict_table,
)


def headline(assessment: Assessment) -> tuple[str, bool]:
    """Write the first line of a report, and tell whether it is bad news."""

    def named(found: list[tuple[str, str]]) -> str:
        targets: dict[str, list[str]] = {}
        for protocol, target in found:
            targets.setdefault(assessment.named(protocol), []).append(target)
        return "; ".join(f"{' and '.join(own)} on protocol {p}" for p, own in targets.items())

    lost = [(v.protocol, v.target) for v in assessment.verdicts if v.loses]
    close = [(v.protocol, v.target) for v in assessment.verdicts if not v.loses and not v.is_clear]
    parts = []
    if assessment.verdicts and all(v.inflated for v in assessment.verdicts):
        parts.append("No honest number here: protocol window alone, whose numbers are inflated.")
    if lost:
        parts.append(f"The model loses to its best baseline model: {named(lost)}.")
    if close:
        parts.append(f"It is not clearly better than its best baseline model: {named(close)}.")
    if assessment.undecided:
        where = named(assessment.undecided)
        parts.append(f"The tested windows have one class only, so nothing can be said: {where}.")
    if parts:
        return " ".join(parts), True
    won = [(v.protocol, v.target) for v in assessment.verdicts]
    return f"The model clearly beats its best baseline model: {named(won)}.", False


def build_report(
    assessment: Assessment, dataset: WindowIndex, title: str, info: dict[str, Any]
) -> Document:
    """Put the report together."""
    document = Document(title)
    said, bad = headline(assessment)
    document.add(Paragraph(said, "verdict bad" if bad else "verdict"), Heading(title, 1))
    if dataset.info.simulated:
        document.add(
            Paragraph(
                "Simulated data. No real person's signal was seen; these numbers show how the "
                "procedure behaves, and nothing about emotion.",
                "warning",
            )
        )
    document.add(Paragraph(_data_sentence(dataset)))
    if assessment.verdicts:
        document.add(verdict_table(assessment))
    document.add(encoders(assessment, main_heads(assessment.pooled, assessment)))
    if seen := _window_sentence(assessment, dataset):
        document.add(Paragraph(seen))
    if assessment.people is not None:
        add_people(document, assessment.people)
    document.add(Heading("All models"), summary(assessment))
    _add_left_out(document, assessment)
    _add_selective(document, assessment)
    for protocol in protocols_of(assessment):
        add_protocol(document, assessment, dataset, protocol)
    _add_published(document, assessment, dataset)
    _add_provenance(document, assessment, info)
    return document


def _data_sentence(dataset: WindowIndex) -> str:
    info, table = dataset.info, dataset.table
    said = (
        f"{info.title}: {len(info.subjects)} people, {int(table.trial.max()) + 1} trials, "
        f"{len(dataset)} windows of 5 s, {info.eeg.n_chans} EEG channels and "
        f"{info.pps.n_chans} of {info.pps.modality}, preprocessing profile {info.profile}."
    )
    if not info.meaning:
        said += (
            f" Ratings from {info.scale[0]:g} to {info.scale[1]:g}; {info.threshold:g} and above "
            "is high."
        )
    said = said[0].upper() + said[1:]
    # Of simulated people the warning above has told already.
    notes = [note for note in info.notes if note != SIMULATED_PEOPLE_NOTE]
    notes += [str(meaning) for meaning in info.meaning.values()]
    notes += [limit.removesuffix(".") for limit in info.limits]
    notes += [f"data: {info.citation.removesuffix('.')}"] if info.citation else []
    return " ".join([said, *(note[0].upper() + note[1:] + "." for note in notes)])


def _window_sentence(assessment: Assessment, dataset: WindowIndex) -> str:
    """Say what networks and baseline models were given, where it is not 5 s for all of them."""
    lengths = {p.model: p.seconds for p in assessment.pooled}
    short = [name for name in assessment.models if lengths[name] < WINDOW_S]
    if not short:
        return ""
    if len(short) < len(assessment.models):
        titles = ", ".join(assessment.models[name] for name in short)
        return (
            f"Not everything sees the same windows here: {titles} answers single seconds, the "
            f"others and the baseline models answer {WINDOW_S} s at a time, and so have more to go "
            "by."
        )
    said = (
        "Networks and baseline models answer the same single seconds of signal, five to each "
        f"window of {WINDOW_S} s, which lie on the same side of every split."
    )
    if dataset.info.pps.modality is Modality.ECG:
        said += (
            " A second is too short for a heart rate: the peripheral features that baseline models "
            f"have of it are those of the {WINDOW_S} s that it lies in."
        )
    return said


def _add_left_out(document: Document, assessment: Assessment) -> None:
    if not assessment.left_out:
        return
    document.add(
        Heading("With one electrode missing"),
        Paragraph(
            "The same test windows, of which one electrode is left out and interpolated as a live "
            "run does it: missing from the start, and so in the rest as well, or lost after a rest "
            "that still had it. In training one was left out of some windows in the same way."
        ),
        left_out_table(assessment),
    )


def _add_selective(document: Document, assessment: Assessment) -> None:
    document.add(Heading("Selective prediction"))
    heads = main_heads(assessment.pooled, assessment)
    heads.sort(key=lambda p: STRICTEST_FIRST.index(p.protocol))
    found = selective_of(heads, assessment)
    if not found:
        document.add(
            Paragraph(
                "No windows were set aside for validation, so no confidence threshold was chosen: "
                "every window is answered."
            )
        )
        return
    document.add(
        Paragraph(
            "Each head gets a confidence threshold on the validation windows of its fold and does "
            "not answer below it: of the coverages from one half to all, the one whose accuracy "
            "has the highest lower bound, every trial counted once. Where no other does better, "
            "everything is answered. Test windows are not used to choose; report.json has the "
            "heads of single modalities too."
        ),
        selective_table(assessment, found),
    )


def _add_published(document: Document, assessment: Assessment, dataset: WindowIndex) -> None:
    data = dataset.info.public_name
    rows = [p for p in PUBLISHED if p.data == data]
    if not rows:
        return
    document.add(Heading("Beside the paper"))
    if dataset.info.simulated:
        document.add(
            Paragraph(
                "Our numbers here are from simulated people and are not comparable with the "
                "paper's, which are from real ones.",
                "warning",
            )
        )
    document.add(
        published(assessment, data),
        *(Paragraph(REMARKS[p]) for p in dict.fromkeys(row.protocol for row in rows)),
    )
    for protocol in assessment.folds:
        if remark := FOLD_REMARKS.get((data, protocol)):
            document.add(Paragraph(remark))


def _add_provenance(document: Document, assessment: Assessment, info: dict[str, Any]) -> None:
    networks = "; ".join(
        f"{title}, {n_weights(assessment, title):,} weights" for title in assessment.models.values()
    )
    machines, here = info["machines"], info["reported_on"]
    places = [("Trained on", machine) for machine in machines]
    if here not in machines:
        places.append(("Baseline models and report from", here))
    document.add(
        Heading("Where these numbers come from"),
        Paragraph(f"Networks: {networks}."),
        Paragraph(
            f"Data {info['data']['digest']}, seed {info['seed']}, precision "
            f"{info['precision']}, {info['processes']} process(es). The training of all folds "
            f"took {info['seconds'] / 60:.1f} minutes."
        ),
        *(Paragraph(f"{said} {_in_words(machine)}.") for said, machine in places),
        Code(yaml.safe_dump(info["config"], sort_keys=False, allow_unicode=True)),
    )


def _in_words(machine: dict[str, Any]) -> str:
    gpu = f", {machine['gpu']}" if machine["gpu"] else ""
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    threads = "1 thread" if machine["threads"] == 1 else f"{machine['threads']} threads"
    return f"{machine['system']}, {machine['cpus']} CPUs, {threads}{gpu}; {versions}"
