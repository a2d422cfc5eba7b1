"""Hours of a simulated person through the whole live path: memory flat, lag not growing."""

from __future__ import annotations

import csv
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
import pytest

from physiosync_rt.bundle.bundle import load_bundle
from physiosync_rt.bundle.predictor import Predictor
from physiosync_rt.formats.registry import read
from physiosync_rt.live.engine import Engine
from physiosync_rt.simulation import Person, PersonStream
from physiosync_rt.sinks.csv_log import CsvLog
from physiosync_rt.sources.simulated import SimulatedSource

HOUR_S = 3600.0
SETTLED_S = 600.0
"""Histories of five minutes are full by then, and allocators have what they need."""


@dataclass
class Course:
    """What was measured at every simulated minute."""

    minutes: list[float] = field(default_factory=list)
    memory_mb: list[float] = field(default_factory=list)
    lag_s: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    handles: list[int] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)

    @property
    def growth(self) -> float:
        """Memory in MB per hour, from the time when it has settled."""
        minutes = np.array(self.minutes)
        settled = minutes * 60 >= SETTLED_S
        return float(np.polyfit(minutes[settled], np.array(self.memory_mb)[settled], 1)[0] * 60)

    @property
    def pace(self) -> np.ndarray:
        """Simulated seconds per second, minute by minute."""
        return 60 / np.diff(self.seconds)


def _engine(duration_s: float) -> Engine:
    predictor = Predictor(load_bundle("demo-muse"))
    names = predictor.bundle.card.eeg.ch_names
    person = PersonStream(Person.draw(2), seed=2, ch_names=names, ecg_sfreq=0, rest_s=40.0)
    engine = Engine(SimulatedSource(person, duration_s=duration_s, paced=False), predictor)
    engine.open()
    return engine


def _run(engine: Engine) -> Course:
    process, course = psutil.Process(), Course()
    began = time.perf_counter()
    sent = 0.0
    while engine.step():
        sent += 0.25
        if sent % 60 == 0:
            course.minutes.append(sent / 60)
            course.memory_mb.append(process.memory_info().rss / 1e6)
            course.lag_s.append(sent - engine.predictions[-1].t_end)
            course.seconds.append(time.perf_counter() - began)
            course.handles.append(process.num_fds() if hasattr(process, "num_fds") else 0)
            course.threads.append(process.num_threads())
    engine.close()
    print(
        f"{course.minutes[-1] / 60:.0f} h in {course.seconds[-1]:.0f} s; memory "
        f"{course.memory_mb[9]:.0f} to {course.memory_mb[-1]:.0f} MB, {course.growth:+.1f} MB per "
        f"hour; lag {course.lag_s[9]:.2f} to {course.lag_s[-1]:.2f} s; handles "
        f"{course.handles[9]} to {course.handles[-1]}, threads {course.threads[9]} to "
        f"{course.threads[-1]}; pace {np.median(course.pace[:10]):.0f} x then "
        f"{np.median(course.pace[-10:]):.0f} x real time"
    )
    return course


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_an_hour_leaves_memory_flat_and_no_lag(tmp_path: Path) -> None:
    engine = _engine(HOUR_S)
    engine.sinks.append(CsvLog(tmp_path / "hour.csv", {}))
    course = _run(engine)
    assert engine.state.rows == int(HOUR_S) - 1
    assert engine.state.valid_rows > 0.9 * engine.state.rows
    assert abs(course.growth) < 10.0
    assert max(course.lag_s) <= course.lag_s[0] + 0.26
    # Ten minutes at the end take no longer than ten at the beginning, but for a busy computer.
    assert np.median(course.pace[-10:]) > 0.5 * np.median(course.pace[:10])


@pytest.mark.slow
@pytest.mark.timeout(5400)
def test_eight_hours_with_log_and_recording_leave_everything_flat(tmp_path: Path) -> None:
    hours = 8
    engine = _engine(hours * HOUR_S)
    engine.sinks.append(CsvLog(tmp_path / "day.csv", {}))
    engine.record(tmp_path / "day.xdf")
    course = _run(engine)
    with (tmp_path / "day.csv").open(newline="") as file:
        ends = [float(row["t_end_lsl"]) for row in csv.DictReader(file)]
    assert len(ends) == engine.state.rows == int(hours * HOUR_S) - 1
    np.testing.assert_allclose(np.diff(ends), 1.0, atol=1e-6)
    assert engine.state.valid_rows > 0.9 * engine.state.rows
    assert abs(course.growth) < 2.0
    assert max(course.lag_s) <= course.lag_s[0] + 0.26
    assert max(course.handles) == course.handles[0]
    assert max(course.threads[9:]) == course.threads[9]
    recording = read(tmp_path / "day.xdf")
    assert recording.notes == ()
    for stream in recording.streams:
        assert len(stream.timestamps) == pytest.approx(hours * HOUR_S * stream.spec.sfreq, abs=1)
