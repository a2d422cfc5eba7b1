"""The features that a fit learns from are those that a live run computes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from physiosync_rt.datatypes import Modality, Window
from physiosync_rt.formats.registry import read
from physiosync_rt.pipeline.chunking import in_time_order
from physiosync_rt.pipeline.pipeline import Pipeline
from physiosync_rt.preprocess.baseline import Baseline, BaselineRequest
from physiosync_training.datasets.recordings import RecordingsData
from physiosync_training.fusion.store import load_table
from physiosync_training.fusion.table import FeatureTable
from physiosync_training.loop.progress import no_progress

FILES = ("Subject31_1.edf", "Subject31_2.edf")
LABELS = """file,start,stop,subject,trial,kind,valence,arousal
Subject31_1.edf,0,30,31,0,baseline,,
Subject31_1.edf,30,80,31,1,trial,,0
Subject31_2.edf,0,62,31,2,trial,,1
"""
CHANNELS = ("Fz", "Cz", "Pz", "O1")


@pytest.fixture(scope="module")
def source(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> RecordingsData:
    labels = tmp_path_factory.mktemp("labels") / "labels.csv"
    labels.write_text(LABELS)
    return RecordingsData(
        kind="recordings",
        path=data_dir / "eegmat-eeg-ecg-edf",
        labels=str(labels),
        ignore_unlisted=True,
        pps="ECG",
        ch_names=CHANNELS,
        scale=(0, 1),
        threshold=0.5,
    )


@pytest.fixture(scope="module")
def table(source: RecordingsData, tmp_path_factory: pytest.TempPathFactory) -> FeatureTable:
    return load_table(source, tmp_path_factory.mktemp("cache"), no_progress)


def _live(
    folder: Path, table: FeatureTable, name: str, baseline: Baseline | BaselineRequest
) -> tuple[list[Window], Baseline | None]:
    """Windows of a run in chunks of a quarter of a second, as `live` has them."""
    recording = read(folder / name)
    info = table.info
    assert info.live is not None
    eeg, ecg = recording.of(Modality.EEG)[0].spec, recording.of(Modality.ECG)[0].spec
    pipeline = Pipeline(info.live, (eeg, info.eeg), (ecg, info.pps), baseline=baseline)
    windows = [w for chunk in in_time_order(recording, 0.25) for w in pipeline.push(chunk)]
    return windows + pipeline.flush(), pipeline.baseline


def test_the_table_holds_the_features_of_a_live_run(
    source: RecordingsData, table: FeatureTable
) -> None:
    first, rest = _live(source.path, table, FILES[0], BaselineRequest(0.0, 30.0, 30.0))
    assert rest is not None
    second, _ = _live(source.path, table, FILES[1], rest)
    found = table.truth("arousal")
    assert (found == 0).sum() + (found == 1).sum() == len(table)
    compared = 0
    for truth, windows, start in ((0, first, 30.0), (1, second, 0.0)):
        by_end = {round(window.t_end): window for window in windows}
        for row in np.flatnonzero(found == truth):
            window = by_end[round(table.table.t_start[row] + start + 5)]
            assert window.eeg.data is not None
            assert window.eeg.features is not None
            assert window.pps is not None
            assert window.pps.features is not None
            np.testing.assert_array_equal(table.eeg[row], window.eeg.features.change)
            np.testing.assert_array_equal(table.pps[row], window.pps.features.change)
            compared += 1
    assert compared == len(table) >= 95


def test_windows_lie_in_their_trials_and_say_what_they_look_back_on(table: FeatureTable) -> None:
    truth, t_start = table.truth("arousal"), table.table.t_start
    assert t_start[truth == 0].min() == 0
    assert t_start[truth == 0].max() == 44
    assert table.n_withheld.tolist() == [45 + 57 - len(table)]
    # The rest ends at 30 s: a window is clear of it from the one that begins at 60 s on.
    np.testing.assert_array_equal(table.is_clear[truth == 0], t_start[truth == 0] >= 30)
    assert table.is_clear[truth == 1].all()
    assert (np.diff(t_start[truth == 1]) == 1).all()


def test_a_table_is_made_once(
    source: RecordingsData, table: FeatureTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from physiosync_training.fusion import store

    monkeypatch.setattr(store, "make_table", lambda *_: table)
    made = load_table(source, tmp_path, no_progress)
    monkeypatch.setattr(store, "make_table", lambda *_: pytest.fail("it was made again"))
    again = load_table(source, tmp_path, no_progress)
    assert again.info == made.info
    np.testing.assert_array_equal(again.eeg, made.eeg)
    np.testing.assert_array_equal(again.pps, made.pps)
    np.testing.assert_array_equal(again.table.t_start, made.table.t_start)
    assert (again.eeg_names, again.pps_names) == (made.eeg_names, made.pps_names)


def test_a_heart_first_seen_in_the_task_has_no_rest(people_dir: Path, tmp_path: Path) -> None:
    names = ("Subject13_1.edf", "Subject13_2.edf")  # the lead shows a heart in the second alone
    labels = tmp_path / "labels.csv"
    labels.write_text(
        "file,start,stop,subject,trial,kind,valence,arousal\n"
        f"{names[0]},0,30,13,0,baseline,,\n"
        f"{names[0]},30,50,13,1,trial,,0\n"
        f"{names[1]},0,62,13,2,trial,,1\n"
    )
    source = RecordingsData(
        kind="recordings",
        path=people_dir,
        labels=str(labels),
        ignore_unlisted=True,
        pps="ECG",
        ch_names=CHANNELS,
        scale=(0, 1),
        threshold=0.5,
    )
    table = load_table(source, tmp_path / "cache", no_progress)
    assert (table.truth("arousal") == 1).sum() >= 50
    assert np.isfinite(table.eeg).all()
    assert np.isnan(table.pps).all()
