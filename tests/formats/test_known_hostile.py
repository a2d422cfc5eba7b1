"""Files that once passed as good or could not be read at all, and more of each kind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.field_cases import field_case
from helpers.write_edf import write_edf

from physiosync_rt.datatypes import Modality, StreamSpec
from physiosync_rt.errors import UserError
from physiosync_rt.formats.registry import read
from physiosync_rt.formats.xdf_writer import XdfWriter

SPEC = StreamSpec("cap", Modality.EEG, ("TP9", "AF7", "AF8", "TP10"), 256.0, "uV")
SAMPLES = np.random.default_rng(0).normal(size=(512, 4)).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "shown", "n_eeg", "n_gsr"),
    [("ctrl-name.xdf", "Mu�se", 2694, 315), ("esc-label.xdf", "A�ux", 2974, 348)],
)
def test_a_header_that_no_xml_parser_takes_costs_no_sample(
    name: str, shown: str, n_eeg: int, n_gsr: int
) -> None:
    eeg, gsr = read(field_case(f"hostile/xdf_unreadable/{name}")).streams
    assert (len(eeg.timestamps), len(gsr.timestamps)) == (n_eeg, n_gsr)
    assert shown in (eeg.spec.name, *eeg.spec.ch_names)


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    path = tmp_path / "a.xdf"
    with XdfWriter(path) as writer:
        writer.write_samples(writer.add_stream(SPEC), SAMPLES, np.arange(512) / 256.0)
    return path


def _replace(path: Path, good: bytes, bad: bytes) -> None:
    content = path.read_bytes()
    assert content.count(good) == 1
    path.write_bytes(content.replace(good, bad))


@pytest.mark.parametrize(
    ("good", "bad", "shown"),
    [
        (b"<label>AF7<", b"<label>\x00F7<", "�F7"),
        (b"<label>AF7<", b"<label>A\x1b7<", "A�7"),
        (b"<label>AF7<", b"<label>A\xff7<", "Aÿ7"),
        (b"<name>cap<", b"<name>c\x07p<", "c�p"),
    ],
)
def test_more_characters_that_no_xml_parser_takes(
    recorded: Path, good: bytes, bad: bytes, shown: str
) -> None:
    _replace(recorded, good, bad)
    (stream,) = read(recorded).streams
    np.testing.assert_array_equal(stream.samples, SAMPLES)
    assert shown in (stream.spec.name, *stream.spec.ch_names)


@pytest.mark.parametrize("bad", [b"<name>c&p<", b"<name>c<p<"])
def test_a_header_that_is_not_xml_is_one_sentence(recorded: Path, bad: bytes) -> None:
    _replace(recorded, b"<name>cap<", bad)
    with pytest.raises(UserError, match=r"^a\.xdf cannot be read as XDF: .*not well-formed"):
        read(recorded)


def test_a_header_that_the_size_of_the_file_contradicts_says_so() -> None:
    (note,) = read(field_case("hostile/silent/f00494_edf_un.edf")).notes
    assert "the file is longer than its header states: 11 records were read" in note


@pytest.mark.parametrize(
    ("n_records", "note"),
    [
        (3, "the file is longer than its header states: 3 records were read, 896 bytes after"),
        (7, "the file is longer than its header states: 7 records were read, 384 bytes after"),
        (14, "the file was cut off: 10 of 14 records were read"),
    ],
)
def test_more_headers_that_the_size_contradicts(tmp_path: Path, n_records: int, note: str) -> None:
    path = tmp_path / "a.edf"
    values = np.random.default_rng(1).integers(-300, 300, (10, 64))
    write_edf(path, [("EEG Cz", "uV", values)], n_records=n_records)
    recording = read(path)
    assert len(recording.streams[0].samples) == 64 * min(n_records, 10)
    assert recording.notes[0].startswith(note)
