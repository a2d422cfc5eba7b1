from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from physiosync_rt.datatypes import Modality
from physiosync_rt.errors import UserError
from physiosync_rt.formats.registry import read

_DEVICE = {
    "sensor": ["ECGBITREV", "EDABITREV", "RAW"],
    "device name": "20:16:02:26:60:88",
    "column": ["nSeq", "I1", "I2", "O1", "O2", "A1", "A2", "A3"],
    "time": "7:6:40.879",
    "date": "2016-6-11",
    "sampling rate": 1000,
    "label": ["A1", "A2", "A3"],
    "resolution": [4, 1, 1, 1, 1, 10, 10, 10],
}


def _write(path: Path, devices: dict[str, object], rows: list[str]) -> Path:
    header = ["# OpenSignals Text File Format", f"# {json.dumps(devices)}", "# EndOfHeader"]
    path.write_text("\n".join([*header, *rows]) + "\n")
    return path


def _rows(counts: np.ndarray, end: str = "\t") -> list[str]:
    return [f"{n % 16}\t1\t1\t1\t0\t{n}\t{n + 1}\t{n + 2}{end}" for n in counts.tolist()]


def test_a_file_of_a_bitalino(tmp_path: Path) -> None:
    recording = read(_write(tmp_path / "a.txt", {"mac": _DEVICE}, _rows(np.arange(500))))
    found = {
        s.spec.name: (s.spec.ch_names, s.spec.unit, s.samples[3, 0]) for s in recording.streams
    }
    assert found == {
        "OpenSignals ECG": (("A1",), "", 3),
        "OpenSignals GSR": (("A2",), "", 4),
        "OpenSignals OTHER": (("A3",), "", 5),
    }
    assert recording.streams[0].spec.sfreq == 1000
    assert recording.start_utc == pytest.approx(1465628800.879)
    assert sum("does not state a unit" in note for note in recording.notes) == 2


def test_lost_samples_leave_their_place(tmp_path: Path) -> None:
    counts = np.r_[0:100, 107:300]
    (ecg, *_) = read(_write(tmp_path / "a.txt", {"mac": _DEVICE}, _rows(counts, ""))).streams
    np.testing.assert_allclose(ecg.timestamps, counts / 1000)
    np.testing.assert_array_equal(ecg.counter, counts)


@pytest.mark.parametrize("bits", [4, 8, 16])
def test_a_sequence_of_any_width(tmp_path: Path, bits: int) -> None:
    rows = [f"{n % 2**bits}\t0\t0\t0\t0\t1\t2\t3" for n in range(0, 70_000, 1)]
    (ecg, *_) = read(_write(tmp_path / "a.txt", {"mac": _DEVICE}, rows)).streams
    np.testing.assert_array_equal(ecg.counter, np.arange(70_000))


def test_two_devices_and_a_header_without_columns(tmp_path: Path) -> None:
    plux = {
        "label": ["CH1"],
        "sensor": ["EDA"],
        "sampling rate": 1000,
        "resolution": 12,
        "device name": "plux",
        "date": "2015-4-27",
        "time": "17:53:44.456",
    }
    rows = [f"{row}{n}\t{2 * n}\t" for n, row in enumerate(_rows(np.arange(300)))]
    recording = read(_write(tmp_path / "a.txt", {"one": _DEVICE, "two": plux}, rows))
    gsr = list(recording.of(Modality.GSR))
    assert [s.spec.name for s in gsr] == ["20:16:02:26:60:88 GSR", "plux GSR"]
    np.testing.assert_array_equal(gsr[1].samples[:, 0], 2 * np.arange(300))


@pytest.mark.parametrize(
    ("devices", "rows", "said"),
    [
        ({"mac": _DEVICE}, [], "a header but no samples"),
        ({"mac": _DEVICE}, ["1\t2", "2\t3"], "no line of the 8 columns that it declares"),
        ({}, ["1\t2"], "does not describe the devices"),
        ({"mac": {**_DEVICE, "sampling rate": 0}}, ["1\t2"], "does not describe the devices"),
        ({"mac": {"sampling rate": 9}}, ["1\t2"], "does not describe the devices"),
        ({"mac": [1]}, ["1\t2"], "does not describe the devices"),
    ],
)
def test_what_does_not_go_together_is_refused(
    tmp_path: Path, devices: dict[str, object], rows: list[str], said: str
) -> None:
    with pytest.raises(UserError, match=said):
        read(_write(tmp_path / "a.txt", devices, rows))
