"""A fit from its configuration to a report and bundles, on features made by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.features import make_features
from typer.testing import CliRunner

from physiosync_models import GatedSum
from physiosync_rt.bundle.bundle import load_bundle
from physiosync_rt.cli.app import app
from physiosync_rt.errors import UserError
from physiosync_training.experiment import fusion_run
from physiosync_training.experiment.config import RunConfig
from physiosync_training.experiment.fusion_run import FusionRun, fit_folds, prepare_fusion
from physiosync_training.export_fusion import PEOPLE_METRIC, write_fusion_bundles
from physiosync_training.fusion.table import FeatureTable
from physiosync_training.loop.progress import no_progress
from physiosync_training.reporting.report import report_on_fusion

DATA = {"kind": "recordings", "path": ".", "pps": "ECG", "scale": [0, 1], "threshold": 0.5}


def _config(**more: object) -> RunConfig:
    settings = {
        "name": "work",
        "title": "Work",
        "data": DATA,
        "protocols": [{"protocol": "subject", "folds": 3, "validation": 0}],
        "finetune": {"targets": ["arousal"]},
        "fusion": {"strengths": [0.1], "repeats": 2},
        "bundles": "all",
    }
    return RunConfig.model_validate(settings | more)


def _prepare(
    table: FeatureTable, config: RunConfig, out: Path, monkeypatch: pytest.MonkeyPatch, **more: bool
) -> FusionRun:
    monkeypatch.setattr(fusion_run, "load_table", lambda *_: table)
    monkeypatch.setattr(type(config.data), "index", lambda _: table)
    return prepare_fusion(config, out, no_progress, **more)


def test_from_features_to_a_report_and_a_bundle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = make_features()
    run = _prepare(table, _config(), tmp_path, monkeypatch)
    repeats = fit_folds(run)
    assert [len(results) for results in repeats] == [3, 3]
    for folds in run.repeats:
        for fold in folds:
            assert not set(table.table.subject[fold.train]) & set(table.table.subject[fold.test])
    assert run.repeats[0][0].test.tolist() != run.repeats[1][0].test.tolist()
    assessment = report_on_fusion(run, repeats, no_progress)
    people = assessment.people
    assert people is not None
    both, eeg, ecg = people.scores[:3]
    assert [each.modalities for each in (both, eeg, ecg)] == ["eeg+ecg", "eeg", "ecg"]
    assert both.mean.value > max(eeg.mean.value, ecg.mean.value)
    assert both.mean.value == pytest.approx(np.mean(list(both.by_person.values())))
    assert both.mean.value == pytest.approx(np.mean(both.by_repeat))
    # Two of them show no heart: alone it can but guess there.
    assert ecg.by_person["P00"] == ecg.by_person["P01"] == 0.5
    assert both.answered == pytest.approx(480 / 504)
    assert ecg.answered == pytest.approx(400 / 504)
    for difference in people.differences[:2]:
        assert difference.ours == "physiosync (eeg+ecg)"
        assert difference.value.low <= difference.value.value <= difference.value.high
    calibration = people.calibrations[0]
    assert calibration.after <= calibration.before
    report = (tmp_path / "report.md").read_text()
    assert "Mental effort: low = rest, high = work." in report
    assert "Somebody 2020" in report
    assert "rousal" not in report.split("## Where these numbers come from")[0]
    stored = json.loads((tmp_path / "report.json").read_text())
    assert stored["people"]["scores"][0]["target"] == "arousal"
    assert stored["people"]["scores"][0]["by_person"] == both.by_person

    paths = write_fusion_bundles(run, repeats[0], assessment)
    assert paths == [tmp_path / "bundle"]
    bundle = load_bundle(str(paths[0]))
    card = bundle.card
    assert card.people == 12
    assert card.prior == {"arousal": 0.5}
    assert card.by_person["arousal"].keys() == set(table.info.subjects)
    assert (card.citation, card.limits) == ("Somebody 2020", ("Rest came first.",))
    assert str(card.meaning["arousal"]) == "mental effort: low = rest, high = work"
    mine = [s for s in card.scores if s.metric == PEOPLE_METRIC and s.of_network]
    assert [s.modalities for s in mine] == ["eeg+ecg", "eeg", "ecg"]
    assert mine[0].value == both.mean.value
    assert isinstance(bundle.model, GatedSum)


def test_a_run_goes_on_and_is_never_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, config = make_features(), _config()
    first = fit_folds(_prepare(table, config, tmp_path, monkeypatch))
    with pytest.raises(UserError, match="holds a training already"):
        _prepare(table, config, tmp_path, monkeypatch)
    fits: list[int] = []
    monkeypatch.setattr(fusion_run, "fit_sum", lambda *_: fits.append(1))
    again = fit_folds(_prepare(table, config, tmp_path, monkeypatch, resume=True))
    assert not fits
    for one, other in zip(first[0], again[0], strict=True):
        np.testing.assert_array_equal(
            one.predictions[0].probability, other.predictions[0].probability
        )
    changed = _config(fusion={"strengths": [0.2]})
    with pytest.raises(UserError, match="another configuration"):
        fit_folds(_prepare(table, changed, tmp_path, monkeypatch, resume=True))


def test_a_bundle_of_each_fold_answers_as_it_was_tested(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = make_features()
    run = _prepare(table, _config(bundles="each"), tmp_path, monkeypatch)
    repeats = fit_folds(run)
    paths = write_fusion_bundles(run, repeats[0], report_on_fusion(run, repeats, no_progress))
    assert len(paths) == 3
    for path, fold, result in zip(paths, run.repeats[0], repeats[0], strict=True):
        bundle = load_bundle(str(path))
        assert isinstance(bundle.model, GatedSum)
        eeg = torch.from_numpy(table.eeg[fold.test].astype(np.float32))
        pps = torch.from_numpy(table.pps[fold.test, :1].astype(np.float32))
        found = bundle.model.predict_proba(eeg, pps)["arousal"].numpy()
        tested = result.of("test", "fused", "arousal")
        np.testing.assert_allclose(found, tested.probability, atol=1e-5)
        assert bundle.card.people == 8


def test_few_people_make_a_bundle_only_when_told_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = make_features(6, heartless=0)
    run = _prepare(table, _config(), tmp_path, monkeypatch)
    repeats = fit_folds(run)
    assessment = report_on_fusion(run, repeats, no_progress)
    with pytest.raises(UserError, match=r"a bundle from 6 people .* add --few"):
        write_fusion_bundles(run, repeats[0], assessment)
    assert not (tmp_path / "bundle").exists()
    (path,) = write_fusion_bundles(run, repeats[0], assessment, few=True)
    assert load_bundle(str(path)).card.headline == "Work, from 6 people only"


def test_configurations_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="quadrant"):
        _config(finetune={"targets": ["quadrant"], "joint": False})
    with pytest.raises(ValueError, match="set pretrain to null"):
        _config(pretrain={})
    with pytest.raises(ValueError, match="protocols subject and trial"):
        _config(protocols=[{"protocol": "window"}])
    with pytest.raises(ValueError, match="bundles 'all' is for a fusion"):
        _config(fusion=None)
    with pytest.raises(ValueError, match="needs data of kind recordings"):
        _config(data={"kind": "simulated"})


def test_commands_for_networks_refuse_a_fusion(tmp_path: Path) -> None:
    runner = CliRunner()
    for command in ("pretrain", "finetune"):
        found = runner.invoke(app, [command, "--config", "effort-eeg8", "--out", str(tmp_path)])
        assert isinstance(found.exception, UserError)
        assert "use `physiosync train`" in str(found.exception)
    found = runner.invoke(
        app, ["train", "--config", "effort-eeg8", "--out", str(tmp_path), "--cluster", "local"]
    )
    assert "no --cluster" in str(found.exception)
