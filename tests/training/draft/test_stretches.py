"""What markers mark: pairs, markers that last to the next, ratings; and what is left out."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from physiosync_training.datasets.index import WINDOW_S
from physiosync_training.draft.stretches import Event, find_stretches, read_marker


def _found(*events: tuple[object, ...], length: float = 200.0) -> list[tuple[float, float, str]]:
    stretches, _ = find_stretches([Event(*each) for each in events], length)  # type: ignore[arg-type]
    return [(each.start, each.stop, each.name) for each in stretches]


@pytest.mark.parametrize(
    ("text", "name", "role"),
    [
        ("rest_start", "rest", "start"),
        ("rest_end", "rest", "end"),
        ("start rest", "rest", "start"),
        ("baseline:end", "baseline", "end"),
        ("RestStart", "Rest", "start"),
        ("video 3 - onset", "video_3", "start"),
        ("end", "", "end"),
        ("video1", "video1", "point"),
        ("Stimulus/S  1", "S 1", "point"),
        ("weekend", "weekend", "point"),
        ("7", "7", "point"),
    ],
)
def test_names_and_roles_of_markers(text: str, name: str, role: str) -> None:
    marker = read_marker(text)
    assert (marker.name, marker.role, marker.ratings) == (name, role, {})


def test_ratings_in_markers() -> None:
    assert read_marker("valence=7").ratings == {"valence": 7.0}
    both = read_marker("video2 Valence: 6,5; arousal = 3")
    assert (both.name, both.ratings) == ("video2", {"valence": 6.5, "arousal": 3.0})
    stretches, notes = find_stretches(
        [
            Event(10, "valence=1"),
            Event(20, "a_start"),
            Event(40, "a_end"),
            Event(45, "valence=7 arousal=2"),
            Event(50, "b arousal=9"),
            Event(70, "c"),
        ],
        90,
    )
    assert [(s.name, s.valence, s.arousal) for s in stretches] == [
        ("a", 7.0, 2.0),
        ("b", None, 9.0),
        ("c", None, None),
    ]
    assert notes == ["'valence=1' at 10.0 s rates nothing that came before it"]


def test_pairs_and_markers_that_last_to_the_next() -> None:
    assert _found(
        (1, "rest_start"), (31, "rest_end"), (40, "video1"), (70, "video2"), (100, "video2")
    ) == [(1, 31, "rest"), (40, 70, "video1"), (70, 200, "video2")]
    # A start without an end lasts to the next marker; an end without a name ends the last start.
    assert _found((5, "a_start"), (25, "b_start"), (55, "end")) == [(5, 25, "a"), (25, 55, "b")]
    assert _found((5, "a", 20.0), (30, "b", 10.0)) == [(5, 25, "a"), (30, 40, "b")]


def test_moments_of_a_stretch_and_sessions_around_stretches() -> None:
    stretches, notes = find_stretches(
        [
            Event(10, "clip_start"),
            *(Event(t, "blink") for t in range(12, 40)),
            Event(50, "clip_end"),
        ],
        60,
    )
    assert [(s.start, s.stop, s.name) for s in stretches] == [(10, 50, "clip")]
    assert notes == ["28 marker(s) between a start and its end were taken for moments of it"]
    around = [(0, "session_start"), (10, "a_start"), (30, "a_end"), (40, "b"), (60, "c")]
    assert _found(*around, (90, "session_end")) == [(10, 30, "a"), (40, 60, "b"), (60, 200, "c")]


def test_what_programs_write_by_themselves_marks_nothing() -> None:
    for text in ("New Segment/", "boundary", "BAD_acq", "Recording start", "[Total time]+182", ""):
        assert _found((0, text)) == []
    stretches, notes = find_stretches([Event(1, "a"), Event(3, "b"), Event(4, "x_end")], 60)
    assert [s.name for s in stretches] == ["b"]
    assert notes == [
        "'x_end' at 4.0 s ends what nothing starts",
        "1 stretch(es) are shorter than 5 s, the length of a window, and left out: a",
    ]


_WORDS = st.sampled_from(
    ["rest_start", "rest_end", "a", "b", "a_start", "a_end", "end", "start", "valence=3", "S  1"]
) | st.text(max_size=12)


@given(
    events=st.lists(
        st.builds(
            Event,
            st.floats(-20, 400, allow_nan=False),
            _WORDS,
            st.sampled_from([0.0, 0.0, 3.0, 60.0]),
        ),
        max_size=30,
    ),
    length=st.floats(0, 300),
)
@settings(max_examples=150, deadline=None)
def test_any_markers_give_stretches_that_a_table_can_hold(
    events: list[Event], length: float
) -> None:
    stretches, notes = find_stretches(events, length)
    again, _ = find_stretches(events[::-1], length)
    assert again == stretches
    before = 0.0
    for each in stretches:
        assert before <= each.start
        assert each.stop <= length
        assert each.stop - each.start >= WINDOW_S
        assert each.name
        before = each.stop
    assert all(isinstance(note, str) for note in notes)
