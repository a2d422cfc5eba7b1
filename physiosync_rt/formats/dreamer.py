"""Read DREAMER's ``DREAMER.mat``: 23 subjects, 18 film clips, EEG at 128 Hz, ECG at 256 Hz.

Source: Katsigiannis and Ramzan 2018, and the file structure used by the dataset's public loaders.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from physiosync_rt.datatypes import (
    FloatArray,
    Modality,
    RecordedStream,
    Recording,
    Segment,
    StreamSpec,
)
from physiosync_rt.errors import UserError
from physiosync_rt.formats.base import SIMULATED_NOTE, Format, as_samples
from physiosync_rt.formats.matlab import is_matlab, matlab_variables

EEG_SFREQ: Final = 128.0
ECG_SFREQ: Final = 256.0
N_SUBJECTS: Final = 23
N_CLIPS: Final = 18
DREAMER_CH_NAMES: Final = (
    *("AF3", "F7", "F3", "FC5", "T7", "P7", "O1"),
    *("O2", "P8", "T8", "FC6", "F4", "F8", "AF4"),
)
ECG_NAMES: Final = ("ECG1", "ECG2")
DREAMER_THRESHOLD: Final = 3.0
"""Scores go from 1 to 5; the release calls those from here on high."""

PAUSE_S: Final = 5.0
"""Assumed length of the unknown pauses between baselines and clips."""

ECG_MID: Final = 2048.0
ECG_MV_PER_COUNT: Final = 3000.0 / 4095.0 / 175.0
"""Shimmer2: 12 bits over 3 V at a gain of 175. The dataset does not state its unit."""

SIMULATED_PROVIDER: Final = "PhysioSync-RT simulation"
_MAX_DURATION_DIFF_S = 1.0
_N_NAMED = 5


@dataclass(frozen=True, slots=True, eq=False)
class DreamerSubject:
    """Content of one subject, clips in the order of their numbers.

    Attributes
    ----------
    subject : str
        ``01`` to ``23``.
    eeg_baseline, eeg_stimuli : tuple of float64 array, each (n_times, 14)
        Raw Emotiv samples in µV with their large offset, 128 Hz.
    ecg_baseline, ecg_stimuli : tuple of float64 array, each (n_times, 2)
        Raw Shimmer2 samples, 256 Hz.
    valence, arousal, dominance : float64 array, shape (n_clips,)
        Scores, 1 to 5.
    path : Path
    simulated : bool
        Whether the file states that its subjects are simulated.
    """

    subject: str
    eeg_baseline: tuple[FloatArray, ...]
    eeg_stimuli: tuple[FloatArray, ...]
    ecg_baseline: tuple[FloatArray, ...]
    ecg_stimuli: tuple[FloatArray, ...]
    valence: FloatArray
    arousal: FloatArray
    dominance: FloatArray
    path: Path
    simulated: bool

    def to_recording(self) -> Recording:
        """Concatenate baselines and clips on one time axis, `PAUSE_S` apart.

        The ECG is assumed to be in Shimmer2 counts and converted to mV; a note states this.
        """
        segments: list[Segment] = []
        pieces: list[tuple[float, FloatArray, FloatArray]] = []
        start = 0.0
        for k in range(len(self.eeg_stimuli)):
            stimulus = f"clip{k + 1:02d}"
            rest, clip = self.eeg_baseline[k], self.eeg_stimuli[k]
            stop = start + len(rest) / EEG_SFREQ
            pieces.append((start, rest, self.ecg_baseline[k]))
            segments.append(Segment(start, stop, "baseline", self.subject, k + 1, stimulus))
            start = stop + PAUSE_S
            stop = start + len(clip) / EEG_SFREQ
            pieces.append((start, clip, self.ecg_stimuli[k]))
            segments.append(
                Segment(
                    start,
                    stop,
                    "trial",
                    self.subject,
                    k + 1,
                    stimulus,
                    float(self.valence[k]),
                    float(self.arousal[k]),
                )
            )
            start = stop + PAUSE_S
        eeg = np.concatenate([eeg for _, eeg, _ in pieces])
        ecg = np.concatenate([ecg for _, _, ecg in pieces])
        eeg_stamps = np.concatenate([t + np.arange(len(x)) / EEG_SFREQ for t, x, _ in pieces])
        ecg_stamps = np.concatenate([t + np.arange(len(x)) / ECG_SFREQ for t, _, x in pieces])
        notes = ["ECG is in mV assuming Shimmer2 counts: the dataset states no unit"]
        if len(self.eeg_stimuli) != N_CLIPS:
            notes.append(f"{len(self.eeg_stimuli)} of DREAMER's {N_CLIPS} clips")
        if self.simulated:
            notes.append(SIMULATED_NOTE)
        return Recording(
            streams=(
                RecordedStream(_EEG, as_samples(eeg), eeg_stamps),
                RecordedStream(_ECG, as_samples((ecg - ECG_MID) * ECG_MV_PER_COUNT), ecg_stamps),
            ),
            segments=tuple(segments),
            subject=self.subject,
            path=self.path,
            notes=tuple(notes),
        )


def load_subjects(path: Path | str) -> Iterator[DreamerSubject]:
    """Load ``DREAMER.mat`` and yield its subjects one by one, each checked.

    Raises
    ------
    UserError
        No DREAMER structure, a truncated file, fewer subjects or clips than declared, wrong
        shapes, or scores outside 1 to 5; subject and clip are named.
    """
    path = Path(path)
    root = _root(path)
    subjects = np.atleast_1d(_field(path, root, "Data")).ravel()
    n_subjects, n_clips = (
        int(_field(path, root, name).item()) for name in ("noOfSubjects", "noOfVideoSequences")
    )
    if len(subjects) != n_subjects:
        raise UserError(
            f"{path.name} declares {n_subjects} subjects but contains {len(subjects)}; "
            "it is incomplete, use another copy"
        )
    for name, expected in (("EEG_SamplingRate", EEG_SFREQ), ("ECG_SamplingRate", ECG_SFREQ)):
        rate = float(_field(path, root, name).item())
        if rate != expected:
            raise UserError(f"{path.name}: {name} is {rate:g} Hz; expected {expected:g} Hz")
    simulated = str(_field(path, root, "Provider").item()) == SIMULATED_PROVIDER
    for i, subject in enumerate(subjects):
        yield _subject(path, f"{i + 1:02d}", subject[0, 0], n_clips, simulated)


def read_dreamer(path: Path | str) -> Iterator[Recording]:
    """Read the subjects of ``DREAMER.mat`` as recordings, one by one.

    Raises
    ------
    UserError
        As `load_subjects`.
    """
    for subject in load_subjects(path):
        yield subject.to_recording()


def _root(path: Path) -> Any:
    """Return the DREAMER struct."""
    from scipy.io import loadmat

    try:
        content = loadmat(path, variable_names=["DREAMER"])
    except NotImplementedError as error:
        raise UserError(
            f"{path.name} is a MATLAB 7.3 file; DREAMER and DEAP come as version 7 and older, save "
            "it with '-v7'"
        ) from error
    except Exception as error:
        # On a damaged file scipy raises nearly any exception, struct.error to MemoryError.
        raise UserError(
            f"{path.name} cannot be read as a MATLAB file: it is cut off or damaged; "
            "use another copy"
        ) from error
    if "DREAMER" not in content or content["DREAMER"].dtype.names is None:
        names = ", ".join(name for name, _, _ in matlab_variables(path)[:_N_NAMED]) or "nothing"
        raise UserError(
            f"{path.name} contains no structure 'DREAMER' but {names}; of MATLAB files, "
            "DREAMER.mat and DEAP's s01.mat to s32.mat (with 'data' and 'labels') are read"
        )
    return content["DREAMER"][0, 0]


def _field(path: Path, struct: Any, name: str, where: str = "DREAMER") -> Any:
    if struct.dtype.names is None or name not in struct.dtype.names:
        raise UserError(f"{path.name}: {where} has no field {name!r}; it is not a DREAMER file")
    return struct[name]


def _subject(
    path: Path, subject: str, struct: Any, n_clips: int, simulated: bool
) -> DreamerSubject:
    where = f"subject {subject}"
    parts: dict[str, tuple[FloatArray, ...]] = {}
    for modality, n_chans in (("EEG", len(DREAMER_CH_NAMES)), ("ECG", len(ECG_NAMES))):
        inner = _field(path, struct, modality, where)[0, 0]
        for kind in ("baseline", "stimuli"):
            cells = _field(path, inner, kind, f"{where} {modality}").ravel()
            parts[f"{modality} {kind}"] = _arrays(
                path, f"{where} {modality} {kind}", cells, n_clips, n_chans
            )
    for kind in ("baseline", "stimuli"):
        for k, (eeg, ecg) in enumerate(
            zip(parts[f"EEG {kind}"], parts[f"ECG {kind}"], strict=True)
        ):
            eeg_s, ecg_s = len(eeg) / EEG_SFREQ, len(ecg) / ECG_SFREQ
            if abs(eeg_s - ecg_s) > _MAX_DURATION_DIFF_S:
                raise UserError(
                    f"{path.name}: {where} {kind} of clip {k + 1} has {eeg_s:.1f} s of EEG but "
                    f"{ecg_s:.1f} s of ECG; the file is incomplete, use another copy"
                )
    valence, arousal, dominance = (
        _scores(path, where, name, _field(path, struct, name, where), n_clips)
        for name in ("ScoreValence", "ScoreArousal", "ScoreDominance")
    )
    return DreamerSubject(
        subject,
        parts["EEG baseline"],
        parts["EEG stimuli"],
        parts["ECG baseline"],
        parts["ECG stimuli"],
        valence,
        arousal,
        dominance,
        path,
        simulated,
    )


def _arrays(
    path: Path, where: str, cells: Any, n_clips: int, n_chans: int
) -> tuple[FloatArray, ...]:
    if len(cells) != n_clips:
        raise UserError(
            f"{path.name}: {where} has {len(cells)} clips, the file declares {n_clips}; "
            "it is incomplete, use another copy"
        )
    for k, cell in enumerate(cells):
        fits = cell.ndim == 2 and cell.shape[1] == n_chans and len(cell) > 0
        if not fits or cell.dtype.kind not in "fiu" or not np.isfinite(cell).all():
            raise UserError(
                f"{path.name}: {where} of clip {k + 1} is {cell.dtype} of shape {cell.shape}, "
                f"expected finite numbers of shape (samples, {n_chans}); the file is damaged"
            )
    return tuple(cell.astype(np.float64) for cell in cells)


def _scores(path: Path, where: str, name: str, raw: Any, n_clips: int) -> FloatArray:
    # MATLAB stores small integers as uint8, where 1 - 2 is 255.
    scores = np.asarray(raw).ravel().astype(np.float64)
    if len(scores) != n_clips or not np.isin(scores, np.arange(1, 6)).all():
        raise UserError(
            f"{path.name}: {where} {name} is {scores.tolist()}, expected {n_clips} scores of 1 to "
            "5; the file is damaged, use another copy"
        )
    return scores


def _matches(_path: Path, head: bytes) -> bool:
    return is_matlab(head)


_EEG = StreamSpec(
    "DREAMER-EEG", Modality.EEG, DREAMER_CH_NAMES, EEG_SFREQ, "uV", "EEG", "dreamer-eeg"
)
_ECG = StreamSpec("DREAMER-ECG", Modality.ECG, ECG_NAMES, ECG_SFREQ, "mV", "ECG", "dreamer-ecg")

FORMAT = Format("DREAMER", (".mat",), _matches, read_dreamer)
