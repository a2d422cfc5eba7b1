"""Windows cut from continuous signals: at random offsets to train on, at a hop to judge by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import torch

from models.config import Route
from models.fusion import PhysioSync
from physiosync_rt.datatypes import GRID_SFREQ, BoolArray, FloatArray, IntArray, SampleArray
from training.data.signals import Run

WINDOW_S = 5
_N_TIMES = WINDOW_S * GRID_SFREQ


@dataclass(frozen=True, slots=True)
class Batch:
    """Windows with their truth.

    Attributes
    ----------
    eeg : float32 array, shape (n, n_channels, 640)
    pps : float32 array, shape (n, n_pps_channels, 640)
    high : bool array, shape (n, 2)
        Whether valence and arousal are high.
    level : float64 array, shape (n, 2)
        Mean truth over the window.
    subject : int64 array, shape (n,)
    """

    eeg: SampleArray
    pps: SampleArray
    high: BoolArray
    level: FloatArray
    subject: IntArray

    def __len__(self) -> int:
        return len(self.subject)

    def predict(self, model: PhysioSync, route: str, size: int = 256) -> dict[str, FloatArray]:
        """P(high) of every window by target, through one route of the network."""
        model.eval()
        parts: dict[str, list[FloatArray]] = {target: [] for target in model.config.targets}
        device = next(model.parameters()).device
        with torch.inference_mode():
            for at in range(0, len(self), size):
                eeg = torch.from_numpy(self.eeg[at : at + size]).to(device)
                pps = torch.from_numpy(self.pps[at : at + size]).to(device)
                one = cast("Route", route)
                given = (eeg if one != "pps" else None, pps if one != "eeg" else None)
                for target, p in model.predict_proba(*given).items():
                    parts[target].append(p[:, 1].double().cpu().numpy())
        return {target: np.concatenate(part) for target, part in parts.items()}


class WindowSet:
    """All windows of some subjects.

    Parameters
    ----------
    runs : list of (int, Run)
        Subject's number and a gap-free stretch of signals.
    truth : list of array, shape (n_seconds, 2)
        Valence and arousal of every subject at whole seconds of the recording.
    threshold : float
        Truth from which on a target is high.
    """

    def __init__(
        self, runs: list[tuple[int, Run]], truth: list[FloatArray], threshold: float
    ) -> None:
        self._runs = runs
        self._truth = truth
        self._threshold = threshold

    def random(self, rng: np.random.Generator, n_per_run: int) -> Batch:
        """Windows at random offsets: a live window starts anywhere, so must a trained one."""
        return self._cut(
            [
                (i, int(stop))
                for i, (_, run) in enumerate(self._runs)
                for stop in rng.integers(_N_TIMES, run.n_times + 1, size=n_per_run)
            ]
        )

    def every(self, hop_s: float) -> Batch:
        """Windows at a fixed hop."""
        hop = round(hop_s * GRID_SFREQ)
        return self._cut(
            [
                (i, stop)
                for i, (_, run) in enumerate(self._runs)
                for stop in range(_N_TIMES, run.n_times + 1, hop)
            ]
        )

    def _cut(self, places: list[tuple[int, int]]) -> Batch:
        eeg, pps, level, subject = [], [], [], []
        for i, stop in places:
            number, run = self._runs[i]
            eeg.append(run.eeg[:, stop - _N_TIMES : stop])
            assert run.pps is not None, "a cohort has both modalities"
            pps.append(run.pps[:, stop - _N_TIMES : stop])
            t_end = (run.start + stop) / GRID_SFREQ
            seconds = slice(int(np.ceil(t_end - WINDOW_S)), int(t_end) + 1)
            level.append(self._truth[number][seconds].mean(axis=0))
            subject.append(number)
        levels = np.asarray(level)
        return Batch(
            np.stack(eeg), np.stack(pps), levels >= self._threshold, levels, np.asarray(subject)
        )
