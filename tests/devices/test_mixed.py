"""Descriptions of streams with several modalities, and descriptions written for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.field_cases import field_case
from helpers.filled import filled
from helpers.raw_xdf import RawStream, channel, header, write_xdf

from physiosync_rt.datatypes import Modality, Recording, StreamSpec
from physiosync_rt.devices import Device, device_template, map_recording, shipped_for
from physiosync_rt.devices.assist import StreamExcerpt, propose
from physiosync_rt.errors import UserError
from physiosync_rt.formats.metadata import StreamLayout, stream_layout
from physiosync_rt.formats.registry import read
from physiosync_rt.sources.file import FileSource
from physiosync_rt.utils.yaml_config import parse_yaml

MIXED = (
    channel("Fp1", "microvolts", "EEG")
    + channel("EDA1", "uS", "EDA")
    + channel("C3", "microvolts", "EEG")
    + channel("AccX", "g", "ACC")
)


def _recording(
    path: Path, channels: bytes, n_chans: int, stype: str = "EEG", **fields
) -> Recording:
    n = 500
    samples = np.arange(n)[:, None] * 10.0 ** np.arange(n_chans)
    xml = header("Amp", stype, n_chans, 100, "double64", channels=channels, **fields)
    return read(
        write_xdf(path / "a.xdf", RawStream(xml, "double64", samples, np.arange(n) / 100.0))
    )


def _device(text: str) -> Device:
    return parse_yaml(text, Device, "mine.yaml")


def _written(recording: Recording) -> str:
    """The description that is written for all parts of the recording's stream."""
    parts = [(s.spec, s.carrier) for s in recording.streams if s.carrier]
    return device_template(parts[0][0], parts)


PICKED = """
name: Mine
streams:
  - {match: {name: Amp}, modality: EEG, pick: [C3, Fp1]}
  - {match: {name: Amp}, modality: GSR, pick: [EDA1]}
"""
PLACED = """
name: Mine
streams:
  - {match: {name: Amp}, modality: EEG, unit: uV, channels: [Fp1, drop, C3, drop]}
  - {match: {name: Amp}, modality: GSR, unit: kohm, channels: [drop, EDA1, drop, drop]}
"""


def test_two_modalities_of_one_stream_are_picked(tmp_path: Path) -> None:
    mapped = map_recording(_device(PICKED), _recording(tmp_path, MIXED, 4))
    eeg, gsr = mapped.streams
    assert (eeg.spec.name, eeg.spec.ch_names, eeg.spec.unit) == ("Amp EEG", ("C3", "Fp1"), "uV")
    assert (gsr.spec.name, gsr.spec.ch_names, gsr.spec.unit) == ("Amp GSR", ("EDA1",), "uS")
    assert eeg.samples[7].tolist() == [700.0, 7.0]
    assert gsr.samples[7].tolist() == [70.0]


def test_two_modalities_of_an_undescribed_stream_are_placed(tmp_path: Path) -> None:
    mapped = map_recording(_device(PLACED), _recording(tmp_path, b"", 4))
    assert [(s.spec.name, s.spec.unit) for s in mapped.streams] == [
        ("Amp EEG", "uV"),
        ("Amp GSR", "uS"),
    ]
    assert mapped.streams[0].samples[7].tolist() == [7.0, 700.0]
    assert mapped.streams[1].samples[7] == pytest.approx(1000 / 70.0)
    # The note that the unit is unknown has gone.
    assert mapped.notes == ()


def test_what_a_picking_description_does_not_describe_stays(tmp_path: Path) -> None:
    only_eeg = "name: A\nstreams: [{match: {name: Amp}, modality: EEG, pick: [C3]}]"
    mapped = map_recording(_device(only_eeg), _recording(tmp_path, MIXED, 4))
    assert [(s.spec.name, s.spec.ch_names) for s in mapped.streams] == [
        ("Amp EEG", ("C3",)),
        ("Amp GSR", ("EDA1",)),
    ]
    placed = (
        "name: A\nstreams: [{match: {name: Amp}, modality: EEG, channels: [A1, drop, C3, drop]}]"
    )
    mapped = map_recording(_device(placed), _recording(tmp_path, MIXED, 4))
    assert [s.spec.name for s in mapped.streams] == ["Amp"]


def test_a_description_by_position_sees_every_channel(tmp_path: Path) -> None:
    wrong = "name: A\nstreams: [{match: {name: Amp}, modality: EEG, channels: [A1, C3]}]"
    with pytest.raises(UserError, match=r"has 4 channels \(Fp1, EDA1, C3, AccX\)"):
        map_recording(_device(wrong), _recording(tmp_path, MIXED, 4))


# --- what is written --------------------------------------------------------------------------


def _same(recording: Recording, text: str) -> None:
    mapped = map_recording(_device(text), recording)
    signals = [s for s in recording.streams if s.spec.modality is not Modality.OTHER]
    assert [s.spec for s in mapped.streams] == [s.spec for s in signals]
    for ours, theirs in zip(mapped.streams, signals, strict=True):
        np.testing.assert_array_equal(ours.samples, theirs.samples)


@pytest.mark.parametrize(
    ("channels", "n_chans", "stype"),
    [
        (MIXED, 4, "EEG"),
        (channel("Fp1", "V", "EEG") + channel("C3", "V", "EEG"), 2, "EEG"),
        (channel("EDA", "kohm", "EDA") + channel("ECG", "uV", "ECG"), 2, "00:07:80:4D:2E:76"),
        (channel("F3", "-6", "eeg") + channel('a "b" \\c', "-6", "gsr"), 2, ""),
    ],
)
def test_a_stream_that_tells_everything_is_written_whole(
    tmp_path: Path, channels: bytes, n_chans: int, stype: str
) -> None:
    recording = _recording(tmp_path, channels, n_chans, stype, source_id="id [7]")
    text = _written(recording)
    assert "?" not in text
    assert 'source_id: "id [[]7]"' in text
    _same(recording, text)


def test_only_what_is_not_told_is_asked(tmp_path: Path) -> None:
    channels = b"".join(channel(label, "counts", "EEG") for label in ("Fp1", "C3"))
    recording = _recording(tmp_path, channels, 2)
    with pytest.raises(UserError, match="does not state its unit; describe it") as error:
        FileSource(recording).open()
    text = str(error.value).split("\n\n", 1)[1]
    assert text == _written(recording)
    assert text.count('"?"') == 1
    assert "the stream states 'counts', which is not known" in text
    mapped = map_recording(_device(filled(text, unit="uV")), recording)
    assert mapped.streams[0].spec.ch_names == ("Fp1", "C3")
    with pytest.raises(UserError, match="`unit` is still `\\?`: replace it"):
        _device(text)


def test_a_mixed_stream_whose_electrodes_are_not_named(tmp_path: Path) -> None:
    channels = channel("1", "uV", "EEG") + channel("EDA", "uS", "EDA") + channel("2", "uV", "EEG")
    recording = _recording(tmp_path, channels, 3)
    with pytest.raises(UserError, match="does not state its electrodes") as error:
        FileSource(recording).open()
    text = str(error.value).split("\n\n", 1)[1]
    assert text.count('"?"') == 2
    mapped = map_recording(_device(filled(text)), recording)
    assert [(s.spec.name, s.spec.ch_names) for s in mapped.streams] == [
        ("Amp EEG", ("Fp1",)),
        ("Amp GSR", ("EDA",)),
    ]


@pytest.mark.parametrize("name", ["xdf-int16-eeg.xdf", "xdf-eeg-nominal-0.xdf"])
def test_a_case_is_written_with_all_that_it_told(name: str) -> None:
    (eeg,) = read(field_case(name)).of(Modality.EEG)
    assert eeg.carrier is not None
    text = device_template(eeg.spec, [(eeg.spec, eeg.carrier)])
    assert "match: {name: Amp, type: EEG, source_id: amp1}" in text
    assert f"pick: [{', '.join(eeg.spec.ch_names)}]" in text
    assert text.count('"?"') == (not eeg.spec.unit)


def _layout() -> StreamLayout:
    words = [("Fp1", "uV"), ("C3", "uV"), ("EDA", "uS"), ("CNT", "")]
    channels = [{"label": label, "unit": unit} for label, unit in words]
    return stream_layout("Amp", "EEG", 0.0, channels)


def test_assist_and_error_ask_in_the_same_words() -> None:
    parts = [(part.spec, part.carrier) for part in _layout().parts]
    silent = device_template(parts[0][0], parts)
    assert silent.count('sfreq: "?"  # in Hz; not stated by the stream') == 2
    heard = propose(
        [
            StreamExcerpt(spec, np.full((10, spec.n_chans), 5, np.float32), 100.2, carrier)
            for spec, carrier in parts[:2]
        ]
    )
    kept = [line for line in silent.splitlines() if "sfreq" not in line and "unit" not in line]
    assert [line for line in heard.text.splitlines() if line in kept] == kept
    assert "sfreq: 100  # declared: none; measured 100.2 Hz" in heard.text


def test_a_shipped_description_that_would_be_refused_is_not_recommended() -> None:
    # A Shimmer that sends its conductance in a unit that its description cannot be meant for.
    assert shipped_for([StreamSpec("Shimmer_1", Modality.GSR, ("GSR",), 51.2)]) == ["shimmer3-gsr"]
    assert shipped_for([StreamSpec("Shimmer_1", Modality.GSR, ("GSR",), 0.0)]) == []
