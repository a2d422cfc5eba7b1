"""Slow features of a run: beside its rows, in its snapshot, with the rest of a saved baseline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import physiosync_rt as ps
from physiosync_rt.bundle.predictor import Predictor
from physiosync_rt.live.events import EventKind
from physiosync_rt.preprocess.baseline import BaselineRequest
from physiosync_rt.sources.file import FileSource


@pytest.fixture(scope="module")
def recording() -> ps.Recording:
    return ps.simulate(40, seed=3).recording


def _saved(path: Path, recording: ps.Recording, *, older: bool) -> Path:
    """Save the first 20 s of a person as the baseline of a run."""
    rest = BaselineRequest(0.0, 20.0, 20.0)
    predictor = Predictor(ps.load_bundle("demo-eeg32"), "cpu")
    with ps.Engine(FileSource(recording), predictor, baseline=rest) as engine:
        engine.run()
        assert engine.pipeline.baseline is not None
        data: dict[str, Any] = engine.pipeline.baseline.to_dict()
        snapshot = engine.snapshot
    assert snapshot is not None
    assert snapshot.prediction is not None
    assert snapshot.eeg_features is snapshot.prediction.eeg_features is not None
    assert snapshot.pps_features is snapshot.prediction.pps_features is not None
    for channels in data["channels"].values():
        if older:
            del channels["features"]
    path.write_text(json.dumps({"baseline": data}, allow_nan=False), encoding="utf-8")
    return path


def test_a_saved_baseline_tells_the_change_of_every_feature(
    tmp_path: Path, recording: ps.Recording
) -> None:
    saved = _saved(tmp_path / "run.json", recording, older=False)
    found = ps.predict(recording, "demo-eeg32", baseline=str(saved))
    last = found.rows[-1]
    assert isinstance(last.eeg_features, ps.Features)
    assert last.pps_features is not None
    assert len(last.eeg_features.names) == 4 * 32
    assert np.isfinite(last.eeg_features.change).all()
    assert np.isfinite(last.pps_features.change).all()
    assert last.pps_features["tonic level"] == last.pps_features.values[0]
    with pytest.raises(KeyError, match="'heart rate' is not one of tonic level"):
        last.pps_features["heart rate"]
    assert not [event for event in found.events if event.kind is EventKind.NOTE]
    # What is compared and printed of a row is what it was.
    assert "features" not in repr(last)


def test_a_baseline_of_the_older_form_serves_and_its_lack_is_said_once(
    tmp_path: Path, recording: ps.Recording
) -> None:
    saved = _saved(tmp_path / "old.json", recording, older=True)
    found = ps.predict(recording, "demo-eeg32", baseline=str(saved))
    assert found.rows[-1].valid
    last = found.rows[-1].pps_features
    assert last is not None
    assert np.isfinite(last.values).all()
    assert np.isnan(last.change).all()
    notes = [event.text for event in found.events if event.kind is EventKind.NOTE]
    assert len(notes) == 2
    assert all("is of an older form and holds no resting" in note for note in notes)
    assert "band powers" in notes[0]
    assert "tonic level, slope, response rate and response amplitude" in notes[1]
