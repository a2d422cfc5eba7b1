"""What can be known before any data is prepared is refused then, in one sentence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

from physiosync_rt.errors import UserError
from physiosync_rt.simulation.write_deap import write_deap
from physiosync_rt.utils.resources import find_config
from physiosync_rt.utils.yaml_config import read_yaml
from physiosync_training.contrastive.config import PretrainConfig
from physiosync_training.datasets.splits import ProtocolConfig, subject_folds
from physiosync_training.experiment import experiment
from physiosync_training.experiment.config import RunConfig
from physiosync_training.experiment.experiment import Job, prepare
from physiosync_training.experiment.network import NetworkConfig
from physiosync_training.loop import paths
from physiosync_training.loop.loop import Loop, StageContext
from physiosync_training.loop.paths import check_room
from physiosync_training.loop.progress import no_progress

SIMULATED = {"kind": "simulated", "subjects": 4, "duration_s": 175, "trial_s": 20}
PEOPLE = {"subjects": 4, "trials": 6}


class Loaded(Exception):
    """The long work has begun."""


@pytest.fixture(autouse=True)
def _no_data(monkeypatch) -> None:
    def load(*_: object) -> None:
        raise Loaded

    monkeypatch.setattr(experiment, "load_dataset", load)


def config(**changes: Any) -> RunConfig:
    base = {
        "name": "tiny",
        "title": "A tiny run",
        "data": SIMULATED,
        "protocols": [{"protocol": "subject"}],
        "networks": [{"preset": "compact"}],
    }
    return RunConfig.model_validate(base | changes)


@pytest.mark.parametrize(
    ("data", "protocol", "words"),
    [
        (SIMULATED, {"protocol": "subject", "folds": 9}, "simulated has 4 subjects, too few for 9"),
        (
            {"kind": "deap", "simulate": PEOPLE},
            {"protocol": "trial", "folds": 7},
            "simulated-deap has 6 stimuli or trials, too few for 7 folds",
        ),
        (
            {"kind": "dreamer", "simulate": PEOPLE},
            {"protocol": "subject", "folds": 5},
            "simulated-dreamer has 4 subjects, too few for 5 folds",
        ),
        (
            {"kind": "deap", "simulate": {"subjects": 3, "trials": 1}},
            {"protocol": "subject"},
            "fold subject-01, training part: valence has one class only",
        ),
    ],
)
def test_too_little_for_what_is_asked(tmp_path, data, protocol, words):
    with pytest.raises(UserError, match=words):
        prepare(config(data=data, protocols=[protocol]), tmp_path / "out", no_progress)
    assert not list(tmp_path.iterdir())


def test_real_files_are_counted(tmp_path):
    write_deap(tmp_path / "deap", 2, 0, n_trials=1)
    (tmp_path / "DREAMER.mat").touch()
    for kind, path, folds, words in (
        ("deap", tmp_path / "deap", 3, "deap has 2 subjects, too few for 3 folds"),
        ("dreamer", tmp_path / "DREAMER.mat", 24, "dreamer has 23 subjects, too few for 24 folds"),
    ):
        protocols = [{"protocol": "subject", "folds": folds}]
        run = config(data={"kind": kind, "path": path}, protocols=protocols)
        with pytest.raises(UserError, match=words):
            prepare(run, tmp_path / "out", no_progress)


def test_too_few_people_to_pair(tmp_path):
    pretrain = {"pairing": "groups", "group_size": 2}
    run = config(data={"kind": "deap", "simulate": PEOPLE}, pretrain=pretrain)
    with pytest.raises(UserError, match="no stimulus window is shared by 4 training subjects"):
        prepare(run, tmp_path / "out", no_progress)


def test_a_folder_that_is_used_or_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"below cannot be written \(Not a directory\); choose"):
        prepare(config(), tmp_path / "file" / "below", no_progress)
    with pytest.raises(UserError, match=r"file cannot be written \(File exists\); choose"):
        prepare(config(), tmp_path / "file", no_progress)
    used = tmp_path / "out" / "subject" / "subject-02" / "compact"
    used.mkdir(parents=True)
    (used / "checkpoint.pt").touch()
    with pytest.raises(UserError, match="compact holds a training already; go on with it by"):
        prepare(config(), tmp_path / "out", no_progress)
    with pytest.raises(Loaded):
        prepare(config(), tmp_path / "out", no_progress, resume=True)


def test_a_disk_with_too_little_room(tmp_path, monkeypatch):
    class Usage(NamedTuple):
        free: float

    monkeypatch.setattr(paths.shutil, "disk_usage", lambda _: Usage(1.5e9))
    paper = config(networks=[{"preset": "paper"}], protocols=[{"protocol": "subject"}])
    # Four folds of 98 million weights, and a checkpoint of four times that, 4 bytes each.
    with pytest.raises(UserError, match=r"room for 1\.5 GB, .* need some 3\.1 GB; make room"):
        prepare(paper, tmp_path / "out", no_progress)
    assert not list(tmp_path.iterdir())
    for fold in range(1, 5):
        folder = tmp_path / "out" / "subject" / f"subject-{fold:02d}" / "paper"
        folder.mkdir(parents=True)
        (folder / "result.npz").touch()
    with pytest.raises(Loaded):  # nothing is left to be written
        prepare(paper, tmp_path / "out", no_progress, resume=True)


def test_other_processes_find_the_folder_in_use(tmp_path, monkeypatch):
    (tmp_path / "file").touch()  # where nobody could write
    with pytest.raises(Loaded):
        prepare(config(), tmp_path / "file", no_progress, digest="known")
    monkeypatch.setenv("LOCAL_RANK", "1")
    with pytest.raises(Loaded):
        prepare(config(), tmp_path / "file", no_progress)


def test_looking_for_room_leaves_nothing_behind(tmp_path):
    check_room(tmp_path / "a" / "b", 1)
    assert not list(tmp_path.iterdir())
    (tmp_path / "a").mkdir()
    check_room(tmp_path / "a" / "b", 1)
    assert [path.name for path in tmp_path.rglob("*")] == ["a"]


@pytest.mark.parametrize("name", ["debug", "leak_probe", "effect_probe"])
def test_what_ships_is_not_refused(tmp_path, name):
    with pytest.raises(Loaded):
        prepare(read_yaml(find_config("train", name), RunConfig), tmp_path, no_progress)


def test_halves_need_everybody_everywhere(make_dataset):
    data = make_dataset(6, 4, 2)
    fold = subject_folds(data, ProtocolConfig(protocol="subject", folds=3, validation=0))[0]
    run = config(pretrain=PretrainConfig(pairing="halves", group_size=1))
    experiment._check_pairs(run, [fold], data)
    gap = np.arange(len(data)) != fold.train[3]
    table = data.table
    holed = replace(table, **{f: getattr(table, f)[gap] for f in table.__slots__})
    fold = subject_folds(
        replace(data, table=holed), ProtocolConfig(protocol="subject", folds=3, validation=0)
    )[0]
    with pytest.raises(UserError, match=r"pairing 'halves' needs every .*pairing to groups"):
        experiment._check_pairs(run, [fold], replace(data, table=holed))


def test_jobs_lie_in_folders_of_their_own(make_dataset):
    data = make_dataset(4, 4, 1)
    folds = subject_folds(data, ProtocolConfig(protocol="subject"))
    found = Job(folds[1], NetworkConfig(name="Paper (narrow)")).folder(Path("out"))
    assert found == Path("out/subject/subject-02/paper-narrow")


class _Single(torch.Tensor):
    """A number on a device without double precision, as on Apple's GPUs."""

    def double(self, **_: object) -> torch.Tensor:
        raise TypeError("Cannot convert a MPS Tensor to float64")

    def cpu(self, **_: object) -> torch.Tensor:
        return self.as_subclass(torch.Tensor)


def test_curves_need_no_double_precision_on_the_device(tmp_path):
    losses = [0.1, 0.2, 0.7]
    loop = Loop(StageContext(tmp_path, "x"), 0, 1, {})
    for _ in loop.epochs():
        for _, loss in loop.steps(losses):
            loop.log({"loss": torch.tensor(loss).as_subclass(_Single)})
    exact = torch.tensor(losses).double().mean().item()
    assert loop.curves == {"loss": [pytest.approx(exact, rel=1e-12)]}
