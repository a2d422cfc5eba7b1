"""What a live run shows of a recording: the newest second of every valid window, end to end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from physiosync_rt.datatypes import GRID_SFREQ, Recording, SampleArray
from physiosync_rt.pipeline.chunking import in_time_order
from physiosync_rt.pipeline.pipeline import Pipeline
from physiosync_rt.preprocess.baseline import Baseline, BaselineRequest
from physiosync_rt.preprocess.config import LiveProfile, ModalityContract


@dataclass
class Shown:
    """Valid windows in a row, from grid index ``start`` on."""

    start: int
    eeg: SampleArray
    pps: SampleArray


def shown(
    recording: Recording,
    profile: LiveProfile,
    eeg: ModalityContract,
    pps: ModalityContract,
    baseline: Baseline | BaselineRequest,
) -> list[Shown]:
    """Windows of the pipeline, once a second, laid end to end while they are valid."""
    sides = [(recording.of(side.modality)[0].spec, side) for side in (eeg, pps)]
    pipeline = Pipeline(profile, sides[0], sides[1], baseline=baseline)
    windows = [w for chunk in in_time_order(recording, 1.0) for w in pipeline.push(chunk)]
    found: list[Shown] = []
    stop = -1
    for window in windows + pipeline.flush():
        assert window.pps is not None
        brain, body = window.eeg.data, window.pps.data
        if brain is None or body is None:
            continue
        if window.index != stop + 1:
            found.append(Shown(window.index * GRID_SFREQ - brain.shape[1], brain, body))
        else:
            last = found[-1]
            last.eeg = np.concatenate([last.eeg, brain[:, -GRID_SFREQ:]], axis=1)
            last.pps = np.concatenate([last.pps, body[:, -GRID_SFREQ:]], axis=1)
        stop = window.index
    return found
