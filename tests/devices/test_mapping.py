"""Mapping a described stream: electrodes, units and unwrapped counter, for any chunking."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from physiosync_rt.datatypes import Chunk, Modality, RecordedStream, Recording, StreamSpec
from physiosync_rt.devices import Device, load_device, map_recording, mapper_for
from physiosync_rt.errors import UserError
from physiosync_rt.formats import registry
from physiosync_rt.utils.yaml_config import parse_yaml


def device(text):
    return parse_yaml("name: Test\nstreams:\n  - " + text, Device, "test.yaml")


def spec(n_chans, modality=Modality.OTHER, unit="", sfreq=125.0, **fields):
    names = tuple(f"ch{i + 1}" for i in range(n_chans))
    return StreamSpec("s", modality, names, sfreq, unit, **fields)


def chunk(samples, sfreq=125.0):
    samples = np.asarray(samples, dtype=np.float32)
    return Chunk("s", samples, 7e4 + np.arange(len(samples)) / sfreq)


def test_resistance_becomes_conductance_and_lost_contact_a_bad_sample() -> None:
    mapper = mapper_for(device("{modality: GSR, unit: kohm, channels: [GSR]}"), spec(1))
    assert mapper is not None
    (mapped,) = mapper.map(chunk([[100.0], [0.0], [-1.0]]))
    np.testing.assert_allclose(mapped.samples[:, 0], [10.0, np.nan, np.nan])
    assert (mapper.spec.unit, mapper.spec.ch_names) == ("uS", ("GSR",))


def test_a_unit_the_stream_states_is_not_converted_again() -> None:
    described = device("{modality: EEG, unit: volts, channels: [drop, Cz]}")
    mapper = mapper_for(described, spec(2, Modality.EEG, "uV"))
    assert mapper is not None
    (mapped,) = mapper.map(chunk([[1.0, 20.0]]))
    np.testing.assert_array_equal(mapped.samples, [[20.0]])


def test_an_ecg_typed_as_eeg_becomes_millivolts() -> None:
    mapper = mapper_for(
        device("{modality: ECG, channels: [ECG, drop]}"), spec(2, Modality.EEG, "uV")
    )
    assert mapper is not None
    (mapped,) = mapper.map(chunk([[1500.0, 0.0]]))
    np.testing.assert_allclose(mapped.samples, [[1.5]])


def test_without_any_unit_the_stream_is_refused() -> None:
    with pytest.raises(UserError, match="unit is unknown; add `unit:`"):
        mapper_for(device("{modality: EEG, channels: [Cz]}"), spec(1))


def test_labels_are_picked_in_the_wanted_order() -> None:
    stream = StreamSpec("s", Modality.EEG, ("Timestamp", "af3", "T7", "Markers"), 128.0, "uV")
    mapper = mapper_for(device("{modality: EEG, pick: [T7, AF3]}"), stream)
    assert mapper is not None
    (mapped,) = mapper.map(chunk([[9.0, 1.0, 2.0, 9.0]]))
    np.testing.assert_array_equal(mapped.samples, [[2.0, 1.0]])


COUNTED = "{modality: EEG, unit: uV, counter: {modulo: 256, step: 2}, channels: [counter, Cz]}"


@settings(max_examples=40, deadline=None)
@given(data=st.data(), n_lost=st.sampled_from([0, 3, 128, 200]))
def test_any_split_gives_the_same(data: st.DataObject, n_lost: int) -> None:
    counts = np.r_[0:200, 200 + n_lost : 500 + n_lost]
    samples = np.stack([counts * 2 % 256, np.arange(500)], axis=1).astype(np.float32)
    stamps = 7e4 + counts / 125.0
    cuts = sorted(data.draw(st.lists(st.integers(0, 500), max_size=12)))
    mapper = mapper_for(device(COUNTED), spec(2))
    assert mapper is not None
    out = []
    for start, stop in zip([0, *cuts], [*cuts, 500], strict=True):
        out.extend(mapper.map(Chunk("s", samples[start:stop], stamps[start:stop])))
    out.extend(mapper.flush())
    np.testing.assert_array_equal(np.concatenate([c.counter for c in out]), counts)
    np.testing.assert_array_equal(np.concatenate([c.samples[:, 0] for c in out]), np.arange(500))
    np.testing.assert_array_equal(np.concatenate([c.timestamps for c in out]), stamps)


def test_a_recording_keeps_what_is_not_described() -> None:
    described, other = spec(2), StreamSpec("gsr", Modality.GSR, ("GSR",), 4.0, "uS")
    samples = np.zeros((3, 2), np.float32)
    recording = Recording(
        (
            RecordedStream(described, samples, np.arange(3.0)),
            RecordedStream(other, samples[:, :1], np.arange(3.0)),
        )
    )
    text = "{match: {name: s}, modality: EEG, unit: uV, positions: assumed, channels: [Fz, Cz]}"
    mapped = map_recording(device(text), recording)
    assert mapped.streams[0].spec.ch_names == ("Fz", "Cz")
    assert mapped.streams[1] is recording.streams[1]
    assert "assumed" in mapped.notes[0]
    with pytest.raises(UserError, match="describes no stream"):
        map_recording(load_device("emotiv-epoc-x"), recording)


def test_a_description_removes_the_note_of_an_unknown_unit() -> None:
    note = "the unit of s is unknown"
    samples = np.zeros((3, 2), np.float32)
    stream = RecordedStream(spec(2), samples, np.arange(3.0), unit_note=note)
    recording = Recording((stream,), notes=("two clocks", note))
    text = "{match: {name: s}, modality: EEG, unit: uV, channels: [Fz, Cz]}"
    mapped = map_recording(device(text), recording)
    assert mapped.notes == ("two clocks",)
    assert mapped.streams[0].unit_note == ""


def test_the_daisy_recording_shows_its_losses(data_dir: Path) -> None:
    path = data_dir / "xdf-openbci-eeg-markers" / "eeg16_markers_428s.xdf"
    recording = map_recording(load_device("openbci-cyton-daisy"), registry.read(path))
    (eeg,) = recording.of(Modality.EEG)
    assert not any("unknown unit" in note for note in recording.notes)
    assert (eeg.spec.n_chans, eeg.spec.unit, eeg.spec.sfreq) == (15, "uV", 125.0)
    assert eeg.counter is not None
    steps = np.diff(eeg.counter)
    assert int((steps[steps > 0] - 1).sum()) == 5
    assert int((steps == 0).sum()) == 4
