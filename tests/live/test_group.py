"""Several people by hand: turns, one forward pass for what is due, and nobody disturbs another."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence

import pytest

from physiosync_rt.bundle.bundle import load_bundle
from physiosync_rt.bundle.predictor import Estimate, Predictor
from physiosync_rt.datatypes import Prediction, Window
from physiosync_rt.errors import SourceLostError, UserError
from physiosync_rt.live.engine import Engine
from physiosync_rt.live.glance import MemberPhase
from physiosync_rt.live.group import Group
from physiosync_rt.live.member import Member
from physiosync_rt.live.options import Command
from physiosync_rt.lsl.demo_player import person_stream
from physiosync_rt.preprocess.baseline import BaselineRequest
from physiosync_rt.sources.base import Batch
from physiosync_rt.sources.simulated import SimulatedSource

NAMES = ("TP9", "AF7", "AF8", "TP10")
REST = BaselineRequest(0.0, None, 3.0)


class CountingPredictor(Predictor):
    """Keeps how many windows it was asked at once."""

    def __init__(self) -> None:
        super().__init__(load_bundle("demo-muse"), "cpu")
        self.sizes: list[int] = []

    def ask(self, windows: Sequence[Window]) -> list[Estimate]:
        self.sizes.append(len(windows))
        return super().ask(windows)


@pytest.fixture(scope="module")
def predictor() -> CountingPredictor:
    return CountingPredictor()


class Fails(SimulatedSource):
    """Sends for eight seconds, and then fails."""

    def poll(self, timeout: float) -> Batch:
        if self._sent >= 8.0:
            raise SourceLostError("stream 'x' has sent nothing for 120 s")
        return super().poll(timeout)


def _source(seed: int, kind: type[SimulatedSource] = SimulatedSource) -> SimulatedSource:
    return kind(person_stream(seed, NAMES, 4.0), duration_s=14.0, paced=False)


def _alone(predictor: Predictor, seed: int) -> list[Prediction]:
    with Engine(_source(seed), predictor, baseline=REST) as engine:
        return list(engine)


def _begin(predictor: Predictor, source: SimulatedSource) -> Callable[[], Engine]:
    def begin() -> Engine:
        engine = Engine(source, predictor, baseline=REST)
        engine.open()
        return engine

    return begin


def until_all_are_open(group: Group) -> None:
    """Wait for pool threads alone: nobody's signals go on."""
    while any(member.phase is MemberPhase.COMING for member in group.members):
        for member in group.members:
            if member.phase is MemberPhase.COMING:
                member.admit(group._pool, time.monotonic())
        time.sleep(0.001)


def finish(group: Group) -> None:
    until_all_are_open(group)
    while not group.done:
        group.step()
        group.answer_all()


@pytest.fixture
def run() -> Iterator[Callable[[Sequence[Member]], Group]]:
    groups: list[Group] = []

    def to_the_end(members: Sequence[Member]) -> Group:
        group = Group(members)
        groups.append(group)
        finish(group)
        return group

    yield to_the_end
    for group in groups:
        group.close()


def test_everyone_has_the_rows_that_they_have_alone(
    predictor: CountingPredictor, run: Callable[[Sequence[Member]], Group]
) -> None:
    alone = {seed: _alone(predictor, seed) for seed in (1, 2, 3)}
    predictor.sizes.clear()
    group = run([Member(str(s), _begin(predictor, _source(s))) for s in alone])
    assert max(predictor.sizes) > 1, "some were answered together"
    for member, expected in zip(group.members, alone.values(), strict=True):
        assert member.phase is MemberPhase.ENDED
        assert member.engine is not None
        rows = list(member.engine.predictions)
        assert [row.t_end for row in rows] == [row.t_end for row in expected]
        assert [row.reason for row in rows] == [row.reason for row in expected]
        assert any(row.valid for row in rows)
        for row, other in zip(rows, expected, strict=True):
            for p, q in ((row.valence, other.valence), (row.arousal, other.arousal)):
                assert (p is None) == (q is None)
                assert p is None or q is None or math.isclose(p, q, abs_tol=1e-6)


def test_one_person_alone_in_a_group_has_the_very_same_rows(
    predictor: CountingPredictor, run: Callable[[Sequence[Member]], Group]
) -> None:
    group = run([Member("ada", _begin(predictor, _source(1)))])
    engine = group.members[0].engine
    assert engine is not None
    for row, other in zip(engine.predictions, _alone(predictor, 1), strict=True):
        assert (row.valence, row.arousal) == (other.valence, other.arousal)


def test_who_comes_late_fails_or_never_comes_disturbs_nobody(
    predictor: CountingPredictor,
    run: Callable[[Sequence[Member]], Group],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("physiosync_rt.live.member.RETRY_S", 0.0)
    tries: list[int] = []

    def late() -> Engine:
        tries.append(1)
        if len(tries) < 3:
            raise UserError("no stream called 'late' found")
        return _begin(predictor, _source(4))()

    def broken() -> Engine:
        raise RuntimeError("a bug")

    names = ("ada", "fails", "late", "broken")
    begins = (
        _begin(predictor, _source(1)),
        _begin(predictor, _source(2, Fails)),
        late,
        broken,
    )
    group = run([Member(name, begin) for name, begin in zip(names, begins, strict=True)])
    ada, fails, came, bug = group.members
    assert [m.phase for m in group.members] == [
        MemberPhase.ENDED,
        MemberPhase.FAILED,
        MemberPhase.ENDED,
        MemberPhase.FAILED,
    ]
    assert ada.glance.n_rows == came.glance.n_rows == 13
    assert 0 < fails.glance.n_rows < 13
    assert "has sent nothing" in fails.glance.error
    assert bug.glance.error == "a bug"
    assert came.glance.error == ""


def test_one_person_can_be_ended_and_the_group_goes_on(predictor: CountingPredictor) -> None:
    group = Group([Member(str(s), _begin(predictor, _source(s))) for s in (1, 2)])
    until_all_are_open(group)
    first, second = group.members
    first.send(Command("stop"))
    finish(group)
    group.close()
    assert first.phase is second.phase is MemberPhase.ENDED
    assert first.glance.n_rows < second.glance.n_rows == 13


def test_stopping_waits_for_nobody_who_has_not_come(predictor: CountingPredictor) -> None:
    def never() -> Engine:
        raise UserError("no stream called 'x' found")

    group = Group([Member("ada", _begin(predictor, _source(1))), Member("x", never)])
    group.run(0.3)
    assert group.members[1].phase is MemberPhase.COMING
    assert "called 'x'" in group.members[1].glance.error
    assert not group.members[0].engine or not group.members[0].engine.is_open
