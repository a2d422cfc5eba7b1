"""Bundles of a training: they load, whatever windows their network takes, and say what they may."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from physiosync_rt.bundle.bundle import load_bundle
from physiosync_rt.bundle.card import Card
from physiosync_rt.bundle.engines import INT8_CHECK, is_onnx_here
from physiosync_rt.preprocess.config import LiveProfile, PaperProfile
from physiosync_rt.views.inspection import bundle_tables
from physiosync_rt.views.scores_text import score_lines
from physiosync_training.experiment.config import RunConfig
from physiosync_training.experiment.experiment import Experiment, prepare, run_here, train_folds
from physiosync_training.export import write_bundles
from physiosync_training.reporting.report import report_on
from physiosync_training.supervised.results import FoldResult
from physiosync_training.supervised.selective import choose

pytestmark = pytest.mark.usefixtures("undrawn")

_TINY: dict[str, Any] = {
    "name": "tiny",
    "title": "A tiny run",
    "protocols": [{"protocol": "subject", "folds": 4, "only": 1, "validation": 0.34}],
    "networks": [{"preset": "compact", "dim_1s": 8, "dim_5s": 8, "depth": 1}],
    "finetune": {"targets": ["arousal"], "epochs": 1, "head_epochs": 1, "batch_size": 16},
    "device": "cpu",
}
_LIVE = {
    "kind": "simulated",
    "subjects": 4,
    "duration_s": 175,
    "trial_s": 20,
    "ch_names": ["Fz", "Cz", "Pz", "Oz"],
}
_PAPER = {"kind": "deap", "profile": "paper", "simulate": {"subjects": 4, "trials": 4}}


def _bundle(
    tmp_path: Path, data: dict[str, Any], *, withhold: bool = False, with_5s: bool = True
) -> tuple[Experiment, list[FoldResult], Card]:
    own = {
        "data": data,
        "networks": [_TINY["networks"][0] | {"with_5s": with_5s}],
        "cache": tmp_path,
        "withhold": withhold,
    }
    config = RunConfig.model_validate(_TINY | own)
    experiment = prepare(config, tmp_path / "out", lambda *_: None)
    results = run_here(experiment, train_folds, resume=False)
    folds = [job.fold for job in experiment.jobs]
    found = report_on(experiment.dataset, folds, results, config, tmp_path, lambda *_: None)
    (path,) = write_bundles(experiment, results, found)
    bundle = load_bundle(str(path))
    eeg, pps = experiment.dataset.fetch(np.arange(1))
    n_times = round(bundle.card.profile.window_s * 128)
    with torch.inference_mode():
        bundle.model.predict_proba(
            torch.from_numpy(eeg[..., :n_times]), torch.from_numpy(pps[..., :n_times])
        )
    return experiment, results, bundle.card


@pytest.mark.parametrize("with_5s", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_a_bundle_asks_for_the_windows_that_its_network_takes(tmp_path, with_5s) -> None:
    experiment, results, card = _bundle(tmp_path, _LIVE, withhold=True, with_5s=with_5s)
    assert isinstance(card.profile, LiveProfile)
    assert card.profile.window_s == (5 if with_5s else 1)
    assert {score.protocol for score in card.scores} == {"subject, 1 of 4 folds"}
    assert (INT8_CHECK in card.provenance) == is_onnx_here()
    if is_onnx_here():
        check = card.provenance[INT8_CHECK]
        rows = [p.rows for p in results[0].predictions if p.split == "validation"]
        assert check["windows"] == min(len(np.unique(np.concatenate(rows))), 128)
        assert 0.0 < check["largest_difference"] < 0.1
    trial = experiment.dataset.table.trial
    expected = {}
    for p in results[0].predictions:
        if p.split == "validation":
            choice = choose(p.truth, p.probability, trial[p.rows])
            assert choice is not None
            if choice.threshold:
                expected[f"{p.route}/{p.target}"] = pytest.approx(choice.threshold)
    assert card.least_confidence == expected


def test_a_bundle_of_the_released_preprocessing_says_that_it_is_approximate(tmp_path) -> None:
    _, _, card = _bundle(tmp_path, _PAPER)
    assert isinstance(card.profile, PaperProfile)
    assert card.least_confidence == {}  # nobody asked
    assert card.headline == "A tiny run, preprocessing approximate"


@pytest.mark.slow
def test_a_card_tells_what_is_left_without_each_electrode(tmp_path) -> None:
    data = _LIVE | {"electrode_out": 0.5, "min_electrodes": 3}
    _, results, card = _bundle(tmp_path, data)
    names = ("Fz", "Cz", "Pz", "Oz")
    ways = [way for name in names for way in (name, f"{name} after the rest")]
    left_out = [score for score in card.scores if score.without]
    assert list(dict.fromkeys(score.without for score in left_out)) == ways
    assert {score.modalities for score in left_out} == {"eeg+gsr", "eeg"}
    assert card.eeg.min_electrodes == 3
    # Each is scored on signals of its own, all on the same windows.
    predictions = {p.without: p for p in results[0].predictions if p.route == "eeg"}
    assert set(predictions) == {"", *ways}
    whole = results[0].of("test", "eeg", "arousal")
    assert whole.without == ""
    for way in ways:
        np.testing.assert_array_equal(predictions[way].rows, whole.rows)
        assert not np.array_equal(predictions[way].probability, whole.probability)
    # Nobody takes them for scores of the whole montage.
    complete = card.model_copy(update={"scores": tuple(s for s in card.scores if not s.without)})
    for given in ("eeg", "eeg+gsr"):
        assert card.at_chance(given) == complete.at_chance(given)
    lines = score_lines(card.scores)
    assert lines[: len(score_lines(complete.scores))] == score_lines(complete.scores)
    (missing,) = lines[len(score_lines(complete.scores)) :]
    values = [s.value for s in left_out if s.modalities == "eeg+gsr"]
    said = f"arousal balanced accuracy {min(values):.2f} to {max(values):.2f}"
    assert missing.startswith(f"{said} (one electrode missing, eeg+gsr, protocol subject")
    report = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "With one electrode missing" in report
    assert "Oz after the rest" in report
    stored = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert {row["without"] for row in stored["left_out"]} == set(ways)
    shown = [table.title for table in bundle_tables(card, "")]
    assert shown[-1] == "scores with one electrode missing"
