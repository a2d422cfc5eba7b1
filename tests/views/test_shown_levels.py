"""Words that do not flicker, and never stand where the CSV has none."""

from __future__ import annotations

from dataclasses import replace

import pytest
from helpers.snapshots import EFFORT, effort, make_row, make_snapshot
from hypothesis import given
from hypothesis import strategies as st

from physiosync_rt.bundle.unsure_zone import distance, quadrant, side
from physiosync_rt.datatypes import Absence, Prediction, Reason
from physiosync_rt.live.snapshot import Snapshot
from physiosync_rt.views.shown_levels import (
    UNSURE,
    clear_from,
    rows_shown,
    shown_level,
    shown_levels,
    shown_quadrant,
)
from physiosync_rt.views.terminal import line
from physiosync_rt.views.verdict import state_word, verdict

MARGIN = 0.1
COURSE = st.lists(st.none() | st.floats(0.0, 1.0), max_size=30)


def _row(index: int, valence: float | None, arousal: float | None = 0.9) -> Prediction:
    row = make_row(index)
    if valence is None and arousal is None:
        return replace(row, valence=None, arousal=None, valid=False, reason=Reason.GAP, quadrant="")
    if valence is None:
        row = replace(row, absent={"valence": Absence.NO_TARGET})
    named = quadrant(valence, arousal, MARGIN)
    return replace(row, valence=valence, arousal=arousal, quadrant=named)


def _shown(*course: tuple[float | None, float | None]) -> Snapshot:
    rows = tuple(_row(k, *pair) for k, pair in enumerate(course, 1))
    return replace(make_snapshot(), history=rows, prediction=rows[-1], margin=MARGIN)


def _levels_with_memory(course: list[float | None], margin: float) -> list[str | None]:
    """The same rule as a machine that remembers what it showed last."""
    found: list[str | None] = []
    shown: str | None = None
    for p in course:
        here = side(p, margin)
        if p is None:
            shown = None
        elif here is None:
            shown = UNSURE
        elif shown != here:
            shown = here if distance(p) >= clear_from(margin) else UNSURE
        found.append(shown)
    return found


@given(COURSE, st.floats(0.0, 0.45))
def test_levels_are_those_of_a_machine_with_memory(
    course: list[float | None], margin: float
) -> None:
    rows = [_row(k, p) for k, p in enumerate(course)]
    levels = [shown_level(rows[: k + 1], "valence", margin) for k in range(len(rows))]
    assert levels == _levels_with_memory(course, margin)


@given(COURSE)
def test_no_view_says_a_word_where_the_csv_has_none(course: list[float | None]) -> None:
    rows = [_row(k, p) for k, p in enumerate(course)]
    for k, row in enumerate(rows):
        word = state_word(rows[: k + 1], MARGIN)
        assert row.quadrant or word in ("", UNSURE)


def test_a_probability_at_the_edge_does_not_flicker() -> None:
    course = [0.59, 0.61, 0.59, 0.61, 0.66, 0.61, 0.64, 0.59, 0.61]
    rows = [_row(k, p) for k, p in enumerate(course)]
    shown = [shown_level(rows[: k + 1], "valence", MARGIN) for k in range(len(rows))]
    assert shown == [UNSURE] * 4 + ["high"] * 3 + [UNSURE] * 2


def test_the_other_side_has_to_be_clear_by_itself() -> None:
    rows = [_row(1, 0.9), _row(2, 0.38)]
    assert shown_level(rows, "valence", MARGIN) == UNSURE
    assert shown_level([*rows, _row(3, 0.3)], "valence", MARGIN) == "low"


def test_a_gap_ends_the_memory() -> None:
    rows = [_row(1, 0.9), _row(2, None, None), _row(3, 0.61)]
    assert shown_levels(rows, MARGIN) == {"valence": UNSURE, "arousal": "high"}
    assert shown_levels(rows[:2], MARGIN) == {}
    assert shown_levels([], MARGIN) == {}


@pytest.mark.parametrize(
    ("valence", "arousal", "headline", "sentence"),
    [
        (0.8, 0.8, "Excited", "High valence, high arousal"),
        (
            0.8,
            0.55,
            "Between calm and excited",
            "High valence; arousal is too close to one half to tell",
        ),
        (
            0.2,
            0.45,
            "Between sad and tense",
            "Low valence; arousal is too close to one half to tell",
        ),
        (
            0.55,
            0.9,
            "Between tense and excited",
            "High arousal; valence is too close to one half to tell",
        ),
        (
            0.55,
            0.45,
            "Unsure",
            "Valence and arousal are both too close to one half to tell",
        ),
        (None, 0.9, "High arousal", "No valence: not a target of this bundle"),
        (None, 0.55, "Arousal unsure", "Too close to one half to tell"),
    ],
)
def test_the_words_of_an_unsure_prediction(
    valence: float | None, arousal: float, headline: str, sentence: str
) -> None:
    snapshot = _shown((valence, arousal))
    assert verdict(snapshot) == (headline, sentence)


def test_a_plain_line_says_unsure_and_follows_the_rows_before() -> None:
    before, row = _row(1, 0.9), _row(2, 0.62)
    assert "  excited  " in line(row, "GSR", margin=MARGIN, before=(before,))
    assert "  unsure   " in line(row, "GSR", margin=MARGIN)


def test_a_target_that_is_not_an_emotion_has_its_own_words_and_no_quadrant() -> None:
    unsure = replace(effort(0.55), margin=MARGIN)
    assert verdict(unsure) == (
        "Mental effort unsure",
        "Between rest and arithmetic, too close to one half to tell",
    )
    assert shown_quadrant(replace(_shown((0.9, 0.9)), meaning=EFFORT)) == ""


def test_the_rows_shown_end_with_the_newest() -> None:
    snapshot = make_snapshot()
    assert rows_shown(snapshot) == snapshot.history
    assert rows_shown(replace(snapshot, prediction=None)) == ()
    later = make_row(999)
    assert rows_shown(replace(snapshot, prediction=later))[-2:] == (snapshot.history[-1], later)
