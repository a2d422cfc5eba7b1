"""Write simulated people as DEAP files, with DEAP's preprocessing."""

from __future__ import annotations

import json
import struct
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
from scipy import signal

from physiosync_rt import __version__
from physiosync_rt.datatypes import FloatArray, Modality
from physiosync_rt.errors import UserError
from physiosync_rt.formats import deap
from physiosync_rt.simulation import Progress, simulate
from physiosync_rt.simulation.population import (
    FINGERPRINT_US,
    FINGERPRINT_UV,
    Population,
    atomic_new_file,
    cut,
)

_PAUSE_S: Final = 12.0
_MARGIN_S: Final = 5.0
_BAND_HZ: Final = (4.0, 45.0)


def write_deap(
    out: Path | str,
    subjects: int,
    seed: int,
    *,
    effect: float = 1.0,
    variability: float = 1.0,
    fingerprint: float = 0.0,
    n_trials: int = deap.N_TRIALS,
    progress: Progress | None = None,
) -> tuple[Path, ...]:
    """Write ``s01.dat``, ``s02.dat`` ... of simulated people into a folder.

    As in DEAP's preprocessed files, EEG is band-passed 4-45 Hz with zero phase and referenced to
    the average, skin conductance is stored as resistance in Ω, and all signals are at 128 Hz.
    Unused channels (EOG, EMG, respiration, plethysmograph, temperature) are zero.
    ``SIMULATED.json`` in the folder marks the files as simulated.

    Parameters
    ----------
    out : Path or str
        Folder, created when missing.
    subjects : int
        1 to 32.
    seed, effect, variability, fingerprint
        As `Population`.
    n_trials : int
        1 to 40.
    progress : callable, optional
        Called with the finished and the total subjects.

    Returns
    -------
    tuple of Path
        The files, sorted by subject; each write is atomic.

    Raises
    ------
    UserError
        A number is out of range, or a file exists already.
    """
    population = Population(subjects, seed, effect, variability, fingerprint)
    if subjects > deap.N_SUBJECTS or not 1 <= n_trials <= deap.N_TRIALS:
        raise UserError(
            f"DEAP has {deap.N_SUBJECTS} subjects and {deap.N_TRIALS} trials; "
            f"{subjects} and {n_trials} do not fit"
        )
    out = Path(out)
    files = tuple(out / f"s{i + 1:02d}.dat" for i in range(subjects))
    about = out / deap.SIMULATED_FILE
    taken = next((p for p in (*files, about) if p.exists()), None)
    if taken is not None:
        raise UserError(f"{taken} exists already; choose another folder or remove it first")
    # Written first, so that even an incomplete folder is marked as simulated.
    with atomic_new_file(about) as partial:
        card = {"made_by": f"physiosync-rt {__version__}", "n_trials": n_trials}
        partial.write_text(json.dumps(card | asdict(population), indent=2) + "\n")
    for i, path in enumerate(files):
        data, labels = _subject(population, i, n_trials)
        with atomic_new_file(path) as partial, partial.open("wb") as file:
            _dump_like_python_2({"labels": labels, "data": data}, file)
        if progress is not None:
            progress(i + 1, subjects)
    return files


def _subject(population: Population, i: int, n_trials: int) -> tuple[FloatArray, FloatArray]:
    """Simulate one subject's ``data`` (n_trials, 40, 8064) and ``labels`` (n_trials, 4)."""
    felt = population.felt(i, n_trials)
    length = deap.BASELINE_S + deap.TRIAL_S
    starts = _PAUSE_S + np.arange(n_trials, dtype=np.float64) * (length + _PAUSE_S)
    onsets, ends = starts + deap.BASELINE_S, starts + length
    recording = simulate(
        population.person(i),
        float(ends[-1]) + _MARGIN_S,
        seed=population.session_seed(i),
        course=population.course(i, felt, onsets, ends),
        eeg_sfreq=deap.SFREQ,
        gsr_sfreq=deap.SFREQ,
        ecg_sfreq=0,
    ).recording
    (eeg,), (gsr,) = recording.of(Modality.EEG), recording.of(Modality.GSR)
    sos = signal.butter(4, _BAND_HZ, "bandpass", fs=deap.SFREQ, output="sos")
    n_margin, n_baseline = int(_MARGIN_S * deap.SFREQ), int(deap.BASELINE_S * deap.SFREQ)
    data = np.zeros((n_trials, deap.N_CHANS, deap.N_TIMES))
    for k, start in enumerate(starts.tolist()):
        wide = cut(eeg.samples, deap.SFREQ, start - _MARGIN_S, length + 2 * _MARGIN_S)
        brain = signal.sosfiltfilt(sos, wide, axis=0)[n_margin:-n_margin]
        skin = cut(gsr.samples, deap.SFREQ, start, length)
        n_trial = deap.N_TIMES - n_baseline
        brain[n_baseline:] += FINGERPRINT_UV * population.signature(
            i, k, n_trial, deap.SFREQ, deap.N_EEG
        )
        skin[n_baseline:] += FINGERPRINT_US * population.signature(i, k, n_trial, deap.SFREQ, 1)
        data[k, : deap.N_EEG] = (brain - brain.mean(axis=1, keepdims=True)).T
        data[k, deap.GSR_CHANNEL] = 1e6 / np.maximum(skin[:, 0], 0.05)
    others = population.rng(5, i).uniform(0.0, 1.0, (n_trials, 2))
    return data, np.concatenate([deap_ratings(population, i, n_trials), 1.0 + 8.0 * others], axis=1)


def deap_ratings(population: Population, i: int, n_trials: int) -> FloatArray:
    """Return one subject's ratings, shape (n_trials, 2): valence and arousal, 1 to 9."""
    return 1.0 + 8.0 * population.ratings(i, population.felt(i, n_trials))


def _dump_like_python_2(arrays: dict[str, FloatArray], file: BinaryIO) -> None:
    """Pickle a dict of arrays as Python 2 did: byte strings, and numpy's old module names.

    Today's ``pickle.dump`` would write ``numpy._core``, which Python 2 does not know, and bytes
    as text, which takes 50 % more space.
    """
    write = file.write
    write(b"\x80\x02}(")  # protocol 2, empty dict, mark
    for key, array in arrays.items():
        content = np.ascontiguousarray(array, dtype="<f8")
        write(_short(key.encode()))
        write(b"cnumpy.core.multiarray\n_reconstruct\n")
        write(b"cnumpy\nndarray\nK\x00\x85" + _short(b"b") + b"\x87R")
        write(b"(K\x01(" + b"".join(b"J" + struct.pack("<i", n) for n in content.shape) + b"t")
        write(b"cnumpy\ndtype\n" + _short(b"f8") + b"K\x00K\x01\x87R")
        write(b"(K\x03" + _short(b"<") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb")
        write(b"\x89T" + struct.pack("<i", content.nbytes))  # not Fortran order, byte string
        write(content.data)
        write(b"tb")
    write(b"u.")


def _short(text: bytes) -> bytes:
    """Pickle a byte string of fewer than 256 bytes."""
    return b"U" + struct.pack("<B", len(text)) + text
