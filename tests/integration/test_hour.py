"""An hour of a simulated person through the whole live path: memory flat, lag not growing."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from physiosync_rt.bundle.bundle import load_bundle
from physiosync_rt.bundle.predictor import Predictor
from physiosync_rt.live.engine import Engine
from physiosync_rt.simulation import Person, PersonStream
from physiosync_rt.sinks.csv_log import CsvLog
from physiosync_rt.sources.simulated import SimulatedSource

HOUR_S = 3600.0
SETTLED_S = 600.0
"""Histories of five minutes are full by then, and allocators have what they need."""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_an_hour_leaves_memory_flat_and_no_lag(tmp_path: Path) -> None:
    predictor = Predictor(load_bundle("demo-muse"))
    names = predictor.bundle.card.eeg.ch_names
    person = PersonStream(Person.draw(2), seed=2, ch_names=names, ecg_sfreq=0, rest_s=40.0)
    engine = Engine(SimulatedSource(person, duration_s=HOUR_S, paced=False), predictor)
    engine.open()
    engine.sinks.append(CsvLog(tmp_path / "hour.csv", {}))
    process = psutil.Process()
    minutes, memory, lag, seconds = [], [], [], []
    began = time.perf_counter()
    sent = 0.0
    while engine.step():
        sent += 0.25
        if sent % 60 == 0:
            minutes.append(sent / 60)
            memory.append(process.memory_info().rss / 1e6)
            lag.append(sent - engine.predictions[-1].t_end)
            seconds.append(time.perf_counter() - began)
    engine.close()
    settled = np.array(minutes) * 60 >= SETTLED_S
    growth = np.polyfit(np.array(minutes)[settled], np.array(memory)[settled], 1)[0] * 60
    pace = 60 / np.diff(seconds)
    print(
        f"hour in {seconds[-1]:.0f} s; memory {memory[9]:.0f} to {memory[-1]:.0f} MB, "
        f"{growth:+.1f} MB per hour; lag {lag[9]:.2f} to {lag[-1]:.2f} s; "
        f"pace {np.median(pace[:10]):.0f} x then {np.median(pace[-10:]):.0f} x real time"
    )
    assert engine.state.rows == int(HOUR_S) - 1
    assert engine.state.valid_rows > 0.9 * engine.state.rows
    assert abs(growth) < 10.0
    assert max(lag) <= lag[0] + 0.26
    # Ten minutes at the end take no longer than ten at the beginning, but for a busy computer.
    assert np.median(pace[-10:]) > 0.5 * np.median(pace[:10])
