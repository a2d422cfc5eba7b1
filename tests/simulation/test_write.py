"""Simulated people in the real files: as documented, whole or not at all, with or without truth."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from scipy import signal

from physiosync_rt.datatypes import Modality
from physiosync_rt.errors import UserError
from physiosync_rt.formats import deap
from physiosync_rt.formats.registry import read, read_all
from physiosync_rt.simulation.population import Population, atomic_new_file
from physiosync_rt.simulation.write_deap import write_deap
from physiosync_rt.simulation.write_dreamer import write_dreamer
from physiosync_rt.simulation.write_xdf import TRUTH_STREAM, write_recording


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two DEAP subjects of four trials."""
    out = tmp_path_factory.mktemp("deap") / "data"
    done: list[tuple[float, float]] = []
    write_deap(out, 2, seed=3, n_trials=4, progress=lambda *step: done.append(step))
    assert done == [(1, 2), (2, 2)]
    return out


def test_deap_files_load_as_the_original_do(folder: Path) -> None:
    with (folder / "s01.dat").open("rb") as file:
        content = pickle.load(file, encoding="latin1")
    assert content["data"].shape == (4, 40, 8064)
    assert content["labels"].shape == (4, 4)
    assert content["data"].dtype == content["labels"].dtype == np.float64
    assert content["labels"].min() >= 1
    assert content["labels"].max() <= 9
    loaded = deap.load_subject(folder / "s01.dat")
    np.testing.assert_array_equal(loaded.data, content["data"])
    np.testing.assert_array_equal(loaded.labels, content["labels"])
    # Python 2 and numpy 1 know none of today's module names.
    assert b"numpy._core" not in (folder / "s01.dat").read_bytes()


def test_deap_signals_have_had_its_treatment(folder: Path) -> None:
    data = deap.load_subject(folder / "s02.dat").data
    np.testing.assert_allclose(data[:, :32].mean(axis=1), 0, atol=1e-9)
    freqs, power = signal.welch(data[:, :32], 128.0, nperseg=1024)
    power = power.mean(axis=(0, 1))
    inside = power[(freqs > 6) & (freqs < 40)].mean()
    assert power[freqs < 2].max() < 0.03 * inside
    assert power[(freqs > 58)].max() < 0.03 * inside
    ohm = data[:, deap.GSR_CHANNEL]
    assert ohm.min() > 2e4
    assert ohm.max() < 2e6


def test_deap_recordings_say_that_they_are_simulated(folder: Path) -> None:
    for recording in read_all(folder):
        assert "simulated signals" in recording.notes
    assert json.loads((folder / deap.SIMULATED_FILE).read_text())["seed"] == 3


def test_equal_seeds_write_equal_files(folder: Path, tmp_path: Path) -> None:
    write_deap(tmp_path, 1, seed=3, n_trials=4)
    assert (tmp_path / "s01.dat").read_bytes() == (folder / "s01.dat").read_bytes()


def test_subjects_share_stimuli_but_not_feelings() -> None:
    people = Population(6, seed=0)
    stimuli = people.stimuli(40)
    assert [int(np.sum((stimuli[:, 0] > 0.5) & (stimuli[:, 1] > 0.5)))] == [10]
    felt = np.stack([people.felt(i, 40) for i in range(6)])
    for i in range(6):
        assert 0.9 < np.corrcoef(felt[i, :, 0], stimuli[:, 0])[0, 1] < 0.9999
    ratings = people.ratings(0, felt[0])
    assert np.corrcoef(ratings[:, 1], felt[0, :, 1])[0, 1] > 0.95


def trial_features(subject: deap.DeapSubject) -> np.ndarray:
    """Log band powers of every 5 s window, shape (n_trials, 12, n_features)."""
    windows = subject.data[:, :32, 384:].reshape(-1, 32, 12, 640)
    freqs, power = signal.welch(windows, 128.0, nperseg=128)
    use = (freqs >= 4) & (freqs <= 44)
    log_power = np.log(power[..., use]).transpose(0, 2, 1, 3)
    return log_power.reshape(len(log_power), 12, -1)


def identified(subject: deap.DeapSubject) -> float:
    """Share of windows whose nearest window among the others is of the same trial."""
    features = trial_features(subject)
    n_trials, n_windows, _ = features.shape
    flat = features.reshape(n_trials * n_windows, -1)
    distance = np.linalg.norm(flat[:, None] - flat[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    trial = np.repeat(np.arange(n_trials), n_windows)
    return float(np.mean(trial[distance.argmin(axis=1)] == trial))


def test_a_fingerprint_tells_the_trial_and_nothing_else(tmp_path: Path) -> None:
    write_deap(tmp_path / "plain", 1, seed=5, n_trials=10, effect=0.0)
    write_deap(tmp_path / "marked", 1, seed=5, n_trials=10, fingerprint=1.0)
    plain, marked = (deap.load_subject(tmp_path / name / "s01.dat") for name in ("plain", "marked"))
    assert identified(plain) < 0.4
    assert identified(marked) > 0.95
    # The baseline has no fingerprint, or the paper's baseline correction would remove it.
    np.testing.assert_allclose(
        marked.data[:, :32, :384].std(axis=2).mean(),
        plain.data[:, :32, :384].std(axis=2).mean(),
        rtol=0.2,
    )
    ratings = Population(1, seed=5, fingerprint=1.0).ratings(0, np.zeros((4000, 2)))
    assert abs(ratings.mean() - 0.5) < 0.02
    assert ratings.std() > 0.25


def test_nothing_half_written_stays(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.bin"

    def interrupted() -> None:
        with atomic_new_file(path) as partial:
            partial.write_bytes(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(path.parent.iterdir()) == []
    with atomic_new_file(path) as partial:
        partial.write_bytes(b"whole")
    assert [p.name for p in path.parent.iterdir()] == ["a.bin"]


def test_interrupted_deap_keeps_whole_subjects_only(tmp_path: Path) -> None:
    def stop(done: float, total: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_deap(tmp_path, 3, seed=1, n_trials=1, progress=stop)
    assert sorted(p.name for p in tmp_path.iterdir()) == [deap.SIMULATED_FILE, "s01.dat"]
    assert deap.load_subject(tmp_path / "s01.dat").data.shape == (1, 40, 8064)


def test_what_is_there_is_never_overwritten(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="exists already"):
        write_deap(folder, 1, seed=9, n_trials=1)
    (tmp_path / "DREAMER.mat").write_bytes(b"precious")
    with pytest.raises(UserError, match="exists already"):
        write_dreamer(tmp_path, 1, seed=9)
    (tmp_path / "a.xdf").write_bytes(b"precious")
    with pytest.raises(UserError, match="exists already"):
        write_recording(tmp_path / "a.xdf", seed=9)


def test_impossible_requests_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="33 and 40 do not fit"):
        write_deap(tmp_path, 33, seed=1)
    with pytest.raises(UserError, match="2 and 19 do not fit"):
        write_dreamer(tmp_path, 2, seed=1, n_clips=19)
    with pytest.raises(UserError, match="60 s is the shortest"):
        write_dreamer(tmp_path, 2, seed=1, clip_s=(30.0, 40.0))
    with pytest.raises(UserError, match="number of subjects 0"):
        write_deap(tmp_path, 0, seed=1)
    with pytest.raises(UserError, match=r"invalid effect -1"):
        write_deap(tmp_path, 1, seed=1, effect=-1.0)
    with pytest.raises(UserError, match=r"does not end in \.xdf"):
        write_recording(tmp_path / "a.edf", seed=1)
    with pytest.raises(UserError, match="length above 0"):
        write_recording(tmp_path / "a.xdf", seed=1, duration_s=0)
    assert list(tmp_path.iterdir()) == []


def test_a_written_person_is_read_back(tmp_path: Path) -> None:
    session = write_recording(tmp_path / "a.xdf", seed=4, duration_s=45.0)
    recording = read(tmp_path / "a.xdf")
    for modality in (Modality.EEG, Modality.GSR, Modality.ECG):
        (wrote,), (found,) = session.recording.of(modality), recording.of(modality)
        assert found.spec == wrote.spec
        np.testing.assert_array_equal(found.samples, wrote.samples)
        np.testing.assert_array_equal(found.timestamps, wrote.timestamps)
    (truth,) = (s for s in recording.streams if s.spec.name == TRUTH_STREAM)
    np.testing.assert_allclose(truth.samples[:, 1], session.arousal, atol=1e-6)
    assert recording.markers[0].labels == ("baseline:start", "baseline:end")
