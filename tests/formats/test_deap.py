"""DEAP's files: read whole, checked, and never executed."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.field_cases import field_case
from scipy.io import savemat

from physiosync_rt.datatypes import Modality
from physiosync_rt.errors import UserError
from physiosync_rt.formats import deap, registry
from physiosync_rt.formats.registry import read, read_all
from physiosync_rt.formats.safe_pickle import load_arrays


def write(path: Path, protocol: int = 2, **change: Any) -> Path:
    """Write a file in DEAP's shapes, with changes."""
    rng = np.random.default_rng(int(path.stem[1:]))
    data = rng.standard_normal((2, 40, 8064))
    data[:, deap.GSR_CHANNEL] = 1e5 + 100 * data[:, deap.GSR_CHANNEL]
    content = {"labels": np.array([[1.0, 9.0, 5.0, 5.0], [6.5, 2.25, 5.0, 5.0]]), "data": data}
    content |= change
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    return path


@pytest.mark.parametrize("protocol", [2, 4])
def test_a_subject_becomes_a_recording(tmp_path: Path, protocol: int) -> None:
    path = write(tmp_path / "s07.dat", protocol)
    subject = deap.load_subject(path)
    recording = read(path)
    assert recording.subject == subject.subject == "s07"
    (eeg,), (gsr,) = recording.of(Modality.EEG), recording.of(Modality.GSR)
    assert eeg.spec.ch_names[:3] == ("Fp1", "AF3", "F3")
    assert eeg.spec.ch_names[-1] == "O2"
    rest1, trial1, rest2, trial2 = recording.segments
    assert (rest1.start, rest1.stop, rest1.kind, rest1.trial) == (0.0, 3.0, "baseline", 1)
    assert (trial1.start, trial1.stop, trial1.kind, trial1.trial) == (3.0, 63.0, "trial", 1)
    assert (trial1.valence, trial1.arousal, trial1.stimulus) == (1.0, 9.0, "video01")
    assert (trial2.valence, trial2.arousal, trial2.stimulus) == (6.5, 2.25, "video02")
    assert rest2.start - trial1.stop == deap.PAUSE_S
    inside = (eeg.timestamps >= trial2.start) & (eeg.timestamps < trial2.stop)
    np.testing.assert_array_equal(
        eeg.samples[inside], subject.data[1, :32, 384:].T.astype(np.float32)
    )
    np.testing.assert_allclose(gsr.samples[inside, 0], 1e6 / subject.data[1, 36, 384:], rtol=1e-6)
    assert "EEG band-passed 4-45 Hz" in recording.history
    assert recording.notes == ("2 of DEAP's 40 trials",)


def test_a_folder_is_read_in_the_order_of_subjects(tmp_path: Path) -> None:
    for name in ("s02.dat", "s03.dat", "s01.dat"):
        write(tmp_path / name)
    (tmp_path / "readme.txt").write_text("not a subject")
    assert [r.subject for r in read_all(tmp_path)] == ["s01", "s02", "s03"]


def test_missing_subjects_are_named(tmp_path: Path) -> None:
    for name in ("s01.dat", "s04.dat"):
        write(tmp_path / name)
    with pytest.raises(UserError, match=r"lacks s02\.dat, s03\.dat of 4"):
        list(read_all(tmp_path))
    with pytest.raises(UserError, match=r"no s01\.dat"):
        deap.subject_files(tmp_path / "..")
    with pytest.raises(UserError, match="is not a folder"):
        deap.subject_files(tmp_path / "nowhere")


def test_a_folder_that_ends_early_says_so(tmp_path: Path) -> None:
    write(tmp_path / "s01.dat")
    (real,) = read_all(tmp_path)
    assert real.notes[-1].startswith("incomplete: 1 of 32 subjects, without s02, s03, ")
    (tmp_path / deap.SIMULATED_FILE).write_text('{"n_subjects": 2}')
    (simulated,) = read_all(tmp_path)
    assert simulated.notes[-1] == "incomplete: 1 of 2 subjects, without s02"
    write(tmp_path / "s02.dat")
    assert not any("incomplete" in note for each in read_all(tmp_path) for note in each.notes)


class Malice:
    """What a hostile pickle holds: a call made while loading."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.target,))


class Shell:
    """The usual one."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Any, ...]:
        import os

        return (os.system, (self.command,))


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_hostile_file_is_refused_and_runs_nothing(tmp_path: Path, protocol: int) -> None:
    harmed = tmp_path / "harmed"
    for bad, named in (
        (Shell(f"touch {harmed}"), r"(posix|nt)\.system"),
        (Malice(harmed), r"pathlib\.Path|getattr"),
    ):
        path = tmp_path / "s01.dat"
        path.write_bytes(pickle.dumps({"data": bad, "labels": bad}, protocol=protocol))
        with pytest.raises(UserError, match=rf"{named}.*nothing was run"):
            deap.load_subject(path)
        with pytest.raises(UserError):
            read(path)
    assert not harmed.exists()


@pytest.mark.parametrize(
    "payload",
    [
        b"\x80\x02cbuiltins\neval\nX\x03\x00\x00\x001+1\x85R.",
        b"\x80\x02c__builtin__\nexec\nX\x03\x00\x00\x001+1\x85R.",
        b"\x80\x04\x8c\x05numpy\x8c\x08fromfile\x93\x8c\x01x\x85R.",
        b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x05\x00\x00\x00utf-7\x86R.",
        b"\x80\x02ccopyreg\n_reconstructor\nc__builtin__\nobject\nc__builtin__\nobject\nN\x87R.",
    ],
)
def test_only_arrays_are_built(tmp_path: Path, payload: bytes) -> None:
    path = tmp_path / "s01.dat"
    path.write_bytes(payload)
    with pytest.raises(UserError, match=r"s01\.dat"):
        load_arrays(path)


def test_a_cut_off_file_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "s01.dat")
    path.write_bytes(path.read_bytes()[:-100_000])
    with pytest.raises(UserError, match=r"s01\.dat cannot be read: it is cut off"):
        list(read_all(path))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data": np.zeros((2, 40, 7680))}, r"'data' has shape \(2, 40, 7680\), expected"),
        ({"data": np.zeros((2, 32, 8064))}, "'data' has shape"),
        ({"data": [1, 2]}, "'data' is not an array"),
        ({"data": np.full((2, 40, 8064), np.nan)}, "trial 1 contains NaN or infinite values"),
        ({"labels": np.full((3, 4), 5.0)}, r"'labels' has shape \(3, 4\)"),
        ({"labels": np.array([[5.0] * 4, [5.0, 9.5, 5.0, 5.0]])}, "trial 2 is rated"),
        ({"labels": np.array([[5.0] * 4, [5.0, np.nan, 5.0, 5.0]])}, "trial 2 is rated"),
        ({"labels": np.array([["a"] * 4] * 2)}, "'labels' is not an array of numbers"),
    ],
)
def test_what_is_not_deap_is_named(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = write(tmp_path / "s01.dat", **change)
    with pytest.raises(UserError, match=message):
        deap.load_subject(path)


def test_other_pickles_and_names_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "s01.dat"
    path.write_bytes(pickle.dumps({"data": np.zeros(3)}))
    with pytest.raises(UserError, match="a dict with 'data' and 'labels'"):
        deap.load_subject(path)
    with pytest.raises(UserError, match="does not name its subject"):
        deap.load_subject(tmp_path / "data.dat")


def test_a_negative_resistance_has_no_conductance(tmp_path: Path) -> None:
    path = write(tmp_path / "s01.dat")
    data = deap.load_subject(path).data
    data[1, deap.GSR_CHANNEL, 4000] = -3.0
    subject = deap.load_subject(write(path, data=data))
    with pytest.raises(UserError, match=r"not positive in trial 2 \(1 of 2 trials\)"):
        subject.to_recording()
    assert [s.spec.modality for s in subject.to_recording(gsr=False).streams] == [Modality.EEG]


def test_the_matlab_version_is_the_same_subject(tmp_path: Path) -> None:
    pickled = deap.load_subject(write(tmp_path / "s07.dat"))
    savemat(tmp_path / "s07.mat", {"data": pickled.data, "labels": pickled.labels})
    subject = deap.load_subject(tmp_path / "s07.mat")
    assert subject.subject == "s07"
    np.testing.assert_array_equal(subject.data, pickled.data)
    np.testing.assert_array_equal(subject.labels, pickled.labels)
    recording = registry.read(tmp_path / "s07.mat")
    assert [s.spec.name for s in recording.streams] == ["DEAP-EEG", "DEAP-GSR"]
    (tmp_path / "s07.dat").rename(tmp_path / "s01.dat")
    (tmp_path / "s07.mat").rename(tmp_path / "s02.mat")
    assert [file.name for file in deap.subject_files(tmp_path)] == ["s01.dat", "s02.mat"]


def test_the_matlab_case_and_a_resistance_that_costs_the_gsr_alone() -> None:
    recording = registry.read(field_case("s01.mat"))
    (eeg,) = recording.streams
    assert (eeg.spec.n_chans, len(eeg.samples), recording.subject) == (32, 2 * 8064, "s01")
    assert any("the GSR was left out" in note for note in recording.notes)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"data": np.zeros((2, 40, 9000)), "labels": np.ones((2, 4))}, "has shape"),
        ({"data": np.zeros((2, 40, 3), dtype=object), "labels": 1}, "'data' is cell"),
        ({"data": np.zeros((41, 40, 8064), dtype="f4"), "labels": np.ones((41, 4))}, "at most"),
        ({"data": "text", "labels": np.ones((2, 4))}, "'data' is char"),
        ({"eeg": np.zeros(3)}, "no structure 'DREAMER' but eeg; of MATLAB files, DREAMER"),
    ],
)
def test_other_matlab_files_are_refused(tmp_path: Path, content, said: str) -> None:
    path = tmp_path / "s01.mat"
    savemat(path, content)
    with pytest.raises(UserError, match=said):
        registry.read(path)


def test_a_folder_of_other_matlab_files(tmp_path: Path) -> None:
    savemat(tmp_path / "s01.mat", {"eeg": np.zeros(3)})
    with pytest.raises(UserError, match=r"s01\.mat contains eeg and no data or labels"):
        registry.read(tmp_path)


def test_a_matlab_file_that_is_cut_off_or_of_version_7_3(tmp_path: Path) -> None:
    path = tmp_path / "s01.mat"
    savemat(path, {"data": np.ones((1, 40, 8064)), "labels": np.ones((1, 4))})
    path.write_bytes(path.read_bytes()[:100_000])
    with pytest.raises(UserError, match=r"s01\.mat"):
        registry.read(path)
    path.write_bytes(b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM" + bytes(400))
    with pytest.raises(UserError, match=r"MATLAB 7\.3 file; DREAMER and DEAP come as version 7"):
        registry.read(path)
