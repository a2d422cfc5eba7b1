"""DEAP and DREAMER in profile ``paper``: the released preprocessing, as trials."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from physiosync_rt.datatypes import GRID_SFREQ, FloatArray, SampleArray
from physiosync_rt.formats.deap import DeapSubject
from physiosync_rt.formats.dreamer import DreamerSubject
from physiosync_rt.preprocess.paper import (
    TRIAL_S,
    deap_eeg,
    deap_gsr,
    dreamer_mended,
    dreamer_released,
)
from physiosync_training.datasets.config import DreamerData
from physiosync_training.datasets.dataset import WINDOW_S
from physiosync_training.datasets.trials import Label, Trial, TrialSegment


def deap_trials(subjects: Iterable[DeapSubject]) -> Iterator[Trial]:
    """Trials of DEAP; skin resistance in Ω above its template."""
    for subject in subjects:
        eeg = _by_trial(deap_eeg(subject.data, WINDOW_S))
        pps = _by_trial(deap_gsr(subject.data, WINDOW_S))
        for k, (valence, arousal) in enumerate(subject.labels[:, :2].tolist()):
            label = Label(subject.subject, k + 1, f"video{k + 1:02d}", valence, arousal)
            yield Trial(label, (TrialSegment(0, eeg[k], pps[k]),))


def dreamer_trials(subjects: Iterable[DreamerSubject], config: DreamerData) -> Iterator[Trial]:
    """Trials of DREAMER.

    With version ``released`` the 60 s of a clip are its 60 released 1 s windows in a row, of which
    the first comes twice.
    """
    for subject in subjects:
        rest = (subject.eeg_baseline, subject.eeg_stimuli, subject.ecg_baseline)
        if config.version == "released":
            windows = dreamer_released(*rest)
        else:
            windows = dreamer_mended(*rest, subject.ecg_stimuli, WINDOW_S, part=config.part)
        eeg, pps = (_by_trial(x) for x in windows)
        for k, ratings in enumerate(zip(subject.valence, subject.arousal, strict=True)):
            valence, arousal = (float(rating) for rating in ratings)
            label = Label(subject.subject, k + 1, f"clip{k + 1:02d}", valence, arousal)
            yield Trial(label, (TrialSegment(0, eeg[k], pps[k]),))


def _by_trial(windows: FloatArray) -> SampleArray:
    """Join windows (n_windows, C, n_times) to trials (n_trials, C, 7680)."""
    per_trial = TRIAL_S * GRID_SFREQ // windows.shape[2]
    n_windows, n_chans, n_times = windows.shape
    apart = windows.reshape(n_windows // per_trial, per_trial, n_chans, n_times)
    joined = apart.transpose(0, 2, 1, 3).reshape(n_windows // per_trial, n_chans, -1)
    return np.ascontiguousarray(joined, dtype=np.float32)
