"""Continuous preprocessed signals of a recording, from which windows are cut at any offset.

The signals come out of the live pipeline's own windows (their last second, once a second), so
nothing here can differ from what the model will see live.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from physiosync_rt.datatypes import (
    GRID_SFREQ,
    FloatArray,
    Modality,
    Recording,
    SampleArray,
    StreamSpec,
    Window,
)
from physiosync_rt.errors import UserError
from physiosync_rt.pipeline.chunking import in_time_order
from physiosync_rt.pipeline.pipeline import Pipeline
from physiosync_rt.preprocess.baseline import (
    Baseline,
    BaselineCapture,
    BaselineRequest,
    ChannelBaseline,
)
from physiosync_rt.preprocess.config import LiveProfile, ModalityContract


@dataclass(frozen=True, slots=True)
class Run:
    """A gap-free stretch in which every window is valid in all modalities.

    Attributes
    ----------
    start : int
        Grid index of the first sample, from the first EEG sample of the recording.
    eeg, pps : float32 arrays, shape (n_channels, n_times)
        Normalised; ``pps`` None when the contract has no peripheral modality.
    """

    start: int
    eeg: SampleArray
    pps: SampleArray | None

    @property
    def n_times(self) -> int:
        """Length in samples."""
        return int(self.eeg.shape[1])


def _pick(recording: Recording, contract: ModalityContract) -> StreamSpec:
    streams = recording.of(contract.modality)
    if not streams:
        raise UserError(
            f"{recording.path or recording.subject} has no {contract.modality} stream, "
            "the configuration asks for one"
        )
    return streams[0].spec


class RestSeconds(BaselineCapture):
    """Location and scale of every usable second, kept rather than pooled.

    Attributes
    ----------
    seconds : dict of int to (location, scale) arrays of shape (n_channels,)
        By number of the second from the first EEG sample.
    """

    def __init__(self) -> None:
        super().__init__(BaselineRequest(0.0, None, 1.0))
        self.seconds: dict[int, tuple[FloatArray, FloatArray]] = {}

    def take(
        self, second: int, statistics: tuple[FloatArray, FloatArray] | None
    ) -> ChannelBaseline | None:
        """Keep a second that can be used; it is never enough."""
        if statistics is not None:
            self.seconds[second] = statistics
        return None


def preprocess(
    recording: Recording,
    profile: LiveProfile,
    eeg: ModalityContract,
    pps: ModalityContract | None,
    baseline: Baseline | BaselineRequest | None = None,
) -> list[Run]:
    """Run a recording through the live pipeline and keep the stretches that are usable.

    Parameters
    ----------
    recording : Recording
    profile, eeg, pps
        What the bundle will carry.
    baseline : Baseline or BaselineRequest, optional
        Rest of this person; the profile's default when not given.

    Raises
    ------
    UserError
        A stream is missing or cannot serve the contract.
    """
    return _runs(recording, _pipeline(recording, profile, eeg, pps, baseline))


def unscaled(
    recording: Recording, profile: LiveProfile, eeg: ModalityContract, pps: ModalityContract
) -> tuple[list[Run], dict[Modality, RestSeconds]]:
    """Do what `preprocess` does but for the last step, the scale of rest.

    Which seconds are rest may depend on the trial that is looked at, and scaling comes last
    (see `physiosync_rt.preprocess.normalize`), so one pass serves all trials.

    Returns
    -------
    runs : list of Run
        Not normalised and not clipped.
    rest : dict of Modality to RestSeconds
        What every second would contribute to a baseline.
    """
    wide = profile.model_copy(
        update={
            name: getattr(profile, name).model_copy(update={"clip": np.inf})
            for name in ("eeg", "gsr", "ecg")
        }
    )
    identity = {
        contract.modality: ChannelBaseline((0.0,) * contract.n_chans, (1.0,) * contract.n_chans)
        for contract in (eeg, pps)
    }
    pipeline = _pipeline(recording, wide, eeg, pps, Baseline(identity, "none"))
    rest: dict[Modality, RestSeconds] = {}
    for stream in pipeline.streams.values():
        stream.chain.capture = rest[stream.chain.contract.modality] = RestSeconds()
    return _runs(recording, pipeline), rest


def _pipeline(
    recording: Recording,
    profile: LiveProfile,
    eeg: ModalityContract,
    pps: ModalityContract | None,
    baseline: Baseline | BaselineRequest | None,
) -> Pipeline:
    return Pipeline(
        profile,
        (_pick(recording, eeg), eeg),
        (_pick(recording, pps), pps) if pps else None,
        baseline=baseline,
    )


def _runs(recording: Recording, pipeline: Pipeline) -> list[Run]:
    """Lay the newest second of every valid window behind the one before."""
    runs: list[Run] = []
    tiles: list[tuple[SampleArray, SampleArray | None]] = []
    stop = 0

    def close() -> None:
        if tiles:
            e = np.concatenate([tile[0] for tile in tiles], axis=1)
            p = [tile[1] for tile in tiles if tile[1] is not None]
            runs.append(Run(stop - e.shape[1], e, np.concatenate(p, axis=1) if p else None))
            tiles.clear()

    for window in _windows(recording, pipeline):
        e, p = window.eeg.data, window.pps.data if window.pps else None
        if e is None or (window.pps is not None and p is None):
            close()
            continue
        tail = slice(-GRID_SFREQ, None) if tiles else slice(None)
        # Copies: a slice would keep its whole window in memory.
        tiles.append((e[:, tail].copy(), None if p is None else p[:, tail].copy()))
        stop = round(window.t_end * GRID_SFREQ)
    close()
    return runs


def _windows(recording: Recording, pipeline: Pipeline) -> Iterator[Window]:
    for chunk in in_time_order(recording, 1.0):
        yield from pipeline.push(chunk)
    yield from pipeline.flush()
