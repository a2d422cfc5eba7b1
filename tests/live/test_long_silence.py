"""A stream that comes back after minutes takes part again, at the time of its stamps."""

from __future__ import annotations

import numpy as np
import pytest

from physiosync_rt.bundle.bundle import load_bundle
from physiosync_rt.bundle.predictor import Predictor
from physiosync_rt.datatypes import Chunk, Modality, Reason, StreamSpec
from physiosync_rt.live.engine import Engine
from physiosync_rt.preprocess.baseline import BaselineRequest
from physiosync_rt.sources.base import Batch, SourceMessage

EEG = StreamSpec("cap", Modality.EEG, ("TP9", "AF7", "AF8", "TP10"), 128.0, "uV")
GSR = StreamSpec("skin", Modality.GSR, ("GSR",), 4.0, "uS")
FIRST_S, AFTER_S = 20, 25


class Device:
    """Sends a second of EEG for every second of its clock, and GSR but for a pause."""

    speed = 1.0
    start_utc = None

    def __init__(self, pause_s: float) -> None:
        self.messages: list[SourceMessage] = []
        self.now_s = 500.0
        self._pause = (500.0 + FIRST_S, 500.0 + FIRST_S + pause_s)
        self._chance = np.random.default_rng(3)

    def now(self) -> float:
        return self.now_s

    def open(self) -> tuple[StreamSpec, ...]:
        return EEG, GSR

    def poll(self, timeout: float) -> Batch:
        start, self.now_s = self.now_s, self.now_s + 1.0
        chunks = [self._second(EEG, start, 0.0, 15.0)]
        if not self._pause[0] <= start < self._pause[1]:
            chunks.append(self._second(GSR, start, 2.0, 0.01))
        return Batch(tuple(chunks))

    def close(self) -> None:
        pass

    def _second(self, spec: StreamSpec, start: float, level: float, spread: float) -> Chunk:
        n = round(spec.sfreq)
        values = level + spread * self._chance.standard_normal((n, spec.n_chans))
        return Chunk(spec.name, values.astype(np.float32), start + np.arange(n) / spec.sfreq)


@pytest.mark.parametrize("pause_s", [60, pytest.param(200, marks=pytest.mark.slow), 400])
def test_a_peripheral_stream_is_back_after_minutes(pause_s: int) -> None:
    device = Device(pause_s)
    engine = Engine(
        device,
        Predictor(load_bundle("demo-muse")),
        baseline=BaselineRequest(0.0, None, 5.0),
        min_quality=0.0,
        clock=lambda: device.now_s,
    )
    engine.open()
    for _ in range(FIRST_S + pause_s + AFTER_S):
        engine.step(0.0)
    last = engine.predictions[-1]
    stats = engine.state.stats(GSR.name)
    engine.close()
    assert (last.modalities, last.reason) == ("eeg+gsr", Reason.NONE)
    assert (stats.gaps, stats.clock_resets, stats.after_deadline) == (1, 0, 0)
    assert stats.lost == pytest.approx(pause_s * GSR.sfreq, abs=1)
    ends = [row.t_end for row in engine.predictions]
    assert np.diff(ends) == pytest.approx(1.0)
