"""A bundle whose target is not an emotion: every view says what it stands for, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from helpers.snapshots import EFFORT, effort, make_snapshot
from rich.console import Console

from physiosync_rt.live.snapshot import Snapshot
from physiosync_rt.views.scores_text import score_lines
from physiosync_rt.views.terminal import TerminalView, line
from physiosync_rt.views.verdict import verdict
from physiosync_rt.views.wording import QUADRANTS

EMOTION = {"valence", "arousal", "excited", "calm", "tense", "sad"}


@pytest.mark.parametrize(
    ("p", "said"),
    [(0.9, ("High mental effort", "Like arithmetic")), (0.2, ("Low mental effort", "Like rest"))],
)
def test_the_headline_names_what_the_target_stands_for(p: float, said: tuple[str, str]) -> None:
    assert verdict(effort(p)) == said


@pytest.mark.parametrize("width", [80, 120])
def test_the_terminal_shows_no_emotion_and_no_plane(width: int) -> None:
    console = Console(width=width, height=24, record=True, force_terminal=True)
    console.print(TerminalView(effort, console).render(effort()))
    text = console.export_text()
    assert "mental effort" in text
    assert "│" not in text
    words = set(text.lower().replace(":", " ").replace(",", " ").split())
    assert not words & EMOTION
    assert "│" in _drawn(make_snapshot(4))


def _drawn(snapshot: Snapshot) -> str:
    console = Console(width=80, height=24, record=True, force_terminal=True)
    console.print(TerminalView(lambda: snapshot, console).render(snapshot))
    return console.export_text()


def test_a_line_and_the_scores_name_it_too() -> None:
    row = effort().prediction
    assert row is not None
    said = line(row, "ECG", EFFORT)
    assert "mental effort 0.90  confidence" in said
    assert not any(word in said for word in (*QUADRANTS, "valence", "arousal"))
    lines = score_lines(effort().scores, EFFORT)
    assert lines[0].startswith("mental effort balanced accuracy 0.68")
    assert all("arousal" not in each for each in lines)


def test_a_printed_row_names_what_its_target_stands_for() -> None:
    row = effort().prediction
    assert row is not None
    assert str(replace(row, called={"arousal": "mental effort"})) == (
        "  247.00 s  mental effort 0.90  confidence 0.82 (eeg+gsr)"
    )
