"""Several people in a terminal: a line for each."""

from __future__ import annotations

import io

from helpers.snapshots import make_row
from rich.console import Console

from physiosync_rt.datatypes import Reason
from physiosync_rt.live.glance import Glance, MemberPhase
from physiosync_rt.views.people import PeopleView

ROWS = (make_row(8), make_row(9))


def _glances(*rows: Glance) -> list[Glance]:
    gap = make_row(9, reason=Reason.GAP, valid=False)
    return [
        Glance("ada", MemberPhase.RUNNING, "", ROWS, 9, 9, "GSR", 0.05),
        Glance("ben", MemberPhase.RUNNING, "", (gap,), 9, 0, "GSR"),
        Glance("eve", MemberPhase.COMING, "no stream called 'cap-03' found"),
        Glance("kim", MemberPhase.FAILED, "stream 'x' has sent nothing for 120 s", ROWS, 9, 9),
        *rows,
    ]


def _console(*, is_terminal: bool) -> Console:
    return Console(file=io.StringIO(), width=110, force_terminal=is_terminal, color_system=None)


def _text(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_line_for_each_on_a_terminal() -> None:
    console = _console(is_terminal=True)
    console.print(PeopleView(_glances, console).render())
    lines = {line.split()[0]: line for line in _text(console).splitlines()[1:] if line.strip()}
    assert set(lines) == {"ada", "ben", "eve", "kim"}
    assert f"{ROWS[-1].valence:.2f}" in lines["ada"]
    assert "gap in EEG" in lines["ben"]
    assert "not here yet: no stream" in lines["eve"]
    assert "ended by an error" in lines["kim"]
    assert f"{ROWS[-1].valence:.2f}" not in lines["kim"], "a number of before is not of now"


def test_every_row_once_where_the_output_is_no_terminal() -> None:
    console = _console(is_terminal=False)
    view = PeopleView(_glances, console)
    view.print_news()
    first = _text(console)
    assert first.count("ada: 00:0") == 2
    assert "ben: 00:09  no prediction: gap in EEG" in first
    assert "eve: not here yet: no stream called 'cap-03' found" in first
    view.print_news()
    assert _text(console) == first
