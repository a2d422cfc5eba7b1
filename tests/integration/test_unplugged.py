"""BrainFlow's synthetic board for a minute, unplugged in the middle and back."""

from __future__ import annotations

import time

import pytest

from physiosync_rt.brainflow.boards import board_id, load_brainflow
from physiosync_rt.brainflow.source import BrainFlowSource
from physiosync_rt.bundle.bundle import load_bundle
from physiosync_rt.bundle.predictor import Predictor
from physiosync_rt.devices import BrainFlowSettings, load_device
from physiosync_rt.live.engine import Engine
from physiosync_rt.live.watchdog import StreamPhase
from physiosync_rt.preprocess.baseline import BaselineRequest
from physiosync_rt.views.events_text import notice_text

pytest.importorskip("brainflow", reason="needs physiosync-rt[devices]")

RUN_S, UNPLUGGED_S, AWAY_S = 60.0, 25.0, 5.0


@pytest.mark.slow
@pytest.mark.timeout(150)
def test_a_board_unplugged_for_five_seconds_of_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    shim = load_brainflow()
    prepare = shim.BoardShim.prepare_session
    device = load_device("brainflow-synthetic")
    source = BrainFlowSource(device.brainflow or BrainFlowSettings(board="SYNTHETIC"), device)
    engine = Engine(
        source,
        Predictor(load_bundle("demo-eeg32")),
        baseline=BaselineRequest(0.0, None, 5.0),
        min_quality=0.0,
    )
    phases: list[tuple[float, StreamPhase]] = []
    said: list[str] = []
    try:
        engine.open()
        began = time.monotonic()
        unplugged_at = plugged_at = 0.0
        while (now := time.monotonic() - began) < RUN_S:
            engine.step()
            assert engine.snapshot is not None
            phases.append((now, engine.snapshot.streams[0].phase))
            notice = notice_text(engine.snapshot.events)
            if notice and notice not in said:
                said.append(notice)
            if not unplugged_at and now > UNPLUGGED_S:
                unplugged_at = now

                def absent(board: object) -> None:
                    raise shim.BrainFlowError("no board there", 7)

                monkeypatch.setattr(shim.BoardShim, "prepare_session", absent)
                shim.BoardShim(board_id("SYNTHETIC"), source._params()).release_session()
            if unplugged_at and not plugged_at and now > unplugged_at + AWAY_S:
                plugged_at = now
                monkeypatch.setattr(shim.BoardShim, "prepare_session", prepare)
    finally:
        engine.close()
    stalled = [t for t, phase in phases if phase is StreamPhase.STALLED]
    back = next(t for t, phase in phases if t > stalled[0] and phase is StreamPhase.STREAMING)
    rows = list(engine.predictions)
    print(f"stalled after {stalled[0] - unplugged_at:.2f} s, back after {back - plugged_at:.2f} s")
    assert stalled[0] - unplugged_at < 1.5
    assert back - plugged_at < 3.0
    assert any("is lost" in text or "has sent nothing" in text for text in said)
    assert any("is back after" in text for text in said)
    assert [row.t_end for row in rows] == [float(k) for k in range(1, len(rows) + 1)]
    assert RUN_S - 3 <= len(rows) <= RUN_S
    before = [row for row in rows if 8 <= row.t_end <= UNPLUGGED_S - 1]
    away = [row for row in rows if UNPLUGGED_S + 2 <= row.t_end <= UNPLUGGED_S + AWAY_S]
    after = [row for row in rows if row.t_end >= UNPLUGGED_S + AWAY_S + 12]
    assert all(row.valid for row in before)
    assert {str(row.reason) for row in away} <= {"stalled", "gap"}
    assert not any(row.valid for row in away)
    assert after
    assert all(row.valid for row in after)
