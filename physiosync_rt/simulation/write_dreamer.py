"""Write simulated people as a DREAMER file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.io import savemat

from physiosync_rt.datatypes import FloatArray, Modality
from physiosync_rt.errors import UserError
from physiosync_rt.formats import dreamer
from physiosync_rt.simulation import Progress, simulate
from physiosync_rt.simulation.population import (
    FINGERPRINT_MV,
    FINGERPRINT_UV,
    Population,
    atomic_new_file,
    cut,
)

_BASELINE_S: Final = 61.0
_PAUSE_S: Final = 12.0
_OFFSET_UV: Final = 4200.0
_OFFSET_SPREAD_UV: Final = 15.0
_SHORTEST_CLIP_S: Final = 60.0


def write_dreamer(
    out: Path | str,
    subjects: int,
    seed: int,
    *,
    effect: float = 1.0,
    variability: float = 1.0,
    fingerprint: float = 0.0,
    n_clips: int = dreamer.N_CLIPS,
    clip_s: tuple[float, float] = (65.0, 90.0),
    progress: Progress | None = None,
) -> Path:
    """Write a ``DREAMER.mat`` of simulated people.

    EEG is raw, with the large offset of an Emotiv; ECG is in Shimmer2 counts. By default clips
    are shorter than many of the real ones (65 to 393 s); a clip has the same length for all
    subjects. ``Provider`` scores the file as simulated.

    Parameters
    ----------
    out : Path or str
        File, or a folder for ``DREAMER.mat``.
    subjects : int
        1 to 23. All are kept in memory, about 50 MB each at the default lengths.
    seed, effect, variability, fingerprint
        As `Population`.
    n_clips : int
        1 to 18.
    clip_s : tuple of float
        Shortest and longest clip in seconds, at least 60.
    progress : callable, optional
        Called with the finished and the total subjects.

    Returns
    -------
    Path
        The file; the write is atomic.

    Raises
    ------
    UserError
        A number is out of range, or the file exists already.
    """
    population = Population(subjects, seed, effect, variability, fingerprint)
    if subjects > dreamer.N_SUBJECTS or not 1 <= n_clips <= dreamer.N_CLIPS:
        raise UserError(
            f"DREAMER has {dreamer.N_SUBJECTS} subjects and {dreamer.N_CLIPS} clips; "
            f"{subjects} and {n_clips} do not fit"
        )
    if not _SHORTEST_CLIP_S <= clip_s[0] <= clip_s[1]:
        raise UserError(f"clips of {clip_s[0]:g} to {clip_s[1]:g} s; 60 s is the shortest")
    out = Path(out)
    path = out if out.suffix.lower() == ".mat" else out / "DREAMER.mat"
    # Multiples of 1/8 s are whole numbers of samples in both signals.
    lengths = np.round(population.rng(6).uniform(*clip_s, n_clips) * 8) / 8
    with atomic_new_file(path) as partial:
        data = []
        for i in range(subjects):
            data.append(_subject(population, i, lengths))
            if progress is not None:
                progress(i + 1, subjects)
        content = {
            "Data": _cell([data]),
            "EEG_SamplingRate": np.array([[dreamer.EEG_SFREQ]]),
            "ECG_SamplingRate": np.array([[dreamer.ECG_SFREQ]]),
            "EEG_Electrodes": _cell([list(dreamer.DREAMER_CH_NAMES)]),
            "noOfSubjects": np.array([[float(subjects)]]),
            "noOfVideoSequences": np.array([[float(n_clips)]]),
            "Disclaimer": "Simulated signals: nobody was recorded.",
            "Provider": dreamer.SIMULATED_PROVIDER,
            "Version": "1.0.2",
            "Acknowledgement": "",
        }
        savemat(str(partial), {"DREAMER": content}, appendmat=False)
    return path


def _subject(population: Population, i: int, lengths: FloatArray) -> dict[str, Any]:
    """Simulate one subject's struct."""
    n_clips = len(lengths)
    felt = population.felt(i, n_clips)
    ends = np.cumsum(_PAUSE_S + _BASELINE_S + lengths)
    onsets = ends - lengths
    recording = simulate(
        population.person(i),
        float(ends[-1]),
        seed=population.session_seed(i),
        course=population.course(i, felt, onsets, ends),
        ch_names=dreamer.DREAMER_CH_NAMES,
        eeg_sfreq=dreamer.EEG_SFREQ,
        gsr_sfreq=0,
        ecg_sfreq=dreamer.ECG_SFREQ,
        ecg_n_leads=len(dreamer.ECG_NAMES),
    ).recording
    (eeg,), (ecg,) = recording.of(Modality.EEG), recording.of(Modality.ECG)
    spread = population.rng(7, i).standard_normal(len(dreamer.DREAMER_CH_NAMES))
    brain = eeg.samples + (_OFFSET_UV + _OFFSET_SPREAD_UV * spread)
    heart = ecg.samples.astype(np.float64)

    cells: dict[str, list[FloatArray]] = {"rest eeg": [], "eeg": [], "rest ecg": [], "ecg": []}
    for k, (onset, length) in enumerate(zip(onsets.tolist(), lengths.tolist(), strict=True)):
        for kind, samples, sfreq, size in (
            ("eeg", brain, dreamer.EEG_SFREQ, FINGERPRINT_UV),
            ("ecg", heart, dreamer.ECG_SFREQ, FINGERPRINT_MV),
        ):
            rest = cut(samples, sfreq, onset - _BASELINE_S, _BASELINE_S)
            clip = cut(samples, sfreq, onset, length)
            clip += size * population.signature(i, k, len(clip), sfreq, clip.shape[1])
            for name, piece in ((f"rest {kind}", rest), (kind, clip)):
                cells[name].append(piece if kind == "eeg" else _counts(piece))
    others = population.rng(5, i).uniform(0.0, 1.0, (n_clips, 1))
    scores = np.concatenate([dreamer_ratings(population, i, n_clips), _to_scores(others)], axis=1)
    return {
        "Age": "0",
        "Gender": "simulated",
        "EEG": {"baseline": _column(cells["rest eeg"]), "stimuli": _column(cells["eeg"])},
        "ECG": {"baseline": _column(cells["rest ecg"]), "stimuli": _column(cells["ecg"])},
        "ScoreValence": scores[:, :1],
        "ScoreArousal": scores[:, 1:2],
        "ScoreDominance": scores[:, 2:],
    }


def dreamer_ratings(population: Population, i: int, n_clips: int) -> NDArray[np.uint8]:
    """Return one subject's ratings, shape (n_clips, 2): valence and arousal, 1 to 5."""
    return _to_scores(population.ratings(i, population.felt(i, n_clips)))


def _to_scores(scores: FloatArray) -> NDArray[np.uint8]:
    """Convert values in [0, 1] to whole scores from 1 to 5."""
    return np.clip(np.ceil(5.0 * scores), 1, 5).astype(np.uint8)


def _counts(ecg_mv: FloatArray) -> FloatArray:
    return np.asarray(np.round(ecg_mv / dreamer.ECG_MV_PER_COUNT + dreamer.ECG_MID))


def _column(items: list[FloatArray]) -> np.ndarray[Any, Any]:
    return _cell([[item] for item in items])


def _cell(rows: list[list[Any]]) -> np.ndarray[Any, Any]:
    """Make a MATLAB cell array; it is filled item by item so that numpy keeps items whole."""
    cell = np.empty((len(rows), len(rows[0])), dtype=object)
    for i, row in enumerate(rows):
        for j, item in enumerate(row):
            cell[i, j] = item
    return cell
