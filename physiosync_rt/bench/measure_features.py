"""Measure what the slow features cost the processor in each row."""

from __future__ import annotations

import time

import numpy as np

from physiosync_rt.datatypes import GRID_SFREQ, FloatArray, HeartSecond, HeartState, Modality
from physiosync_rt.features.tracker import FeatureTracker
from physiosync_rt.preprocess.baseline import ChannelBaseline
from physiosync_rt.preprocess.config import ModalityContract

MEASURED = {
    "19 electrodes and ECG": (19, Modality.ECG),
    "32 electrodes and GSR": (32, Modality.GSR),
}
WINDOW_S = 5
WARM_UP_S = 30
N_ROWS = 200


def feature_cost() -> dict[str, float]:
    """Return the milliseconds of processor time per row, of what `MEASURED` names.

    The memory is full, and a rest is being captured: nothing costs more.
    """
    return {name: _row_ms(*streams) for name, streams in MEASURED.items()}


def _row_ms(n_electrodes: int, pps: Modality) -> float:
    rng = np.random.default_rng(0)
    names = tuple(f"E{i}" for i in range(n_electrodes))
    eeg = _Row(ModalityContract(modality=Modality.EEG, ch_names=names))
    other = _Row(ModalityContract(modality=pps, ch_names=(str(pps),)))
    window = rng.normal(0.0, 20.0, (WINDOW_S * GRID_SFREQ, n_electrodes))
    spent = 0.0
    for second in range(WARM_UP_S + N_ROWS):
        rows = 1.0 + rng.normal(0.0, 0.02, (GRID_SFREQ, 1)).cumsum(axis=0) / GRID_SFREQ
        beats = second * GRID_SFREQ + np.arange(0.0, GRID_SFREQ, 80.0) + rng.normal(0.0, 3.0)
        heart = HeartSecond(HeartState.SEEN, beats)
        window = window.copy()
        started = time.thread_time()
        eeg.make(second, rows, heart, window)
        other.make(second, rows, heart, None)
        spent += time.thread_time() - started if second >= WARM_UP_S else 0.0
    return 1e3 * spent / N_ROWS


class _Row:
    """Does for one modality what the windower does for a row."""

    def __init__(self, contract: ModalityContract) -> None:
        self._tracker = FeatureTracker(contract)
        self._rest = ChannelBaseline(
            (), (), features=tuple((name, 0.0) for name in self._tracker.names)
        )

    def make(
        self,
        second: int,
        rows: FloatArray,
        heart: HeartSecond,
        window: FloatArray | None,
    ) -> None:
        self._tracker.take_second(second, rows, usable=True, heart=heart)
        self._tracker.at_rest(window, (second + 1) * GRID_SFREQ)
        self._tracker.now(window, self._rest)
