"""Selective prediction: thresholds chosen on validation and judged on the test."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from physiosync_rt.bundle.card import OURS
from physiosync_training.datasets.splits import ProtocolConfig, make_folds
from physiosync_training.evaluation.baseline_models import Baselines
from physiosync_training.evaluation.evaluate import assess
from physiosync_training.supervised.selective import Choice, choose, lower_bound, mean_of


def _answers(n: int, sure: float, seed: int = 0):
    """Half of the windows are known for ``sure``, the other half guessed at 0.6."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, n)
    known = np.arange(n) % 2 == 0
    p = np.where(known, sure, 0.6 + 0.01 * rng.random(n))
    right = np.where(known, rng.random(n) < sure, rng.random(n) < 0.5)
    high = np.where(right == truth, p, 1 - p)
    return truth, np.stack([1 - high, high], axis=1)


def test_windows_that_are_guessed_are_left_out() -> None:
    truth, p = _answers(2000, 0.95)
    choice = choose(truth, p, np.arange(2000) // 10)
    assert choice is not None
    assert choice.coverage == pytest.approx(0.5)
    assert choice.accuracy == pytest.approx(0.95, abs=0.03)
    assert choice.threshold == pytest.approx(0.95)
    kept = p.max(axis=1) >= choice.threshold
    assert kept.mean() == choice.coverage


def test_where_all_are_equally_sure_all_are_answered() -> None:
    truth = np.repeat([0, 1], 100)
    choice = choose(truth, np.tile([0.3, 0.7], (200, 1)), np.arange(200))
    assert choice == Choice(0.0, 1.0, 0.5)


def test_a_few_trials_do_not_make_an_accuracy() -> None:
    """Ninety windows of one trial count once, however right they are."""
    rng = np.random.default_rng(1)
    truth = np.ones(180, dtype=int)
    confidence = np.concatenate([np.full(90, 0.9), 0.6 + 0.01 * rng.random(90)])
    right = np.concatenate([np.ones(90, dtype=bool), rng.random(90) < 0.8])
    high = np.where(right, confidence, 1 - confidence)
    p = np.stack([1 - high, high], axis=1)
    one = choose(truth, p, np.concatenate([np.zeros(90), 1 + np.arange(90)]).astype(int))
    many = choose(truth, p, np.arange(180))
    assert one is not None
    assert many is not None
    assert one.coverage > many.coverage == pytest.approx(0.5)


def test_without_validation_there_is_nothing_to_choose_by() -> None:
    nothing = np.empty(0, dtype=int)
    assert choose(nothing, np.empty((0, 2)), nothing) is None
    assert mean_of([None]) is None
    assert mean_of([Choice(0.6, 0.5, 0.9), None]) is None
    assert mean_of([Choice(0.6, 0.5, 0.9), Choice(0.8, 1.0, 0.7)]) == Choice(
        pytest.approx(0.7), 0.75, pytest.approx(0.8)
    )


def test_lower_bound_is_wilsons() -> None:
    assert lower_bound(0.5, 10) == pytest.approx(0.2366, abs=1e-4)
    assert lower_bound(1.0, 10) == pytest.approx(0.7225, abs=1e-4)
    assert lower_bound(0.0, 5) == pytest.approx(0.0, abs=1e-12)


@pytest.fixture
def judged(make_dataset, answers):
    """Assess a network of some skill that also answered its validation windows."""
    data = make_dataset(8, 8, 4)
    folds = make_folds(data, ProtocolConfig(protocol="subject", folds=4))
    results = []
    for fold in folds:
        made = answers(data, fold, 1.5)
        held_out = SimpleNamespace(
            name=fold.name,
            protocol=fold.protocol,
            inflated=False,
            test=fold.validation,
            validation=fold.validation,
        )
        asked = answers(data, held_out, 1.5, seed=1)
        validation = replace(asked.predictions[1], split="validation")
        results.append(replace(made, predictions=[validation, made.predictions[1]]))
    baselines = Baselines(data, ["arousal"], lambda what, done, total: None).run(folds)
    return data, results, baselines


def test_what_a_threshold_is_worth_is_measured_on_the_test(judged) -> None:
    data, results, baselines = judged
    found = assess(data, results, baselines)
    (selective,) = found.selective
    ours = next(p for p in found.pooled if p.model == OURS)
    assert len(selective.thresholds) == 4
    threshold = np.array(selective.thresholds)[ours.fold]
    kept = ours.probability.max(axis=1) >= threshold
    right = ours.probability.argmax(axis=1) == ours.truth
    assert selective.coverage == pytest.approx(kept.mean())
    assert selective.accuracy.value == pytest.approx(right[kept].mean())
    assert selective.all_accuracy == pytest.approx(right.mean())
    assert selective.accuracy.value > selective.all_accuracy
    assert selective.accuracy.low < selective.accuracy.value < selective.accuracy.high


def test_the_test_windows_have_no_say_in_the_threshold(judged) -> None:
    data, results, baselines = judged
    (before,) = assess(data, results, baselines).selective
    worse = [
        replace(
            r,
            predictions=[
                r.predictions[0],
                replace(r.predictions[1], probability=r.predictions[1].probability[:, ::-1]),
            ],
        )
        for r in results
    ]
    (after,) = assess(data, worse, baselines).selective
    assert after.thresholds == before.thresholds
    assert after.accuracy.value < 0.5
