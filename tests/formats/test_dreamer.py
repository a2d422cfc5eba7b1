"""DREAMER's file, in the structure used by its public loaders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from physiosync_rt.datatypes import Modality
from physiosync_rt.errors import UserError
from physiosync_rt.formats import dreamer
from physiosync_rt.formats.registry import read, read_all
from physiosync_rt.simulation.write_dreamer import write_dreamer


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two subjects, three clips."""
    return write_dreamer(tmp_path_factory.mktemp("dreamer"), 2, seed=1, n_clips=3)


def changed(path: Path, out: Path, change: Callable[[Any], None]) -> Path:
    """Copy a file with one change to its root struct."""
    content = loadmat(path)
    change(content["DREAMER"][0, 0])
    savemat(out, {"DREAMER": content["DREAMER"]})
    return out


def test_the_structure_is_the_documented_one(path: Path) -> None:
    plain = loadmat(path)["DREAMER"]
    assert plain.shape == (1, 1)
    root = plain[0, 0]
    assert root.dtype.names == (
        *("Data", "EEG_SamplingRate", "ECG_SamplingRate", "EEG_Electrodes", "noOfSubjects"),
        *("noOfVideoSequences", "Disclaimer", "Provider", "Version", "Acknowledgement"),
    )
    subject = root["Data"][0, 1][0, 0]
    assert subject.dtype.names == (
        *("Age", "Gender", "EEG", "ECG", "ScoreValence", "ScoreArousal", "ScoreDominance"),
    )
    stimuli = subject["EEG"][0, 0]["stimuli"]
    assert stimuli.shape == (3, 1)
    assert stimuli[0, 0].shape[1] == 14
    assert subject["EEG"][0, 0]["baseline"][0, 0].shape == (7808, 14)
    assert subject["ECG"][0, 0]["baseline"][0, 0].shape == (15616, 2)
    assert len(subject["ECG"][0, 0]["stimuli"][2, 0]) == 2 * len(stimuli[2, 0])
    assert subject["ScoreValence"].shape == (3, 1)
    squeezed = loadmat(path, struct_as_record=False, squeeze_me=True)["DREAMER"]
    assert list(squeezed.EEG_Electrodes) == list(dreamer.DREAMER_CH_NAMES)
    assert squeezed.Data[0].EEG.stimuli[1].shape[1] == 14


def test_subjects_become_recordings(path: Path) -> None:
    raw = list(dreamer.load_subjects(path))
    recordings = list(read_all(path))
    assert [r.subject for r in recordings] == ["01", "02"]
    for subject, recording in zip(raw, recordings, strict=True):
        (eeg,), (ecg,) = recording.of(Modality.EEG), recording.of(Modality.ECG)
        assert (eeg.spec.sfreq, ecg.spec.sfreq) == (128.0, 256.0)
        assert [s.kind for s in recording.segments] == ["baseline", "trial"] * 3
        trial = recording.segments[3]
        assert (trial.stimulus, trial.trial) == ("clip02", 2)
        assert (trial.valence, trial.arousal) == (subject.valence[1], subject.arousal[1])
        inside = (eeg.timestamps >= trial.start) & (eeg.timestamps < trial.stop)
        np.testing.assert_array_equal(
            eeg.samples[inside], subject.eeg_stimuli[1].astype(np.float32)
        )
        inside = (ecg.timestamps >= trial.start) & (ecg.timestamps < trial.stop)
        millivolts = (subject.ecg_stimuli[1] - 2048) * 3000 / 4095 / 175
        np.testing.assert_allclose(ecg.samples[inside], millivolts, atol=1e-6)
        for stream in (eeg, ecg):
            steps = np.diff(stream.timestamps)
            pauses = np.flatnonzero(steps > 1.5 / stream.spec.sfreq)
            assert len(pauses) == 5
        assert any("simulated" in note for note in recording.notes)


def test_one_of_several_people_is_chosen_by_subject(path: Path) -> None:
    assert read(path, "02").subject == "02"
    with pytest.raises(
        UserError, match=r"holds 2 recordings.*of 01, 02; choose one with --subject"
    ):
        read(path)
    with pytest.raises(UserError, match=r"has no subject '7'; it holds recordings of 01, 02"):
        read(path, "7")


def set_score(root: Any) -> None:
    root["Data"][0, 1][0, 0]["ScoreArousal"][0, 0] = 6


def drop_subject(root: Any) -> None:
    root["Data"] = root["Data"][:, :1]


def drop_clip(root: Any) -> None:
    inner = root["Data"][0, 0][0, 0]["EEG"][0, 0]
    inner["stimuli"] = inner["stimuli"][:2]


def shorten_ecg(root: Any) -> None:
    cells = root["Data"][0, 0][0, 0]["ECG"][0, 0]["stimuli"]
    cells[1, 0] = cells[1, 0][:9000]


def flatten_eeg(root: Any) -> None:
    cells = root["Data"][0, 1][0, 0]["EEG"][0, 0]["baseline"]
    cells[2, 0] = cells[2, 0][:, :13]


def wrong_rate(root: Any) -> None:
    root["EEG_SamplingRate"][0, 0] = 256


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_score, r"subject 02 ScoreArousal is \[6.0.*expected 3 scores of 1 to 5"),
        (drop_subject, "declares 2 subjects but contains 1"),
        (drop_clip, "subject 01 EEG stimuli has 2 clips, the file declares 3"),
        (shorten_ecg, "subject 01 stimuli of clip 2 has .* s of EEG but 35.2 s of ECG"),
        (flatten_eeg, r"subject 02 EEG baseline of clip 3 is .* of shape \(7808, 13\)"),
        (wrong_rate, "EEG_SamplingRate is 256 Hz"),
    ],
)
def test_what_is_missing_or_wrong_is_named(
    path: Path, tmp_path: Path, change: Callable[[Any], None], message: str
) -> None:
    out = changed(path, tmp_path / "DREAMER.mat", change)
    with pytest.raises(UserError, match=message):
        list(read_all(out))


def test_other_files_are_refused(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.mat"
    savemat(other, {"x": np.arange(3)})
    with pytest.raises(UserError, match="contains no structure 'DREAMER'"):
        list(read_all(other))
    savemat(other, {"DREAMER": {"Data": 1}})
    with pytest.raises(UserError, match="has no field 'noOfSubjects'"):
        list(read_all(other))
    cut = tmp_path / "DREAMER.mat"
    cut.write_bytes(path.read_bytes()[:-200_000])
    with pytest.raises(UserError, match="cut off or damaged"):
        list(read_all(cut))
    cut.write_bytes(
        b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM" + b"\x89HDF"
    )
    with pytest.raises(UserError, match="'-v7'"):
        list(read_all(cut))
