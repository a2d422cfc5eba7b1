"""Calibration to people whom the population's model never saw, on features made by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers.features import make_features

from physiosync_rt.errors import UserError
from physiosync_training.calibration import left_out_people as module
from physiosync_training.calibration.left_out_people import (
    STRENGTHS,
    calibrate_people,
    choose_strength,
    early_and_late,
)
from physiosync_training.calibration.own_blocks import Block, Person
from physiosync_training.calibration.personal import STRENGTH
from physiosync_training.calibration.stored_blocks import _read, _write
from physiosync_training.experiment.config import RunConfig
from physiosync_training.fusion.table import FeatureTable
from physiosync_training.loop.progress import no_progress

SETTINGS = {
    "name": "work",
    "title": "Work",
    "data": {"kind": "recordings", "path": ".", "pps": "ECG", "scale": [0, 1], "threshold": 0.5},
    "protocols": [{"protocol": "subject", "folds": 3, "validation": 0}],
    "finetune": {"targets": ["arousal"]},
    "fusion": {"strengths": [0.1], "inner_folds": 3},
}


def _people(table: FeatureTable, own: dict[str, float], n: int = 6) -> dict[str, Person]:
    """Blocks of five windows of each person, some with a feature of their own."""
    found = {}
    for k, name in enumerate(table.info.subjects):
        blocks = []
        for truth in (0, 1):
            rows = np.flatnonzero((table.table.subject == k) & (table.truth("arousal") == truth))
            for part in np.array_split(rows, n if truth == 0 else 3):
                eeg = table.eeg[part].copy()
                eeg[:, -1] += own.get(name, 0.0) * truth
                blocks.append(Block(15.0, None, float(truth), eeg, table.pps[part, :1]))
        found[name] = Person(tuple(blocks), 30.0, 0.0, heard=True)
    return found


def test_people_are_calibrated_by_models_that_never_saw_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = make_features(9, heartless=0, eeg_shift=0.1, heart_shift=1.0)
    people = _people(table, {"P00": 6.0, "P01": 6.0})
    monkeypatch.setattr(module, "load_table", lambda *_: table)
    monkeypatch.setattr(module, "load_people", lambda *_: people)
    seen: list[set[int]] = []
    fit: Callable[..., object] = module.fit_sum

    def note(table: FeatureTable, rows: np.ndarray, *more: object) -> object:
        seen.append(set(table.table.subject[rows].tolist()))
        return fit(table, rows, *more)

    measured: list[tuple[set[int], int]] = []
    measure: Callable[..., object] = module.measure
    whose = {id(b): k for k, each in enumerate(people.values()) for b in each.blocks}

    def watch(population: object, blocks: list[Block], *more: object) -> object:
        measured.append((seen[-1], whose[id(blocks[0])]))
        return measure(population, blocks, *more)

    monkeypatch.setattr(module, "fit_sum", note)
    monkeypatch.setattr(module, "measure", watch)
    found = calibrate_people(RunConfig.model_validate(SETTINGS), no_progress)
    assert len(measured) > 9 * 3
    assert all(person not in model for model, person in measured)
    assert [each.name for each in found.people] == list(table.info.subjects)
    for each in found.people:
        assert each.strength in STRENGTHS
        assert each.real is not None
        assert each.null is not None
        assert each.real.blocks == (6, 3)
        assert each.null.blocks == (3, 3)
    own = [each.real for each in found.people[:2]]
    assert all(each is not None and each.after > each.before for each in own)
    assert found.difference.value == pytest.approx(found.after.value - found.before.value)
    assert found.difference.low <= found.difference.value <= found.difference.high
    real, null, swapped = found.written
    assert real >= 1
    assert null + swapped <= 2
    stored = json.loads(json.dumps(found.to_dict()))
    assert stored["written"] == {"real": real, "null": null, "swapped": swapped}
    assert stored["people"][0]["real"]["helped"] in (True, False)


def test_the_strongest_pull_that_is_not_clearly_worse_is_chosen() -> None:
    rng = np.random.default_rng(0)
    alike = 0.9 + 0.001 * rng.standard_normal((20, 3))
    assert choose_strength((0.01, 0.1, 1.0), alike) == 1.0
    worse = alike - np.array([0.0, 0.0, 0.1])
    assert choose_strength((0.01, 0.1, 1.0), worse) == 0.1
    # A person who differs by chance does not speak for a weaker pull.
    noisy = alike.copy()
    noisy[0, 0] += 0.05
    assert choose_strength((0.01, 0.1, 1.0), noisy) == 1.0
    assert STRENGTH in STRENGTHS


@pytest.mark.parametrize("n", [0, 1, 2, 5, 10])
def test_early_and_late_rest_are_halves_of_it(n: int) -> None:
    blocks = [Block(15.0, None, 0.0, np.empty((0, 1)), np.empty((0, 1))) for _ in range(n)]
    task = Block(15.0, None, 1.0, np.empty((0, 1)), np.empty((0, 1)))
    found, truth = early_and_late(([*blocks, task], np.array([0] * n + [1])))
    half = n // 2
    assert list(found) == [*blocks[:half], *blocks[n - half :]]
    assert truth.tolist() == [0] * half + [1] * half
    assert task not in found


def test_blocks_are_kept_as_they_are(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pps = np.array([[np.nan], [3.0], [4.0]])
    blocks = (
        Block(15.0, None, 0.0, rng.normal(size=(3, 4)), pps),
        Block(15.5, 2.0, None, rng.normal(size=(5, 4)), np.full((5, 1), np.nan)),
    )
    person = Person(blocks, 30.0, 12.5, heard=True)
    _write(tmp_path / "blocks.npz", person)
    found = _read(tmp_path / "blocks.npz")
    assert found is not None
    assert (found.rest_s, found.unusable_s, found.heard) == (30.0, 12.5, True)
    for one, other in zip(found.blocks, blocks, strict=True):
        assert (one.seconds, one.valence, one.arousal) == (
            other.seconds,
            other.valence,
            other.arousal,
        )
        np.testing.assert_array_equal(one.eeg, other.eeg)
        np.testing.assert_array_equal(one.pps, other.pps)
    whole = (tmp_path / "blocks.npz").read_bytes()
    (tmp_path / "blocks.npz").write_bytes(whole[: len(whole) // 2])
    assert _read(tmp_path / "blocks.npz") is None
    assert _read(tmp_path / "none.npz") is None


def test_another_configuration_is_refused() -> None:
    config = RunConfig.model_validate(SETTINGS | {"fusion": None})
    with pytest.raises(UserError, match="work does not fit a sum of slow features"):
        calibrate_people(config, no_progress)
