"""Bundles: whole or refused, the shipped ones small and honest about themselves."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
import torch
from helpers.programs import run

from physiosync_rt.bundle.bundle import load_bundle, save_bundle
from physiosync_rt.bundle.card import CARD, WEIGHTS, Card
from physiosync_rt.errors import UserError
from physiosync_rt.utils.resources import bundle_names, bundles_dir


def test_shipped_bundles_are_small_simulated_and_say_so() -> None:
    assert set(bundle_names()) == {"demo-eeg32", "demo-muse", "effort-eeg19", "effort-eeg8"}
    assert sum(f.stat().st_size for f in bundles_dir().rglob("*") if f.is_file()) < 10e6
    for name in bundle_names():
        card = load_bundle(name).card
        assert card.simulated == ("simulated" in card.trained_on) == name.startswith("demo-")
        assert card.scores


@pytest.mark.parametrize("name", ["effort-eeg19", "effort-eeg8"])
def test_bundles_of_real_people_say_whose_and_what_they_cannot_show(name: str) -> None:
    card = load_bundle(name).card
    assert (card.people, card.is_of_few) == (24, False)
    assert str(card.meaning["arousal"]) == "mental effort: low = rest, high = arithmetic"
    assert card.prior == {"arousal": 0.5}
    people = card.by_person["arousal"]
    assert len(people) == 24
    (fused,) = (
        score
        for score in card.scores
        if score.of_network and score.modalities == "eeg+ecg" and "over people" in score.metric
    )
    assert fused.value == pytest.approx(sum(people.values()) / 24, abs=1e-3)
    assert any("heart rate" in score.model for score in card.scores)
    assert "Zyma et al. 2019" in card.citation
    assert "ODC-By" in card.citation
    assert any("independent component" in limit for limit in card.limits)
    assert any("Rest always came first" in limit for limit in card.limits)
    # EEG alone still tells it, so a lost heart lowers the confidence and no more.
    assert not card.at_chance("eeg")


def test_a_bundle_survives_its_files(tmp_path: Path) -> None:
    shipped = load_bundle("demo-muse")
    save_bundle(tmp_path / "copy", shipped.card, shipped.model)
    again = load_bundle(str(tmp_path / "copy"))
    assert again.card == shipped.card
    x = torch.randn(2, 4, 640), torch.randn(2, 1, 640)
    for target, p in shipped.model.predict_proba(*x).items():
        torch.testing.assert_close(again.model.predict_proba(*x)[target], p)
    assert not list((tmp_path / "copy").glob(".new-*"))


def test_a_bundle_takes_the_place_of_a_bundle_and_of_nothing_else(tmp_path: Path) -> None:
    shipped = load_bundle("demo-muse")
    path = _copy(tmp_path)
    (path / CARD).write_text("{}")
    save_bundle(path, shipped.card, shipped.model)
    assert load_bundle(str(path)).card == shipped.card
    (path / "thesis.tex").write_text("years of work")
    with pytest.raises(UserError, match=r"holds thesis\.tex, which is not part of a bundle"):
        save_bundle(path, shipped.card, shipped.model)
    assert (path / "thesis.tex").read_text() == "years of work"


_WRITE = """
import resource, sys
from pathlib import Path
from physiosync_rt.bundle.bundle import load_bundle, save_bundle
from physiosync_rt.errors import UserError
shipped = load_bundle("demo-muse")
for limit in sys.argv[2:]:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), resource.RLIM_INFINITY))
    try:
        save_bundle(Path(sys.argv[1], limit, "b"), shipped.card, shipped.model)
    except UserError as error:
        print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no sizes of files")
def test_a_full_disk_leaves_the_old_bundle(tmp_path: Path) -> None:
    limits = ("0", "10000", "100000")
    paths = [_copy(tmp_path / limit) for limit in limits]
    before = {each.name: each.read_bytes() for each in paths[0].iterdir()}
    done = run([sys.executable, "-c", _WRITE, str(tmp_path), *limits])
    assert done.returncode == 0, done.stderr
    for path, said in zip(paths, done.stdout.splitlines(), strict=True):
        assert f"the bundle {path} cannot be written" in said
        assert "File too large" in said
        assert {each.name: each.read_bytes() for each in path.iterdir()} == before
        assert [each.name for each in path.parent.iterdir()] == [path.name]


def _copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(bundles_dir() / "demo-muse", tmp_path / "b"))


def test_what_is_not_a_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no bundle 'nothing'.*demo-eeg32, demo-muse"):
        load_bundle("nothing")
    with pytest.raises(UserError, match=f"{CARD} cannot be read"):
        load_bundle(str(tmp_path))


def test_spoilt_files_are_refused_in_one_sentence(tmp_path: Path) -> None:
    path = _copy(tmp_path)
    card = json.loads((path / CARD).read_text())
    (path / CARD).write_text(json.dumps({**card, "colour": "blue"}))
    with pytest.raises(UserError, match="colour: Extra inputs"):
        load_bundle(str(path))
    (path / CARD).write_text(json.dumps(card))
    weights = (path / WEIGHTS).read_bytes()
    (path / WEIGHTS).write_bytes(weights[: len(weights) // 2])
    with pytest.raises(UserError, match=f"{WEIGHTS} cannot be read"):
        load_bundle(str(path))
    shutil.copy(bundles_dir() / "demo-eeg32" / WEIGHTS, path / WEIGHTS)
    with pytest.raises(UserError, match="do not go together"):
        load_bundle(str(path))


def test_the_card_refuses_an_unknown_schema() -> None:
    card = load_bundle("demo-muse").card
    with pytest.raises(ValueError, match="schema_version"):
        Card.model_validate({**card.model_dump(), "schema_version": 2})


def test_a_contract_that_the_network_does_not_take_is_refused(tmp_path: Path) -> None:
    path = _copy(tmp_path)
    card = json.loads((path / CARD).read_text())
    for change, says in (
        ({"profile": card["profile"] | {"window_s": 4.0}}, "takes 640 samples, the contract"),
        ({"profile": {"profile": "paper", "window_s": 1}}, "gives 128"),
        ({"eeg": card["eeg"] | {"ch_names": ["TP9", "AF7"]}}, "takes 4 EEG channels"),
        ({"members": {"valence": card["model"]}}, "either 'model' or 'members'"),
        ({"model": {}}, "either 'model' or 'members'"),
        ({"profile": {"profile": "paper", "approximate": False}}, "approximate"),
        ({"profile": {"profile": "secret"}}, "profile"),
    ):
        (path / CARD).write_text(json.dumps(card | change))
        with pytest.raises(UserError, match=says):
            load_bundle(str(path))


def test_weights_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    shipped = load_bundle("demo-muse")
    with torch.no_grad():
        next(shipped.model.parameters())[0] = float("nan")
    save_bundle(tmp_path / "b", shipped.card, shipped.model)
    with pytest.raises(UserError, match="is not finite"):
        load_bundle(str(tmp_path / "b"))


def test_the_card_knows_what_a_modality_alone_cannot_tell() -> None:
    card = load_bundle("demo-eeg32").card
    # The simulated people's skin conductance follows arousal and not valence.
    assert card.at_chance("gsr") == {"valence"}
    assert card.at_chance("eeg") == frozenset()
    assert card.at_chance("eeg+ecg") == frozenset()
