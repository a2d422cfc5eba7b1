"""Measure speed and memory of reading and preprocessing a whole data set."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from physiosync_rt.bench.measure_features import feature_cost
from physiosync_rt.datatypes import Modality, Recording
from physiosync_rt.formats.deap import BASELINE_S, TRIAL_S, load_subject, subject_files
from physiosync_rt.pipeline.chunking import in_time_order
from physiosync_rt.pipeline.pipeline import Pipeline
from physiosync_rt.preprocess.config import LiveProfile, ModalityContract
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
        Recorded seconds per second of profile ``live`` for one subject with 32 electrodes and
        GSR: align, preprocess and window, without the network.
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
    live_rate = n_trials * length / _live_seconds(load_subject(files[0]).to_recording())
    return IngestFigures(
        len(files),
        n_trials,
        len(files) * n_trials * length,
        paper_s,
        output_bytes,
        peak,
        live_rate,
        feature_cost(),
    )


def _ingest(path: Path, eeg: SubjectStack, gsr: SubjectStack) -> int:
    """Add one subject and return its number of trials; the file's data are freed."""
    data = load_subject(path).data
    eeg.add(deap_eeg(data, WINDOW_S))
    gsr.add(deap_gsr(data, WINDOW_S))
    return len(data)


def _live_seconds(recording: Recording) -> float:
    """Return the seconds that profile ``live`` takes for one subject."""
    (eeg,), (gsr,) = recording.of(Modality.EEG), recording.of(Modality.GSR)
    contracts = [
        ModalityContract(modality=s.spec.modality, ch_names=s.spec.ch_names) for s in (eeg, gsr)
    ]
    pipeline = Pipeline(LiveProfile(), (eeg.spec, contracts[0]), (gsr.spec, contracts[1]))
    started = time.perf_counter()
    for chunk in in_time_order(recording, 1.0):
        pipeline.push(chunk)
    pipeline.flush()
    return time.perf_counter() - started
