"""A unit mistake is named; noise, hum, rest and real recordings are not accused."""

from __future__ import annotations

from pathlib import Path

import mne
import numpy as np
import pytest
from helpers.field_cases import field_case
from helpers.write_brainvision import write_brainvision
from helpers.write_edf import write_edf
from hypothesis import given
from hypothesis import strategies as st

from physiosync_rt.datatypes import UNITS, Modality, Recording, StreamSpec
from physiosync_rt.devices import Device, Match, StreamDescription, load_device, map_recording
from physiosync_rt.formats.amplitudes import amplitude_problem
from physiosync_rt.formats.registry import read, read_all
from physiosync_rt.formats.xdf_writer import XdfWriter
from physiosync_rt.pipeline.inspect import recording_facts

SFREQ = 128.0
T = np.arange(1280) / SFREQ
RNG = np.random.default_rng(1)
EEG = np.cumsum(RNG.normal(size=(1280, 8)), axis=0) * 5
ECG = 0.3 * RNG.normal(size=(1280, 1))
GSR = 2.0 + 0.02 * RNG.normal(size=(1280, 1))
NAMES = ("F3", "F4", "C3", "C4", "P3", "P4", "O1", "O2")
MICROVOLTS_AS_VOLTS = "the samples look like microvolts stored as volts, which `scale: 1e-6` in"


def _said(modality: Modality, samples: np.ndarray, sfreq: float = SFREQ) -> str:
    names = tuple(f"c{i}" for i in range(samples.shape[1]))
    spec = StreamSpec("S", modality, names, sfreq, UNITS[modality])
    return amplitude_problem(spec, samples.astype(np.float32))


def _accused(recording: Recording) -> list[str]:
    return [note for note in recording.notes if " cannot be " in note]


@pytest.mark.parametrize("name", ["fif-microvolts-as-volts_raw.fif", "bv-volts-mislabeled.vhdr"])
def test_a_case_is_named_and_its_hint_works(name: str, tmp_path: Path) -> None:
    recording = read(field_case(name))
    (note,) = _accused(recording)
    assert note.startswith("stream 'EEG': 10,400,000 uV rms cannot be EEG (1 to 200 uV); ")
    assert MICROVOLTS_AS_VOLTS in note
    (facts,) = recording_facts(recording)["streams"]
    assert facts["rms"] == pytest.approx(1.04e7, rel=0.01)
    labels = ", ".join(recording.streams[0].spec.ch_names)
    path = tmp_path / "device.yaml"
    path.write_text(
        "name: Cap\nstreams:\n  - match: {name: EEG}\n    modality: EEG\n    scale: 1e-6\n"
        f"    pick: [{labels}]\n"
    )
    mapped = map_recording(load_device(path), recording)
    assert not _accused(mapped)
    assert 11 < mapped.streams[0].samples.std() < 14


def test_gsr_in_siemens_is_named() -> None:
    (note,) = _accused(read(field_case("fif-gsr-microsiemens-as-siemens_raw.fif")))
    assert "'GSR': 5,250,000 uS in the middle cannot be GSR" in note
    assert "microsiemens stored as siemens, which `scale: 1e-6`" in note


@pytest.mark.parametrize("format_", ["edf", "xdf", "fif", "brainvision"])
def test_the_same_is_said_in_every_format(tmp_path: Path, format_: str) -> None:
    samples = np.clip(EEG * 10, -3e4, 3e4)
    if format_ == "edf":
        path = tmp_path / "a.edf"
        rows = samples.reshape(10, 128, 8)
        write_edf(path, [(name, "V", rows[:, :, i]) for i, name in enumerate(NAMES)])
    elif format_ == "brainvision":
        path = write_brainvision(tmp_path / "a.vhdr", samples, NAMES, units=["V"] * 8)
    elif format_ == "fif":
        path = tmp_path / "a_raw.fif"
        info = mne.create_info(list(NAMES), SFREQ, "eeg")
        mne.io.RawArray(EEG.T, info, verbose="ERROR").save(path, verbose="ERROR")
    else:
        path = tmp_path / "a.xdf"
        spec = StreamSpec("EEG", Modality.EEG, NAMES, SFREQ, "uV", stype="EEG")
        with XdfWriter(path) as writer:
            writer.write_samples(writer.add_stream(spec), (EEG * 1e6).astype(np.float32), T)
    (note,) = _accused(read(path))
    assert "uV rms cannot be EEG (1 to 200 uV)" in note
    assert MICROVOLTS_AS_VOLTS in note


@pytest.mark.parametrize(
    ("modality", "samples", "factor", "words"),
    [
        (Modality.EEG, EEG, 1e6, "microvolts stored as volts, which `scale: 1e-6`"),
        (Modality.EEG, EEG, 1e3, "microvolts stored as millivolts, which `scale: 0.001`"),
        (Modality.EEG, EEG, 1e-3, "millivolts stored as microvolts, which `scale: 1000`"),
        (Modality.EEG, EEG, 1e-6, "volts stored as microvolts, which `scale: 1e6`"),
        (Modality.EEG, EEG, 1e12, "no usual unit fits"),
        (Modality.ECG, ECG, 1e3, "microvolts stored as millivolts, which `scale: 0.001`"),
        (Modality.ECG, ECG, 1e-3, "millivolts stored as microvolts, which `scale: 1000`"),
        (Modality.GSR, GSR, 1e6, "microsiemens stored as siemens, which `scale: 1e-6`"),
        (Modality.GSR, GSR, 1e-6, "siemens stored as microsiemens, which `scale: 1e6`"),
    ],
)
def test_the_unit_that_would_fit_is_named(
    modality: Modality, samples: np.ndarray, factor: float, words: str
) -> None:
    assert words in _said(modality, samples * factor)
    assert _said(modality, samples) == ""


@pytest.mark.parametrize(
    ("modality", "samples"),
    [
        (Modality.EEG, np.full((1280, 8), 187500.0)),
        (Modality.EEG, np.zeros((1280, 8))),
        (Modality.EEG, np.full((1280, 8), np.nan)),
        (Modality.EEG, EEG + 1e5 * np.sin(2 * np.pi * 50 * T)[:, None]),
        (Modality.EEG, EEG + 5e4 * np.sin(2 * np.pi * 0.3 * T)[:, None]),
        (Modality.EEG, EEG + 1e7),
        (Modality.EEG, np.arange(10240.0).reshape(1280, 8)),
        (Modality.EEG, np.full((1280, 8), 0.1)),
        (Modality.EEG, EEG * 100),
        (Modality.EEG, np.rint(0.6 * RNG.normal(size=(1280, 8))) * 0.022),
        (Modality.EEG, 0.2 * RNG.normal(size=(1280, 8))),
        (Modality.ECG, 100 * np.sin(2 * np.pi * 50 * T)[:, None]),
        (Modality.ECG, 0.001 * RNG.normal(size=(1280, 1))),
        (Modality.GSR, np.abs(0.002 * RNG.normal(size=(1280, 1)))),
        (Modality.GSR, np.full((1280, 1), 5000.0)),
        (Modality.OTHER, EEG * 1e12),
    ],
)
def test_rest_hum_drift_and_offsets_are_not_accused(
    modality: Modality, samples: np.ndarray
) -> None:
    assert _said(modality, samples) == ""


@given(
    st.sampled_from([Modality.EEG, Modality.ECG, Modality.GSR]),
    st.integers(0, 40),
    st.lists(st.floats(width=32), min_size=1, max_size=4),
)
def test_any_samples_are_judged(modality: Modality, n: int, values: list[float]) -> None:
    samples = np.resize(np.array(values, dtype=np.float32), (n, 3))
    said = _said(modality, samples, sfreq=4.0)
    assert said == "" or " cannot be " in said


def test_no_person_is_accused(data_dir: Path) -> None:
    folder = data_dir.parent / "people"
    if not folder.is_dir():
        pytest.skip(f"no recordings of people at {folder}")
    files = sorted(folder.rglob("*.edf"))
    assert files
    for path in files[::7]:
        for recording in read_all(path):
            assert not _accused(recording), path.name


def test_a_description_that_puts_names_right_takes_the_note_back() -> None:
    recording = read(field_case("bdf-biosemi-A-labels.bdf"))
    assert any("BioSemi" in note for note in recording.notes)
    (eeg,) = recording.of(Modality.EEG)
    electrodes = ("Fz", "Cz", "Pz", "Oz")
    kept = (*electrodes, *["drop"] * (eeg.spec.n_chans - len(electrodes)))
    description = StreamDescription(match=Match(name="EEG"), modality=Modality.EEG, channels=kept)
    mapped = map_recording(Device(name="Cap", streams=(description,)), recording)
    assert mapped.of(Modality.EEG)[0].spec.ch_names == electrodes
    assert not any("BioSemi" in note for note in mapped.notes)


def test_a_description_that_states_the_unit_takes_the_note_back() -> None:
    recording = read(field_case("edf-blank-unit.edf"))
    labels = recording.of(Modality.OTHER)[0].spec.ch_names
    description = StreamDescription(
        match=Match(name="OTHER"), modality=Modality.EEG, pick=labels, unit="microvolts"
    )
    mapped = map_recording(Device(name="Cap", streams=(description,)), recording)
    assert mapped.of(Modality.EEG)[0].spec.n_chans == 32
    assert mapped.notes == ()
