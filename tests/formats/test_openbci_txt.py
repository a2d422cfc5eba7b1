from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.field_cases import field_case

from physiosync_rt.datatypes import Modality, Recording
from physiosync_rt.errors import UserError
from physiosync_rt.formats.registry import read

_OLD = "OpenBCI-sampleData-1-blinks-jawClench-alpha.txt"
_NEW = "OpenBCI_GUI-v6-blinks-jawClench-alpha.txt"


@pytest.fixture
def layouts(data_dir: Path) -> list[Recording]:
    return [read(data_dir / "openbci-gui-txt" / name) for name in (_OLD, _NEW)]


def test_both_layouts_give_equal_samples(layouts: list[Recording]) -> None:
    (old,), (new,) = (recording.of(Modality.EEG) for recording in layouts)
    np.testing.assert_array_equal(old.samples, new.samples)
    np.testing.assert_array_equal(old.timestamps, new.timestamps)
    assert old.spec == new.spec
    assert (old.spec.sfreq, old.spec.unit, old.spec.n_chans) == (250.0, "uV", 8)
    assert layouts[0].start_utc == layouts[1].start_utc == 1557936053.329


def test_the_sample_index_becomes_a_counter_that_does_not_wrap(layouts: list[Recording]) -> None:
    for recording in layouts:
        counter = recording.of(Modality.EEG)[0].counter
        assert counter is not None
        np.testing.assert_array_equal(counter, np.arange(22490))


def _write(path: Path, rows: list[str], header: tuple[str, ...] = ()) -> Path:
    start = header or ("%OpenBCI Raw EXG Data", "%Number of channels = 4", "%Sample Rate = 200 Hz")
    titles = "Sample Index, EXG Channel 0, EXG Channel 1, EXG Channel 2, EXG Channel 3, "
    titles += "Timestamp, Marker Channel, Timestamp (Formatted)"
    path.write_text("\n".join([*start, titles, *rows]) + "\n")
    return path


def test_seconds_markers_and_a_last_line_cut_off(tmp_path: Path) -> None:
    rows = [f"{i}, 1, 2, 3, {i}, {1.6e9 + i / 200:.6f}, {5 * (i == 7)}, x" for i in range(100)]
    recording = read(_write(tmp_path / "session.txt", [*rows, "100, 1, 2"]))
    (eeg,) = recording.streams
    assert eeg.samples.shape == (100, 4)
    np.testing.assert_allclose(eeg.timestamps, np.arange(100) / 200, atol=1e-5)
    # A Ganglion's index counts radio packets, not samples.
    assert eeg.counter is None
    assert recording.markers[0].labels == ("5",)
    assert recording.markers[0].timestamps[0] == pytest.approx(7 / 200, abs=1e-5)
    assert any("1 lines" in note for note in recording.notes)


def test_missing_parts_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no samples"):
        read(_write(tmp_path / "empty.txt", []))
    with pytest.raises(UserError, match="does not declare"):
        read(_write(tmp_path / "mute.txt", ["0, 1"], ("%OpenBCI Raw EXG Data",)))
    eight = ("%OpenBCI Raw EXG Data", "%Number of channels = 8", "%Sample Rate = 250 Hz")
    with pytest.raises(UserError, match="8 channels, which does not match"):
        read(_write(tmp_path / "changed.txt", ["0, 1, 2, 3, 4, 5, 6, 7"], eight))


# Layouts before version 5, and files of other countries.

_V1 = ("%OpenBCI Raw EEG Data", "%", "%Sample Rate = 250.0 Hz", "%First Column = SampleIndex")


def _old(path: Path, rows: list[str], header: tuple[str, ...] = _V1) -> Recording:
    path.write_text("\n".join([*header, *rows]) + "\n", encoding="utf-8")
    return read(path)


def _values(n_chans: int, n_times: int = 400) -> np.ndarray:
    return np.round(np.random.default_rng(1).normal(scale=50, size=(n_times, n_chans)), 2)


def _line(index: int, cells: list[str]) -> str:
    return ", ".join([str(index), *cells])


@pytest.mark.parametrize("n_chans", [4, 8, 16])
@pytest.mark.parametrize("accel", [False, True])
@pytest.mark.parametrize("clock", ["", "time", "both"])
def test_every_layout_without_titles(tmp_path: Path, n_chans: int, accel: bool, clock: str) -> None:
    values = _values(n_chans)
    rows = []
    for i, row in enumerate(values):
        cells = [f"{v:.2f}" for v in row] + ["0.040", "0.420", "0.238"] * accel
        second = 86390 + i / 20
        hours, minutes = int(second // 3600) % 24, int(second // 60) % 60
        cells += [f"{hours:02}:{minutes:02}:{second % 60:06.3f}"] * bool(clock)
        cells += [str(1_557_936_053_329 + 50 * i)] * (clock == "both")
        rows.append(_line(i % 256, cells))
    header = (_V1[0], "%", "%Sample Rate = 20 Hz")
    recording = _old(tmp_path / "old.txt", rows, header)
    eeg = recording.streams[0]
    np.testing.assert_allclose(eeg.samples, values, atol=1e-4)
    # Past midnight, too.
    np.testing.assert_allclose(eeg.timestamps, np.arange(400) / 20, atol=1e-6)
    assert len(recording.streams) == 1 + accel
    assert recording.start_utc == (1557936053.329 if clock == "both" else None)
    assert any("no date" in note for note in recording.notes) == (clock == "time")
    assert any("no time stamps" in note for note in recording.notes) == (clock == "")


@pytest.mark.parametrize("n_lost", [1, 20, 100])
def test_a_loss_in_a_file_without_stamps_takes_its_time(tmp_path: Path, n_lost: int) -> None:
    counts = np.r_[0:200, 200 + n_lost : 400 + n_lost]
    rows = [_line(n % 256, ["1.00"] * 8) for n in counts.tolist()]
    (eeg,) = _old(tmp_path / "old.txt", rows).streams
    np.testing.assert_array_equal(eeg.counter, counts)
    np.testing.assert_allclose(eeg.timestamps, counts / 250)


@pytest.mark.parametrize("name", ["obci-decimal-comma.txt", "obci-cyton-v3-clock-only.txt"])
def test_a_decimal_comma_and_a_clock_alone_change_no_value(name: str) -> None:
    other, control = read(field_case(name)), read(field_case("obci-v3-dot.txt"))
    for one, expected in zip(other.streams, control.streams, strict=True):
        np.testing.assert_array_equal(one.samples, expected.samples)
        np.testing.assert_allclose(one.timestamps, expected.timestamps, atol=1e-6)
        np.testing.assert_array_equal(one.counter, expected.counter)
        assert one.spec == expected.spec
    first = other.streams[0].samples[0, :4]
    np.testing.assert_allclose(first, [-19.41, -3.84, -1.36, -10.56], rtol=1e-6)


def test_a_ganglion_that_does_not_declare_its_channels() -> None:
    recording = read(field_case("obci-ganglion-v3-no-count.txt"))
    eeg, accel = recording.streams
    assert (eeg.spec.n_chans, eeg.spec.sfreq, accel.spec.n_chans) == (4, 200.0, 3)
    np.testing.assert_allclose(eeg.samples[0], [-19.41, -3.84, -1.36, -10.56], rtol=1e-6)
    assert eeg.timestamps[-1] == pytest.approx(44.995)


def _titled(path: Path, separator: str, decimal: str, encoding: str) -> Recording:
    titles = [
        "Sample Index",
        *(f"EXG Channel {i}" for i in range(4)),
        "Timestamp",
        "Marker Channel",
    ]
    lines = ["%OpenBCI Raw EXG Data", "%Number of channels = 4", f"%Sample Rate = 200{decimal}0 Hz"]
    lines.append(separator.join(titles))
    for i, row in enumerate(_values(4)):
        cells = [
            str(i % 200),
            *(f"{v:.2f}" for v in row),
            f"{1.6e9 + i / 200:.6f}",
            f"{i == 9:d}.0",
        ]
        lines.append(separator.join(cell.replace(".", decimal) for cell in cells))
    path.write_bytes(("\r\n".join(lines) + "\r\n").encode(encoding))
    return read(path)


@pytest.mark.parametrize(
    ("separator", "decimal"), [(", ", "."), (", ", ","), (";", ","), ("\t", ","), (",", ".")]
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_titles_in_any_country(tmp_path: Path, separator: str, decimal: str, encoding: str) -> None:
    recording = _titled(tmp_path / "new.txt", separator, decimal, encoding)
    (eeg,) = recording.streams
    np.testing.assert_allclose(eeg.samples, _values(4), atol=1e-4)
    assert (eeg.spec.sfreq, recording.markers[0].labels) == (200.0, ("1",))
    np.testing.assert_allclose(eeg.timestamps, np.arange(400) / 200, atol=1e-5)


def test_commas_between_numbers_with_commas_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"new\.txt: its numbers have a decimal comma and commas"):
        _titled(tmp_path / "new.txt", ",", ",", "utf-8")


def test_the_logger_of_openbci_python_writes_seconds_first(tmp_path: Path) -> None:
    header = (*_V1[:3], "%First Column = Time in sec", "%Second Column = SampleIndex")
    rows = [
        f"{i / 250:.4f},{i % 256},{','.join(f'{v:.2f}' for v in row)},0.0,0.0,0.0"
        for i, row in enumerate(_values(8))
    ]
    recording = _old(tmp_path / "collect.txt", rows, header)
    eeg = recording.streams[0]
    np.testing.assert_allclose(eeg.samples, _values(8), atol=1e-4)
    np.testing.assert_array_equal(eeg.counter, np.arange(400))
    assert recording.start_utc is None


def test_a_rate_of_zero_and_a_stamp_that_is_cut_off() -> None:
    with pytest.raises(UserError, match="declares a sample rate of 0 Hz; write the board's"):
        read(field_case("hostile/silent/f01918_obci.txt"))
    recording = read(field_case("hostile/silent/f00997_obci_old.txt"))
    assert recording.streams[0].duration_s < 4
    assert any("1 lines" in note for note in recording.notes)
