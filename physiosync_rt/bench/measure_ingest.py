"""Measure speed and memory of reading and preprocessing a whole data set."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from physiosync_rt.bench.measure_features import feature_cost
from physiosync_rt.bench.measure_offline import (
    cpu_of,
    ecg_rate,
    loop_speedup,
    run_live,
    same_work_rates,
)
from physiosync_rt.datatypes import Modality
from physiosync_rt.formats.deap import BASELINE_S, TRIAL_S, load_subject, subject_files
from physiosync_rt.preprocess.paper import SubjectStack, WindowLength, deap_eeg, deap_gsr

WINDOW_S: WindowLength = 5


@dataclass(frozen=True, slots=True)
class IngestFigures:
    """Speed and memory of one pass over DEAP.

    Attributes
    ----------
    n_subjects, n_trials : int
    recorded_s : float
        Recorded seconds in the files.
    paper_s : float
        Seconds to read all files and preprocess EEG and GSR in profile ``paper``, both as the
        release stores them: one float64 array of all subjects.
    output_bytes, peak_bytes : int
        Size of the two arrays, and peak of all allocations, including the arrays.
    live_rate : float
        Recorded seconds per second of CPU of profile ``live`` for one subject with 32 electrodes
        and GSR at 128 Hz: align, preprocess and window, without the network.
    live_rate_500 : float
        The same of 32 electrodes and ECG at 500 Hz.
    loop_speedup : float
        How much faster jittery stamps are aligned by the loop over ordinary samples.
    same_work_rate, mne_rate : float
        Recorded seconds per second of CPU of 32 electrodes at 500 Hz that are resampled, filtered
        and referred to their mean, here and by MNE-Python.
    feature_ms : dict of str to float
        Milliseconds of processor time that the slow features cost per row, by signals.
    """

    n_subjects: int
    n_trials: int
    recorded_s: float
    paper_s: float
    output_bytes: int
    peak_bytes: int
    live_rate: float
    live_rate_500: float
    loop_speedup: float
    same_work_rate: float
    mne_rate: float
    feature_ms: dict[str, float]

    @property
    def paper_rate(self) -> float:
        """Recorded seconds per second of profile ``paper``, including reading."""
        return self.recorded_s / self.paper_s

    @property
    def memory_ratio(self) -> float:
        """Peak memory divided by the size of the output."""
        return self.peak_bytes / self.output_bytes


def measure_ingest(
    folder: Path, progress: Callable[[float, float], None] | None = None
) -> IngestFigures:
    """Preprocess a folder of DEAP files in one pass.

    Raises
    ------
    UserError
        The folder is not DEAP or a file is damaged.
    """
    files = subject_files(folder)
    eeg, gsr = SubjectStack(len(files)), SubjectStack(len(files))
    n_trials = 0
    tracemalloc.start()
    try:
        started = time.perf_counter()
        for i, path in enumerate(files):
            n_trials = _ingest(path, eeg, gsr)
            if progress is not None:
                progress(i + 1, len(files))
        paper_s = time.perf_counter() - started
        output_bytes = eeg.array().nbytes + gsr.array().nbytes
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    del eeg, gsr
    length = BASELINE_S + TRIAL_S
    first = load_subject(files[0]).to_recording()
    live_rate = n_trials * length / cpu_of(lambda: run_live(first, Modality.GSR))
    same_work = same_work_rates()
    return IngestFigures(
        len(files),
        n_trials,
        len(files) * n_trials * length,
        paper_s,
        output_bytes,
        peak,
        live_rate,
        ecg_rate(),
        loop_speedup(),
        *same_work,
        feature_cost(),
    )


def _ingest(path: Path, eeg: SubjectStack, gsr: SubjectStack) -> int:
    """Add one subject and return its number of trials; the file's data are freed."""
    data = load_subject(path).data
    eeg.add(deap_eeg(data, WINDOW_S))
    gsr.add(deap_gsr(data, WINDOW_S))
    return len(data)
