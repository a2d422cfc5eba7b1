from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.field_cases import field_case

from physiosync_rt.datatypes import Modality
from physiosync_rt.errors import UserError
from physiosync_rt.formats.registry import read


@pytest.mark.parametrize(("person", "n_samples", "n_tags"), [("S02", 14262, 9), ("S14", 14304, 7)])
def test_an_hour_on_the_wrist(data_dir: Path, person: str, n_samples: int, n_tags: int) -> None:
    recording = read(data_dir / "stress-predict-e4" / person)
    (gsr,) = recording.of(Modality.GSR)
    assert (gsr.spec.sfreq, gsr.spec.unit, len(gsr.samples)) == (4.0, "uS", n_samples)
    np.testing.assert_allclose(np.diff(gsr.timestamps), 0.25, rtol=1e-9)
    assert 0.0 <= gsr.samples.min() < gsr.samples.max() < 50.0
    rates = {s.spec.name: s.spec.sfreq for s in recording.of(Modality.OTHER)}
    assert rates == {"BVP": 64.0, "TEMP": 4.0, "HR": 1.0, "IBI": 0.0}
    assert len(recording.markers[0].labels) == n_tags
    assert (recording.markers[0].timestamps > 0).all()
    assert recording.start_utc == pytest.approx(1.64e9, rel=0.01)


def test_every_sensor_starts_at_its_own_time(data_dir: Path) -> None:
    recording = read(data_dir / "devicely-wearables" / "empatica")
    first = {s.spec.name: s.timestamps[0] for s in recording.streams}
    assert (first["EDA"], first["HR"]) == (0.0, 10.0)
    assert first["IBI"] == pytest.approx(145.631666)
    assert any("no contact" in note for note in recording.notes)


def test_one_sensor_can_be_read_alone(data_dir: Path) -> None:
    recording = read(data_dir / "stress-predict-e4" / "S02" / "EDA.csv")
    assert [s.spec.name for s in recording.streams] == ["EDA"]
    assert recording.markers == ()


@pytest.mark.parametrize("content", ["", "1551453301\n", "1551453301\n4\n", "1551453301\n0\n1\n"])
def test_a_broken_folder_ends_in_one_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / "EDA.csv").write_text(content)
    with pytest.raises(UserError, match=r"Empatica E4|damaged"):
        read(tmp_path)


def test_a_folder_that_a_spreadsheet_saved_again() -> None:
    other, control = read(field_case("e4-excel-semicolon")), read(field_case("e4-ok"))
    assert other.start_utc == control.start_utc
    for one, expected in zip(other.streams, control.streams, strict=True):
        np.testing.assert_array_equal(one.samples, expected.samples)
        np.testing.assert_array_equal(one.timestamps, expected.timestamps)
    assert other.notes == control.notes


@pytest.mark.parametrize("sign", [("; ", ","), ("\t", ","), (";", "."), (", ", ",")])
def test_three_axes_and_beats_in_any_country(tmp_path: Path, sign: tuple[str, str]) -> None:
    separator, decimal = sign
    files = {
        "ACC.csv": ["1551453301.5|1551453301.5|1551453301.5", "32.0|32.0|32.0", "-1.5|2.25|63.0"],
        "EDA.csv": ["1551453301.50|", "4.00|", "0.123456|", "1.234567|"],
        "IBI.csv": ["1551453301.50|IBI", "145.631666|0.625090", "146.256756|0.640716"],
        "tags.csv": ["1551453311.68", "1551453318.17"],
    }
    for name, lines in files.items():
        text = "\n".join(lines).replace(".", decimal).replace("|", separator) + "\n"
        (tmp_path / name).write_text(text)
    recording = read(tmp_path)
    eda, acc, beats = recording.streams
    np.testing.assert_allclose(eda.samples[:, 0], [0.123456, 1.234567])
    np.testing.assert_allclose(acc.samples[0], [-1.5, 2.25, 63])
    np.testing.assert_allclose(beats.timestamps, [145.631666, 146.256756])
    np.testing.assert_allclose(beats.samples[:, 0], [0.62509, 0.640716])
    np.testing.assert_allclose(recording.markers[0].timestamps, [10.18, 16.67], atol=1e-5)
    assert recording.start_utc == 1551453301.5


def test_lines_of_another_length_are_said(tmp_path: Path) -> None:
    rows = ["1551453301,1551453301,1551453301", "32,32,32", *["1,2,3"] * 50, "1,2"]
    (tmp_path / "ACC.csv").write_text("\n".join(rows))
    assert read(tmp_path).notes == ("ACC.csv: 1 lines of wrong length were dropped",)
