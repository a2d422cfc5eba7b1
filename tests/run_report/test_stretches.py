"""Stretches cover a run, one for each change of kind or reason."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby, pairwise
from pathlib import Path

import numpy as np
import pytest
from helpers.runs import PLAN, rows_of, write_run
from hypothesis import given, settings
from hypothesis import strategies as st

from physiosync_rt.datatypes import Reason
from physiosync_rt.run_report.read_run import Run, read_run
from physiosync_rt.run_report.stretches import (
    Kind,
    advice_text,
    find_stretches,
    partly,
    thin_out,
    why_text,
)

words = st.sampled_from([None, "gap", "stalled", "no_pps", "warming_up"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stretches")


def _run(folder: Path, plan: list[str | None], dropped: set[int] | None = None) -> Run:
    path = folder / "run.csv"
    for old in folder.iterdir():
        old.unlink()
    rows = rows_of(plan)
    write_run(path, [row for i, row in enumerate(rows) if i not in (dropped or set())])
    return read_run(path)


def test_a_run_of_known_stretches(log: Path) -> None:
    found = find_stretches(read_run(log))
    said = [(each.kind, each.start, each.stop, each.why) for each in found]
    assert said == [
        (Kind.WITHHELD, 0, 3, "warming up"),
        (Kind.WITHHELD, 3, 9, "no baseline yet"),
        (Kind.WHOLE, 9, 19, "from EEG + GSR"),
        (Kind.WITHHELD, 19, 24, "gap in EEG"),
        (Kind.WHOLE, 24, 28, "from EEG + GSR"),
        (Kind.PARTLY, 28, 34, "from EEG alone"),
        (Kind.WHOLE, 34, 37, "from EEG + GSR"),
        (Kind.WITHHELD, 37, 39, "poor EEG signal"),
        (Kind.WHOLE, 39, 40, "from EEG + GSR"),
    ]
    assert partly(read_run(log)).sum() == 6


@settings(max_examples=40, deadline=None)
@given(plan=st.lists(words, min_size=1, max_size=60))
def test_stretches_are_the_changes_and_cover_the_run(folder: Path, plan: list[str | None]) -> None:
    run = _run(folder, plan)
    found = find_stretches(run)
    assert [each.n_rows for each in found] == [len(list(group)) for _, group in groupby(plan)]
    assert found[0].start == 0
    assert found[-1].stop == run.span_s == len(plan)
    assert all(a.stop == b.start for a, b in pairwise(found))


@settings(max_examples=30, deadline=None)
@given(plan=st.lists(words, min_size=3, max_size=40), data=st.data())
def test_rows_that_the_log_lacks_are_a_stretch_of_their_own(
    folder: Path, plan: list[str | None], data: st.DataObject
) -> None:
    at = data.draw(st.integers(1, len(plan) - 2))
    run = _run(folder, plan, {at})
    holes = [each for each in find_stretches(run) if each.kind is Kind.NO_ROWS]
    assert [(hole.start, hole.stop) for hole in holes] == [(at, at + 1)]
    assert sum(each.n_rows for each in find_stretches(run)) == len(plan) - 1


@given(closer=st.floats(0, 50))
def test_joined_stretches_lose_no_row_and_no_count(closer: float) -> None:
    from physiosync_rt.run_report.stretches import Stretch

    edges = np.cumsum([1, 2, 5, 1, 30, 2, 4, 1, 100, 3])
    pairs = zip(edges[::2], edges[1::2], strict=True)
    same = [Stretch(Kind.WITHHELD, float(a), float(b), "gap", "gap", 2) for a, b in pairs]
    joined = thin_out(same, closer)
    assert sum(each.n_rows for each in joined) == 10
    assert sum(each.n_stretches for each in joined) == 5
    assert (joined[0].start, joined[-1].stop) == (same[0].start, same[-1].stop)
    apart = [b.start - a.stop for a, b in pairwise(joined)]
    assert all(gap >= closer for gap in apart)


def test_every_reason_has_words_and_advice() -> None:
    for reason in Reason:
        assert why_text(reason, "ECG")
        assert "{" not in why_text(reason, "ECG")
    assert why_text("no_pps", "ECG") == "no ECG"
    assert why_text("no_heart_of_mine", "ECG") == "no_heart_of_mine"
    assert "does not know the word" in advice_text("no_heart_of_mine")


def test_a_reason_of_a_later_version_is_shown_as_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "run.csv"
    write_run(path, rows_of(PLAN))
    path.write_text(path.read_text().replace("low_quality", "asleep"))
    assert "asleep" in [each.why for each in find_stretches(read_run(path))]


def test_rows_closer_than_a_hop_do_not_overlap(tmp_path: Path) -> None:
    rows = rows_of([None, "gap"] * 10)
    rows[7] = replace(rows[7], t_end_lsl=rows[6].t_end_lsl + 0.2)
    write_run(tmp_path / "run.csv", rows)
    found = find_stretches(read_run(tmp_path / "run.csv"))
    assert all(a.stop <= b.start for a, b in pairwise(found))
    assert all(each.seconds >= 0 for each in found)
