"""Snapshots are made where somebody looks, and nowhere else."""

from __future__ import annotations

from threading import Thread

import pytest

from physiosync_rt.bundle.bundle import load_bundle
from physiosync_rt.bundle.predictor import Predictor
from physiosync_rt.live import latest_snapshot
from physiosync_rt.live.engine import Engine
from physiosync_rt.live.snapshot import Snapshot
from physiosync_rt.lsl.demo_player import person_stream
from physiosync_rt.sources.simulated import SimulatedSource


def test_only_who_looks_has_them_made(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[float] = []
    take = latest_snapshot.take_snapshot

    def counted(state: object, now: float) -> Snapshot:
        made.append(now)
        return take(state, now)  # type: ignore[arg-type]

    monkeypatch.setattr(latest_snapshot, "take_snapshot", counted)
    bundle = load_bundle("demo-muse")
    person = person_stream(1, bundle.card.eeg.ch_names)
    source = SimulatedSource(person, duration_s=6.0, paced=False)
    now = [0.0]
    seen: list[Snapshot | None] = []
    with Engine(source, Predictor(bundle, "cpu"), clock=lambda: now[0]) as engine:

        def step() -> None:
            now[0] += 0.25
            engine.step()

        def look_elsewhere() -> None:
            thread = Thread(target=lambda: seen.append(engine.snapshot))
            thread.start()
            thread.join()

        for _ in range(8):
            step()
        assert len(made) == 1, "when the engine opened"
        look_elsewhere()
        step()
        step()
        look_elsewhere()
        assert len(made) == 2, "one look, one snapshot more"
        first, second = seen
        assert first is not None
        assert second is not None
        assert (first.rows, second.rows) == (0, 2)
        assert engine.snapshot is not None
        assert engine.snapshot.run_s == now[0], "who works on the run sees what holds"
        while engine.step():
            now[0] += 0.25
        engine.rest()
        look_elsewhere()
        assert seen[-1] is not None
        assert seen[-1].rows == engine.state.rows == 5
