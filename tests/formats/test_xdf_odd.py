"""XDF files as they are met: mixed streams, no rates, odd text, devices that came back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.field_cases import field_case
from helpers.raw_xdf import RawStream, channel, header, write_xdf

from physiosync_rt.datatypes import Modality
from physiosync_rt.formats.registry import read
from physiosync_rt.pipeline.inspect import recording_facts
from physiosync_rt.sources.file import FileSource

EEG = b"".join(channel(label, "microvolts", "EEG") for label in ("Fp1", "C3"))


def _stream(xml: bytes, n_chans: int = 2, fmt: str = "float32", start: float = 10.0, **fields):
    sfreq = fields.pop("sfreq", 100.0)
    stamps = fields.pop("stamps", start + np.arange(300) / sfreq)
    samples = np.arange(len(stamps))[:, None] % 7 + np.zeros(n_chans)
    return RawStream(xml, fmt, samples, stamps, **fields)


# --- the cases --------------------------------------------------------------------------------


def test_trigger_and_auxiliary_channels_leave_the_electrodes_alone() -> None:
    recording = read(field_case("xdf-eeg-with-trigger-channel.xdf"))
    (eeg,) = recording.of(Modality.EEG)
    assert (eeg.spec.name, eeg.spec.n_chans, eeg.spec.unit) == ("Amp", 32, "uV")
    (markers,) = recording.markers
    assert set(markers.labels) == {"5"}
    np.testing.assert_allclose(np.diff(markers.timestamps), 5.0)
    (note,) = recording.notes
    assert note.endswith("left out, not EEG, GSR or ECG: AccX (g), CNT; read as markers: TRG")
    assert [spec.modality for spec in FileSource(recording).open()] == ["EEG", "GSR"]


@pytest.mark.parametrize(
    ("name", "stream", "sfreq"),
    [("xdf-eeg-nominal-0.xdf", "Amp", 128.0), ("xdf-eda-nominal-0.xdf", "Skin", 4.0)],
)
def test_a_rate_that_is_not_stated_is_found(name: str, stream: str, sfreq: float) -> None:
    recording = read(field_case(name))
    assert {s.spec.name: s.spec.sfreq for s in recording.streams}[stream] == sfreq
    (note,) = recording.notes
    assert note.startswith(f"stream {stream!r} does not state its rate; {sfreq:g} Hz was measured")
    assert len(FileSource(recording).open()) == 2


def test_a_device_that_came_back_is_one_stream_with_a_gap() -> None:
    recording = read(field_case("xdf-device-came-back-as-second-stream.xdf"))
    (eeg,) = recording.of(Modality.EEG)
    assert (eeg.spec.name, len(eeg.samples)) == ("Amp", 5120)
    steps = np.diff(eeg.timestamps)
    assert np.flatnonzero(steps > 0.1).tolist() == [2559]
    assert steps.max() == pytest.approx(5.0, abs=0.02)
    assert "came back after 5.0 s" in recording.notes[0]


def test_micro_in_latin_1_is_micro() -> None:
    recording = read(field_case("xdf-latin1-unit.xdf"))
    assert recording.of(Modality.EEG)[0].spec.unit == "uV"
    assert recording.notes == ()


@pytest.mark.parametrize(
    ("name", "labels"),
    [("xdf-int32-markers.xdf", ("7", "9")), ("xdf-string-markers-rate100.xdf", ("a", "b"))],
)
def test_markers_are_text(name: str, labels: tuple[str, ...]) -> None:
    (markers,) = read(field_case(name)).markers
    assert markers.labels == labels
    assert markers.timestamps.tolist() == [1005.0, 1040.5]


@pytest.mark.parametrize(
    ("name", "unit"),
    [("xdf-double64-eeg", "uV"), ("xdf-nanovolt-int32", "uV"), ("xdf-int16-eeg", "")],
)
def test_number_formats_stay_as_they_were(name: str, unit: str) -> None:
    recording = read(field_case(f"{name}.xdf"))
    (eeg,) = recording.of(Modality.EEG)
    assert (eeg.spec.n_chans, eeg.spec.unit, len(recording.notes)) == (32, unit, unit == "")


def test_an_eeg_of_text_is_not_a_signal() -> None:
    recording = read(field_case("xdf-eeg-as-strings.xdf"))
    assert [s.spec.modality for s in recording.streams] == [Modality.GSR]


# --- others of each kind ----------------------------------------------------------------------


def test_a_channel_of_another_unit_does_not_void_the_others(tmp_path: Path) -> None:
    channels = EEG + channel("Cz", "counts", "EEG") + channel("GSR", "kOhm") + channel("33", "uV")
    path = write_xdf(
        tmp_path / "a.xdf", _stream(header("Amp", "EEG", 5, 100, channels=channels), 5)
    )
    recording = read(path)
    found = {s.spec.name: (s.spec.ch_names, s.spec.unit) for s in recording.streams}
    assert found == {
        "Amp EEG": (("Fp1", "C3"), "uV"),
        "Amp GSR": (("GSR",), "uS"),
        "Amp OTHER": (("Cz", "33"), ""),
    }
    assert recording.notes == ("stream 'Amp': left out, not EEG, GSR or ECG: Cz (counts), 33 (uV)",)


@pytest.mark.parametrize(
    "micro", [b"\xb5V", "\u00b5V".encode(), "\u03bcV".encode(), b"&#181;V", b"&#xb5;V"]
)
def test_micro_in_any_encoding(tmp_path: Path, micro: bytes) -> None:
    channels = channel("Fp1", micro, "EEG") + channel(b"C3\x1b[1m&#27;", micro, "EEG")
    path = write_xdf(
        tmp_path / "a.xdf", _stream(header("M\u00fc", "EEG", 2, 100, channels=channels))
    )
    (eeg,) = read(path).streams
    assert eeg.spec == read(path).streams[0].spec
    assert (eeg.spec.name, eeg.spec.unit) == ("M\u00fc", "uV")
    assert eeg.spec.ch_names == ("Fp1", "C3\ufffd[1m\ufffd")


def test_text_of_markers_in_latin_1(tmp_path: Path) -> None:
    texts = [(b"\xd6ffnen", b"1"), ("\u00d6".encode(), b"")]
    markers = RawStream(
        header("m", "Markers", 2, 0, "string"), "string", texts, np.array([1.0, 2.0])
    )
    recording = read(write_xdf(tmp_path / "a.xdf", markers))
    assert recording.markers[0].labels == ("\u00d6ffnen,1", "\u00d6,")
    assert recording.notes == ()


@pytest.mark.parametrize("jitter", [0.0, 0.004, "packets"])
def test_the_rate_of_jittered_and_packed_stamps(tmp_path: Path, jitter: float | str) -> None:
    stamps = np.arange(3000) / 250.0
    if jitter == "packets":
        stamps = np.floor(stamps * 8) / 8
    else:
        stamps = stamps + np.random.default_rng(0).normal(0, jitter, 3000)
    stamps[2000:] += 60.0
    path = write_xdf(
        tmp_path / "a.xdf", _stream(header("a", "EEG", 2, 0, channels=EEG), stamps=stamps)
    )
    assert read(path).streams[0].spec.sfreq == 250.0


def test_what_comes_irregularly_has_no_rate(tmp_path: Path) -> None:
    stamps = np.cumsum(np.random.default_rng(0).exponential(0.5, 200))
    path = write_xdf(
        tmp_path / "a.xdf", _stream(header("a", "EEG", 2, 0, channels=EEG), stamps=stamps)
    )
    assert read(path).streams[0].spec.sfreq == 0.0


def _amp(start: float, **fields: str) -> RawStream:
    offsets = [(start, float(fields.pop("offset", "0")))]
    fields = {"source_id": "amp", **fields}
    return _stream(
        header("Amp", "EEG", 2, 100, channels=EEG, **fields), start=start, offsets=offsets
    )


def test_returning_devices_are_joined_in_order_of_time(tmp_path: Path) -> None:
    path = write_xdf(tmp_path / "a.xdf", _amp(100.0), _amp(20.0), _amp(50.0))
    (eeg,) = read(path).streams
    assert eeg.timestamps[[0, 300, 600]].tolist() == [20.0, 50.0, 100.0]
    assert eeg.breaks.tolist() == [50.0, 100.0]
    # A device that restarted its clock is later by its offset.
    path = write_xdf(tmp_path / "b.xdf", _amp(100.0), _amp(20.0, offset="500"))
    (eeg,) = read(path).streams
    assert eeg.timestamps[[0, 300]].tolist() == [100.0, 20.0]
    assert len(eeg.breaks) == 0


def test_a_device_that_was_away_for_long_has_a_gap_and_no_clock_reset(tmp_path: Path) -> None:
    path = write_xdf(tmp_path / "a.xdf", _amp(20.0), _amp(2000.0))
    (facts,) = recording_facts(read(path))["streams"]
    assert (facts["gaps"], facts["clock_resets"]) == (1, 0)


@pytest.mark.parametrize(
    "other",
    [_amp(11.0), _amp(100.0, source_id="amp2"), _amp(100.0, source_id="", host="other")],
    ids=["at the same time", "another device", "another computer"],
)
def test_other_devices_are_not_joined(tmp_path: Path, other: RawStream) -> None:
    first = _amp(10.0, source_id="") if b"other" in other.xml else _amp(10.0)
    recording = read(write_xdf(tmp_path / "a.xdf", first, other))
    assert [s.spec.name for s in recording.streams] == ["Amp-EEG", "Amp-EEG-2"]


def test_samples_and_markers_without_a_stamp_are_dropped(tmp_path: Path) -> None:
    stamps = np.arange(300) / 100.0
    stamps[100:150], stamps[200] = np.nan, np.inf
    eeg = _stream(header("a", "EEG", 2, 100, channels=EEG), stamps=stamps)
    texts = RawStream(
        header("m", "Markers", 1, 0, "string"),
        "string",
        [(b"x",), (b"y",)],
        np.array([np.nan, 1.0]),
    )
    recording = read(write_xdf(tmp_path / "a.xdf", eeg, texts))
    assert len(recording.streams[0].samples) == 249
    assert recording.markers[0].labels == ("y",)
    assert any("51 samples have a NaN or infinite time stamp" in note for note in recording.notes)


@pytest.mark.parametrize("declared", ["nan", "-5", "1e-9", "inf"])
def test_a_rate_that_cannot_be_is_measured(tmp_path: Path, declared: str) -> None:
    xml = header("a", "EEG", 2, 100, channels=EEG).replace(b">100<", f">{declared}<".encode())
    (eeg,) = read(write_xdf(tmp_path / "a.xdf", _stream(xml))).streams
    assert eeg.spec.sfreq == 100.0


def test_a_part_named_like_another_stream_is_numbered(tmp_path: Path) -> None:
    mixed = EEG + channel("EDA", "uS", "EDA")
    recording = read(
        write_xdf(
            tmp_path / "a.xdf",
            _stream(header("Amp", "EEG", 3, 100, channels=mixed), 3),
            _stream(header("Amp EEG", "EEG", 2, 100, channels=EEG)),
        )
    )
    assert [s.spec.name for s in recording.streams] == ["Amp EEG", "Amp GSR", "Amp EEG-2"]
