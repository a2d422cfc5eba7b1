"""Predict a recording: the engine of a live run, as fast as the samples can be read."""

from __future__ import annotations

from pathlib import Path

from physiosync_rt.bundle.bundle import Bundle
from physiosync_rt.bundle.engines import EngineChoice
from physiosync_rt.bundle.predictor import Predictor
from physiosync_rt.datatypes import Recording
from physiosync_rt.errors import UserError
from physiosync_rt.live.engine import Engine
from physiosync_rt.live.predictions import Predictions
from physiosync_rt.live.source_factory import wants
from physiosync_rt.live.stream_session import StreamSession, as_baseline, as_bundle
from physiosync_rt.preprocess.baseline import Baseline, BaselineRequest
from physiosync_rt.sources.file import FileSource


def predict(
    recording: Recording,
    bundle: Bundle | Path | str = "demo-eeg32",
    *,
    baseline: Baseline | BaselineRequest | float | str | None = None,
    hop_s: float = 1.0,
    eeg: str | None = None,
    pps: str | None = None,
    min_quality: float | None = None,
    torch_device: str = "auto",
    engine: str = "auto",
    precision: str = "fp32",
) -> Predictions:
    """Predict a recording: the rows that a live run on its replay gives.

    Parameters
    ----------
    recording : Recording
    bundle : Bundle, Path or str
        A bundle, its folder, or the name of a shipped one.
    baseline : Baseline, BaselineRequest, float or str, optional
        A baseline, seconds of it from the start, ``"START:STOP"``, or the JSON of a run. Without
        it the bundle's default is captured from the start.
    hop_s : float
        Seconds from row to row.
    eeg, pps : str, optional
        Name, type or source_id of a stream, where the recording holds several of a kind.
    min_quality : float, optional
        Replaces the card's quality gate; 0 turns it off.
    torch_device : str
        ``auto``, ``cpu`` or ``cuda``.
    engine : {"auto", "torch", "onnx"}
        What computes the network.
    precision : {"fp32", "fp16", "int8"}
        Of its weights.

    Raises
    ------
    UserError
        The recording cannot serve the bundle, or is none.

    Examples
    --------
    >>> import physiosync_rt as ps
    >>> rows = ps.predict(ps.simulate(60).recording, "demo-eeg32")  # doctest: +SKIP
    >>> rows.to_dataframe()[["t_end_lsl", "valence", "arousal", "reason"]]  # doctest: +SKIP
    """
    if not isinstance(recording, Recording):
        raise UserError(
            f"a recording is wanted, not {recording!r}; read a file with ps.read(path) first"
        )
    session = offline_session(
        recording,
        as_bundle(bundle),
        eeg=eeg,
        pps=pps,
        hop_s=hop_s,
        baseline=as_baseline(baseline),
        min_quality=min_quality,
        torch_device=torch_device,
        choice=EngineChoice(engine, precision),
    )
    with session as run:
        rows = tuple(run)
    state = run.engine.state
    return Predictions(rows, state.bundle.card.name, recording.notes, state.events.all_events)


def offline_session(
    recording: Recording,
    bundle: Bundle,
    *,
    eeg: str | None,
    pps: str | None,
    hop_s: float,
    baseline: Baseline | BaselineRequest | None,
    min_quality: float | None,
    torch_device: str,
    choice: EngineChoice,
) -> StreamSession:
    """Prepare a run over a recording without pace.

    Parameters are those of `predict`, engine and precision as ``choice``.

    Raises
    ------
    UserError
        The torch device, the engine or the precision does not exist.
    """
    engine = Engine(
        FileSource(recording, wanted=wants(bundle.card)),
        Predictor(bundle, torch_device, choice),
        eeg=eeg,
        pps=pps,
        hop_s=hop_s,
        baseline=baseline,
        min_quality=min_quality,
    )
    return StreamSession(engine)
