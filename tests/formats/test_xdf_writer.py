"""XDF as we write it, read by pyxdf and by our own reader."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import pyxdf

from physiosync_rt.datatypes import Modality, StreamSpec
from physiosync_rt.formats.registry import read
from physiosync_rt.formats.xdf_writer import XdfWriter

EEG = StreamSpec("amp & <co>", Modality.EEG, ("Fp1", "µ"), 100.0, "uV", "EEG", "id-1", "box")
GSR = StreamSpec("skin", Modality.GSR, ("GSR",), 4.0, "uS")


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.xdf"
    rng = np.random.default_rng(0)
    stamps = 1e6 + np.sort(rng.uniform(0, 9, 700))
    stamps[350] -= 3.0  # stamps go as they came, backward steps too
    samples = rng.standard_normal((700, 2)).astype(np.float32)
    counter = np.arange(700) + 65000
    with XdfWriter(path) as writer:
        eeg, gsr = writer.add_stream(EEG, counter=True), writer.add_stream(GSR)
        marks = writer.add_markers("notes", "id-2")
        for part in np.split(np.arange(700), [0, 1, 300, 300]):
            writer.write_samples(eeg, samples[part], stamps[part], counter[part])
        writer.write_samples(gsr, samples[:5, :1], stamps[:5])
        writer.write_markers(marks, [1.5, 2.5], ["start", "ü" * 300])
        writer.write_clock_offset(eeg, 2.0, -0.25)
        writer.write_clock_offset(eeg, 7.0, -0.26)

    recording = read(path)
    by_name = {stream.spec.name: stream for stream in recording.streams}
    found = by_name[EEG.name]
    assert found.spec == EEG
    np.testing.assert_array_equal(found.samples, samples)
    np.testing.assert_array_equal(found.timestamps, stamps)
    np.testing.assert_array_equal(found.clock_offsets, [[2.0, -0.25], [7.0, -0.26]])
    assert found.counter is not None
    np.testing.assert_array_equal(found.counter, counter)
    assert (by_name["skin"].spec.unit, by_name["skin"].spec.modality) == ("uS", Modality.GSR)
    (markers,) = recording.markers
    assert markers.labels == ("start", "ü" * 300)
    np.testing.assert_array_equal(markers.timestamps, [1.5, 2.5])

    streams, _ = pyxdf.load_xdf(str(path), synchronize_clocks=False, dejitter_timestamps=False)
    (eeg_info,) = (s for s in streams if s["info"]["name"] == [EEG.name])
    assert eeg_info["footer"]["info"]["sample_count"] == ["700"]
    assert float(eeg_info["footer"]["info"]["first_timestamp"][0]) == stamps[0]


def test_a_file_never_closed_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "a.xdf"
    writer = XdfWriter(path)
    stream = writer.add_stream(GSR)
    writer.write_samples(stream, np.ones((9, 1), np.float32), np.arange(9.0))
    writer.flush()
    try:
        (streams, _) = pyxdf.load_xdf(str(path), synchronize_clocks=False)
        assert len(streams[0]["time_stamps"]) == 9
    finally:
        writer.close()
        writer.close()


def test_a_damaged_part_affects_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.xdf"
    with XdfWriter(path) as writer:
        stream = writer.add_stream(EEG)
        for k in range(100):
            samples = np.full((2000, 2), k, np.float32)
            writer.write_samples(stream, samples, 20.0 * k + np.arange(2000) / 100.0)
    content = bytearray(path.read_bytes())
    content[40_000:40_016] = bytes(range(200, 216))
    content[33_800:33_816] = b"\xff" * 16
    path.write_bytes(content)
    streams, _ = pyxdf.load_xdf(str(path), synchronize_clocks=False, dejitter_timestamps=False)
    assert streams[0]["time_series"][-1, 0] == 99.0


def test_shapes_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with XdfWriter(tmp_path / "a.xdf") as writer:
        stream = writer.add_stream(EEG)
        counted = writer.add_stream(GSR, counter=True)
        marks = writer.add_markers("notes")
        with pytest.raises(ValueError, match="do not fit"):
            writer.write_samples(stream, np.ones((3, 1), np.float32), np.arange(3.0))
        with pytest.raises(ValueError, match="do not fit"):
            writer.write_samples(counted, np.ones((3, 1), np.float32), np.arange(3.0))
        with pytest.raises(ValueError, match="counter"):
            writer.write_samples(
                counted, np.ones((1, 1), np.float32), np.arange(1.0), np.array([1 << 53])
            )
        with pytest.raises(ValueError, match="one stamp per marker"):
            writer.write_markers(marks, [1.0], [])


def test_counts_beyond_float32_are_exact(tmp_path: Path) -> None:
    path = tmp_path / "a.xdf"
    counter = (1 << 24) - 3 + np.arange(9, dtype=np.int64) * 5
    counter[-1] = (1 << 52) + 1
    samples = np.random.default_rng(1).standard_normal((9, 2)).astype(np.float32)
    with XdfWriter(path) as writer:
        stream = writer.add_stream(EEG, counter=True)
        writer.write_samples(stream, samples, np.arange(9) / 100.0, counter)
    (found,) = read(path).streams
    assert found.counter is not None
    np.testing.assert_array_equal(found.counter, counter)
    np.testing.assert_array_equal(found.samples, samples)
    assert found.samples.dtype == np.float32
    (stream,), _ = pyxdf.load_xdf(str(path), synchronize_clocks=False, dejitter_timestamps=False)
    np.testing.assert_array_equal(stream["time_series"][:, -1], counter)


def test_a_counter_in_float32_is_read_as_before(tmp_path: Path) -> None:
    """Recordings of former versions hold the counter in a stream of float32."""
    path = tmp_path / "old.xdf"
    spec = replace(EEG, ch_names=(*EEG.ch_names, "counter"))
    with XdfWriter(path) as writer:
        stream = writer.add_stream(spec)
        samples = np.column_stack([np.ones((9, 2)), 500 + np.arange(9)]).astype(np.float32)
        writer.write_samples(stream, samples, np.arange(9) / 100.0)
    content = path.read_bytes()
    now = b"<label>counter</label><unit>microvolts</unit><type>EEG</type>"
    then = b"<label>counter</label><unit /><type>sample_counter</type>"
    assert content.count(now) == 1
    path.write_bytes(content.replace(now, then + b" " * (len(now) - len(then))))
    (found,) = read(path).streams
    assert found.spec.ch_names == EEG.ch_names
    np.testing.assert_array_equal(found.counter, 500 + np.arange(9))


def test_names_that_no_xml_can_hold_are_read_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.xdf"
    hostile = "a\x00b\x1b[2J\ud800\ufffe & <x>"
    spec = replace(EEG, name=hostile, ch_names=("Fp1\x08", "C\x0bz"), source_id=hostile)
    with XdfWriter(path) as writer:
        stream, marks = writer.add_stream(spec), writer.add_markers(hostile + "!", hostile)
        writer.write_samples(stream, np.ones((9, 2), np.float32), np.arange(9) / 100.0)
        writer.write_markers(marks, [0.01, 0.02], ["raw \x1b[2J\n=1+1", "\ud800 \ud83d\ude42"])
    recording = read(path)
    (found,) = recording.streams
    assert found.spec.name == "a�b�[2J�� & <x>"
    assert found.spec.ch_names == ("Fp1�", "C z")
    assert recording.markers[0].labels == ("raw \x1b[2J\n=1+1", "� 🙂")
    streams, _ = pyxdf.load_xdf(str(path), synchronize_clocks=False)
    assert len(streams) == 2
