"""From the state of a run to the `Snapshot` that its views show."""

from __future__ import annotations

import numpy as np

from physiosync_rt.datatypes import GRID_SFREQ, Modality, Prediction
from physiosync_rt.live.events import Event, EventKind
from physiosync_rt.live.shown_events import shown_events
from physiosync_rt.live.snapshot import Snapshot, StreamState, Traces
from physiosync_rt.live.state import RunState
from physiosync_rt.live.troubles import lasting_troubles
from physiosync_rt.live.vitals import Vitals, vitals_of
from physiosync_rt.pipeline.pipeline import Pipeline
from physiosync_rt.pipeline.stream import StreamPipeline
from physiosync_rt.preprocess.electrode_states import Electrode

TRACE_S = 5.0
TRACE_UNITS = {Modality.EEG: "µV", Modality.GSR: "µS", Modality.ECG: "mV"}


def take_snapshot(state: RunState, now: float) -> Snapshot:
    """Gather what a view may show.

    Parameters
    ----------
    state : RunState
    now : float
        Present time by the engine's clock.

    Notes
    -----
    Called in the engine's thread; the snapshot may be read from any.
    """
    card = state.bundle.card
    pipeline = state.pipeline
    streams = tuple(_stream_state(state, spec.name, now) for spec in state.specs)
    latencies = list(state.latencies_ms)
    row = state.predictions[-1] if state.predictions else None
    electrodes = pipeline.streams[state.eeg.name].preprocessor.electrodes
    return Snapshot(
        bundle_title=state.headline,
        trained_on=card.trained_on,
        simulated_training=card.simulated,
        scores=card.scores,
        run_s=now - state.opened,
        window_s=pipeline.profile.window_s,
        hop_s=pipeline.hop_s,
        streams=streams,
        prediction=row,
        history=tuple(state.predictions),
        eeg=_traces(pipeline.streams[state.eeg.name]),
        pps=_traces(pipeline.streams[state.pps.name]) if state.pps else None,
        baseline=pipeline.baseline_origin,
        baseline_progress=pipeline.baseline_progress,
        latency_p50_ms=_percentile(latencies, 50),
        latency_p99_ms=_percentile(latencies, 99),
        rows=state.rows,
        valid_rows=state.valid_rows,
        csv_path=state.csv_path,
        recording_path=state.recording_path,
        events=shown_events(
            state.events, streams, _notes(state, now), now, lasting_troubles(state, now)
        ),
        meaning=card.meaning,
        margin=state.margin,
        baseline_left_s=_baseline_left_s(pipeline),
        baseline_failed=any(s.windower.baseline_failed for s in pipeline.streams.values()),
        recording_s=now - state.recording_since if state.recording_path else 0.0,
        saved=state.saved,
        electrodes=electrodes,
        vitals=_vitals(state, row, electrodes),
    )


def _baseline_left_s(pipeline: Pipeline) -> float:
    captures = (stream.windower.capture for stream in pipeline.streams.values())
    return max((capture.left_s for capture in captures if capture is not None), default=0.0)


def _vitals(state: RunState, row: Prediction | None, electrodes: tuple[Electrode, ...]) -> Vitals:
    if state.pps is None:
        return vitals_of(row, None, electrodes)
    beats = state.pipeline.streams[state.pps.name].preprocessor.beats
    seconds = tuple(beat / GRID_SFREQ for beat in beats)
    return vitals_of(row, state.pps.modality, electrodes, seconds)


def _notes(state: RunState, now: float) -> list[Event]:
    """No proof, bad electrodes, a baseline that failed: what holds as long as nothing happens."""
    notes = {name: stream.note for name, stream in state.pipeline.streams.items()}
    no_proof = [Event(EventKind.NO_PROOF, now, state.eeg.name)] if state.proves_nothing else []
    return no_proof + [
        Event(EventKind.NOTE, now, name, text=note) for name, note in notes.items() if note
    ]


def _stream_state(state: RunState, name: str, now: float) -> StreamState:
    stream, watchdog = state.pipeline.streams[name], state.watchdogs[name]
    return StreamState(
        spec=stream.spec,
        phase=watchdog.phase(now),
        stats=state.stats(name),
        age_s=watchdog.silence_s(now),
        channel_quality=stream.preprocessor.channel_quality,
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
