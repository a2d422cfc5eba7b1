"""Names of streams and markers are text and nothing else in every view."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from helpers.snapshots import make_row, make_snapshot
from rich.console import Console

from physiosync_rt.live.events import Event, EventKind
from physiosync_rt.views.events_text import notice_text
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
