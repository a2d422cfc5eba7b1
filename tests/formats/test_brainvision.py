"""BrainVision recordings that are not as the manual has them, and FIF files of other kinds."""

from __future__ import annotations

from pathlib import Path

import mne
import numpy as np
import pytest
from helpers.field_cases import field_case
from helpers.write_brainvision import write_brainvision

from physiosync_rt.datatypes import Modality
from physiosync_rt.errors import UserError
from physiosync_rt.formats import registry
from physiosync_rt.formats.registry import read

SAMPLES = np.random.default_rng(5).integers(-300, 300, (640, 3))
NAMES = ("Fz", "Cz", "GSR")


def test_a_renamed_recording_is_read_from_the_files_beside_it() -> None:
    path = field_case("bv-renamed.vhdr")
    recording = read(path)
    (eeg,) = recording.of(Modality.EEG)
    assert (eeg.spec.n_chans, eeg.spec.sfreq, len(eeg.samples)) == (32, 128.0, 5760)
    assert recording.notes == (
        "the header names original_name.eeg, which is not there; bv-renamed.eeg was read",
        "the header names original_name.vmrk, which is not there; bv-renamed.vmrk was read",
    )
    assert recording.start_utc is not None
    assert [p.suffix for p in registry.parts(path)] == [".vhdr", ".eeg", ".vmrk"]


def test_the_control_is_as_before() -> None:
    recording = read(field_case("bv-latin1.vhdr"))
    assert recording.of(Modality.EEG)[0].samples.std() == pytest.approx(12.532, abs=1e-3)
    assert recording.notes == ()


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        *((word, 0.1) for word in ("uV", "µV", "μV", b"\xb5V", b"\x83\xcaV", "microvolts", "")),
        *(("mV", 100.0), ("V", 1e5), ("nV", 1e-4)),
    ],
)
def test_units_are_understood_in_every_spelling(
    tmp_path: Path, unit: str | bytes, factor: float
) -> None:
    units = [unit, unit, b"\xc2\xb5S"]
    recording = read(write_brainvision(tmp_path / "a.vhdr", SAMPLES, NAMES, units=units))
    (eeg,), (gsr,) = recording.of(Modality.EEG), recording.of(Modality.GSR)
    np.testing.assert_allclose(eeg.samples, SAMPLES[:, :2] * factor, rtol=1e-5)
    np.testing.assert_allclose(gsr.samples, SAMPLES[:, 2:] * 0.1, rtol=1e-5)


def test_header_and_size_that_disagree_are_said(tmp_path: Path) -> None:
    path = write_brainvision(
        tmp_path / "a.vhdr", SAMPLES, NAMES, common="DataPoints=700", spare=b"\0\0"
    )
    recording = read(path)
    assert len(recording.streams[0].samples) == 640
    size, count = recording.notes[:2]
    assert size.endswith("of its 3 channels; 640 samples were read and the last 2 bytes left out")
    assert count == "the header states 700 samples, a.eeg holds 640"


def test_channels_one_after_the_other_need_their_size(tmp_path: Path) -> None:
    path = write_brainvision(tmp_path / "a.vhdr", SAMPLES, NAMES, common="DataPoints=640")
    path.write_text(path.read_text().replace("MULTIPLEXED", "VECTORIZED"))
    stored = SAMPLES.T.astype("<i2").tobytes()
    path.with_suffix(".eeg").write_bytes(stored)
    (eeg,) = read(path).of(Modality.EEG)
    np.testing.assert_allclose(eeg.samples, SAMPLES[:, :2] * 0.1, rtol=1e-5)
    path.with_suffix(".eeg").write_bytes(stored[:-600])
    with pytest.raises(UserError, match="it is not known where a channel begins"):
        read(path)


@pytest.mark.parametrize("name", ["C:\\data\\a.eeg", "/home/old/a.eeg", "$b.eeg", "A.EEG"])
def test_a_path_in_the_header_is_taken_for_its_name(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "Prüfung ö"
    folder.mkdir()
    path = write_brainvision(folder / "a.vhdr", SAMPLES, NAMES)
    path.write_text(path.read_text().replace("DataFile=a.eeg", f"DataFile={name}"))
    assert len(read(path).streams[0].samples) == 640


def test_without_markers_it_is_read_and_said(tmp_path: Path) -> None:
    path = write_brainvision(tmp_path / "a.vhdr", SAMPLES, NAMES)
    path.with_suffix(".vmrk").unlink()
    recording = read(path)
    assert len(recording.streams[0].samples) == 640
    assert recording.start_utc is None
    assert "a.vmrk is missing beside a.vhdr" in recording.notes[0]
    path.with_suffix(".eeg").unlink()
    with pytest.raises(UserError, match=r"a\.vhdr: a\.eeg is missing beside it"):
        read(path)


def test_a_channel_of_degrees_is_not_eeg(tmp_path: Path) -> None:
    names, units = ("Fz", "Body", "Cz"), ("uV", "C", "ARU")
    recording = read(write_brainvision(tmp_path / "a.vhdr", SAMPLES, names, units=units))
    assert recording.of(Modality.EEG)[0].spec.ch_names == ("Fz",)
    assert recording.of(Modality.OTHER)[0].spec.ch_names == ("Body", "Cz")
    assert recording.notes == ("channel 'Cz': unit 'ARU' is not of EEG; kept as OTHER",)


# --- FIF --------------------------------------------------------------------------------------


def _epochs() -> mne.Epochs:
    info = mne.create_info(["Fz", "Cz"], 128.0, "eeg")
    raw = mne.io.RawArray(np.random.default_rng(0).normal(size=(2, 1280)) * 1e-5, info, verbose=0)
    events = np.array([[256, 0, 1], [768, 0, 1]])
    return mne.Epochs(raw, events, tmin=-0.5, tmax=0.5, baseline=None, preload=True, verbose=0)


def test_epochs_are_called_epochs() -> None:
    with pytest.raises(UserError, match=r"holds epochs, not a continuous recording"):
        read(field_case("fif-epochs-epo.fif"))


@pytest.mark.parametrize("kind", ["epo", "ave", "cov"])
def test_other_kinds_of_fif_are_named(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"made-{kind}.fif"
    epochs = _epochs()
    if kind == "epo":
        epochs.save(path, verbose="ERROR")
    elif kind == "ave":
        epochs.average().save(path, verbose="ERROR")
    else:
        mne.compute_covariance(epochs, verbose="ERROR").save(path, verbose="ERROR")
    words = {"epo": "epochs", "ave": "evoked responses", "cov": "a covariance matrix"}
    with pytest.raises(UserError) as told:
        read(path)
    assert words[kind] in str(told.value)
    assert "damaged" not in str(told.value)


def test_a_fif_of_which_nothing_is_left_to_read_says_that_it_was_cut_off(tmp_path: Path) -> None:
    info = mne.create_info(["Fz", "Cz"], 128.0, "eeg")
    path = tmp_path / "cut_raw.fif"
    raw = mne.io.RawArray(np.zeros((2, 12800)), info, verbose="ERROR")
    raw.save(path, verbose="ERROR")
    whole = path.read_bytes()
    for n_bytes in (600, len(whole) * 2 // 3):
        path.write_bytes(whole[:n_bytes])
        with pytest.raises(UserError, match="was cut off or is damaged, and MNE cannot read"):
            read(path)
