"""EDF files that are not as the manual has them: one odd part never voids the rest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.field_cases import field_case
from helpers.write_edf import RANGE, onsets, tal, write_edf

from physiosync_rt.datatypes import Modality, Recording
from physiosync_rt.errors import UserError
from physiosync_rt.formats.deap import DEAP_CH_NAMES
from physiosync_rt.formats.registry import read

RNG = np.random.default_rng(3)


def _eeg(n_records: int = 10, n: int = 64) -> np.ndarray:
    return RNG.integers(-300, 300, (n_records, n))


def _is_whole(recording: Recording, n_s: float) -> None:
    """Check the 32 electrodes and the GSR that most cases hold."""
    (eeg,), (gsr,) = recording.of(Modality.EEG), recording.of(Modality.GSR)
    assert (eeg.spec.ch_names, eeg.spec.sfreq, eeg.spec.unit) == (DEAP_CH_NAMES, 128.0, "uV")
    assert (gsr.spec.n_chans, gsr.spec.sfreq, gsr.spec.unit) == (1, 4.0, "uS")
    assert len(eeg.samples) == n_s * 128
    assert 11 < eeg.samples.std() < 14
    assert 0.01 < gsr.samples.min() < gsr.samples.max() < 50


@pytest.mark.parametrize(
    ("name", "n_s", "note"),
    [
        ("edf-one-dead-channel-range.edf", 60, "channel '-': no range or no samples in the header"),
        ("edf-annot-latin1.edf", 60, "decimal comma were understood: '+7,5' (7.5 s)"),
        ("edf-annot-blank-range.edf", 60, ""),
        ("edf-duration-comma.edf", 60, "length of a data record '1,000': 1 s"),
        ("edf-labels-CLE.edf", 60, ""),
        ("edf-labels-A1A2ref.edf", 60, ""),
        ("edf-labels-M2ref.edf", 60, ""),
        ("edf-labels-POL.edf", 60, ""),
        ("edf-unit-utf8-micro.edf", 60, ""),
        ("edf-unit-sjis-micro.edf", 60, ""),
        ("edf-records-minus1.edf", 60, ""),
        ("edf-inverted-range.edf", 60, ""),
        ("edf-midnight.edf", 60, "blank or anonymized"),
        ("edf-half-second-records.edf", 45, ""),
        ("edf-gsr-nS.edf", 45, ""),
        ("edf-mV.edf", 45, ""),
    ],
)
def test_a_case_is_read_whole(name: str, n_s: float, note: str) -> None:
    recording = read(field_case(name))
    _is_whole(recording, n_s)
    assert len(recording.streams) == 2
    assert len(recording.notes) == bool(note)
    assert all(note in said for said in recording.notes)


def test_annotations_of_the_odd_cases_are_read() -> None:
    (markers,) = read(field_case("edf-annot-latin1.edf")).markers
    assert markers.labels == ("début", "stim")
    assert markers.timestamps.tolist() == [5.0, 7.5]
    assert read(field_case("edf-annotations-only.edf")).markers[0].labels


def test_many_channels_without_a_unit_are_one_note() -> None:
    recording = read(field_case("edf-blank-unit.edf"))
    (note,) = [note for note in recording.notes if "no unit is stated; kept as OTHER" in note]
    assert note.count("'") == 2 * 32
    (other,) = recording.of(Modality.OTHER)
    assert other.spec.ch_names == DEAP_CH_NAMES
    assert other.unit_note == note


def test_two_rates_are_two_streams_and_the_hint_names_the_larger() -> None:
    recording = read(field_case("edf-two-eeg-rates.edf"))
    fast, slow = recording.of(Modality.EEG)
    assert (fast.spec.n_chans, slow.spec.n_chans) == (24, 8)
    assert any(note.endswith("choose with --eeg EEG-128Hz") for note in recording.notes)


def test_bipolar_and_biosemi_names_are_said() -> None:
    bipolar = read(field_case("edf-bipolar-chbmit.edf"))
    assert bipolar.of(Modality.EEG)[0].spec.n_chans == 23
    assert any("bipolar pairs such as FP1-F7" in note for note in bipolar.notes)
    biosemi = read(field_case("bdf-biosemi-A-labels.bdf"))
    assert any("BioSemi's names" in note for note in biosemi.notes)
    assert biosemi.of(Modality.GSR)[0].spec.unit == "uS"


# --- others of each kind ----------------------------------------------------------------------


def test_switched_off_channels_leave_the_others(tmp_path: Path) -> None:
    path = tmp_path / "a.edf"
    signals = [(name, "uV", _eeg()) for name in ("Fz", "Cz", "-", "X1", "Pz")]
    odd = {"-": ("", "", "", ""), "X1": (5, 5, -32768, 32767)}
    write_edf(path, signals, ranges=odd)
    recording = read(path)
    assert recording.of(Modality.EEG)[0].spec.ch_names == ("Fz", "Cz", "Pz")
    assert recording.notes == (
        "channels '-', 'X1': no range or no samples in the header (switched off); left out",
    )


def test_flat_channels_are_said_once(tmp_path: Path) -> None:
    path = tmp_path / "a.edf"
    flat = np.full((10, 64), 7)
    write_edf(path, [("Fz", "uV", _eeg()), ("Cz", "uV", flat), ("Pz", "uV", flat)])
    recording = read(path)
    assert recording.notes == (
        "channels 'Cz', 'Pz': the same value throughout (flat or saturated)",
    )


@pytest.mark.parametrize(
    ("text", "label", "at", "note"),
    [
        (b"+2.5\x14blink\x14", "blink", 2.5, ""),
        (b"+2,5\x150,5\x14blink\x14", "blink", 2.5, "'+2,5"),
        (b"+2.5\x14Augen \xf6ffnen\x14", "Augen öffnen", 2.5, ""),
        (b"+2.5\x14\xe7\x9c\xbc\x14", "眼", 2.5, ""),
        (b"noon\x14lunch\x14", None, 0.0, "'noon' in record 3"),
        (b"2.5\x14no sign\x14", None, 0.0, "'2.5' in record 3"),
    ],
)
def test_an_odd_annotation_never_voids_the_signals(
    tmp_path: Path, text: bytes, label: str | None, at: float, note: str
) -> None:
    path = tmp_path / "a.edf"
    stated = onsets(b"", b"", text, b"")
    write_edf(path, [("Cz", "uV", _eeg(4)), ("EDF Annotations", "", stated)], reserved="EDF+C")
    recording = read(path)
    assert len(recording.of(Modality.EEG)[0].samples) == 4 * 64
    assert [m.labels for m in recording.markers] == ([(label,)] if label else [])
    if label:
        assert recording.markers[0].timestamps.tolist() == [at]
    assert [note in said for said in recording.notes] == ([True] if note else [])


def test_a_file_longer_or_shorter_than_its_header_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.edf"
    write_edf(path, [("Cz", "uV", _eeg())], n_records=7)
    recording = read(path)
    assert len(recording.streams[0].samples) == 7 * 64
    assert "longer than its header states: 7 records" in recording.notes[0]
    assert "3.0 records" in recording.notes[0]
    write_edf(path, [("Cz", "uV", _eeg())], n_records=-1)
    assert read(path).notes == ()
    path.write_bytes(path.read_bytes()[:-50])
    recording = read(path)
    assert len(recording.streams[0].samples) == 9 * 64
    assert recording.notes == (
        "the last data record was cut off and left out; 9 records were read",
    )
    write_edf(path, [("Cz", "uV", _eeg())], n_records=12)
    assert "10 of 12 records" in read(path).notes[0]


@pytest.mark.parametrize("duration", ["0", "abc", "nan", "-1"])
def test_an_impossible_record_length_is_refused(tmp_path: Path, duration: str) -> None:
    path = tmp_path / "a.edf"
    write_edf(path, [("Cz", "uV", _eeg())], duration=duration)
    with pytest.raises(UserError, match="no valid EDF header"):
        read(path)


def test_annotations_alone_may_last_no_time(tmp_path: Path) -> None:
    path = tmp_path / "a.edf"
    stated = np.stack([tal(b"+0\x14\x14\0+3\x14start\x14")])
    write_edf(path, [("EDF Annotations", "", stated)], duration="0", reserved="EDF+C")
    assert read(path).markers[0].labels == ("start",)


@pytest.mark.parametrize(
    "unit", [b"\xc2\xb5V", b"\x83\xcaV", b"\xb5V", b"\xe6V", b"\xa6\xccV", b"\xce\xbcV", b"\xecV"]
)
def test_micro_is_understood_in_every_encoding(tmp_path: Path, unit: bytes) -> None:
    path = tmp_path / "a.edf"
    write_edf(path, [("Cz", unit, np.full((3, 64), 1000) + _eeg(3) // 100)])
    (eeg,) = read(path).of(Modality.EEG)
    assert eeg.samples.mean() == pytest.approx(100.0, abs=1.0)


def test_an_unknown_unit_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.edf"
    write_edf(path, [("Cz", b"?V", _eeg()), ("Pz", b"?V", _eeg())])
    recording = read(path)
    assert recording.of(Modality.OTHER)[0].spec.ch_names == ("Cz", "Pz")
    assert recording.notes == ("channels 'Cz', 'Pz': unit '?V' is not of EEG; kept as OTHER",)


def test_pairs_beside_electrodes_are_set_apart(tmp_path: Path) -> None:
    path = tmp_path / "a.edf"
    names = ("EEG Fz-Ref", "EEG Cz-Ref", "EEG F7-T3", "EEG A2-A1")
    write_edf(path, [(name, "uV", _eeg()) for name in names])
    recording = read(path)
    assert recording.of(Modality.EEG)[0].spec.ch_names == ("Fz", "Cz")
    assert recording.of(Modality.OTHER)[0].spec.ch_names == ("F7-T3", "A2-A1")
    assert set(recording.notes) == {
        "channel 'F7-T3': the difference of two electrodes (bipolar); kept as OTHER",
        "channel 'A2-A1': a reference against another; kept as OTHER",
    }


def test_electrodes_beside_many_pairs_do_not_hide_them(tmp_path: Path) -> None:
    path = tmp_path / "a.edf"
    names = ("FP1-F7", "F7-T7", "T7-P7", "P7-O1", "Cz")
    write_edf(path, [(name, "uV", _eeg()) for name in names])
    recording = read(path)
    assert recording.of(Modality.EEG)[0].spec.ch_names == names
    assert "bipolar pairs such as FP1-F7" in recording.notes[0]


def test_differences_to_one_electrode_are_its_reference(tmp_path: Path) -> None:
    path = tmp_path / "a.edf"
    write_edf(path, [(name, "uV", _eeg()) for name in ("Fz-Cz", "Pz-Cz", "O1-Cz", "O2 - Cz")])
    recording = read(path)
    assert recording.of(Modality.EEG)[0].spec.ch_names == ("Fz", "Pz", "O1", "O2")
    assert "recorded against Cz, the common reference" in recording.notes[0]


def test_the_range_of_the_tests_is_a_tenth() -> None:
    low, high, digital_low, digital_high = RANGE
    assert (high - low) / (digital_high - digital_low) == pytest.approx(0.1)
