"""A gated sum does not lose to its parts, and nobody's logit comes from a model that saw them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from helpers.features import make_features

from physiosync_rt.errors import UserError
from physiosync_training.fusion import crossfit
from physiosync_training.fusion.config import FusionConfig
from physiosync_training.fusion.crossfit import choose_strength, people_left_out
from physiosync_training.fusion.fit import (
    Sum,
    as_model,
    choose_temperature,
    fit_sum,
    fit_weights,
    peripheral_features,
)
from physiosync_training.fusion.linear import balanced_weights, fit_logit, log_loss

CONFIG = FusionConfig(strengths=(0.03, 0.3))


def test_classes_weigh_the_same_and_so_do_people_within_a_class() -> None:
    truth = np.array([0, 0, 0, 0, 1, 0, 1])
    subject = np.array([0, 0, 0, 1, 1, 1, 2])
    share = balanced_weights(truth, subject)
    assert share[truth == 1].sum() == pytest.approx(0.5)
    assert share[(truth == 0) & (subject == 0)].sum() == pytest.approx(0.25)
    assert share[4] == share[6] == pytest.approx(0.25)


def test_a_logit_agrees_with_logistic_regression() -> None:
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(3)
    x = rng.normal(size=(300, 4)) * [1, 10, 0.1, 3] + [0, 5, 1, -2]
    truth = (x[:, 0] + rng.normal(size=300) > 0.4).astype(np.int64)
    subject = np.arange(300) % 6
    fit = fit_logit(x, truth, subject, 0.02)
    share = balanced_weights(truth, subject)
    model = LogisticRegression(C=1 / 0.02, tol=1e-10, max_iter=5000)
    model.fit((x - fit.mean) / fit.scale, truth, sample_weight=share)
    np.testing.assert_allclose(fit.weight, model.coef_[0], rtol=1e-3, atol=1e-5)
    assert fit.bias == pytest.approx(model.intercept_[0], abs=1e-4)


def test_no_person_is_seen_by_the_model_of_their_logits(monkeypatch: pytest.MonkeyPatch) -> None:
    table = make_features(9)
    subject, truth = table.table.subject, table.truth("arousal")
    seen: list[set[int]] = []

    def spy(x: np.ndarray, truth: np.ndarray, people: np.ndarray, strength: float):
        seen.append(set(people.tolist()))
        return fit_logit(x, truth, people, strength)

    monkeypatch.setattr(crossfit, "fit_logit", spy)
    folds = list(people_left_out(subject, 4, seed=1))
    assert (np.sum(folds, axis=0) == 1).all()
    chosen = choose_strength(table.eeg, truth, subject, (0.1,), folds)
    assert np.isfinite(chosen.logit).all()
    assert len(seen) == 4
    for fold, people in zip(folds, seen, strict=True):
        assert not people & set(subject[fold].tolist())


def test_the_strength_is_the_one_that_serves_people_left_out() -> None:
    table = make_features(10, eeg_shift=0.3, seed=5)
    subject, truth = table.table.subject, table.truth("arousal")
    folds = list(people_left_out(subject, 5, 0))
    found = {s: choose_strength(table.eeg, truth, subject, (s,), folds) for s in (1e-4, 0.1, 30.0)}
    best = choose_strength(table.eeg, truth, subject, tuple(found), folds)
    assert best.loss == min(each.loss for each in found.values())
    assert best.loss == log_loss(best.logit, truth, balanced_weights(truth, subject))


def test_the_sum_is_no_worse_than_its_parts_and_bridges_a_missing_heart() -> None:
    table = make_features(16, seed=2)
    truth, subject = table.truth("arousal"), table.table.subject
    train, test = np.flatnonzero(subject < 11), np.flatnonzero(subject >= 11)
    fit = fit_sum(table, train, "arousal", CONFIG, seed=0)
    model = as_model({"arousal": fit}, table, CONFIG)
    eeg = torch.from_numpy(table.eeg.astype(np.float32))
    pps = torch.from_numpy(table.peripheral(("heart rate",)).astype(np.float32))

    def accuracy(rows: np.ndarray, *given: torch.Tensor | None) -> float:
        logit = model(*(None if x is None else x[rows] for x in given))[:, 0].numpy()
        return float(((logit > 0) == truth[rows]).mean())

    both = accuracy(test, eeg, pps)
    assert both >= accuracy(test, eeg, None)
    assert both >= accuracy(test, None, pps)
    heartless = np.flatnonzero(subject < 2)
    logit = model(eeg[heartless], pps[heartless])
    torch.testing.assert_close(logit, model(eeg[heartless], None))
    assert np.isnan(fit.logits[subject[train] < 2, 1]).all()
    assert np.isfinite(fit.sums["fused"]).all()
    assert np.isnan(fit.sums["pps"][subject[train] < 2]).all()


def test_each_term_alone_is_centred() -> None:
    """Left alone it calls as many windows high as there are, not all or none."""
    table = make_features(20, seed=4)
    rows = np.arange(len(table))
    fit = fit_sum(table, rows, "arousal", CONFIG, seed=0)
    for route in ("eeg", "pps"):
        known = fit.sums[route][np.isfinite(fit.sums[route])]
        assert 0.4 < (known > 0).mean() < 0.6


def test_weights_are_drawn_to_a_plain_sum_and_a_bad_network_is_left_out() -> None:
    rng = np.random.default_rng(0)
    subject = np.repeat(np.arange(12), 40)
    truth = np.tile(np.repeat([0, 1], 20), 12)
    good = 2.0 * (2 * truth - 1) + rng.normal(size=480)
    poor = rng.normal(size=480)
    logits = np.column_stack([good, poor])
    free, drawn = (fit_weights(logits, truth, subject, s) for s in (1e-6, 1e4))
    np.testing.assert_allclose(drawn.weight, [1, 1], atol=1e-3)
    assert abs(free.weight[1]) < 0.5 < free.weight[0]
    helps = fit_weights(np.column_stack([logits, good - poor]), truth, subject, 0.01)
    harms = fit_weights(np.column_stack([logits, -good]), truth, subject, 0.01)
    assert helps.weight[2] > 0.05
    assert harms.weight[2] == 0.0
    np.testing.assert_allclose(harms.weight[:2], fit_weights(logits, truth, subject, 0.01).weight)


def test_a_sum_without_any_term_says_nothing() -> None:
    whole = Sum(np.array([1.0, 2.0, 0.5]), 0.25)
    found = whole(np.array([[1, 1, np.nan], [np.nan, 1, 2], [np.nan, np.nan, 3.0]]))
    np.testing.assert_allclose(found, [3.25, 3.25, np.nan])


def test_a_temperature_is_taken_only_where_it_is_clearly_better_over_eight_people() -> None:
    rng = np.random.default_rng(1)
    subject = np.repeat(np.arange(10), 60)
    truth = np.tile(np.repeat([0, 1], 30), 10)
    fair = 1.5 * (2 * truth - 1) + rng.normal(0, 1.2, 600)
    temperature, gain = choose_temperature(6 * fair, truth, subject)
    assert temperature > 2
    assert gain > 0.1
    # 2 mu / sigma^2 times the normal variable is its true logit.
    assert choose_temperature(3.0 / 1.44 * fair, truth, subject)[0] == 1.0
    assert choose_temperature(0.3 * fair, truth, subject)[0] == 1.0
    few = subject < 7
    assert choose_temperature(6 * fair[few], truth[few], subject[few])[0] == 1.0


def test_too_few_people_and_unknown_features_are_refused() -> None:
    table = make_features(4, heartless=3)
    with pytest.raises(
        UserError, match=r"arousal: the pps features .* both classes .*fusion\.inner_folds"
    ):
        fit_sum(table, np.arange(len(table)), "arousal", CONFIG, seed=0)
    with pytest.raises(UserError, match=r"names 'pulse', which ECG has not; it has heart rate"):
        peripheral_features(table, FusionConfig(pps=("pulse",)))
