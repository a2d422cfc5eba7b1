"""Measure how many headsets one process can serve in real time."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from physiosync_rt.bundle.predictor import Predictor
from physiosync_rt.live.engine import Engine
from physiosync_rt.lsl.demo_player import person_stream, rest_of
from physiosync_rt.sources.simulated import SimulatedSource


@dataclass(frozen=True, slots=True)
class HeadsetFigures:
    """Result for one number of headsets: due and made rows, latency in ms, share of one core.

    Latencies are None where no row has a prediction.
    """

    n_headsets: int
    rows_due: int
    rows: int
    latency_p50_ms: float | None
    latency_p99_ms: float | None
    cpu_share: float


def measure_headsets(predictor: Predictor, n_headsets: int, duration_s: float) -> HeadsetFigures:
    """Run one engine per simulated person in real time, all in one thread."""
    rest = rest_of(predictor, 0)
    names = predictor.bundle.card.eeg.ch_names
    engines = [
        Engine(SimulatedSource(person_stream(seed, names)), predictor, baseline=rest)
        for seed in range(n_headsets)
    ]
    for engine in engines:
        engine.open()
    started, cpu = time.monotonic(), time.process_time()
    while time.monotonic() - started < duration_s:
        for engine in engines:
            engine.step(0.0)
        time.sleep(0.005)
    cpu = time.process_time() - cpu
    for engine in engines:
        engine.close()
    latencies = [value for engine in engines for value in engine.state.latencies_ms]
    p50, p99 = (float(np.percentile(latencies, q)) if latencies else None for q in (50, 99))
    return HeadsetFigures(
        n_headsets,
        n_headsets * max(int(duration_s - engines[0].pipeline.delay_s), 0),
        sum(engine.state.rows for engine in engines),
        p50,
        p99,
        cpu / duration_s,
    )
