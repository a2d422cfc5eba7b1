"""Scores equal those of scikit-learn, and intervals move whole units."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sk

from physiosync_training.evaluation.metrics import (
    confusion_matrix,
    coverage_curve,
    margin,
    reliability,
    score,
)


def _answers(n: int, n_classes: int, seed: int = 0, skill: float = 1.0):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, n_classes, n)
    logits = rng.standard_normal((n, n_classes))
    logits[np.arange(n), truth] += skill
    logits = np.round(logits, 1)  # ties
    p = np.exp(logits)
    return truth, p / p.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_scores_are_those_of_scikit_learn(n_classes) -> None:
    truth, p = _answers(500, n_classes)
    found = score(truth, p, np.arange(500), n_draws=5)
    said = p.argmax(axis=1)
    assert found["accuracy"].value == pytest.approx(sk.accuracy_score(truth, said))
    expected = sk.balanced_accuracy_score(truth, said)
    assert found["balanced accuracy"].value == pytest.approx(expected)
    assert found["F1 macro"].value == pytest.approx(sk.f1_score(truth, said, average="macro"))
    np.testing.assert_array_equal(confusion_matrix(truth, p), sk.confusion_matrix(truth, said))
    if n_classes == 2:
        assert found["F1"].value == pytest.approx(sk.f1_score(truth, said))
        assert found["ROC AUC"].value == pytest.approx(sk.roc_auc_score(truth, p[:, 1]))
    else:
        assert "F1" not in found
        assert "ROC AUC" not in found
        weighted = sk.f1_score(truth, said, average="weighted")
        assert found["F1 weighted"].value == pytest.approx(weighted)


def test_drawn_scores_are_those_of_the_drawn_windows() -> None:
    """Against a literal bootstrap with the same draws."""
    truth, p = _answers(60, 2)
    unit = np.repeat(np.arange(12), 5)
    found = score(truth, p, unit, seed=3, n_draws=200)
    draws = np.random.default_rng(3).multinomial(12, np.full(12, 1 / 12), size=200)
    literal: dict[str, list[float]] = {"accuracy": [], "ROC AUC": [], "calibration error": []}
    for draw in draws:
        rows = np.concatenate([np.flatnonzero(unit == u) for u in np.repeat(np.arange(12), draw)])
        one = score(truth[rows], p[rows], np.zeros(60, dtype=int), n_draws=1)
        for name, values in literal.items():
            values.append(one[name].value)
        assert one["accuracy"].value == pytest.approx((p[rows].argmax(1) == truth[rows]).mean())
        assert one["ROC AUC"].value == pytest.approx(sk.roc_auc_score(truth[rows], p[rows, 1]))
    for name, values in literal.items():
        low, high = np.percentile(values, [2.5, 97.5])
        assert (found[name].low, found[name].high) == pytest.approx((low, high))


def test_windows_of_a_unit_widen_the_interval() -> None:
    """Twenty equal windows of each of 20 units say no more than 20 windows."""
    truth, p = _answers(20, 2, skill=0.5)
    many, sure = np.repeat(truth, 20), np.repeat(p, 20, axis=0)
    units = np.repeat(np.arange(20), 20)
    honest = score(many, sure, units)["accuracy"]
    naive = score(many, sure, np.arange(400))["accuracy"]
    few = score(truth, p, np.arange(20))["accuracy"]
    assert honest.value == naive.value
    assert honest.high - honest.low > 3 * (naive.high - naive.low)
    assert (honest.low, honest.high) == pytest.approx((few.low, few.high), abs=1e-12)


def test_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    hits = 0
    for seed in range(150):
        truth, p = _answers(120, 2, seed, skill=1.0)
        found = score(truth, p, np.arange(120), seed=seed, n_draws=200)["accuracy"]
        hits += found.low <= 0.76 <= found.high
    assert 0.88 <= hits / 150 <= 1.0


def test_calibration_error_of_honest_and_boastful_answers() -> None:
    rng = np.random.default_rng(0)
    high = rng.uniform(0, 1, 20_000)
    truth = (rng.uniform(0, 1, 20_000) < high).astype(int)
    unit = np.arange(20_000)
    honest = np.stack([1 - high, high], axis=1)
    assert score(truth, honest, unit, n_draws=2)["calibration error"].value < 0.02
    boast = np.where(high > 0.5, 0.99, 0.01)
    boastful = np.stack([1 - boast, boast], axis=1)
    found = score(truth, boastful, unit, n_draws=2)["calibration error"].value
    assert found == pytest.approx(0.99 - 0.75, abs=0.02)
    bins = list(reliability(truth, honest))
    assert sum(n for _, _, n in bins) == 20_000
    assert all(abs(confidence - accuracy) < 0.05 for confidence, accuracy, _ in bins)


def test_one_class_and_one_unit_have_no_made_up_numbers() -> None:
    truth = np.ones(10, dtype=int)
    p = np.tile([0.4, 0.6], (10, 1))
    found = score(truth, p, np.zeros(10, dtype=int), n_draws=10)
    assert found["accuracy"].value == 1
    assert np.isnan(found["accuracy"].low)
    assert np.isnan(found["balanced accuracy"].value)
    assert np.isnan(found["ROC AUC"].value)
    assert found["F1"].value == 1


def test_accuracy_grows_as_the_least_confident_are_left_out() -> None:
    truth, p = _answers(5000, 2)
    coverage, accuracy = coverage_curve(truth, p)
    assert accuracy[-1] == pytest.approx((p.argmax(axis=1) == truth).mean())
    assert coverage[-1] == 1
    assert accuracy[1] > accuracy[9] > accuracy[-1]


def test_leaving_out_some_of_the_equally_confident_changes_nothing() -> None:
    """A guesser's curve is flat, in whatever order its windows come."""
    truth = np.repeat([0, 1], 50)
    _, accuracy = coverage_curve(truth, np.tile([0.6, 0.4], (100, 1)))
    np.testing.assert_allclose(accuracy, 0.5)
    p = np.repeat([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]], [20, 20, 60], axis=0)
    known = np.repeat([0, 1, 0, 1], [20, 20, 45, 15])
    coverage, accuracy = coverage_curve(known, p)
    expected = np.where(coverage <= 0.4, 1, (40 + 0.75 * (100 * coverage - 40)) / 100 / coverage)
    np.testing.assert_allclose(accuracy, expected)


def test_a_margin_is_surer_than_either_score() -> None:
    """Two answers that fail on the same units differ for certain."""
    rng = np.random.default_rng(0)
    hard = rng.integers(0, 2, 40)
    unit, truth = np.repeat(np.arange(40), 10), rng.integers(0, 2, 400)
    said = np.where(hard[unit] == 1, 1 - truth, truth)
    worse = said.copy()
    worse[::5] = 1 - truth[::5]
    one, other = (np.stack([1.0 - x, x], axis=1) for x in (said, worse))
    found = margin(truth, one, other, unit)
    alone = score(truth, one, unit)["balanced accuracy"]
    assert found.value == pytest.approx(
        alone.value - score(truth, other, unit)["balanced accuracy"].value
    )
    assert found.high - found.low < (alone.high - alone.low) / 2
    assert found.low > 0


def test_knowing_only_how_frequent_classes_are_is_worth_nothing() -> None:
    """A guess of the training part's majority is at chance, not below it."""
    fold = np.repeat(np.arange(4), 50)
    truth = np.concatenate([np.arange(50) < n_high for n_high in (30, 30, 20, 20)]).astype(int)
    share = np.array([truth[fold != k].mean() for k in range(4)])[fold]
    guess = np.stack([1 - share, share], axis=1)
    pooled = score(truth, guess, np.arange(200), n_draws=1)
    found = score(truth, guess, np.arange(200), fold, n_draws=1)
    assert pooled["balanced accuracy"].value == pytest.approx(0.4)
    assert found["balanced accuracy"].value == 0.5
    assert found["ROC AUC"].value == 0.5
    assert found["accuracy"].value == pooled["accuracy"].value


def test_scores_of_folds_are_averaged_by_their_windows() -> None:
    truth, p = _answers(300, 2)
    fold = np.repeat([0, 1], [100, 200])
    found = score(truth, p, np.arange(300), fold, n_draws=5)
    for name in ("balanced accuracy", "F1", "F1 macro", "ROC AUC"):
        parts = [
            score(truth[at], p[at], np.arange(at.sum()), n_draws=1)[name].value
            for at in (fold == 0, fold == 1)
        ]
        assert found[name].value == pytest.approx((parts[0] + 2 * parts[1]) / 3)
