from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

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
