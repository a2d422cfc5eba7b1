from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

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
