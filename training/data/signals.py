"""Continuous preprocessed signals of a recording, from which windows are cut at any offset.

The signals come out of the live pipeline's own windows (their last second, once a second), so
nothing here can differ from what the model will see live.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from physiosync_rt.datatypes import GRID_SFREQ, Recording, SampleArray, StreamSpec
from physiosync_rt.errors import UserError
from physiosync_rt.pipeline import Pipeline
from physiosync_rt.playback import in_time_order
from physiosync_rt.preprocess.baseline import Baseline, BaselineRequest
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
        return self.eeg.shape[1]


def _pick(recording: Recording, contract: ModalityContract) -> StreamSpec:
    streams = recording.of(contract.modality)
    if not streams:
        raise UserError(
            f"{recording.path or recording.subject} has no {contract.modality} stream, "
            "the configuration asks for one"
        )
    return streams[0].spec


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
    pipeline = Pipeline(
        profile,
        (_pick(recording, eeg), eeg),
        (_pick(recording, pps), pps) if pps else None,
        baseline=baseline,
    )
    windows = [w for chunk in in_time_order(recording, 1.0) for w in pipeline.push(chunk)]
    windows += pipeline.flush()
    runs: list[Run] = []
    tiles: list[tuple[SampleArray, SampleArray | None]] = []
    stop = 0

    def close() -> None:
        if tiles:
            e = np.concatenate([tile[0] for tile in tiles], axis=1)
            p = [tile[1] for tile in tiles if tile[1] is not None]
            runs.append(Run(stop - e.shape[1], e, np.concatenate(p, axis=1) if p else None))
            tiles.clear()

    for window in windows:
        e, p = window.eeg.data, window.pps.data if window.pps else None
        if e is None or (pps is not None and p is None):
            close()
            continue
        tail = slice(-GRID_SFREQ, None) if tiles else slice(None)
        tiles.append((e[:, tail], None if p is None else p[:, tail]))
        stop = round(window.t_end * GRID_SFREQ)
    close()
    return runs
