from __future__ import annotations

from pathlib import Path

import mne
import numpy as np
import pytest
from helpers.write_edf import tal, write_edf

from physiosync_rt.datatypes import Modality
from physiosync_rt.errors import UserError
from physiosync_rt.formats.registry import read

_EEGMAT = "eegmat-eeg-ecg-edf"
_MNE = "mne-io-testfiles"


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("Subject00_2.edf", 62),
        ("Subject31_1.edf", 80),
        pytest.param("Subject05_1.edf", 182, marks=pytest.mark.slow),
    ],
)
def test_eegmat_gives_eeg_and_ecg(data_dir: Path, name: str, seconds: int) -> None:
    recording = read(data_dir / _EEGMAT / name)
    (eeg,), (ecg,) = recording.of(Modality.EEG), recording.of(Modality.ECG)
    assert eeg.spec.n_chans == 19
    assert eeg.spec.ch_names[:3] == ("Fp1", "Fp2", "F3")
    assert (eeg.spec.sfreq, eeg.spec.unit) == (500.0, "uV")
    assert len(eeg.samples) == seconds * 500
    assert 1.0 < eeg.samples.std() < 100.0
    assert (ecg.spec.ch_names, ecg.spec.unit) == (("ECG",), "mV")
    assert 0.2 < np.ptp(ecg.samples) < 5.0
    assert [s.spec.ch_names for s in recording.of(Modality.OTHER)] == [("A2-A1",)]
    # Midnight sharp in the header was put there by an anonymiser.
    assert recording.start_utc is None


@pytest.mark.parametrize(
    "name",
    [
        f"{_EEGMAT}/Subject00_2.edf",
        f"{_MNE}/test.edf",
        f"{_MNE}/test.bdf",
        f"{_MNE}/test_edf_stim_channel.edf",
        f"{_MNE}/duplicate_channel_labels.edf",
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_samples_are_those_of_mne(data_dir: Path, name: str) -> None:
    theirs = mne.io.read_raw(data_dir / name, preload=True, verbose="ERROR")
    (eeg,) = read(data_dir / name).of(Modality.EEG)
    # Only BDF has auxiliary channels between its electrodes; names do not differ there.
    named = set(eeg.spec.ch_names) <= set(theirs.ch_names)
    picks = list(eeg.spec.ch_names) if named else theirs.ch_names[: eeg.spec.n_chans]
    volts = theirs.get_data(picks=picks).T
    np.testing.assert_allclose(eeg.samples, volts * 1e6, rtol=1e-6, atol=1e-3)


def test_uneven_rates_keep_their_own(data_dir: Path) -> None:
    streams = read(data_dir / _MNE / "test_uneven_samp.edf").streams
    assert [s.spec.sfreq for s in streams] == [100.0, 12.8]
    assert [len(s.samples) for s in streams] == [11000, 1408]
    for stream in streams:
        np.testing.assert_allclose(np.diff(stream.timestamps), 1 / stream.spec.sfreq, rtol=1e-9)


def test_faros_holds_ecg_among_slower_channels(data_dir: Path) -> None:
    recording = read(data_dir / "devicely-wearables" / "faros_ecg.edf")
    (ecg,) = recording.of(Modality.ECG)
    assert (ecg.spec.sfreq, ecg.spec.unit, len(ecg.samples)) == (500.0, "mV", 39000)
    assert [s.spec.sfreq for s in recording.of(Modality.OTHER)] == [25.0, 5.0]
    # The button of the device, a channel of 1 Hz.
    assert [(m.name, m.labels) for m in recording.markers] == [("Marker", ("1",))]


def test_duplicate_labels_are_numbered(data_dir: Path) -> None:
    recording = read(data_dir / _MNE / "duplicate_channel_labels.edf")
    assert recording.streams[0].spec.ch_names == ("F1", "F2", "F1-2")
    assert any("duplicate channel names (F1)" in note for note in recording.notes)


def test_brainvision_keeps_channels_of_odd_units_apart(data_dir: Path) -> None:
    recording = read(data_dir / _MNE / "test.vhdr")
    (eeg,), (other,) = recording.of(Modality.EEG), recording.of(Modality.OTHER)
    assert (eeg.spec.n_chans, eeg.spec.sfreq, eeg.spec.unit) == (26, 1000.0, "uV")
    assert other.spec.ch_names == ("CP5", "CP6", "HL", "HR", "Vb", "ReRef")
    assert recording.markers[0].labels[0] == "Stimulus/S253"
    assert recording.start_utc == pytest.approx(1384359243.794232)


def test_brainvision_without_its_data_names_the_missing_file(
    tmp_path: Path, data_dir: Path
) -> None:
    copy = tmp_path / "test.vhdr"
    copy.write_bytes((data_dir / _MNE / "test.vhdr").read_bytes())
    with pytest.raises(UserError, match=r"test\.vhdr"):
        read(copy)


def test_fif_is_read_through_mne(tmp_path: Path) -> None:
    info = mne.create_info(["Fz", "Cz", "EDA", "pulse"], 200.0, ["eeg", "eeg", "gsr", "misc"])
    rng = np.random.default_rng(3)
    data = rng.normal(size=(4, 1000)) * np.array([[2e-5], [2e-5], [1e-6], [1.0]])
    path = tmp_path / "session_raw.fif"
    mne.io.RawArray(data, info, verbose="ERROR").save(path, verbose="ERROR")
    recording = read(path)
    (eeg,), (gsr,) = recording.of(Modality.EEG), recording.of(Modality.GSR)
    np.testing.assert_allclose(eeg.samples, data[:2].T * 1e6, rtol=1e-5)
    np.testing.assert_allclose(gsr.samples, data[2:3].T * 1e6, rtol=1e-5)
    assert gsr.spec.unit == "uS"
    assert recording.of(Modality.OTHER)[0].spec.ch_names == ("pulse",)


def test_resistance_in_edf_becomes_conductance(tmp_path: Path) -> None:
    path = tmp_path / "skin.edf"
    write_edf(path, [("GSR", "kOhm", np.full((3, 8), 1000))])
    (gsr,) = read(path).streams
    # Digital 1000 of -32768..32767 over -3276.8..3276.7 is 100 kOhm: 10 µS.
    assert gsr.samples == pytest.approx(10.0, rel=1e-5)
    assert (gsr.spec.unit, gsr.spec.sfreq) == ("uS", 8.0)


def test_a_discontinuous_file_keeps_its_gap(tmp_path: Path) -> None:
    path = tmp_path / "gap.edf"
    tals = [b"+0\x14\x14\0", b"+1\x14\x14\0+1.5\x14blink\x14\0", b"+30.25\x14\x14\0"]
    annotations = np.stack([tal(text) for text in tals])
    signals = [("EEG Cz", "uV", np.zeros((3, 4))), ("EDF Annotations", "", annotations)]
    write_edf(path, signals, reserved="EDF+D")
    recording = read(path)
    (eeg,) = recording.streams
    quarters = np.array([0.0, 0.25, 0.5, 0.75])
    assert eeg.timestamps.reshape(3, 4).tolist() == [
        (onset + quarters).tolist() for onset in (0.0, 1.0, 30.25)
    ]
    assert recording.markers[0].labels == ("blink",)
    assert recording.markers[0].timestamps.tolist() == [1.5]


def test_a_cut_off_edf_gives_its_whole_records(tmp_path: Path) -> None:
    path = tmp_path / "cut.edf"
    write_edf(path, [("EEG Cz", "uV", np.ones((5, 100)))])
    path.write_bytes(path.read_bytes()[:-250])
    recording = read(path)
    assert len(recording.streams[0].samples) == 300
    assert any("3 of 5 records" in note for note in recording.notes)
    path.write_bytes(path.read_bytes()[:512])
    with pytest.raises(UserError, match="no complete data record"):
        read(path)
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(UserError, match="no valid EDF header"):
        read(path)
