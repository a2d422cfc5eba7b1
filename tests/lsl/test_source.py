"""The LSL source against real outlets in another process, on this computer only."""

import time

import numpy as np
import pytest
from helpers.filled import filled
from helpers.receive import go, receive, until, until_lost, until_told

from physiosync_rt.datatypes import Modality
from physiosync_rt.devices import Device, load_device
from physiosync_rt.errors import UserError
from physiosync_rt.lsl.source import LslSource
from physiosync_rt.utils.yaml_config import parse_yaml

EEG = {"name": "cap", "stype": "EEG", "ch_names": ["Fz", "Cz"], "sfreq": 250.0, "unit": "uV"}
GSR = {"name": "skin", "stype": "GSR", "ch_names": ["GSR"], "sfreq": 32.0, "unit": "uS"}


def test_nothing_is_lost_between_first_sample_and_end_marker(sender) -> None:
    process = sender(EEG, GSR)
    source = LslSource(timeout=5)
    try:
        specs = source.open()
        go(process)
        chunks, markers = receive(source)
        before, after = source.now(), source.now()
    finally:
        source.close()
    assert [spec.modality for spec in specs] == [Modality.EEG, Modality.GSR]
    assert [spec.unit for spec in specs] == ["uV", "uS"]
    for name, sfreq, n_chans in (("cap", 250.0, 2), ("skin", 32.0, 1)):
        samples = np.concatenate([chunk.samples for chunk in chunks[name]])
        stamps = np.concatenate([chunk.timestamps for chunk in chunks[name]])
        n_samples = int(2 * sfreq)
        assert samples.dtype == np.float32
        np.testing.assert_array_equal(samples[:, 0], np.arange(n_samples))
        assert samples.shape == (n_samples, n_chans)
        np.testing.assert_allclose(stamps - stamps[0], np.arange(n_samples) / sfreq, atol=1e-6)
        assert {chunk.clock_offset for chunk in chunks[name]} == {0.0}
        assert before - 30 < stamps[0] < after
    assert [marker.text for marker in markers] == ["begin"]
    assert source.speed == 1.0
    assert source.messages == []


def test_one_of_two_eeg_streams_has_to_be_named(sender) -> None:
    process = sender(EEG, {**EEG, "name": "other", "source_id": "B"}, {**GSR, "name": "cap"})
    with pytest.raises(UserError, match=r"several streams could be the EEG: .*--eeg") as error:
        LslSource(timeout=2).open()
    assert "'cap'" in str(error.value)
    assert "'other'" in str(error.value)
    with pytest.raises(UserError, match=r"no stream called 'nobody' found; available: .*'cap'"):
        LslSource("nobody", timeout=1).open()
    source = LslSource("CAP", timeout=5)
    try:
        specs = source.open()
    finally:
        source.close()
    # Two streams of one name, as Muse sends them, are told apart by their modality.
    assert [spec.name for spec in specs] == ["cap EEG", "cap GSR"]
    assert process.poll() is None


def test_an_undescribed_stream_is_rejected_with_a_fix(sender) -> None:
    sender({"bare": True, "name": "box", "stype": "EEG", "n_chans": 3, "sfreq": 125.0})
    with pytest.raises(UserError, match=r"its unit and its electrodes") as error:
        LslSource(timeout=2).open()
    template = filled(str(error.value).split("\n\n", 1)[1], unit="microvolts")
    device = parse_yaml(template, Device, "template")
    source = LslSource(device=device, timeout=5)
    try:
        (spec,) = source.open()
    finally:
        source.close()
    assert (spec.ch_names, spec.unit) == (("Fp1",), "uV")


def test_a_device_description_takes_out_the_counter(sender) -> None:
    process = sender(
        {"bare": True, "name": "obci_eeg1", "stype": "EEG", "n_chans": 16, "sfreq": 125.0},
        duration=1.0,
    )
    # The sender counts 0, 1, 2 ...: half the step of the real board, so every other is repeated.
    source = LslSource(device=load_device("openbci-cyton-daisy"), timeout=5)
    try:
        (spec,) = source.open()
        go(process)
        chunks, _ = receive(source)
    finally:
        source.close()
    assert spec.n_chans == 15
    counter = np.concatenate([chunk.counter for chunk in chunks["obci_eeg1"]])
    assert len(counter) == 125
    assert (np.diff(counter) >= 0).all()


def test_stamps_of_another_clock_are_mapped_by_arrival(sender) -> None:
    process = sender(EEG, start=1.7e9, duration=0.5)
    source = LslSource(timeout=5)
    try:
        source.open()
        go(process)
        chunks, _ = receive(source)
        now = source.now()
    finally:
        source.close()
    offsets = {chunk.clock_offset for chunk in chunks["cap"]}
    assert len(offsets) == 1
    assert abs(chunks["cap"][-1].timestamps[-1] + offsets.pop() - now) < 5
    assert "not stamped with the LSL clock" in source.messages[0].text


def test_a_declared_speed_is_read(sender) -> None:
    sender(EEG, speed=4.0)
    source = LslSource(timeout=5)
    try:
        source.open()
        assert source.speed == 4.0
    finally:
        source.close()


@pytest.mark.parametrize(
    ("source_id", "successor_id"),
    [("amp-7", "amp-7"), ("", ""), ("run-1", "run-2")],
    ids=["same source_id", "no source_id", "new source_id"],
)
def test_a_stream_that_is_killed_and_restarted_is_reconnected(
    sender, source_id: str, successor_id: str
) -> None:
    process = sender({**EEG, "source_id": source_id}, duration=30.0)
    source = LslSource(timeout=5)
    try:
        (spec,) = source.open()
        uid = source._signals[0].info.uid()
        until_lost(source, process, "cap")
        successor = sender({**EEG, "source_id": successor_id}, duration=30.0)
        go(successor)
        back = time.monotonic()
        chunks = until(source, bool)
        assert time.monotonic() - back < 3.0
        assert source._signals[0].info.uid() != uid
        assert chunks[0].stream == spec.name
        # The sender's markers are back too, before or after its signals.
        assert any("'cap' is back after" in message.text for message in source.messages)
    finally:
        source.close()


def test_a_stream_of_the_same_name_from_before_is_not_a_successor(sender) -> None:
    process = sender({**EEG, "source_id": "mine"}, duration=30.0)
    other = sender({**EEG, "source_id": "theirs"}, duration=30.0)
    source = LslSource("mine", timeout=5)
    try:
        source.open()
        go(other)
        until_lost(source, process, "cap")
        deadline = time.monotonic() + 2.0
        while time.monotonic() < deadline:
            assert not source.poll(0.02).chunks
    finally:
        source.close()


def test_a_successor_with_other_channels_is_rejected_and_reported(sender) -> None:
    process = sender({**EEG, "source_id": "amp"}, duration=30.0)
    source = LslSource(timeout=5)
    try:
        source.open()
        go(process)
        until(source, bool)
        process.kill()
        process.wait()
        go(sender({**EEG, "source_id": "amp", "ch_names": ["Pz", "Oz"]}, duration=30.0))
        until_told(source, "back with Pz, Oz")
    finally:
        source.close()


def test_markers_come_back_too(sender) -> None:
    process = sender(EEG, duration=30.0)
    source = LslSource(timeout=5)
    try:
        source.open()
        until_lost(source, process, "markers")
        successor = sender(EEG, duration=2.0)
        until_told(source, "'markers' is back")
        go(successor)
        chunks, markers = receive(source)
    finally:
        source.close()
    assert len(chunks["cap"]) > 0
    assert [marker.text for marker in markers] == ["begin"]


def test_streams_of_one_other_clock_stay_together(sender) -> None:
    process = sender(EEG, GSR, start=1.7e9, duration=3.0)
    source = LslSource(timeout=5)
    try:
        source.open()
        go(process)
        chunks, _ = receive(source)
    finally:
        source.close()
    offsets = {c.clock_offset for name in ("cap", "skin") for c in chunks[name]}
    assert len(offsets) == 1
    assert sum("not stamped with the LSL clock" in m.text for m in source.messages) == 2
    for name, n_samples in (("cap", 750), ("skin", 96)):
        samples = np.concatenate([chunk.samples for chunk in chunks[name]])
        np.testing.assert_array_equal(samples[:, 0], np.arange(n_samples))


def test_without_streams_the_error_says_what_to_do() -> None:
    with pytest.raises(UserError, match="there are no LSL streams at all"):
        LslSource(timeout=0.5).open()
