"""Baselines learn on training rows alone and answer on the rows of the test."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from physiosync_rt.datatypes import Modality
from physiosync_training.datasets.splits import ProtocolConfig, make_folds
from physiosync_training.evaluation.baseline_models import (
    ALWAYS_HIGH,
    HEART_RATE,
    LINEAR,
    MAJORITY,
    Baselines,
    choose,
)


@pytest.fixture
def rhythm(make_dataset):
    """High arousal has a rhythm of 10 Hz in the first channel, in all subjects."""
    data = make_dataset(6, 8, 2)
    flat = data.eeg.flat.copy()
    t = np.arange(1280) / 128
    for k, row in enumerate(np.flatnonzero(data.table.window == 0)):
        if data.table.arousal[row] >= 5:
            flat.reshape(48, 2, 1280)[k, 0] += 1.0 * np.sin(2 * np.pi * 10 * t)
    return replace(data, eeg=replace(data.eeg, flat=flat))


def _score(results, name, route, target):
    found = [r.of("test", route, target) for r in results if r.network == name]
    truth = np.concatenate([p.truth for p in found])
    right = np.concatenate([p.probability.argmax(axis=1) for p in found]) == truth
    return right.mean(), truth


def _run(data, targets=("arousal",)):
    folds = make_folds(data, ProtocolConfig(protocol="subject", folds=3))
    return folds, Baselines(data, targets, lambda what, done, total: None).run(folds)


def test_band_power_finds_a_rhythm_and_peripheral_noise_does_not(rhythm) -> None:
    _, results = _run(rhythm)
    assert _score(results, LINEAR["eeg"], "eeg", "arousal")[0] > 0.95
    assert _score(results, LINEAR["fused"], "fused", "arousal")[0] > 0.9
    assert _score(results, LINEAR["pps"], "pps", "arousal")[0] < 0.7


def test_guesses_are_what_they_say(rhythm) -> None:
    folds, results = _run(rhythm)
    always, truth = _score(results, ALWAYS_HIGH, "fused", "arousal")
    assert always == pytest.approx(truth.mean())
    assert len(truth) == len(rhythm)
    for fold in folds:
        share = rhythm.truth("arousal")[fold.train].mean()
        majority = next(r for r in results if (r.fold, r.network) == (fold.name, MAJORITY))
        p = majority.of("test", "fused", "arousal").high
        np.testing.assert_allclose(p, share)


def test_answers_do_not_depend_on_the_truth_of_the_test(rhythm) -> None:
    folds, results = _run(rhythm)
    fold = folds[0]
    flipped = rhythm.table.arousal.copy()
    flipped[fold.test] = 10 - flipped[fold.test]
    other = replace(rhythm, table=replace(rhythm.table, arousal=flipped))
    again = Baselines(other, ["arousal"], lambda what, done, total: None).run([fold])
    for one, two in zip(results, again, strict=False):
        assert one.network == two.network
        np.testing.assert_array_equal(
            one.predictions[0].probability, two.predictions[0].probability
        )


def test_quadrants_and_missing_labels(rhythm) -> None:
    valence = rhythm.table.valence.copy()
    valence[::2] = np.nan
    data = replace(rhythm, table=replace(rhythm.table, valence=valence))
    _, results = _run(data, ("quadrant", "valence"))
    p = next(r for r in results if r.network == LINEAR["eeg"]).of("test", "eeg", "quadrant")
    assert p.probability.shape[1] == 4
    np.testing.assert_allclose(p.probability.sum(axis=1), 1)
    assert (p.rows % 2 == 1).all()
    assert not any(
        each.target == "quadrant"
        for r in results
        if r.network == ALWAYS_HIGH
        for each in r.predictions
    )


def test_regularisation_is_chosen_on_validation() -> None:
    rng = np.random.default_rng(0)
    x, truth = rng.standard_normal((400, 60)), rng.integers(0, 2, 400)
    model = choose(x, truth, np.arange(0, 200), np.arange(200, 400))
    assert model[-1].C == 1e-4  # there is nothing to learn
    x[:, 0] += 4 * truth
    model = choose(x, truth, np.arange(0, 200), np.arange(200, 400))
    assert model[-1].C > 1e-3
    x[5, 3] = np.nan
    assert choose(x, truth, np.arange(0, 200), np.arange(0))[-1].C == 1e-2


def test_the_rarer_class_is_found_too() -> None:
    """Nine lows for a high do not make everything low."""
    rng = np.random.default_rng(0)
    truth = (np.arange(400) % 10 == 0).astype(int)
    x = rng.standard_normal((400, 1)) + 1.5 * truth[:, None]
    model = choose(x, truth, np.arange(0, 200), np.arange(200, 400))
    said = model.predict(x[200:])
    assert said[truth[200:] == 1].mean() > 0.6


def test_a_heart_rate_that_rises_from_rest_is_a_baseline_of_its_own(make_dataset) -> None:
    """Everybody's rate at rest is another; what arousal adds is the same."""
    data = make_dataset(6, 5, 2)
    t = np.arange(1280) / 128
    beat = np.exp(-0.5 * ((np.arange(26) - 13) / 2.0) ** 2)
    flat = np.zeros_like(data.pps.flat).reshape(30, 1280)
    arousal = data.table.arousal.copy()
    for k in range(30):
        subject, trial = divmod(k, 5)
        high = trial % 2 == 1
        arousal[data.table.trial == k] = 8.0 if high else 2.0
        interval = 60 / (60 + 6 * subject + 12 * high)
        for at in np.arange(0.3, t[-1] - 0.3, interval):
            flat[k, round(at * 128) : round(at * 128) + 26] += beat
    contract = data.info.pps.model_copy(update={"modality": Modality.ECG})
    kept = data.table.stretch % 5 != 0
    columns = {f.name: getattr(data.table, f.name)[kept] for f in fields(data.table)}
    columns["arousal"] = arousal[kept]
    data = replace(
        data,
        info=data.info.model_copy(update={"pps": contract}),
        table=replace(data.table, **columns),
        pps=replace(data.pps, flat=flat.ravel()),
        rest=np.stack([np.arange(0, 30, 5), np.arange(6)], axis=1),
    )
    _, results = _run(data)
    assert _score(results, HEART_RATE, "pps", "arousal")[0] > 0.9
