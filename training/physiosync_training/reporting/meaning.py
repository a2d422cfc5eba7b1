"""Call the targets of a report what they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from physiosync_rt.bundle.card import Meaning
from physiosync_training.evaluation.evaluate import Assessment
from physiosync_training.evaluation.people import PeopleReport


def in_plain_words(assessment: Assessment, meaning: Mapping[str, Meaning]) -> Assessment:
    """Return the assessment with the targets' meanings in place of the columns that carry them."""

    def name(target: str) -> str:
        return meaning[target].name if target in meaning else target

    people = assessment.people
    if people is not None:
        people = PeopleReport(
            [replace(each, target=name(each.target)) for each in people.scores],
            [replace(each, target=name(each.target)) for each in people.differences],
            [replace(each, target=name(each.target)) for each in people.calibrations],
        )
    return replace(
        assessment,
        pooled=[replace(each, target=name(each.target)) for each in assessment.pooled],
        scores=[replace(each, target=name(each.target)) for each in assessment.scores],
        verdicts=[replace(each, target=name(each.target)) for each in assessment.verdicts],
        encoder_comparisons=[
            replace(each, target=name(each.target)) for each in assessment.encoder_comparisons
        ],
        selective=[replace(each, target=name(each.target)) for each in assessment.selective],
        undecided=[(protocol, name(target)) for protocol, target in assessment.undecided],
        people=people,
    )
