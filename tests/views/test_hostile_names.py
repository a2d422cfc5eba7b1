"""Names of streams and markers are text and nothing else in every view."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from helpers.snapshots import make_row, make_snapshot
from rich.console import Console

from physiosync_rt.bundle.card import read_card
from physiosync_rt.datatypes import Modality, StreamSpec
from physiosync_rt.doctor import Finding, show
from physiosync_rt.live.events import Event, EventKind
from physiosync_rt.lsl.discovery import SeenStream
from physiosync_rt.sources.validate import find_problem
from physiosync_rt.utils.resources import bundle_path
from physiosync_rt.views.events_text import notice_text
from physiosync_rt.views.inspection import bundle_tables, seen_text
from physiosync_rt.views.terminal import TerminalView

HOSTILE = "amp\x1b[2J\x07\u202e[red]x\n\ud800"
AS_TEXT = "amp�[2J��[red]x �"


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_name_moves_no_cursor_and_no_colour(is_terminal: bool) -> None:
    snapshot = make_snapshot()
    streams = tuple(replace(s, spec=replace(s.spec, name=HOSTILE)) for s in snapshot.streams)
    row = replace(make_row(snapshot.prediction.index + 1), marker=HOSTILE)
    gap = Event(EventKind.GAP, 0.0, HOSTILE, n=3, seconds=0.1)
    hostile = replace(
        snapshot, streams=streams, history=(*snapshot.history, row), prediction=row, events=(gap,)
    )
    out = io.StringIO()
    console = Console(file=out, force_terminal=is_terminal, width=200, height=40, color_system=None)
    view = TerminalView(lambda: hostile, console)
    if is_terminal:
        console.print(view.render(hostile))
    else:
        view.print_new_rows()
    shown = out.getvalue()
    assert AS_TEXT in shown
    assert not set(shown) & set("\x07\u202e\ud800")
    assert "\x1b[2J" not in shown
    assert str(gap) == f"gap: {AS_TEXT} n=3 seconds=0.1"
    assert notice_text((gap,)) == f"{AS_TEXT} lost 3 samples (0.1 s)"


def _printed(*shown: object) -> str:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=200, color_system="truecolor")
    for each in shown:
        console.print(each)
    return out.getvalue()


def test_what_a_card_says_is_text() -> None:
    card = read_card(bundle_path("demo-muse"))
    score = card.scores[0].model_copy(update={"model": HOSTILE, "target": "[red]v"})
    names = (HOSTILE, *card.eeg.ch_names[1:])
    hostile = card.model_copy(
        update={
            "title": HOSTILE,
            "trained_on": "[link=file:///etc]x[/link]" + "y" * 5000,
            "provenance": {HOSTILE: HOSTILE},
            "eeg": card.eeg.model_copy(update={"ch_names": names}),
            "scores": (score,),
        }
    )
    shown = _printed(*bundle_tables(hostile, "abc"))
    assert shown.count("[red]x") >= 4
    assert "[red]v" in shown
    assert "[link=file:///etc]x[/link]" in shown
    assert not set(shown) & set("\x07\u202e\ud800")
    assert "\x1b[2J" not in shown
    assert shown.count("y") < 1100


def test_a_stream_in_sight_is_text_and_says_that_its_rate_cannot_be() -> None:
    spec = StreamSpec(HOSTILE, Modality.EEG, ("Cz",), 1e9, "uV", source_id=HOSTILE)
    shown = _printed(seen_text([SeenStream(spec, ("uV",), False, "uid")]))
    assert shown.count("[red]x") == 2
    assert "it states a rate of 1e+09 Hz, and no device has more than 200000 Hz" in shown
    assert not set(shown) & set("\x07\u202e\ud800")
    assert find_problem(spec).startswith(f"stream {HOSTILE!r} states a rate of 1e+09 Hz")


def test_a_finding_is_text() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=200, color_system="truecolor")
    show([Finding("LSL", "bad", f"{HOSTILE}\nsecond", "run [red]this[/]")], console)
    assert "[red]x" in out.getvalue()
    assert "run [red]this[/]" in out.getvalue()
    assert not set(out.getvalue()) & set("\x07\u202e\ud800")


def test_a_name_of_any_length_leaves_a_sentence_readable() -> None:
    gap = Event(EventKind.GAP, 0.0, "n" * 100_000, n=3, seconds=0.1)
    assert len(notice_text((gap,))) < 200
