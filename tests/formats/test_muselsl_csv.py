from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.field_cases import field_case

from physiosync_rt.datatypes import Modality
from physiosync_rt.errors import UserError
from physiosync_rt.formats.registry import read


def test_four_electrodes_with_unix_stamps() -> None:
    recording = read(field_case("muselsl-record.csv"))
    (eeg,) = recording.of(Modality.EEG)
    assert eeg.spec.ch_names == ("TP9", "AF7", "AF8", "TP10")
    assert (eeg.spec.sfreq, eeg.spec.unit, len(eeg.samples)) == (256.0, "uV", 11520)
    assert recording.start_utc == pytest.approx(1603711387.3)
    assert eeg.samples[0, 0] == pytest.approx(14.655)
    assert [s.spec.ch_names for s in recording.of(Modality.OTHER)] == [("Right AUX",)]


def _write(path: Path, titles: str, rate: float, zero: float, *, signs: str = ",.") -> Path:
    separator, decimal = signs
    n_columns = titles.count(",") + 1
    rows = [[zero + i / rate, *np.arange(1, n_columns) * i / 8] for i in range(400)]
    lines = [titles.replace(",", separator)]
    lines += [separator.join(f"{v:.3f}".replace(".", decimal) for v in row) for row in rows]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize(
    ("titles", "rate"), [("timestamps,PPG1,PPG2,PPG3", 64.0), ("timestamps,X,Y,Z", 52.0)]
)
def test_other_streams_of_the_headband(tmp_path: Path, titles: str, rate: float) -> None:
    (other,) = read(_write(tmp_path / "m.csv", titles, rate, 1.6e9)).streams
    assert (other.spec.modality, other.spec.sfreq) == (Modality.OTHER, rate)


@pytest.mark.parametrize("signs", [";,", "\t,", ";."])
def test_markers_lsl_time_and_other_countries(tmp_path: Path, signs: str) -> None:
    path = _write(tmp_path / "m.csv", "timestamps,TP9,AF7,Marker0", 256.0, 1234.5, signs=signs)
    recording = read(path)
    (eeg,) = recording.streams
    assert recording.start_utc is None
    np.testing.assert_allclose(eeg.samples[:, 1], np.arange(400) / 4, atol=1e-3)
    assert (recording.markers[0].name, len(recording.markers[0].labels)) == ("Marker0", 399)


def test_titles_alone_and_a_last_line_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("timestamps,TP9,AF7,AF8,TP10\n")
    with pytest.raises(UserError, match="titles but no samples"):
        read(path)
    text = _write(path, "timestamps,TP9,AF7,AF8,TP10", 256.0, 1.6e9).read_text()
    path.write_text(text[:-20])
    recording = read(path)
    assert len(recording.streams[0].samples) == 399
    assert recording.notes[0] == "1 lines of wrong length were dropped"
