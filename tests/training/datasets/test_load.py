"""Every kind of data becomes the same kind of data set, once, and equal to what live would show."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from helpers.live_windows import shown
from pydantic import TypeAdapter, ValidationError

from physiosync_rt.errors import UserError
from physiosync_rt.formats import deap
from physiosync_rt.preprocess.baseline import BaselineRequest
from physiosync_rt.preprocess.labels import high
from physiosync_rt.preprocess.paper import deap_eeg, deap_gsr
from physiosync_rt.simulation import Person, simulate
from physiosync_rt.simulation.write_deap import write_deap
from physiosync_training.datasets import cache
from physiosync_training.datasets.dataset import Dataset
from physiosync_training.datasets.deap import DeapData
from physiosync_training.datasets.index import N_TIMES, WindowIndex
from physiosync_training.datasets.live_trials import live_trials
from physiosync_training.datasets.load import load_dataset
from physiosync_training.datasets.registry import DataConfig
from physiosync_training.datasets.trials import is_rated


def _silent(what: str, done: float, total: float) -> None:
    pass


def _load(cache: Path, **config: object) -> Dataset:
    return load_dataset(TypeAdapter(DataConfig).validate_python(config), cache, _silent)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> tuple[Path, dict[str, object]]:
    """Prepare a small data set once; returns its cache and its configuration."""
    folder = tmp_path_factory.mktemp("prepared")
    config = {"kind": "simulated", "subjects": 1, "duration_s": 70, "trial_s": 20}
    _load(folder, **config)
    return folder, config


def test_deap_in_profile_paper_is_the_released_preprocessing(tmp_path) -> None:
    write_deap(tmp_path / "deap", 2, 3, n_trials=2)
    data = _load(tmp_path, kind="deap", path=tmp_path / "deap")
    assert (len(data), data.info.subjects, len(data.info.stimuli)) == (48, ("s01", "s02"), 2)
    subject = deap.load_subject(tmp_path / "deap" / "s02.dat")
    rows = np.flatnonzero(data.table.subject == 1)
    eeg, pps = data.fetch(rows)
    np.testing.assert_array_equal(eeg, deap_eeg(subject.data, 5).astype(np.float32))
    np.testing.assert_array_equal(pps, deap_gsr(subject.data, 5).astype(np.float32))
    expected = np.repeat(high(subject.labels[:, 1], 5.0), 12)
    np.testing.assert_array_equal(data.high["arousal"][rows], expected)
    # The release's 1 s windows are slices of the same rows.
    one, _ = data.cut(rows[[3]], data.offsets(rows[[3]]) + 2 * 128, 128)
    np.testing.assert_array_equal(one[0], deap_eeg(subject.data, 1)[17].astype(np.float32))


def test_deap_in_profile_live_pools_the_rest_before_each_trial(tmp_path) -> None:
    """Each trial is scaled by what was known when it began."""
    write_deap(tmp_path / "deap", 1, 3, n_trials=2)
    data = _load(tmp_path, kind="deap", path=tmp_path / "deap", profile="live")
    recording = deap.load_subject(tmp_path / "deap" / "s01.dat").to_recording()
    profile, eeg, pps = data.info.live, data.info.eeg, data.info.pps
    assert profile is not None
    # The first trial's rest is what is past the filters' warm-up of the three seconds before it.
    (first, *_) = shown(recording, profile, eeg, pps, BaselineRequest(2.0, 3.0, 1.0))
    rows = np.flatnonzero(data.table.trial == 0)
    start = 3 * 128 - first.start
    got, skin = data.fetch(rows[:3])
    for k in range(3):
        part = slice(start + k * N_TIMES, start + (k + 1) * N_TIMES)
        np.testing.assert_allclose(got[k], first.eeg[:, part], atol=1e-5)
        # Of the skin's three seconds two are usable, so its level differs by a constant.
        np.testing.assert_allclose(np.diff(skin[k]), np.diff(first.pps[:, part]), atol=1e-5)
    second = np.flatnonzero(data.table.trial == 1)
    (last,) = shown(recording, profile, eeg, pps, BaselineRequest(70.0, 71.0, 1.0))
    got, _ = data.fetch(second[:1])
    scales = got[0].std(axis=1) / last.eeg[:, 128 : 128 + N_TIMES].std(axis=1)
    assert np.abs(np.log(scales)).max() > 0.01  # the second trial's rest is not its own alone
    alone = list(live_trials([recording], profile, eeg, pps))
    assert [trial.label.number for trial in alone] == [1, 2]
    assert data.table.t_start.max() == 50.0  # the last 5 s end within the resampler's look-ahead


@pytest.mark.parametrize("version", ["mended", "released"])
def test_dreamer_in_profile_paper(tmp_path, version) -> None:
    people = {"subjects": 2, "trials": 2, "seed": 5}
    data = _load(tmp_path, kind="dreamer", simulate=people, version=version)
    assert len(data) == 2 * 2 * 12
    assert data.info.scale == (1.0, 5.0)
    _, ecg = data.fetch(np.arange(len(data)))
    sham = bool((np.abs(ecg) == 1).all())
    assert sham == (version == "released")
    assert any("no ECG" in note for note in data.info.notes) == sham


def test_simulated_people_in_profile_live_are_what_the_pipeline_shows(tmp_path) -> None:
    data = _load(tmp_path, kind="simulated", subjects=1, duration_s=80, trial_s=20, seed=4)
    session = simulate(Person.draw(4000), 80, seed=4000, ecg_sfreq=0, rest_s=35)
    profile = data.info.live
    assert profile is not None
    (run,) = shown(
        session.recording, profile, data.info.eeg, data.info.pps, BaselineRequest(0.0, 35.0, 35.0)
    )
    eeg, pps = data.fetch(np.array([1, 5]))
    for k, row in enumerate((1, 5)):
        t = 35 + 20 * data.table.trial[row] + data.table.t_start[row]
        part = slice(round(t * 128) - run.start, round(t * 128) - run.start + N_TIMES)
        np.testing.assert_allclose(eeg[k], run.eeg[:, part], atol=1e-5)
        np.testing.assert_allclose(pps[k], run.pps[:, part], atol=1e-5)
    first = session.valence[35:56].mean()
    assert data.table.valence[0] == pytest.approx(first)


def test_a_prepared_data_set_is_mapped_not_made_again(tmp_path, monkeypatch) -> None:
    config = {"kind": "deap", "simulate": {"subjects": 1, "trials": 1}}
    made = _load(tmp_path, **config)

    def fail(*_: object, **__: object) -> None:
        raise AssertionError("prepared again")

    monkeypatch.setattr(DeapData, "prepare", fail)
    found = _load(tmp_path, **config)
    np.testing.assert_array_equal(made.fetch(np.arange(12))[0], found.fetch(np.arange(12))[0])
    with pytest.raises(AssertionError, match="prepared again"):
        _load(tmp_path, kind="deap", simulate={"subjects": 1, "trials": 1, "seed": 1})


@pytest.mark.parametrize("name", [cache.INFO, cache.TABLE, cache.EEG, cache.PPS])
def test_a_cache_that_was_cut_at_any_length_is_made_again(tmp_path, prepared, name) -> None:
    folder, config = prepared
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    whole = _load(tmp_path, **config)
    (path,) = tmp_path.glob(f"simulated-*/{name}")
    content = path.read_bytes()
    digest = whole.info.digest
    assert cache.load(path.parent, digest) is not None
    for share in (0.0, 0.01, 0.3, 0.7, 0.999):
        path.write_bytes(content[: int(share * len(content))])
        assert cache.load(path.parent, digest) is None
    again = _load(tmp_path, **config)
    assert path.read_bytes() == content
    assert len(again) == len(whole)


@pytest.mark.parametrize("damage", ["version", "cut", "code"])
def test_a_cache_that_is_old_or_cut_off_is_made_again(tmp_path, monkeypatch, damage) -> None:
    config = {"kind": "deap", "simulate": {"subjects": 1, "trials": 1}}
    before = _load(tmp_path, **config).info.digest
    (folder,) = tmp_path.glob("deap-*")
    if damage == "version":
        content = json.loads((folder / cache.INFO).read_text())
        (folder / cache.INFO).write_text(json.dumps(content | {"format": cache.FORMAT - 1}))
    elif damage == "cut":
        with (folder / cache.EEG).open("r+b") as file:
            file.truncate(1000)
    else:
        monkeypatch.setattr(cache, "__version__", "another")
    after = _load(tmp_path, **config)
    assert len(after) == 12
    assert (after.info.digest == before) == (damage != "code")
    assert not list(tmp_path.glob(".new-*"))


def test_a_full_disk_leaves_nothing_behind(tmp_path, monkeypatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache.Writer, "add", full)
    with pytest.raises(UserError, match=r"No space left on device.*make room"):
        _load(tmp_path, kind="deap", simulate={"subjects": 1, "trials": 1})
    assert not list(tmp_path.iterdir())


def test_a_disk_with_too_little_room_is_known_before_the_work(tmp_path, monkeypatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("the long work has begun")

    monkeypatch.setattr(DeapData, "prepare", fail)
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1e9))
    # 32 people, 40 minutes each, 33 channels of 128 Hz in single precision.
    with pytest.raises(UserError, match=r"has room for 1\.0 GB, and prepared windows need .* 1\.3"):
        _load(tmp_path / "cache", kind="deap", simulate={"subjects": 32})
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"cannot be written .*; choose another cache folder"):
        _load(tmp_path / "file", kind="deap", simulate={"subjects": 1})
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_hole_in_the_signal_leaves_its_windows_out(tmp_path) -> None:
    session = simulate(Person.draw(1), 90, seed=1, ecg_sfreq=0, rest_s=35)
    recording = session.with_trials(55.0)
    data = _load(tmp_path, kind="simulated", subjects=1, duration_s=70)
    profile = data.info.live
    assert profile is not None
    keep = [np.abs(s.timestamps - 60) > 2 for s in recording.streams]
    holed = [
        type(s)(s.spec, s.samples[k], s.timestamps[k])
        for s, k in zip(recording.streams, keep, strict=True)
    ]
    recording = type(recording)(tuple(holed), segments=recording.segments)
    rest, trial = live_trials([recording], profile, data.info.eeg, data.info.pps)
    assert rest.eeg.shape[1] >= 30 * 128
    assert trial.segments[0].start == 0
    assert len(trial.segments) == 2
    assert trial.segments[0].eeg.shape[1] <= 23 * 128 <= 27 * 128 < trial.segments[1].start


def test_another_process_need_not_read_the_files_again(prepared, monkeypatch) -> None:
    folder, values = prepared
    config = TypeAdapter(DataConfig).validate_python(values)
    digest = load_dataset(config, folder, _silent).info.digest

    def fail(*_: object) -> None:
        raise AssertionError("hashed again")

    with monkeypatch.context() as context:
        context.setattr(cache, "digest_of", fail)
        assert load_dataset(config, folder, _silent, digest).info.digest == digest
        with pytest.raises(AssertionError, match="hashed again"):
            load_dataset(config, folder, _silent, "another")
    with pytest.raises(UserError, match=f"has the hash {digest} here and another where"):
        load_dataset(config, folder, _silent, "another")


def _same(promised: WindowIndex, data: Dataset) -> None:
    for column in ("subject", "stimulus", "trial", "window", "valence", "arousal"):
        np.testing.assert_array_equal(getattr(promised.table, column), getattr(data.table, column))
    assert promised.info.subjects == data.info.subjects
    assert promised.info.stimuli == data.info.stimuli
    assert promised.info.threshold == data.info.threshold
    assert promised.info.eeg.n_chans == data.info.eeg.n_chans
    assert promised.info.pps.n_chans == data.info.pps.n_chans


@pytest.mark.parametrize(
    "config",
    [
        {"kind": "deap", "simulate": {"subjects": 2, "trials": 3, "seed": 4}},
        {"kind": "deap", "simulate": {"subjects": 2, "trials": 2, "fingerprint": 1.0}},
        {"kind": "dreamer", "simulate": {"subjects": 2, "trials": 2, "seed": 4}},
        {"kind": "simulated", "subjects": 2, "duration_s": 100, "trial_s": 20, "pps": "ECG"},
    ],
)
def test_simulated_people_are_as_promised(tmp_path, config) -> None:
    promised = TypeAdapter(DataConfig).validate_python(config).index()
    data = _load(tmp_path, **config)
    _same(promised, data)
    for target in ("valence", "arousal", "quadrant"):
        np.testing.assert_array_equal(promised.truth(target), data.truth(target))


def test_files_promise_no_less_than_they_hold(tmp_path) -> None:
    write_deap(tmp_path / "deap", 2, 3, n_trials=2)
    (tmp_path / "DREAMER.mat").touch()
    for kind, path, n_subjects, n_windows in (
        ("deap", tmp_path / "deap", 2, 2 * 40 * 12),
        ("dreamer", tmp_path / "DREAMER.mat", 23, 23 * 18 * 12),
    ):
        config = TypeAdapter(DataConfig).validate_python({"kind": kind, "path": path})
        promised = config.index()
        assert (len(promised.info.subjects), len(promised)) == (n_subjects, n_windows)
        assert not is_rated(promised.table)


def test_missing_places_are_named(tmp_path) -> None:
    with pytest.raises(UserError, match=r"there is no .*nowhere; .*data_preprocessed_python"):
        _load(tmp_path, kind="deap", path=tmp_path / "nowhere")
    with pytest.raises(UserError, match=r"there is no .*nowhere; .*DREAMER\.mat"):
        _load(tmp_path, kind="dreamer", path=tmp_path / "nowhere")


def test_configurations_that_contradict_themselves() -> None:
    adapter = TypeAdapter(DataConfig)
    for wrong in (
        {"kind": "deap"},
        {"kind": "deap", "path": "x", "simulate": {}},
        {"kind": "dreamer", "path": "x", "version": "released", "part": "last"},
        {"kind": "recordings", "path": "x", "scale": (1, 9), "threshold": 0.5},
        {"kind": "simulated", "duration_s": 60},
        {"kind": "seed", "path": "x"},
    ):
        with pytest.raises(ValidationError):
            adapter.validate_python(wrong)
