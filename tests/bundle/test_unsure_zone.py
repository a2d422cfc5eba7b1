"""The margin of a card, and the quadrant of a row by itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from physiosync_rt.bundle.card import Card, Score, find_bundle, read_card
from physiosync_rt.bundle.unsure_zone import DEFAULT_MARGIN, MOST_MARGIN, quadrant, side

PROBABILITY = st.floats(0.0, 1.0)
MARGIN = st.floats(0.0, 0.45)


def test_quadrants() -> None:
    assert [quadrant(v, a) for v in (0.5, 0.4) for a in (0.9, 0.1)] == [
        *("HVHA", "HVLA", "LVHA", "LVLA")
    ]
    assert quadrant(None, 0.3) == quadrant(0.2, None) == ""
    assert quadrant(float("nan"), 0.3) == ""


@pytest.mark.parametrize(
    ("p", "expected"),
    [(0.6, "high"), (0.599999, None), (0.5, None), (0.400001, None), (0.4, "low"), (None, None)],
)
def test_the_edge_of_the_zone_lies_outside_it(p: float | None, expected: str | None) -> None:
    assert side(p, 0.1) == expected


@given(PROBABILITY, PROBABILITY, MARGIN)
def test_a_quadrant_is_named_where_both_targets_lie_outside(
    valence: float, arousal: float, margin: float
) -> None:
    found = quadrant(valence, arousal, margin)
    far = [abs(round(p, 6) - 0.5) for p in (valence, arousal)]
    if min(far) < margin - 1e-6:
        assert found == ""
    if min(far) > margin + 1e-6:
        assert found == quadrant(valence, arousal)
    assert found in ("", quadrant(valence, arousal))


@given(PROBABILITY, PROBABILITY, MARGIN)
def test_a_reader_of_the_csv_finds_the_same(valence: float, arousal: float, margin: float) -> None:
    cells = float(f"{valence:.6f}"), float(f"{arousal:.6f}")
    assert quadrant(*cells, margin) == quadrant(valence, arousal, margin)


def _with_errors(*scores: Score, margin: float | None = None) -> Card:
    card = read_card(find_bundle("demo-eeg32"))
    return card.model_copy(update={"scores": scores, "margin": margin})


def _error(value: float, high: float | None = None, **changes: object) -> Score:
    words = {"protocol": "subject", "target": "arousal", "modalities": "eeg", "ci_high": high}
    return Score.model_validate(
        words | {"model": "physiosync", "metric": "calibration error", "value": value} | changes
    )


def test_the_margin_is_the_largest_calibration_error_as_far_as_its_interval_reaches() -> None:
    assert _with_errors(_error(0.02, 0.041), _error(0.03, 0.062)).unsure_margin == 0.07
    assert _with_errors(_error(0.05)).unsure_margin == 0.05
    assert _with_errors(_error(0.9)).unsure_margin == MOST_MARGIN


@pytest.mark.parametrize(
    "score",
    [
        _error(0.02, protocol="window, inflated"),
        _error(0.02, model="linear (both)"),
        _error(0.02, metric="balanced accuracy"),
        _error(0.02, without="Fp1"),
        _error(float("nan")),
    ],
)
def test_only_the_networks_own_honest_calibration_counts(score: Score) -> None:
    assert _with_errors(score).unsure_margin == DEFAULT_MARGIN


def test_a_margin_that_the_card_states_comes_first() -> None:
    assert _with_errors(_error(0.02, 0.3), margin=0.0).unsure_margin == 0.0
    fields = read_card(find_bundle("demo-eeg32")).model_dump()
    with pytest.raises(ValidationError, match="margin"):
        Card.model_validate({**fields, "margin": 0.5})


@pytest.mark.parametrize(
    ("name", "margin"),
    [("demo-eeg32", 0.08), ("demo-muse", 0.09), ("effort-eeg19", 0.14), ("effort-eeg8", 0.11)],
)
def test_margins_of_the_shipped_bundles(name: str, margin: float) -> None:
    assert read_card(find_bundle(name)).unsure_margin == margin
