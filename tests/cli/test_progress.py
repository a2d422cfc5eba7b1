"""Bars of long work in many stages."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.progress import Progress

from physiosync_rt.cli.progress import progress_bar, stages_of


@pytest.fixture
def bar() -> Progress:
    return progress_bar(Console(file=io.StringIO(), force_terminal=True, width=80))


def lines(bar: Progress) -> list[tuple[str, float, bool]]:
    return [(task.description, task.completed, task.finished) for task in bar.tasks]


def test_a_finished_stage_makes_room_for_the_next_and_what_goes_on_stays(bar) -> None:
    show = stages_of(bar)
    show("folds", 0, 2)
    for fold in ("one", "two"):
        for done in (1, 2, 3):
            show(f"{fold} pretrain", done, 3)
        show(f"{fold} finetune", 5, 5)
    show("folds", 1, 2)
    assert lines(bar) == [("folds", 1, False), ("two finetune", 5, True)]


def test_a_stage_that_begins_again_gets_a_bar_of_its_own(bar) -> None:
    show = stages_of(bar)
    show("finetune", 4, 4)
    show("finetune", 1, 6)
    ((task),) = bar.tasks
    assert (task.completed, task.total, task.finished) == (1, 6, False)
    assert task.remaining == 5


def test_long_names_leave_the_numbers_visible(bar) -> None:
    with bar:
        stages_of(bar)("paper embedding, subject-04 finetune-valence+arousal", 12, 340)
    out = bar.console.file
    assert isinstance(out, io.StringIO)
    last = out.getvalue().splitlines()[-2]
    assert "12/340" in last
    assert "0:00:00" in last
    assert "paper embedding, subject-04" in last
