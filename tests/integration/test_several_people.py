"""Three people through LSL: one comes late, one leaves, and all have their own files."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from physiosync_rt.datatypes import Reason
from physiosync_rt.live.glance import MemberPhase
from physiosync_rt.live.group import TURN_S, Group
from physiosync_rt.lsl.demo_player import DemoPlayer
from physiosync_rt.setup.group_run import group_summary, make_group
from physiosync_rt.setup.persons import read_persons
from physiosync_rt.sinks.read_log import read_log

NAMES = ("TP9", "AF7", "AF8", "TP10")


def _until(group: Group, reached: Callable[[], bool], most_s: float = 40.0) -> None:
    until = time.monotonic() + most_s
    while not reached() and time.monotonic() < until:
        turn = time.monotonic()
        group.step()
        group.rest(turn + TURN_S)
    assert reached(), group_summary(group)


@pytest.mark.live
@pytest.mark.timeout(180)
def test_one_comes_late_and_one_leaves(tmp_path: Path) -> None:
    players = [DemoPlayer(NAMES, seed) for seed in (1, 2, 3)]
    entries = "".join(
        f"  - name: P{k}\n    eeg: {player._token}-eeg\n    pps: {player._token}-gsr\n"
        for k, player in enumerate(players)
    )
    path = tmp_path / "people.yaml"
    path.write_text(
        f"bundle: demo-muse\nfolder: {tmp_path.as_posix()}\nbaseline: '2'\nrecord_raw: true\n"
        f"persons:\n{entries}",
        encoding="utf-8",
    )
    people = read_persons(str(path), {})
    group = make_group(people)
    stays, leaves, late = group.members
    with ExitStack() as closing:
        closing.callback(group.close)
        closing.enter_context(players[0])
        with players[1]:
            _until(group, lambda: min(stays.glance.n_valid, leaves.glance.n_valid) >= 1)
            assert late.phase is MemberPhase.COMING
        # From here on the second person's device is gone.
        closing.enter_context(players[2])
        had = leaves.glance.n_valid
        _until(group, lambda: late.glance.n_valid >= 1)
        _until(group, lambda: leaves.glance.rows[-1].reason is Reason.STALLED)
        assert leaves.phase is MemberPhase.RUNNING, "they may come back"
        assert had >= 1
        last = stays.glance.rows[-1]
        assert last.valid
        assert last.latency_ms is not None
        assert all(row.reason in (Reason.NONE, Reason.WARMING_UP) for row in stays.glance.rows)
    for person, member in zip(people, group.members, strict=True):
        assert person.files.csv is not None
        assert person.files.record is not None
        assert person.files.record.stat().st_size > 10_000
        log = read_log(person.files.csv)
        assert len(log.table.rows) == member.glance.n_rows
    assert all(f"P{k}: " in group_summary(group) for k in range(3))
