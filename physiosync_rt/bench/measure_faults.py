"""Inject every stream fault into a live run, and measure detection time and recovery."""

from __future__ import annotations

import math
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from physiosync_rt.align.stats import StreamStats
from physiosync_rt.bench.known_faults import FAULT_S, FAULTS, Fault
from physiosync_rt.bench.measure_follow import FIRST_PERSON
from physiosync_rt.bench.players import ReplayProcess
from physiosync_rt.bundle.predictor import Predictor
from physiosync_rt.datatypes import Modality, Prediction
from physiosync_rt.live.engine import Engine
from physiosync_rt.live.snapshot import StreamState
from physiosync_rt.live.watchdog import StreamPhase
from physiosync_rt.lsl.source import LslSource
from physiosync_rt.preprocess.baseline import BaselineRequest
from physiosync_rt.simulation.write_xdf import write_recording
from physiosync_rt.views.events_text import notice_text
from physiosync_rt.views.wording import STREAM_COUNTS

REST_S = 5.0
EEG_SFREQ, GSR_SFREQ = 250.0, 32.0
DRIFT_PPM = 100.0
"""Drift above this counts as detected; crystals are better."""

_COUNTED = {
    STREAM_COUNTS[count].word: count
    for count in ("lost", "delivered_late", "duplicates", "gaps", "clock_resets", "stuck_clock")
}
"""Counts that tell of a fault, by the word that every view and `docs/faults.md` use for them."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Result of one fault run.

    Attributes
    ----------
    fault : Fault
    seen : tuple of str
        Counters and states of the stream that showed the fault, in order of appearance, with
        their final values.
    seen_s : float
        Seconds from the fault to the first of them; NaN where there is none.
    said : str
        First notice because of the fault.
    rows, valid : int
        Rows after the start of the fault, and those with a prediction.
    used : dict of str to int
        Number of predictions by modalities.
    withheld : dict of str to int
        Number of withheld rows by reason.
    every_hop : bool
        Whether each second of the run has exactly one row.
    back_s : float
        Seconds from the end of the fault (for a kill, from the creation of the new outlet) to
        the first sample after it; NaN where samples never stopped.
    valid_s : float
        Seconds from the first withheld row to the next prediction; NaN where none was withheld.
    """

    fault: Fault
    seen: tuple[str, ...]
    seen_s: float
    said: str
    rows: int
    valid: int
    used: dict[str, int]
    withheld: dict[str, int]
    every_hop: bool
    back_s: float
    valid_s: float


class _Observer:
    """Records the visible signs of a fault and their times, by the engine's clock."""

    def __init__(self, engine: Engine, modality: Modality) -> None:
        self._engine = engine
        self._modality = modality
        self._received = self._rows = 0
        self.began = math.inf
        self.signs: list[tuple[float, str]] = []
        self.said: list[tuple[float, str]] = []
        self.arrivals: list[float] = []
        self.rows: list[tuple[float, Prediction]] = []

    @property
    def state(self) -> StreamState:
        """Present state of the observed stream."""
        assert self._engine.snapshot is not None, "created when the engine opened"
        streams = self._engine.snapshot.streams
        return next(s for s in streams if s.spec.modality is self._modality)

    def update(self, now: float) -> None:
        """Update from the present snapshot."""
        snapshot, state = self._engine.snapshot, self.state
        assert snapshot is not None, "created when the engine opened"
        received = state.stats.received
        if received > self._received:
            if not self.arrivals:
                # Samples of another clock are held for a while before they count.
                self.began = now - received / state.spec.sfreq
            self._received = received
            self.arrivals.append(now)
        known = {sign for _, sign in self.signs}
        self.signs += [(now, sign) for sign in _signs(state) if sign not in known]
        notice = notice_text(snapshot.events)
        if notice and (not self.said or self.said[-1][1] != notice):
            self.said.append((now, notice))
        new = snapshot.rows - self._rows
        if new:
            self.rows += [(now, row) for row in snapshot.history[-new:]]
            self._rows = snapshot.rows


def _signs(state: StreamState) -> list[str]:
    stats = state.stats
    signs = [word for word, count in _COUNTED.items() if getattr(stats, count)]
    if state.phase in (StreamPhase.STALLED, StreamPhase.LOST):
        signs.append(str(state.phase))
    if stats.rate_is_off:
        signs.append("rate")
    if stats.drift_ppm is not None and abs(stats.drift_ppm) > DRIFT_PPM and not stats.rate_is_off:
        signs.append("drift")
    if stats.jitter_ms > 5.0:
        signs.append("jitter")
    return signs


def _format_sign(sign: str, stats: StreamStats) -> str:
    if sign in _COUNTED:
        return f"{sign} {getattr(stats, _COUNTED[sign])}"
    if sign == "rate":
        return f"rate {stats.sfreq_effective:.1f} Hz"
    if sign == "drift":
        return f"drift {stats.drift_ppm:+.0f} ppm"
    return f"jitter {stats.jitter_ms:.1f} ms" if sign == "jitter" else sign


def run_fault(predictor: Predictor, fault: Fault, recordings: Sequence[Path]) -> Outcome:
    """Run one fault live over LSL on this computer, in real time.

    Parameters
    ----------
    predictor : Predictor
    fault : Fault
    recordings : sequence of Path
        The same recording three times with different names; the third has a counter.
    """
    prefix = f"f{uuid.uuid4().hex[:8]}-"
    first, second, counted = recordings
    first = counted if fault.counted else first
    with ExitStack() as stack:
        player = stack.enter_context(
            ReplayProcess(first, prefix, faults=fault.spec, stop=fault.run_s)
        )
        source = LslSource(
            f"{prefix}SimulatedEEG", f"{prefix}SimulatedGSR", timeout=30.0, check=player.check
        )
        engine = Engine(source, predictor, baseline=BaselineRequest(0.0, None, REST_S))
        stack.callback(engine.close)
        engine.open()
        observer = _Observer(engine, fault.modality)
        killed = restarted = False
        old_uid, back_at = source.infos[0].uid(), math.nan
        age = 0.0
        # A player restarted under another name does not end the stream.
        while engine.step() and age < fault.run_s + 2.0:
            now = time.monotonic()
            observer.update(now)
            age = now - observer.began
            if fault.killed and not killed and age > FAULT_S:
                player.kill()
                killed = True
            if killed and not restarted and age > FAULT_S + fault.lasts_s:
                path = second if fault.new_id else first
                start = FAULT_S + fault.lasts_s
                stack.enter_context(ReplayProcess(path, prefix, start=start, stop=fault.run_s))
                restarted = True
            if math.isnan(back_at) and source.infos[0].uid() != old_uid:
                back_at = now - (source.now() - source.infos[0].created_at())
        observer.update(time.monotonic())
    outcome = _outcome(fault, observer, back_at)
    return replace(outcome, said=outcome.said.replace(prefix, ""))


def _outcome(fault: Fault, observer: _Observer, back_at: float) -> Outcome:
    fault_at = observer.began + (FAULT_S if fault.starts_late else 0.0)
    back_at = back_at if fault.killed else fault_at + fault.lasts_s
    signs = [(t, sign) for t, sign in observer.signs if t >= fault_at]
    said = [text for t, text in observer.said if t >= fault_at]
    rows = [(t, row) for t, row in observer.rows if t >= fault_at]
    withheld = Counter(str(row.reason) for _, row in rows if not row.valid)
    after = [t for t in observer.arrivals if t >= back_at]
    ends = [row.t_end for _, row in observer.rows]
    paused = fault.lasts_s > 0
    first_after = after[0] if after and paused else math.nan
    return Outcome(
        fault=fault,
        seen=tuple(_format_sign(sign, observer.state.stats) for _, sign in signs),
        seen_s=signs[0][0] - fault_at if signs else math.nan,
        said=said[0] if said else "",
        rows=len(rows),
        valid=len(rows) - withheld.total(),
        used=dict(Counter(row.modalities for _, row in rows if row.valid)),
        withheld=dict(withheld),
        every_hop=ends == [float(k) for k in range(1, len(ends) + 1)],
        back_s=first_after - back_at,
        valid_s=_until_valid(rows) if withheld and fault.starts_late else math.nan,
    )


def _until_valid(rows: Sequence[tuple[float, Prediction]]) -> float:
    """Return the seconds from the first withheld row to the next prediction."""
    withheld = [k for k, (_, row) in enumerate(rows) if not row.valid]
    later = [t for t, row in rows[withheld[-1] :] if row.valid]
    return later[0] - rows[withheld[0]][0] if later else math.nan


def measure_faults(
    predictor: Predictor,
    faults: Sequence[Fault] = FAULTS,
    progress: Callable[[float, float], None] | None = None,
) -> list[Outcome]:
    """Run faults one after the other in real time, half a minute each."""
    card = predictor.bundle.card
    found = []
    with tempfile.TemporaryDirectory(prefix="physiosync-faults-") as folder:
        recordings = [Path(folder) / f"{name}.xdf" for name in ("person", "restarted", "counted")]
        for path in recordings:
            write_recording(
                path,
                FIRST_PERSON,
                duration_s=max(fault.run_s for fault in faults) + 1.0,
                ch_names=card.eeg.ch_names,
                eeg_sfreq=EEG_SFREQ,
                gsr_sfreq=GSR_SFREQ,
                ecg_sfreq=0.0,
                rest_s=REST_S,
                counted=path.stem == "counted",
            )
        for n_done, fault in enumerate(faults, 1):
            found.append(run_fault(predictor, fault, recordings))
            if progress is not None:
                progress(n_done, len(faults))
    return found
