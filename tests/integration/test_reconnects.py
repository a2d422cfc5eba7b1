"""A device that goes and comes back two hundred times leaves nothing behind in the run."""

from __future__ import annotations

import csv
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from helpers import reopening_outlet
from helpers.programs import Program

from physiosync_rt.bundle.bundle import load_bundle
from physiosync_rt.bundle.predictor import Predictor
from physiosync_rt.formats.registry import read
from physiosync_rt.live.engine import Engine
from physiosync_rt.lsl.source import LslSource
from physiosync_rt.preprocess.baseline import BaselineRequest
from physiosync_rt.sinks.csv_log import CsvLog

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(sys.platform == "win32", reason="the sender waits on its input"),
]
WARM_UP = 10
"""Reconnects until allocators and liblsl have what they keep."""


@pytest.fixture
def device() -> Iterator[subprocess.Popen[str]]:
    process = Program(
        [sys.executable, reopening_outlet.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline().strip() == "open"
    yield process
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


def _until(engine: Engine, condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 30.0
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come; {engine.state.events.events}"
        engine.step()


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("n_times", [3, pytest.param(200, marks=pytest.mark.slow)])
def test_reconnects_leave_handles_threads_and_memory_flat(
    device: subprocess.Popen[str], tmp_path: Path, n_times: int
) -> None:
    assert device.stdin is not None
    source = LslSource("cap", "skin", timeout=20)
    engine = Engine(
        source,
        Predictor(load_bundle("demo-muse")),
        baseline=BaselineRequest(0.0, None, 5.0),
        min_quality=0.0,
    )
    process = psutil.Process()
    seen, took = [], []
    with engine:
        engine.sinks.append(CsvLog(tmp_path / "run.csv", {}))
        engine.record(tmp_path / "raw.xdf")
        names = [spec.name for spec in engine.state.specs]
        for k in range(n_times):
            uids = [info.uid() for info in source.infos]
            device.stdin.write("again\n")
            device.stdin.flush()
            began = time.monotonic()
            _until(
                engine,
                lambda uids=uids: all(i.uid() not in uids for i in source.infos),
                f"outlets of time {k + 1}",
            )
            received = [engine.state.stats(name).received for name in names]
            _until(
                engine,
                lambda received=received: all(
                    engine.state.stats(name).received > n + 20
                    for name, n in zip(names, received, strict=True)
                ),
                f"samples of time {k + 1}",
            )
            took.append(time.monotonic() - began)
            handles = process.num_fds() if hasattr(process, "num_fds") else process.num_handles()
            seen.append((handles, process.num_threads(), process.memory_info().rss / 1e6))
    handles, threads, memory = np.array(seen).T
    first = min(WARM_UP, n_times - 1)
    print(
        f"{n_times} reconnects in {sum(took):.0f} s, {max(took):.1f} s at most; handles "
        f"{handles[first]:.0f} to {handles[-1]:.0f}, threads {threads[first]:.0f} to "
        f"{threads[-1]:.0f}, memory {memory[first]:.1f} to {memory[-1]:.1f} MB"
    )
    # What is being torn down at the moment of looking is still there.
    assert max(handles[first:]) <= handles[first] + 8
    assert max(threads[first:]) <= threads[first] + 4
    assert np.median(memory[-10:]) - memory[first] < 15.0
    with (tmp_path / "run.csv").open(newline="") as file:
        ends = [float(row["t_end_lsl"]) for row in csv.DictReader(file)]
    assert np.diff(ends) == pytest.approx(1.0)
    recorded = read(tmp_path / "raw.xdf")
    assert recorded.notes == ()
    for stream in recorded.streams:
        assert len(stream.timestamps) >= engine.state.stats(stream.spec.name).received
