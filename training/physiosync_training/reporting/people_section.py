"""The part of a report that counts people: each once, and each listed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from math import isfinite
from typing import Any

from physiosync_training.evaluation.metrics import Estimate
from physiosync_training.evaluation.people import Difference, PeopleReport, PeopleScore
from physiosync_training.reporting.blocks import Document, Heading, Paragraph, Table
from physiosync_training.reporting.wording import people_in_words

_HALF_RIGHT = (
    "Balanced accuracy of each person left out, mean over people; a window that a head does not "
    "answer counts as half right. Intervals resample people."
)


def add_people(document: Document, people: PeopleReport) -> None:
    """Add every model's mean over people, the differences, the calibration, and every person."""
    n_repeats = max(len(score.by_repeat) for score in people.scores)
    said = (
        f" All of it is the mean of {n_repeats} assignments of the folds." if n_repeats > 1 else ""
    )
    document.add(
        Heading("People left out"),
        Paragraph(_HALF_RIGHT + said),
        _means(people.scores),
        _differences(people.differences),
    )
    for each in people.calibrations:
        used = sorted({round(t, 2) for t in each.temperatures})
        temperature = ", ".join(f"{t:g}" for t in used)
        document.add(
            Paragraph(
                f"{each.target}: log loss with classes and people balanced is {each.before:.3f} "
                f"at temperature 1 and {each.after:.3f} as calibrated (temperatures of the folds: "
                f"{temperature}). A temperature is taken only where it is clearly better than 1 on "
                "people left out of the fit."
            )
        )
    document.add(_everybody(people.scores))


def _means(scores: Iterable[PeopleScore]) -> Table:
    lines = [
        (
            _name(each),
            each.target,
            _interval(each.mean),
            _interval(each.mean_clear),
            " · ".join(f"{value:.3f}" for value in each.by_repeat),
            f"{100 * each.answered:.1f} %",
        )
        for each in scores
    ]
    header = (
        *("model", "target", "all windows", "windows clear of the rest"),
        *("each assignment of the folds", "windows answered"),
    )
    return Table("mean over people left out, 95 % intervals", header, tuple(lines), frozenset({0}))


def _differences(differences: Iterable[Difference]) -> Table:
    lines = [
        (f"{d.ours} less {d.theirs}", d.target, _interval(d.value, sign=True)) for d in differences
    ]
    return Table(
        "paired differences, mean over people, 95 % intervals",
        ("difference", "target", "balanced accuracy"),
        tuple(lines),
    )


def _everybody(scores: list[PeopleScore]) -> Table:
    ours = [each for each in scores if each.model == scores[0].model]
    people = list(dict.fromkeys(name for each in ours for name in each.by_person))
    lines = [
        (
            person,
            *(f"{each.by_person[person]:.2f}" if person in each.by_person else "" for each in ours),
        )
        for person in people
    ]
    header = ("person", *(f"{each.target} ({each.modalities})" for each in ours))
    return Table(f"every person left out, {people_in_words(len(people))}", header, tuple(lines))


def _name(score: PeopleScore) -> str:
    return f"{score.model} ({score.modalities})" if score.modalities else score.model


def _interval(found: Estimate, *, sign: bool = False) -> str:
    form = "+.3f" if sign else ".3f"
    if not isfinite(found.value):
        return ""
    return f"{found.value:{form}} [{found.low:{form}}, {found.high:{form}}]"


def people_json(people: PeopleReport) -> dict[str, Any]:
    """Return the same numbers in plain containers; None where one is not defined."""
    return {name: _plain(values) for name, values in asdict(people).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and not isfinite(value) else value
