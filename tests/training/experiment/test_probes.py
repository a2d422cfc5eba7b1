"""What the shipped probes show, at small size: the leak of protocol window, and a real effect."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from physiosync_rt.bundle.card import OURS
from physiosync_rt.utils.resources import find_config
from physiosync_rt.utils.yaml_config import read_yaml
from physiosync_training.evaluation.evaluate import Assessment, ScoreRow
from physiosync_training.evaluation.metrics import PRIMARY
from physiosync_training.experiment.config import RunConfig
from physiosync_training.experiment.experiment import prepare, run_here, train_folds
from physiosync_training.reporting.builder import headline
from physiosync_training.reporting.report import report_on


def _assess(name: str, folder: Path, **changes: Any) -> Assessment:
    shipped = read_yaml(find_config("train", name), RunConfig).model_dump(mode="json")
    own = {
        "data": shipped["data"] | changes.pop("data", {}),
        "networks": shipped["networks"][:1],
        "cache": folder,
    }
    config = RunConfig.model_validate(shipped | own | changes)
    experiment = prepare(config, folder / "out", lambda what, done, total: None)
    results = run_here(experiment, train_folds, resume=False)
    folds = list({job.fold.name: job.fold for job in experiment.jobs}.values())
    return report_on(
        experiment.dataset, folds, results, config, folder / "out", lambda what, done, total: None
    )


def _pooled(found: Assessment, protocol: str, target: str = "arousal") -> ScoreRow:
    return next(
        row
        for row in found.scores
        if (row.protocol, row.target, row.model, row.metric, row.subject, row.modalities)
        == (protocol, target, OURS, PRIMARY, None, "eeg+gsr")
    )


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("unseen", ["trial", "subject"])
def test_where_there_is_nothing_to_learn_only_protocol_window_finds_it(tmp_path, unseen) -> None:
    found = _assess(
        "leak_probe",
        tmp_path,
        data={"simulate": {"subjects": 4, "trials": 20, "seed": 0, "fingerprint": 1.0}},
        protocols=[
            {"protocol": "window", "folds": 4, "only": 1},
            {"protocol": unseen, "folds": 2},
        ],
    )
    assert _pooled(found, "window").value > 0.9
    assert _pooled(found, "window").inflated
    row = _pooled(found, unseen)
    assert (row.n, row.unit) == (80, "trial")
    assert row.ci_low is not None
    assert row.ci_high is not None
    assert row.ci_low <= 0.5 <= row.ci_high
    line, bad = headline(found)
    assert bad
    assert "baseline" in line


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_real_effect_carries_over_to_new_stimuli_and_new_people(tmp_path) -> None:
    found = _assess(
        "effect_probe",
        tmp_path,
        data={"simulate": {"subjects": 8, "trials": 12, "seed": 5, "effect": 1.5}},
        protocols=[{"protocol": "trial", "folds": 3}, {"protocol": "subject", "folds": 4}],
        modalities=["fused"],
    )
    for protocol in ("trial", "subject"):
        low = _pooled(found, protocol).ci_low
        assert low is not None
        assert low > 0.5
    line, _ = headline(found)
    lost = {(v.protocol, v.target) for v in found.verdicts if v.loses}
    assert ("loses" in line) == bool(lost)
    for protocol, target in lost:
        assert re.search(rf"{target}( and \w+)? on protocol {protocol}", line)
