"""What holds for every reader of text: encodings, line ends, cut ends and repeated blocks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.field_cases import field_case

from physiosync_rt.datatypes import Recording
from physiosync_rt.formats.registry import read
from physiosync_rt.pipeline.inspect import recording_facts

_FILES = (
    *("obci-v3-dot.txt", "obci-decimal-comma.txt", "obci-ganglion-v3-no-count.txt"),
    *("brainflow-gui-toggle-duplicates.csv", "brainflow-decimal-comma.csv"),
    *("shimmer-ok.csv", "shimmer-decimal-comma.csv", "shimmer-two-devices.csv"),
    *("mindmonitor-constant.csv", "muselsl-record.csv", "e4-ok/EDA.csv"),
)
_N_LINES = 1500


def _text(name: str) -> str:
    lines = field_case(name).read_text(encoding="utf-8").splitlines()
    return "\n".join(lines[:_N_LINES]) + "\n"


def _read(folder: Path, name: str, raw: bytes) -> Recording:
    path = folder / Path(name).name
    path.write_bytes(raw)
    return read(path)


def _assert_equal(one: Recording, other: Recording) -> None:
    assert one.start_utc == other.start_utc
    assert one.notes == other.notes
    for a, b in zip(one.streams, other.streams, strict=True):
        assert a.spec == b.spec
        np.testing.assert_array_equal(a.samples, b.samples)
        np.testing.assert_array_equal(a.timestamps, b.timestamps)
    assert [m.labels for m in one.markers] == [m.labels for m in other.markers]


@pytest.mark.parametrize("name", _FILES)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_encodings_and_line_ends_change_nothing(
    tmp_path: Path, name: str, encoding: str, end: str
) -> None:
    text = _text(name)
    control = _read(tmp_path, name, text.encode())
    _assert_equal(_read(tmp_path, name, text.replace("\n", end).encode(encoding)), control)


@pytest.mark.parametrize("name", _FILES)
def test_blank_lines_at_the_end_change_nothing(tmp_path: Path, name: str) -> None:
    text = _text(name)
    control = _read(tmp_path, name, text.encode())
    _assert_equal(_read(tmp_path, name, (text + "\n \n\n").encode()), control)


@pytest.mark.parametrize("name", [name for name in _FILES if not name.startswith("e4")])
@pytest.mark.parametrize("n_left", [2, 7, 25])
def test_a_line_that_is_cut_off_costs_itself_alone(tmp_path: Path, name: str, n_left: int) -> None:
    text = _text(name)
    control = _read(tmp_path, name, text.encode())
    whole, last = text[:-1].rsplit("\n", 1)
    cut = _read(tmp_path, name, f"{whole}\n{last[:n_left]}".encode())
    for a, b in zip(cut.streams, control.streams, strict=True):
        assert len(a.samples) == len(b.samples) - 1
        np.testing.assert_array_equal(a.samples, b.samples[:-1])
    assert any("1 lines of wrong length were dropped" in note for note in cut.notes)


@pytest.mark.parametrize(("name", "n_header"), [("obci-v3-dot.txt", 6), ("muselsl-record.csv", 1)])
def test_blocks_that_were_written_again(tmp_path: Path, name: str, n_header: int) -> None:
    lines = _text(name).splitlines()
    header, rows = lines[:n_header], lines[n_header:]
    again = [*rows[:900], *rows[500:800], *rows[850:900], *rows[900:]]
    recording = _read(tmp_path, name, ("\n".join([*header, *again]) + "\n").encode())
    facts = recording_facts(recording)["streams"][0]
    assert (facts["duplicated"], facts["lost"], facts["gaps"]) == (350, 0, 0)
    assert facts["clock_resets"] == 0
