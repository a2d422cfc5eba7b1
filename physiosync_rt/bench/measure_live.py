"""Measure the latency of live predictions on this computer."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from physiosync_rt.bundle.predictor import Predictor
from physiosync_rt.live.engine import Engine
from physiosync_rt.lsl.demo_player import DEMO_HEADSET, DemoPlayer, Headset, rest_of


@dataclass(frozen=True, slots=True)
class LiveFigures:
    """Latencies of a live run's predictions in ms (p50 and p99), and its CPU load.

    ``sample_age`` is the age of the newest sample when a row is made, ``infer`` the network's
    time, ``latency`` the time from the end of the window to the row, and ``delay`` the pipeline's
    look-ahead.
    """

    bundle: str
    eeg_sfreq: float
    gsr_sfreq: float
    chunk_ms: float
    duration_s: float
    rows: int
    valid_rows: int
    sample_age_ms: tuple[float, float]
    infer_ms: tuple[float, float]
    latency_ms: tuple[float, float]
    delay_ms: float
    cpu_share: float


def measure_live(
    predictor: Predictor, duration_s: float, headset: Headset = DEMO_HEADSET, seed: int = 7
) -> LiveFigures:
    """Run a simulated person through LSL on this computer for ``duration_s`` seconds."""
    with DemoPlayer(predictor.bundle.card.eeg.ch_names, seed, headset) as player:
        engine = Engine(player.source(), predictor, baseline=rest_of(predictor, seed))
        try:
            engine.open()
            cpu = time.process_time()
            engine.run(duration_s)
            cpu = time.process_time() - cpu
        finally:
            engine.close()
    # Of those that predict: the first row of a run waits for the streams to open.
    rows = [row for row in engine.predictions if row.valid]

    def percentiles(name: str) -> tuple[float, float]:
        values = [getattr(row, name) for row in rows if getattr(row, name) is not None]
        p50, p99 = np.percentile(values, [50, 99]) if values else (np.nan, np.nan)
        return float(p50), float(p99)

    return LiveFigures(
        predictor.bundle.card.name,
        headset.eeg_sfreq,
        headset.gsr_sfreq,
        1e3 * headset.chunk_s,
        duration_s,
        engine.state.rows,
        engine.state.valid_rows,
        percentiles("sample_age_ms"),
        percentiles("infer_ms"),
        percentiles("latency_ms"),
        1e3 * engine.pipeline.delay_s,
        cpu / duration_s,
    )
