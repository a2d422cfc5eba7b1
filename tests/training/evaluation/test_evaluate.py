"""Predictions become numbers: pooled, with the right unit, beside the best baseline model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from physiosync_rt.bundle.card import OURS
from physiosync_training.datasets.splits import ProtocolConfig, make_folds
from physiosync_training.evaluation.baseline_models import ALWAYS_HIGH, Baselines
from physiosync_training.evaluation.evaluate import assess
from physiosync_training.evaluation.metrics import PRIMARY
from physiosync_training.evaluation.pooled import pool, units
from physiosync_training.experiment.config import RunConfig
from physiosync_training.reporting.builder import build_report, headline
from physiosync_training.reporting.report import provenance

RUN = RunConfig.model_validate(
    {
        "name": "noise",
        "title": "A run on noise",
        "data": {"kind": "deap", "simulate": {"subjects": 8}},
        "protocols": [{"protocol": "trial"}],
    }
)


def test_every_window_counts_once(make_dataset, assessed) -> None:
    data = make_dataset(8, 6, 2)
    found = assessed(data, 1.0)
    for each in found.pooled:
        np.testing.assert_array_equal(np.sort(each.rows), np.arange(len(data)))
        np.testing.assert_array_equal(each.truth, data.truth("arousal")[each.rows])
    whole = next(
        r for r in found.scores if r.model == OURS and r.subject is None and r.metric == "accuracy"
    )
    ours = next(p for p in found.pooled if p.model == OURS)
    right = ours.probability.argmax(axis=1) == ours.truth
    assert whole.value == pytest.approx(right.mean())
    by_fold = [right[ours.fold == k].mean() for k in range(4)]
    assert whole.fold_mean == pytest.approx(np.mean(by_fold))
    assert whole.fold_std == pytest.approx(np.std(by_fold))
    assert whole.n_folds == 4
    assert whole.ci_low < whole.value < whole.ci_high


def test_every_subject_has_a_line_with_its_own_unit(make_dataset, assessed) -> None:
    data = make_dataset(8, 10, 2)
    found = assessed(data, 1.0)
    lines = [r for r in found.scores if r.model == OURS and r.metric == "accuracy" and r.subject]
    assert [line.subject for line in lines] == list(data.info.subjects)
    assert {line.unit for line in lines} == {"trial"}
    assert {line.n_subjects for line in lines} == {1}
    pooled = next(r for r in found.scores if r.model == OURS and r.subject is None)
    assert (pooled.unit, pooled.n) == ("subject", 8)


@pytest.mark.parametrize(
    ("n_subjects", "n_stimuli", "wanted", "unit", "n"),
    [
        (8, 3, "auto", "subject", 8),
        (3, 4, "auto", "trial", 12),
        (3, 2, "auto", "20 s block", 12),
        (8, 3, "trial", "trial", 24),
        (3, 4, "20 s block", "20 s block", 24),
    ],
)
def test_unit_of_intervals(make_dataset, n_subjects, n_stimuli, wanted, unit, n) -> None:
    data = make_dataset(n_subjects, n_stimuli, 6)
    codes, what = units(data, np.arange(len(data)), wanted)
    assert (what, len(np.unique(codes))) == (unit, n)
    if what == "20 s block":  # 0-20 s and 20-30 s of each trial
        assert np.bincount(np.unique(codes, return_inverse=True)[1]).tolist() == [4, 2] * (n // 2)


def test_a_model_that_knows_wins_and_one_that_guesses_loses(make_dataset, assessed) -> None:
    data = make_dataset(8, 8, 2)
    (good,) = assessed(data, 2.0).verdicts
    assert not good.loses
    assert good.is_clear
    assert good.margin.low > 0
    (bad,) = assessed(data, -2.0).verdicts
    assert bad.loses
    assert bad.margin.high < 0
    assert bad.theirs >= 0.5


def test_the_best_baseline_is_the_rival(make_dataset, assessed) -> None:
    data = make_dataset(8, 8, 2)
    (verdict,) = assessed(data, 0.0).verdicts
    values = {
        r.model: r.value
        for r in assessed(data, 0.0).scores
        if r.subject is None and r.metric == PRIMARY and r.model != OURS
    }
    assert verdict.theirs == max(values.values())
    assert values[verdict.rival] == verdict.theirs


def test_networks_and_protocols_are_told_apart_and_inflated_ones_marked(
    make_dataset, assessed
) -> None:
    data = make_dataset(8, 8, 3)
    found = assessed(data, 1.0, ("window", "subject"), ("one", "two"))
    assert found.models == {OURS: "one", f"{OURS}: two": "two"}
    assert {r.inflated for r in found.scores if r.protocol == "window"} == {True}
    assert {r.inflated for r in found.scores if r.protocol == "subject"} == {False}
    assert [v.protocol for v in found.verdicts] == ["subject", "window"]
    assert {r.modalities for r in found.scores if r.model == ALWAYS_HIGH} == {""}
    assert {r.modalities for r in found.scores if r.model == OURS} == {"eeg+gsr"}


def test_turns_of_a_fold_are_averaged(make_dataset, answers) -> None:
    data = make_dataset(3, 4, 2)
    folds = make_folds(data, ProtocolConfig(protocol="subject", rotations=2))
    results = [answers(data, fold, 1.0, seed=k) for k, fold in enumerate(folds)]
    (both,) = pool(data, results, {})
    assert len(both.rows) == len(data)
    assert both.n_folds == 3
    mean = (results[0].predictions[1].probability + results[1].predictions[1].probability) / 2
    np.testing.assert_allclose(both.probability[: len(mean)], mean)


def test_without_labels_of_a_target_its_windows_are_left_out(make_dataset) -> None:
    data = make_dataset(8, 8, 2)
    arousal = data.table.arousal.copy()
    arousal[data.table.subject == 0] = np.nan
    data = replace(data, table=replace(data.table, arousal=arousal))
    folds = make_folds(data, ProtocolConfig(protocol="trial", folds=4))
    baselines = Baselines(data, ["arousal"], lambda what, done, total: None).run(folds)
    for each in pool(data, baselines, {}):
        assert not (data.table.subject[each.rows] == 0).any()


def test_where_only_one_class_is_tested_nothing_is_decided(make_dataset, answers) -> None:
    data = make_dataset(8, 8, 2)
    folds = make_folds(data, ProtocolConfig(protocol="trial", folds=4, only=1))
    arousal = data.table.arousal.copy()
    arousal[folds[0].test] = 8.0
    data = replace(data, table=replace(data.table, arousal=arousal))
    baselines = Baselines(data, ["arousal"], lambda what, done, total: None).run(folds)
    found = assess(data, [answers(data, folds[0], 1.0)], baselines)
    assert found.verdicts == []
    assert found.undecided == [("trial", "arousal")]
    line, bad = headline(found)
    assert line.endswith("one class only, so nothing can be said: arousal on protocol trial.")
    assert bad
    document = build_report(found, data, "one class", provenance(data, RUN, found.results))
    assert "balanced accuracy" not in {row.metric for row in found.scores if not row.subject}
    assert document.figures
