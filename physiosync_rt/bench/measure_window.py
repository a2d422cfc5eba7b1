"""Measure what the open window costs a run, and whether its memory stays flat."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from physiosync_rt.bench.players import ReplayProcess
from physiosync_rt.bench.wide_bundle import WIDE_MONTAGE, WIDE_SFREQ, wide_bundle
from physiosync_rt.bundle.predictor import Predictor
from physiosync_rt.datatypes import Modality, Prediction
from physiosync_rt.errors import UserError
from physiosync_rt.live.engine import Engine
from physiosync_rt.live.thread import EngineThread
from physiosync_rt.lsl.demo_player import rest_of
from physiosync_rt.lsl.source import LslSource
from physiosync_rt.simulation import Person, PersonStream
from physiosync_rt.simulation.write_xdf import write_recording
from physiosync_rt.sources.simulated import FAST_CHUNK_S, SimulatedSource

if TYPE_CHECKING:
    from physiosync_rt.dashboard.measure_blocks import Block

SIZE = (1920, 1080)
LATE_MS = 50.0
"""A tick that comes this much after its time is late."""

_WAITED_MS = 5.0
_SEED = 7
_PLAYED_MORE_S = 30.0
_FIND_S = 60.0
_NOTE_S = 60.0
_SETTLED_S = 900.0
"""Histories of five minutes are full by then, and allocators have what they need."""

_STATM = Path("/proc/self/statm")

Progress = Callable[[float, float], None]


@dataclass(frozen=True, slots=True)
class Watched:
    """A run while the window was open, or while it was hidden.

    ``latency_ms`` is p50 and p99 over ``n_rows`` rows, ``cpu_share`` the processor time of this
    process in each second.
    """

    n_rows: int
    latency_ms: tuple[float, float]
    cpu_share: float


@dataclass(frozen=True, slots=True)
class WindowFigures:
    """What the window costs.

    Attributes
    ----------
    headless, windowed : Watched
    n_ticks : int
        Of a timer of 20 ms beside the window.
    in_time_share : float
        Share of the ticks that are late by less than 50 ms.
    late_p50_ms, late_p999_ms, late_worst_ms : float
    n_free, free_in_time_share, free_worst_ms
        The same of ticks during which no thread of Python waited more than 5 ms for a core that
        other programs had.
    load : tuple of float
        Load of the computer before and after: processes that want to run, over the last minute.
    """

    headless: Watched
    windowed: Watched
    n_ticks: int
    in_time_share: float
    late_p50_ms: float
    late_p999_ms: float
    late_worst_ms: float
    n_free: int
    free_in_time_share: float
    free_worst_ms: float
    load: tuple[float, float]

    @property
    def latency_ratio(self) -> float:
        """Latency p99 with the window over that without."""
        return self.windowed.latency_ms[1] / self.headless.latency_ms[1]

    @property
    def more_cpu(self) -> float:
        """Processor time in each second that the window adds."""
        return self.windowed.cpu_share - self.headless.cpu_share


@dataclass(frozen=True, slots=True)
class MemoryFigures:
    """Memory of a run with its window, noted every simulated minute.

    ``growth_mib`` is per simulated hour, by a line through what was noted after the first quarter
    of an hour.
    """

    hours: float
    took_s: float
    first_mib: float
    last_mib: float
    most_mib: float
    growth_mib: float


class _Latencies:
    """Takes rows, and notes when each was there."""

    def __init__(self) -> None:
        self.found: list[tuple[float, float]] = []

    def write(self, row: Prediction) -> None:
        """Note the latency of a row."""
        if row.latency_ms is not None:
            self.found.append((time.monotonic(), row.latency_ms))

    def close(self) -> None:
        """Release nothing."""


def measure_window(
    *, n_blocks: int, block_s: float, hop_s: float = 1.0, progress: Progress | None = None
) -> WindowFigures:
    """Run 64 channels at 500 Hz through LSL, without and with the window in turns.

    The sender is a process of its own; the network has 64 electrodes and is not trained.

    Raises
    ------
    UserError
        Qt cannot be loaded, or the sender has died.
    """
    from physiosync_rt.dashboard import qt

    qt.load("the window cannot be measured", "leave it out")
    from physiosync_rt.dashboard.measure_blocks import SETTLE_S, measure_blocks

    predictor = Predictor(wide_bundle())
    rest = rest_of(predictor, _SEED)
    played_s = n_blocks * (block_s + SETTLE_S) + _PLAYED_MORE_S
    taken = _Latencies()
    load_before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "wide.xdf"
        _write_wide(path, played_s, progress)
        prefix = f"window{time.time_ns():x}-"
        with ReplayProcess(path, prefix, stop=played_s) as player:
            source = LslSource(
                f"{prefix}{_stream(Modality.EEG)}",
                f"{prefix}{_stream(Modality.GSR)}",
                timeout=_FIND_S,
                check=player.check,
            )
            engine = Engine(source, predictor, hop_s=hop_s, baseline=rest)
            engine.sinks.append(taken)
            engine.open()
            thread = EngineThread(engine, None)
            thread.start()
            try:
                _wait_for_row(taken, thread)
                blocks = measure_blocks(lambda: engine.snapshot, n_blocks, block_s, SIZE)
            finally:
                thread.finish()
                engine.close()
    return _figures(blocks, taken.found, (load_before, os.getloadavg()[0]))


def measure_memory(hours: float, progress: Progress | None = None) -> MemoryFigures:
    """Run simulated hours of 64 channels at 500 Hz with the window, as fast as that goes.

    Raises
    ------
    UserError
        Qt cannot be loaded, or this system does not say what memory a process has.
    """
    from physiosync_rt.dashboard import qt

    if not _STATM.exists():
        raise UserError(f"memory is read from {_STATM}, which this system lacks; use Linux")
    qt.load("the window cannot be measured", "leave it out")
    from physiosync_rt.dashboard.measure_blocks import show_steps

    predictor = Predictor(wide_bundle())
    person = PersonStream(
        Person.draw(_SEED),
        seed=_SEED,
        ch_names=WIDE_MONTAGE,
        eeg_sfreq=WIDE_SFREQ,
        ecg_sfreq=0,
        rest_s=40.0,
    )
    duration_s = 3600.0 * hours
    passed_s = 0.0
    source = SimulatedSource(person, duration_s=duration_s, paced=False)
    # Snapshots are due by this clock, so that each step has its own.
    engine = Engine(source, predictor, baseline=rest_of(predictor, _SEED), clock=lambda: passed_s)
    noted: list[float] = []

    def steps() -> Iterator[None]:
        nonlocal passed_s
        while engine.step():
            passed_s += FAST_CHUNK_S
            if passed_s % _NOTE_S == 0:
                noted.append(_memory_mib())
                if progress is not None:
                    progress(passed_s, duration_s)
            yield

    began = time.perf_counter()
    with engine:
        show_steps(steps(), lambda: engine.snapshot, SIZE)
    settled = np.array(noted[int(_SETTLED_S / _NOTE_S) :])
    slope = np.polyfit(np.arange(len(settled)), settled, 1)[0] if len(settled) > 1 else np.nan
    return MemoryFigures(
        hours,
        time.perf_counter() - began,
        float(settled[0]) if len(settled) else np.nan,
        noted[-1],
        max(noted),
        float(slope * 3600 / _NOTE_S),
    )


def _wait_for_row(taken: _Latencies, thread: EngineThread) -> None:
    """Wait until the run predicts.

    Raises
    ------
    UserError
        The run ended before, or does not begin.
    """
    end = time.monotonic() + _FIND_S
    while not taken.found:
        if not thread.is_alive():
            thread.finish()
        if not thread.is_alive() or time.monotonic() > end:
            raise UserError(f"no prediction within {_FIND_S:g} s; try again on an idle computer")
        time.sleep(0.1)


def _figures(
    blocks: list[Block], latencies: list[tuple[float, float]], load: tuple[float, float]
) -> WindowFigures:
    late = np.array([each for block in blocks for each in block.late_ms])
    waited = np.array([each for block in blocks for each in block.waited_ms])
    free = late[waited < _WAITED_MS]
    p50, p999 = np.percentile(late, [50, 99.9])
    headless, windowed = (
        _watched([block for block in blocks if block.windowed is on], latencies)
        for on in (False, True)
    )
    return WindowFigures(
        headless,
        windowed,
        len(late),
        float(np.mean(late < LATE_MS)),
        float(p50),
        float(p999),
        float(late.max()),
        len(free),
        float(np.mean(free < LATE_MS)) if len(free) else np.nan,
        float(free.max(initial=0.0)),
        load,
    )


def _watched(blocks: list[Block], latencies: list[tuple[float, float]]) -> Watched:
    found = [
        latency
        for at, latency in latencies
        if any(block.began_s <= at < block.ended_s for block in blocks)
    ]
    p50, p99 = np.percentile(found, [50, 99])
    shares = [block.cpu_share for block in blocks]
    return Watched(len(found), (float(p50), float(p99)), float(np.mean(shares)))


def _write_wide(path: Path, seconds: float, progress: Progress | None) -> None:
    write_recording(
        path,
        _SEED,
        duration_s=seconds,
        ch_names=WIDE_MONTAGE,
        eeg_sfreq=WIDE_SFREQ,
        ecg_sfreq=0,
        rest_s=0,
        progress=progress,
    )


def _stream(modality: Modality) -> str:
    return f"Simulated{modality}"


def _memory_mib() -> float:
    """Return the memory of this process that is in use (resident)."""
    pages = int(_STATM.read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
