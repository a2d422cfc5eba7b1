"""What a run leaves on disk: whole, its own, and of the code that is here."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch

from physiosync_rt.errors import UserError
from physiosync_training.loop import checkpoint, provenance
from physiosync_training.loop.checkpoint import (
    load_state,
    load_weights,
    save_state,
    save_weights,
    weights_info,
)
from physiosync_training.supervised.results import FoldResult, Predictions, load_result, save_result

KINDS = ("checkpoint.pt", "encoders.safetensors", "result.npz")


def write(path: Path, belongs_to: str = "mine") -> None:
    if path.suffix == ".pt":
        save_state(path, {"weights": torch.ones(300)}, belongs_to)
    elif path.suffix == ".safetensors":
        save_weights(path, {"weights": torch.ones(300)}, belongs_to, {"curves": "{}"})
    else:
        p = np.full((40, 2), 0.5)
        rows = np.arange(40)
        answers = Predictions("test", "fused", "valence", rows, rows % 2, p, p)
        save_result(path, FoldResult("f", "trial", False, "paper", [answers]), belongs_to)


def read(path: Path, belongs_to: str = "mine") -> object:
    how = {".pt": load_state, ".safetensors": weights_info, ".npz": load_result}
    return how[path.suffix](path, belongs_to)


@pytest.mark.parametrize("name", KINDS)
def test_what_is_whole_is_read_and_what_is_not_there_is_none(tmp_path, name):
    assert read(tmp_path / name) is None
    write(tmp_path / name)
    assert read(tmp_path / name) is not None
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("share", [0.0, 0.001, 0.01, 0.1, 0.5, 0.9, 0.999])
def test_a_file_that_was_cut_is_one_sentence_at_any_length(tmp_path, name, share):
    path = tmp_path / name
    write(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(UserError, match=rf"{name} cannot be read; remove it to"):
        read(path)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 0.5, 0.999])
def test_weights_that_were_cut_or_taken_away_are_one_sentence(tmp_path, share):
    path = tmp_path / "valence.safetensors"
    with pytest.raises(UserError, match=r"valence\.safetensors cannot be read; remove"):
        load_weights(path)
    write(path)
    assert load_weights(path)["weights"].shape == (300,)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(UserError, match=rf"cannot be read; remove {tmp_path} to train"):
        load_weights(path)


@pytest.mark.parametrize("name", KINDS)
def test_another_configuration_or_another_code_is_refused(tmp_path, name, monkeypatch):
    path = tmp_path / name
    write(path)
    with pytest.raises(UserError, match=f"{name} was written by another configuration"):
        read(path, "another's")
    monkeypatch.setattr(checkpoint, "code_version", lambda: "training code 0 with torch 99")
    with pytest.raises(
        UserError,
        match=rf"{name} was made by training code \w{{8}} with torch .*, and this is "
        "training code 0 with torch 99; go on with what it was made by, or train again",
    ):
        read(path)
    monkeypatch.setattr(checkpoint, "stamp", lambda belongs_to: {"fingerprint": belongs_to})
    monkeypatch.setattr("physiosync_training.supervised.results.stamp", checkpoint.stamp)
    write(path)  # as it was before the code was named
    with pytest.raises(UserError, match="was made by an earlier version, and this is"):
        read(path)


def test_all_code_that_a_training_passes_through_is_named():
    beside = {
        *(
            "physiosync_training.contrastive.config",
            "physiosync_training.supervised.config",
            "physiosync_training.experiment.config",
            "physiosync_training.experiment.network",
            "physiosync_training.fusion.config",
            "physiosync_training.datasets.splits",
        ),  # said in the fingerprint
        *(
            "physiosync_training.loop.tensorboard",
            "physiosync_training.loop.checkpoint",
            "physiosync_training.experiment.runtime",
            "physiosync_training.loop.paths",
        ),
        *(
            "physiosync_training.loop.memory",
            "physiosync_training.loop.progress",
            "physiosync_training.loop.provenance",
            "physiosync_training.supervised.results",
        ),  # how things run and lie
    }
    todo, seen = ["physiosync_training.experiment.fold"], set()
    while todo:
        name = todo.pop()
        if (
            name in seen
            or not name.startswith("physiosync_training.")
            or (name.startswith("physiosync_training.datasets") and not name.endswith(".loader"))
        ):
            continue
        seen.add(name)
        tree = ast.parse(Path(str(import_module(name).__file__)).read_text(encoding="utf-8"))
        todo += [n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module]
    assert seen - beside == {name for name in provenance.SHAPING if name != "physiosync_models"}


def test_the_code_is_named_by_its_content(tmp_path, monkeypatch):
    before = provenance.code_version()
    provenance.code_version.cache_clear()
    monkeypatch.setattr(provenance, "SHAPING", provenance.SHAPING[:-1])
    try:
        assert provenance.code_version() != before
    finally:
        provenance.code_version.cache_clear()
    monkeypatch.undo()
    assert provenance.code_version() == before


def test_time_and_machines_add_up_over_interruptions():
    cost = provenance.TrainingCost()
    cost.add_earlier({"seconds": 100.0, "machines": [{"system": "Abacus"}]})
    cost.add_earlier({"seconds": 40.0, "machines": [{"system": "Abacus"}]})  # an earlier stage
    assert 100 <= cost.seconds < 160
    assert cost.machines == [{"system": "Abacus"}, provenance.this_machine()]
    again = provenance.TrainingCost()
    again.add_earlier(cost.state())
    assert again.seconds >= cost.state()["seconds"] - 1
    assert again.machines == cost.machines
