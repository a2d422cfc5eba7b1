"""A package that is not installed: one sentence with the way out, from Python too."""

from __future__ import annotations

import importlib
import sys

import pytest

from physiosync_rt.brainflow.boards import load_brainflow
from physiosync_rt.cli import main
from physiosync_rt.errors import UserError
from physiosync_rt.utils.extras import require, require_packages


def _absent(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    """Make a package and all below it look as if it were not installed."""
    for name in [n for n in sys.modules if n == package or n.startswith(f"{package}.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)


def test_what_is_installed_is_returned() -> None:
    assert require("json.decoder", "train", "x").__name__ == "json.decoder"
    require_packages(("json", "yaml"), "train", "x")


def test_an_absent_package_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    _absent(monkeypatch, "sklearn")
    with pytest.raises(UserError, match=r"^scores: sklearn is not installed; pip install '"):
        require("sklearn", "train", "scores")
    with pytest.raises(UserError, match=r"sklearn is not installed.*physiosync-rt\[train\]"):
        require_packages(("json", "sklearn"), "train", "scores")


def test_boards_without_brainflow(monkeypatch: pytest.MonkeyPatch) -> None:
    _absent(monkeypatch, "brainflow")
    with pytest.raises(UserError, match=r"pip install 'physiosync-rt\[devices\]'"):
        load_brainflow()


@pytest.mark.parametrize(
    ("room", "package"),
    [
        ("experiment", "lightning_fabric"),
        ("experiment", "tensorboard"),
        ("evaluation", "sklearn"),
        ("reporting", "matplotlib"),
        ("benchmark", "lightning_fabric"),
    ],
)
def test_training_without_its_packages(
    monkeypatch: pytest.MonkeyPatch, room: str, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, f"physiosync_training.{room}", raising=False)
    with pytest.raises(UserError, match=rf"{package} is not.*pip install 'physiosync-rt\[train\]'"):
        importlib.import_module(f"physiosync_training.{room}")


def test_the_command_says_it_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for name in [n for n in sys.modules if n.startswith("physiosync_training")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "argv", ["physiosync", "train", "--config", "debug", "--out", "x"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert said.endswith("matplotlib is not installed; pip install 'physiosync-rt[train]'")
