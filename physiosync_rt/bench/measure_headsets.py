"""Measure how many headsets one process can serve in real time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from physiosync_models.fusion import PhysioSync
from physiosync_models.gated_sum import GatedSum
from physiosync_models.presets import deap_paper
from physiosync_rt.bundle.bundle import Bundle
from physiosync_rt.bundle.predictor import Predictor
from physiosync_rt.datatypes import Chunk, StreamSpec
from physiosync_rt.live.engine import Engine
from physiosync_rt.live.glance import MemberPhase
from physiosync_rt.live.group import Group
from physiosync_rt.live.member import Member
from physiosync_rt.lsl.demo_player import person_stream, rest_of
from physiosync_rt.preprocess.baseline import Baseline
from physiosync_rt.sources.base import Batch, SourceMessage
from physiosync_rt.utils.resident_memory import resident_mib

WARM_UP_S = 7.5
"""Seconds of a run before its rows are due: filters settle, and a window fills."""

PLAYED_S = 60.0
"""So much is simulated of each person before the run, and sent again and again."""

IN_TIME_S = 0.4
"""A row is due so long after the end of its window."""

LASTING_TURN_S = 0.25
"""Simulated seconds from one turn to the next where no clock is waited for."""

SEEDS = 6
"""Different people; more of them send what these do."""


@dataclass(frozen=True, slots=True)
class HeadsetFigures:
    """Result for one number of headsets.

    Attributes
    ----------
    n_headsets : int
    rows_due, rows : int
        Rows that are due by the end, and those that were made.
    latency_p50_ms, latency_p99_ms : float or None
        From the end of a window to its row; None where no row has a prediction.
    infer_p50_ms : float or None
        Of the forward pass that a row waited for.
    cpu_share : float
        Of one core.
    memory_mib : float or None
        Of the process at the end, where the system says it.
    """

    n_headsets: int
    rows_due: int
    rows: int
    latency_p50_ms: float | None
    latency_p99_ms: float | None
    infer_p50_ms: float | None
    cpu_share: float
    memory_mib: float | None


class PlayedSource:
    """A person who was simulated before, sent at the pace of a clock.

    Parameters
    ----------
    streams : sequence of Chunk
        `PLAYED_S` of each stream, in the time of the session.
    specs : tuple of StreamSpec
    clock : callable
        Monotonic seconds.
    begins_s : float
        Seconds after opening at which the person begins, so that not everybody's rows are due at
        once.
    """

    speed = 1.0
    start_utc = None

    def __init__(
        self,
        streams: Sequence[Chunk],
        specs: tuple[StreamSpec, ...],
        clock: Callable[[], float],
        begins_s: float,
    ) -> None:
        self.messages: list[SourceMessage] = []
        self._streams = streams
        self._specs = specs
        self._clock = clock
        self._begins_s = begins_s
        self._start = 0.0
        self._sent = [0] * len(streams)

    def now(self) -> float:
        """Return the present time by the clock."""
        return self._clock()

    def open(self) -> tuple[StreamSpec, ...]:
        """Begin."""
        self._start = self._clock() + self._begins_s
        return self._specs

    def poll(self, timeout: float) -> Batch:  # noqa: ARG002 - there is nothing to wait for.
        """Return what is due by the clock since the last poll."""
        played = self._clock() - self._start
        chunks = []
        for k, (stream, spec) in enumerate(zip(self._streams, self._specs, strict=True)):
            first, stop = self._sent[k], int(played * spec.sfreq) + 1 if played >= 0 else 0
            if stop > first:
                places = np.arange(first, stop)
                samples = stream.samples[places % len(stream)]
                stamps = self._start + places / spec.sfreq
                chunks.append(replace(stream, samples=samples, timestamps=stamps))
                self._sent[k] = stop
        return Batch(tuple(chunks))

    def close(self) -> None:
        """Do nothing: there are no resources."""


def full_size(bundle: Bundle) -> Bundle:
    """Return a bundle with the paper's network for DEAP, freshly made, in place of its own.

    It costs as much as a trained one; what it says means nothing.
    """
    config = deap_paper()
    trained = bundle.model
    assert not isinstance(trained, GatedSum)
    routes, targets = trained.config.routes, trained.config.targets
    card = bundle.card.model_copy(update={"least_confidence": {}, "unsure_margin": 0.0})
    model = PhysioSync(replace(config, routes=routes, targets=targets)).eval()
    return replace(bundle, model=model, card=card)


class Room:
    """People of a room, made once and served in any number.

    Parameters
    ----------
    predictor : Predictor
        Made for many.
    """

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        names = predictor.bundle.card.eeg.ch_names
        self._played = []
        for seed in range(SEEDS):
            stream = person_stream(seed, names)
            self._played.append((stream.read_until(PLAYED_S), stream.specs))
        self._rest = rest_of(predictor, 0)

    def serve(self, n_headsets: int, clock: Callable[[], float] = time.monotonic) -> Group:
        """Return a group of so many people, whose rows are due at different times."""
        return Group(
            [
                Member(f"P{k:03d}", partial(self._begin, k, k / n_headsets, clock))
                for k in range(n_headsets)
            ],
            clock,
        )

    def _begin(self, k: int, begins_s: float, clock: Callable[[], float]) -> Engine:
        streams, specs = self._played[k % SEEDS]
        source = PlayedSource(streams, specs, clock, begins_s)
        rest: Baseline = self._rest
        engine = Engine(source, self._predictor, baseline=rest, clock=clock)
        engine.open()
        return engine


def measure_headsets(room: Room, n_headsets: int, duration_s: float) -> HeadsetFigures:
    """Serve simulated people in real time."""
    group = room.serve(n_headsets)
    started, cpu = time.monotonic(), time.process_time()
    group.run(duration_s)
    cpu = time.process_time() - cpu
    passed = time.monotonic() - started
    engines = [m.engine for m in group.members if m.engine and m.phase is MemberPhase.ENDED]
    rows = [row for engine in engines for row in engine.predictions if row.t_end > WARM_UP_S]
    latencies = [row.latency_ms for row in rows if row.latency_ms is not None]
    infers = [row.infer_ms for row in rows if row.infer_ms is not None]
    ended = started + duration_s - IN_TIME_S
    begins = {f"P{k:03d}": k / n_headsets for k in range(n_headsets)}
    due = [
        int(ended - member.engine.state.opened - begins[member.name])
        for member in group.members
        if member.engine
    ]
    return HeadsetFigures(
        n_headsets,
        sum(max(n, 0) for n in due),
        sum(engine.state.rows for engine in engines),
        _percentile(latencies, 50),
        _percentile(latencies, 99),
        _percentile(infers, 50),
        cpu / passed,
        resident_mib(),
    )


@dataclass(frozen=True, slots=True)
class LastingFigures:
    """What a group had come to after some minutes of simulated time.

    Attributes
    ----------
    minutes : int
    rows : int
        Of all people, in these minutes.
    behind_s : float
        From the end of the newest window to the present, of the person who is furthest behind.
    cpu_s : float
        Seconds of work since the figures before.
    memory_mib : float or None
        Of the process.
    """

    minutes: int
    rows: int
    behind_s: float
    cpu_s: float
    memory_mib: float | None


def measure_lasting(
    room: Room, n_headsets: int, minutes: int, every: int
) -> Iterator[LastingFigures]:
    """Serve simulated people by a clock that is moved by hand, as fast as it goes.

    Parameters
    ----------
    room : Room
    n_headsets : int
    minutes : int
        Of simulated time.
    every : int
        Minutes from one result to the next.
    """
    now = 0.0
    group = room.serve(n_headsets, lambda: now)
    while any(member.phase is MemberPhase.COMING for member in group.members):
        group.step()
        time.sleep(0.01)
    cpu, n_rows = time.process_time(), 0
    try:
        for minute in range(every, minutes + 1, every):
            while now < 60.0 * minute:
                now += LASTING_TURN_S
                group.step()
                group.answer_all()
            glances = [member.glance for member in group.members]
            cpu_before, cpu = cpu, time.process_time()
            n_before, n_rows = n_rows, sum(each.n_rows for each in glances)
            begins = [k / n_headsets for k in range(n_headsets)]
            behind = [
                now - begin - each.rows[-1].t_end if each.rows else now
                for begin, each in zip(begins, glances, strict=True)
            ]
            took, rows = cpu - cpu_before, n_rows - n_before
            yield LastingFigures(minute, rows, max(behind), took, resident_mib())
    finally:
        group.close()


def _percentile(values: Sequence[float], q: float) -> float | None:
    return float(np.percentile(values, q)) if values else None
