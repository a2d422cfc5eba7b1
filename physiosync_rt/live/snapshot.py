"""What a view may show, gathered from the engine's parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from physiosync_rt.bundle.card import Card, Score
from physiosync_rt.datatypes import Modality, Snapshot, StreamState, Traces
from physiosync_rt.pipeline.stream import StreamPipeline

if TYPE_CHECKING:
    from physiosync_rt.live.engine import Engine

_PRIMARY, _OURS = "balanced accuracy", "physiosync"

TRACE_S = 5.0
TRACE_UNITS = {Modality.EEG: "µV", Modality.GSR: "µS", Modality.ECG: "mV"}


class SnapshotMaker:
    """Makes `Snapshot` objects for one engine.

    Parameters
    ----------
    engine : Engine
    opened : float
        Present time by the engine's clock.

    Notes
    -----
    Runs in the engine's thread; the snapshots may be read from any.
    """

    def __init__(self, engine: Engine, opened: float) -> None:
        self._engine = engine
        self._opened = opened

    def make(self, now: float) -> Snapshot:
        """Gather the present state."""
        engine = self._engine
        card = engine.predictor.bundle.card
        pipeline = engine.pipeline
        streams = tuple(self._stream(spec.name, now) for spec in engine.specs)
        latencies = list(engine.latencies_ms)
        traces = [_traces(pipeline.streams[spec.name]) for spec in engine.specs]
        return Snapshot(
            bundle_title=card.headline,
            trained_on=card.trained_on,
            simulated_training=card.simulated,
            scores=score_lines(card),
            run_s=now - self._opened,
            window_s=pipeline.profile.window_s,
            hop_s=pipeline.hop_s,
            streams=streams,
            prediction=engine.predictions[-1] if engine.predictions else None,
            history=tuple(engine.predictions),
            eeg=traces[0],
            pps=traces[1] if len(traces) > 1 else None,
            baseline=pipeline.baseline_origin,
            baseline_progress=pipeline.baseline_progress,
            latency_p50_ms=_percentile(latencies, 50),
            latency_p99_ms=_percentile(latencies, 99),
            rows=engine.rows,
            valid_rows=engine.valid_rows,
            csv_path=engine.csv_path,
            recording_path=engine.recording_path,
            notice=engine.notices.sentence(streams, self._standing(), now),
        )

    def _standing(self) -> str:
        """What holds as long as nothing happens: bad electrodes, a rest that failed, no GSR."""
        notes = [stream.note for stream in self._engine.pipeline.streams.values()]
        return "; ".join(filter(None, [*notes, self._engine.notice]))

    def _stream(self, name: str, now: float) -> StreamState:
        engine = self._engine
        stream = engine.pipeline.streams[name]
        watchdog = engine.watchdogs[name]
        aligner = stream.aligner
        counters = aligner.counters if aligner else None
        return StreamState(
            spec=stream.spec,
            phase=watchdog.phase(now),
            sfreq_effective=aligner.sfreq_effective if aligner else 0.0,
            jitter_ms=1e3 * aligner.jitter_s if aligner else 0.0,
            age_s=watchdog.silence_s(now),
            received=counters.received if counters else 0,
            lost=counters.lost if counters else 0,
            late=watchdog.late + (counters.late if counters else 0),
            duplicated=counters.duplicated if counters else 0,
            dropped=stream.dropped,
            gaps=counters.gaps if counters else 0,
            channel_quality=stream.preprocessor.channel_quality,
            clock_resets=counters.clock_resets if counters else 0,
            constant=counters.constant if counters else 0,
            bad=counters.bad if counters else 0,
            drift_ppm=aligner.drift_ppm if aligner else None,
            rate_is_off=aligner is not None and aligner.off_rate,
            stamps_stuck=aligner is not None and aligner.stuck,
        )


def _percentile(values: list[float], q: float) -> float | None:
    return float(np.percentile(values, q)) if values else None


def _traces(stream: StreamPipeline) -> Traces | None:
    if stream.windower.stop == 0:
        return None
    times, samples = stream.windower.trace(TRACE_S)
    contract = stream.contract
    return Traces(
        times, samples.astype(np.float32), contract.ch_names, TRACE_UNITS[contract.modality]
    )


def score_lines(card: Card) -> tuple[str, ...]:
    """What a view shows of a bundle's scores: each target's first one, beside the best baseline.

    Each line ends with how it was measured, in brackets. A card without such scores, as one of an
    imported network, shows all that it has.
    """
    primary = [score for score in card.scores if score.metric.replace("_", " ") == _PRIMARY]
    ours = [score for score in primary if score.model == _OURS]
    if not ours:
        return tuple(_score_line(score) for score in card.scores)
    widest = max((score.modalities for score in ours), key=lambda name: name.count("+"))
    shown = [score for score in ours if score.modalities == widest]
    lines = [_score_line(score) for score in shown]
    for score in shown:
        rivals = [
            rival
            for rival in primary
            if (rival.protocol, rival.target) == (score.protocol, score.target)
            and not rival.model.startswith(_OURS)
        ]
        if rivals:
            best = max(rivals, key=lambda rival: rival.value)
            name = best.model.replace(" (", ", ").removesuffix(")")
            lines.append(f"{best.target} {_figure(best)} by {name} (best baseline, same folds)")
    return tuple(lines)


def _score_line(score: Score) -> str:
    over = f", {score.n} {score.unit}s" if score.n and score.unit else ""
    how = f"{score.modalities}, protocol {score.protocol}{over}"
    return f"{score.target} {score.metric} {_figure(score)} ({how})"


def _figure(score: Score) -> str:
    if score.ci_low is None or score.ci_high is None:
        return f"{score.value:.2f}"
    return f"{score.value:.2f} [{score.ci_low:.2f}, {score.ci_high:.2f}]"
