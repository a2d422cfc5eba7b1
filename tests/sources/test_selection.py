"""Streams are named by uid, computer, name, source_id or type, the most exact first."""

from __future__ import annotations

import pytest

from physiosync_rt.datatypes import Modality, StreamSpec
from physiosync_rt.errors import UserError
from physiosync_rt.sources.selection import choose, distinct_queries, matches, rank


def spec(name: str, source_id: str = "", host: str = "lab1", stype: str = "EEG") -> StreamSpec:
    return StreamSpec(
        name, Modality.EEG, ("Fp1",), 100.0, "uV", stype=stype, source_id=source_id, host=host
    )


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("Cap@LAB1", 0),
        ("sn-1@lab1", 0),
        ("u-1", 0),
        ("cap", 1),
        ("SN-1", 2),
        ("eeg", 3),
        ("cap@lab2", None),
        ("", None),
        ("@lab1", None),
    ],
)
def test_ranks(query: str, expected: int | None) -> None:
    assert rank(spec("Cap", "sn-1"), query, "u-1") == expected
    assert matches(spec("Cap", "sn-1"), query, "u-1") is (expected is not None)


def test_streams_equal_but_for_their_computer_or_uid_get_a_query_each() -> None:
    equal = [(spec("Cap", "s", "lab1"), "u-1"), (spec("Cap", "s", "lab2"), "u-2")]
    assert distinct_queries(equal) == ["Cap@lab1", "Cap@lab2"]
    same_host = [*equal, (spec("Cap", "s", "lab2"), "u-3")]
    assert distinct_queries(same_host) == ["Cap@lab1", "u-2", "u-3"]
    by_id = [(spec("Cap", "a"), "u-1"), (spec("Cap", "b"), "u-2"), (spec("Hat", "a"), "u-3")]
    assert distinct_queries(by_id) == ["u-1", "b", "Hat"]
    for query, (stream, uid) in zip(distinct_queries(by_id), by_id, strict=True):
        best = min(r for r in (rank(s, query, u) for s, u in by_id) if r is not None)
        found = [u for s, u in by_id if rank(s, query, u) == best]
        assert found == [uid], (query, stream)


def test_a_name_comes_before_a_type() -> None:
    named = [spec("EEG"), spec("other")]
    found = choose(named, Modality.EEG, "eeg", "--eeg", required=True)
    assert found is named[0]
    with pytest.raises(UserError, match=r"choose with --eeg 'EEG' or another of these names"):
        choose(named, Modality.EEG, None, "--eeg", required=True)


def test_a_part_is_chosen_by_the_name_of_its_stream() -> None:
    eeg, other = spec("Amp EEG"), spec("Cap")
    assert choose([eeg, other], Modality.EEG, "amp", "--eeg", required=True) is eeg
