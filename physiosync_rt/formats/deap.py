"""Read DEAP's preprocessed files: one ``sXX`` per subject, 40 videos of 3 + 60 s.

``data_preprocessed_python`` holds them as pickles (``sXX.dat``), ``data_preprocessed_matlab`` the
same arrays as MATLAB files (``sXX.mat``). Source: Koelstra et al. 2012, and the dataset's own
description of its preprocessed files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

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
from physiosync_rt.formats.matlab import is_matlab, load_numbers, matlab_variables
from physiosync_rt.formats.safe_pickle import load_arrays

SFREQ: Final = 128.0
N_SUBJECTS: Final = 32
N_TRIALS: Final = 40
N_CHANS: Final = 40
N_EEG: Final = 32
GSR_CHANNEL: Final = 36
BASELINE_S: Final = 3.0
TRIAL_S: Final = 60.0
N_TIMES: Final = int((BASELINE_S + TRIAL_S) * SFREQ)
PAUSE_S: Final = 5.0
"""Assumed length of the unknown pause between trials."""

DEAP_CH_NAMES: Final = (
    *("Fp1", "AF3", "F3", "F7", "FC5", "FC1", "C3", "T7", "CP5", "CP1", "P3", "P7", "PO3"),
    *("O1", "Oz", "Pz", "Fp2", "AF4", "Fz", "F4", "F8", "FC6", "FC2", "Cz", "C4", "T8"),
    *("CP6", "CP2", "P4", "P8", "PO4", "O2"),
)
"""The 32 electrodes of DEAP, in the order of its preprocessed files."""

DEAP_THRESHOLD: Final = 5.0
"""Ratings go from 1 to 9; the release calls those from here on high."""

SIMULATED_FILE: Final = "SIMULATED.json"
"""File that marks a folder of simulated subjects."""

_HISTORY = (
    "downsampled from 512 to 128 Hz",
    "EOG artefacts removed",
    "EEG band-passed 4-45 Hz",
    "EEG referenced to the common average",
)
_DIMENSIONS: Final = {"data": 3, "labels": 2}
_MOST: Final = N_TRIALS * N_CHANS * N_TIMES
_NAME = re.compile(r"s(\d{2})\.(dat|mat)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, eq=False)
class DeapSubject:
    """Content of one subject's file.

    Attributes
    ----------
    subject : str
        ``s01`` to ``s32``.
    data : float64 array, shape (n_trials, 40, 8064)
        Videos in the order of their numbers; 32 EEG channels in µV, then hEOG, vEOG, zEMG, tEMG,
        GSR (Ω), respiration, plethysmograph, temperature; 128 Hz, first 3 s of baseline.
    labels : float64 array, shape (n_trials, 4)
        Valence, arousal, dominance and liking, 1 to 9.
    path : Path
    """

    subject: str
    data: FloatArray
    labels: FloatArray
    path: Path

    def conductance_us(self) -> FloatArray:
        """Return the skin conductance in µS, shape (n_trials, 8064).

        Raises
        ------
        UserError
            A resistance is not positive.
        """
        ohm = self.data[:, GSR_CHANNEL]
        bad = np.flatnonzero((ohm <= 0).any(axis=1))
        if bad.size:
            raise UserError(
                f"{self.path.name} has a skin resistance that is not positive in trial "
                f"{bad[0] + 1} ({bad.size} of {len(ohm)} trials), which has no conductance in uS; "
                "read this subject's EEG alone, or use profile 'paper', which uses the resistance"
            )
        return 1e6 / ohm

    def to_recording(self, *, gsr: bool = True) -> Recording:
        """Concatenate the trials on one time axis, `PAUSE_S` apart.

        Parameters
        ----------
        gsr : bool
            Whether to include the skin conductance.

        Raises
        ------
        UserError
            As `conductance_us`.
        """
        n_trials = len(self.data)
        starts = np.arange(n_trials) * (BASELINE_S + TRIAL_S + PAUSE_S)
        stamps = (starts[:, None] + np.arange(N_TIMES) / SFREQ).ravel()
        eeg = as_samples(self.data[:, :N_EEG].transpose(0, 2, 1).reshape(-1, N_EEG))
        streams = [RecordedStream(_EEG, eeg, stamps)]
        if gsr:
            skin = as_samples(self.conductance_us().reshape(-1, 1))
            streams.append(RecordedStream(_GSR, skin, stamps))
        segments = []
        for k, start in enumerate(starts.tolist()):
            stimulus = f"video{k + 1:02d}"
            valence, arousal = self.labels[k, :2].tolist()
            onset = start + BASELINE_S
            segments += [
                Segment(start, onset, "baseline", self.subject, k + 1, stimulus),
                Segment(
                    onset, onset + TRIAL_S, "trial", self.subject, k + 1, stimulus, valence, arousal
                ),
            ]
        notes = [] if n_trials == N_TRIALS else [f"{n_trials} of DEAP's {N_TRIALS} trials"]
        if (self.path.parent / SIMULATED_FILE).exists():
            notes.append(SIMULATED_NOTE)
        return Recording(
            streams=tuple(streams),
            segments=tuple(segments),
            subject=self.subject,
            path=self.path,
            history=_HISTORY,
            notes=tuple(notes),
        )


def load_subject(path: Path | str) -> DeapSubject:
    """Load one ``sXX.dat`` or ``sXX.mat`` and check it.

    Raises
    ------
    UserError
        The name is not that of a subject, or the file contains more than arrays, is truncated, or
        has wrong shapes, NaN or infinite samples, or ratings outside 1 to 9.
    """
    path = Path(path)
    match = _NAME.fullmatch(path.name)
    if match is None:
        raise UserError(
            f"{path.name} does not name its subject; DEAP's files are s01.dat to s32.dat, or "
            "s01.mat to s32.mat"
        )
    is_mat = match[2].lower() == "mat"
    content = load_numbers(path, _DIMENSIONS, _MOST) if is_mat else load_arrays(path)
    if not isinstance(content, dict) or not {"data", "labels"} <= content.keys():
        raise UserError(
            f"{path.name} is a pickle but not DEAP's; expected a dict with 'data' and 'labels'"
        )
    data, labels = (_floats(path, key, content[key]) for key in ("data", "labels"))
    n_trials = len(data)
    if not 1 <= n_trials <= N_TRIALS or data.shape[1:] != (N_CHANS, N_TIMES):
        raise UserError(
            f"{path.name}: 'data' has shape {data.shape}, expected "
            f"({N_TRIALS}, {N_CHANS}, {N_TIMES}); it is not a preprocessed file of DEAP"
        )
    if labels.shape != (n_trials, 4):
        raise UserError(
            f"{path.name}: 'labels' has shape {labels.shape}, expected ({n_trials}, 4); "
            "the file is damaged, use another copy"
        )
    for k in range(n_trials):
        if not np.isfinite(data[k]).all():
            raise UserError(
                f"{path.name}: trial {k + 1} contains NaN or infinite values; "
                "the file is damaged, use another copy"
            )
        if not ((labels[k] >= 1) & (labels[k] <= 9)).all():
            raise UserError(
                f"{path.name}: trial {k + 1} is rated {labels[k].tolist()}, expected 1 to 9; "
                "the file is damaged, use another copy"
            )
    return DeapSubject(f"s{match[1]}", data, labels, path)


def subject_files(folder: Path | str) -> tuple[Path, ...]:
    """List the files of a DEAP folder, sorted by subject.

    Raises
    ------
    UserError
        The folder does not exist, contains no DEAP file, or lacks subjects (which are named).
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder; name DEAP's data_preprocessed_python")
    # Where both versions lie in one folder, they say the same.
    files = sorted(folder.iterdir(), key=lambda path: path.suffix.lower(), reverse=True)
    found = {int(m[1]): p for p in files if (m := _NAME.fullmatch(p.name))}
    if not found:
        raise UserError(
            f"{folder} contains no s01.dat to s32.dat or s01.mat to s32.mat; name DEAP's "
            "data_preprocessed_python or data_preprocessed_matlab"
        )
    suffix = found[max(found)].suffix
    missing = [f"s{i:02d}{suffix}" for i in range(1, max(found)) if i not in found]
    if missing:
        raise UserError(
            f"{folder.name} lacks {', '.join(missing)} of {len(found) + len(missing)} subjects; "
            "add the missing files, or name the files you want one by one"
        )
    return tuple(found[i] for i in sorted(found))


def read_deap(path: Path | str) -> Iterator[Recording]:
    """Read one subject's file, or a folder of them in the order of subjects.

    Where the last subjects of a folder are missing, a note names them; where a resistance has no
    conductance, the EEG comes alone and a note says why.

    Raises
    ------
    UserError
        As `subject_files` and `load_subject`.
    """
    path = Path(path)
    files = subject_files(path) if path.is_dir() else (path,)
    note = _missing_subjects_note(path, len(files)) if path.is_dir() else ""
    for file in files:
        recording = _with_what_is_possible(load_subject(file))
        yield replace(recording, notes=(*recording.notes, note)) if note else recording


def _with_what_is_possible(subject: DeapSubject) -> Recording:
    try:
        return subject.to_recording()
    except UserError as error:
        recording = subject.to_recording(gsr=False)
        why = str(error).partition(";")[0]
        return replace(recording, notes=(*recording.notes, f"the GSR was left out: {why}"))


def _missing_subjects_note(folder: Path, n_files: int) -> str:
    """Return a note on the missing last subjects of DEAP or of a simulation."""
    n_subjects = N_SUBJECTS
    simulated = folder / SIMULATED_FILE
    if simulated.is_file():
        n_subjects = json.loads(simulated.read_text(encoding="utf-8"))["n_subjects"]
    missing = [f"s{i:02d}" for i in range(n_files + 1, n_subjects + 1)]
    if not missing:
        return ""
    return f"incomplete: {n_files} of {n_subjects} subjects, without {', '.join(missing)}"


def _floats(path: Path, key: str, value: object) -> FloatArray:
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiu":
        raise UserError(
            f"{path.name}: {key!r} is not an array of numbers; the file is damaged or not DEAP's"
        )
    return value.astype(np.float64, copy=False)


def _matches(path: Path, head: bytes) -> bool:
    if path.is_dir():
        return any(_NAME.fullmatch(p.name) for p in path.iterdir())
    if is_matlab(head):
        return {"data", "labels"} <= {name for name, _, _ in matlab_variables(path)}
    is_pickle = head[:2] in {b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"(d"}
    return is_pickle and (b"labels" in head or b"data" in head)


_EEG = StreamSpec("DEAP-EEG", Modality.EEG, DEAP_CH_NAMES, SFREQ, "uV", "EEG", "deap-eeg")
_GSR = StreamSpec("DEAP-GSR", Modality.GSR, ("GSR",), SFREQ, "uS", "GSR", "deap-gsr")

FORMAT = Format("DEAP", (".dat", ".mat"), _matches, read_deap)
