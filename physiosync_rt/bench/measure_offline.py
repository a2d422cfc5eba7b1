"""Measure what a recorded second costs: the live pipeline over a file, its loop, and MNE's work."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from statistics import median

import numpy as np

from physiosync_rt.align.aligner import StreamAligner
from physiosync_rt.align.resample import Resampler
from physiosync_rt.datatypes import Chunk, FloatArray, Modality, Recording, StreamSpec
from physiosync_rt.formats.deap import DEAP_CH_NAMES
from physiosync_rt.pipeline.chunking import OFFLINE_S, in_time_order
from physiosync_rt.pipeline.pipeline import Pipeline
from physiosync_rt.preprocess.config import LiveProfile, ModalityContract
from physiosync_rt.preprocess.filters import SosFilter
from physiosync_rt.preprocess.reference import average_reference
from physiosync_rt.simulation import simulate_person

SFREQ = 500.0
_LENGTH_S = 60.0
_TURNS = 3
_LIVE_TURNS = 15
"""Single turns differ by a half where other machines share the processor."""

_JITTER_S = 0.004


def cpu_of(step: Callable[[], object]) -> float:
    """Return the seconds of processor time that a step takes."""
    started = time.process_time()
    step()
    return time.process_time() - started


def run_live(recording: Recording, peripheral: Modality) -> None:
    """Run profile ``live`` over a recording as training reads it, without a network."""
    (eeg,), (pps,) = recording.of(Modality.EEG), recording.of(peripheral)
    contracts = [
        ModalityContract(modality=s.spec.modality, ch_names=s.spec.ch_names) for s in (eeg, pps)
    ]
    pipeline = Pipeline(LiveProfile(), (eeg.spec, contracts[0]), (pps.spec, contracts[1]))
    for chunk in in_time_order(recording, OFFLINE_S):
        pipeline.push(chunk)
    pipeline.flush()


def ecg_rate() -> float:
    """Recorded seconds per second of CPU: 32 electrodes and ECG at 500 Hz, profile ``live``."""
    session = simulate_person(
        _LENGTH_S, ch_names=DEAP_CH_NAMES, eeg_sfreq=SFREQ, gsr_sfreq=0, ecg_sfreq=SFREQ
    )
    recording = session.recording
    spent = [cpu_of(lambda: run_live(recording, Modality.ECG)) for _ in range(_LIVE_TURNS)]
    return _LENGTH_S / median(spent)


class _SampleBySample(StreamAligner):
    """Alignment that treats no sample as an ordinary one."""

    def _on_the_line(self) -> bool:
        return False


def loop_speedup() -> float:
    """How much faster jittery stamps at 500 Hz are aligned by the loop over ordinary samples."""
    rng = np.random.default_rng(0)
    n = int(_LENGTH_S * SFREQ)
    stamps = np.arange(n) / SFREQ + rng.normal(0, _JITTER_S, n)
    chunk = Chunk("jittery", rng.normal(size=(n, 8)).astype(np.float32), stamps, 0.0)
    names = tuple(f"c{k}" for k in range(8))
    spec = StreamSpec("jittery", Modality.EEG, names, SFREQ, "uV")
    spent: dict[type[StreamAligner], list[float]] = {StreamAligner: [], _SampleBySample: []}
    for _ in range(_TURNS):
        for kind, times in spent.items():
            aligner = kind(spec, 0.0)
            times.append(cpu_of(lambda aligner=aligner: aligner.push(chunk)))  # type: ignore[misc]
    return median(spent[_SampleBySample]) / median(spent[StreamAligner])


def same_work_rates() -> tuple[float, float]:
    """Recorded seconds per second of CPU for equal work, here and by MNE-Python.

    32 electrodes at 500 Hz: resampled to 128 Hz, band-passed from 4 to 45 Hz by a causal
    Butterworth filter of order 4, and referred to their mean.
    """
    rng = np.random.default_rng(0)
    n = int(_LENGTH_S * SFREQ)
    eeg = np.cumsum(rng.normal(size=(n, len(DEAP_CH_NAMES))), axis=0)
    ours = [cpu_of(lambda: _prepare(eeg)) for _ in range(_TURNS)]
    theirs = [cpu_of(lambda: _prepare_by_mne(eeg)) for _ in range(_TURNS)]
    return _LENGTH_S / median(ours), _LENGTH_S / median(theirs)


def _prepare(eeg: FloatArray) -> FloatArray:
    resampler = Resampler(SFREQ, eeg.shape[1])
    band, rows = SosFilter(4, (4.0, 45.0), "bandpass"), list[FloatArray]()
    step = int(SFREQ)
    for at in range(0, len(eeg), step):
        times = np.arange(at, at + step) / SFREQ
        found = resampler.push(times, eeg[at : at + step], np.ones(step, dtype=bool))
        if found is not None:
            rows.append(average_reference(band(found.samples)))
    return np.concatenate(rows)


def _prepare_by_mne(eeg: FloatArray) -> FloatArray:
    import mne

    info = mne.create_info(list(DEAP_CH_NAMES), SFREQ, "eeg", verbose="error")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        raw = mne.io.RawArray(eeg.T.copy(), info, verbose="error")
        raw.resample(128.0, verbose="error")
        options = {"order": 4, "ftype": "butter", "output": "sos"}
        raw.filter(4.0, 45.0, method="iir", iir_params=options, phase="forward", verbose="error")
        raw.set_eeg_reference("average", verbose="error")
    out: FloatArray = raw.get_data()
    return out
