"""Models are judged on the same windows, of 1 s or of 5 s."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from physiosync_rt.bundle.card import OURS
from physiosync_rt.datatypes import Modality
from physiosync_training.datasets.splits import ProtocolConfig, make_folds
from physiosync_training.evaluation.baseline_models import LINEAR, Baselines
from physiosync_training.evaluation.compare import on_same_windows
from physiosync_training.evaluation.evaluate import assess
from physiosync_training.evaluation.features import describe
from physiosync_training.evaluation.metrics import PRIMARY


def _in_seconds(result):
    """The answers of a network to each second of its windows, told apart by their last digits."""
    predictions = []
    for p in result.predictions:
        n = len(p.truth)
        sure = np.repeat(p.probability[:n], 5, axis=0) * 0.9 + 0.05
        sure[:, 1] += 1e-3 * np.tile(np.arange(5), n)
        sure[:, 0] = 1 - sure[:, 1]
        rows = np.repeat(p.rows[:n], 5)
        truth = np.repeat(p.truth, 5)
        predictions.append(replace(p, rows=rows, truth=truth, probability=sure, uncalibrated=sure))
    return replace(result, predictions=predictions)


@pytest.fixture
def both(make_dataset, answers):
    data = make_dataset(8, 8, 2)
    folds = make_folds(data, ProtocolConfig(protocol="subject", folds=4))
    long = [answers(data, fold, 1.0, "five seconds") for fold in folds]
    short = [_in_seconds(answers(data, fold, 1.0, "seconds", seed=7)) for fold in folds]
    return data, folds, long, short


def test_answers_of_a_second_meet_those_of_the_window_it_lies_in(both) -> None:
    data, folds, long, short = both
    baselines = Baselines(data, ["arousal"], lambda what, done, total: None).run(folds)
    found = assess(data, long + short, baselines)
    one, other = (
        next(p for p in found.pooled if p.model == name) for name in (OURS, f"{OURS}: seconds")
    )
    assert (one.seconds, other.seconds) == (5, 1)
    a, b = on_same_windows(one, other)
    np.testing.assert_array_equal(b.probability, other.probability)
    np.testing.assert_array_equal(a.rows, b.rows)
    place = {row: k for k, row in enumerate(one.rows.tolist())}
    expected = one.probability[[place[row] for row in a.rows.tolist()]]
    np.testing.assert_array_equal(a.probability, expected)
    same, again = on_same_windows(one, one)
    np.testing.assert_array_equal(same.probability, one.probability)
    np.testing.assert_array_equal(again.truth, one.truth)


def test_networks_are_compared_as_models_and_baselines_are(both) -> None:
    data, folds, long, short = both
    baselines = Baselines(data, ["arousal"], lambda what, done, total: None).run(folds)
    found = assess(data, long + short, baselines)
    (comparison,) = found.encoder_comparisons
    value = {
        row.model: row.value
        for row in found.scores
        if row.metric == PRIMARY and row.subject is None
    }
    assert comparison.ours == value[OURS]
    assert comparison.theirs == value[f"{OURS}: seconds"]
    assert comparison.margin.low < comparison.margin.value < comparison.margin.high
    assert (comparison.n, comparison.unit) == (8, "subject")


def test_baselines_answer_seconds_where_networks_do(both) -> None:
    data, folds, _, short = both
    baselines = Baselines(data, ["arousal"], lambda what, done, total: None, 1).run(folds)
    found = assess(data, short, baselines)
    ours = next(p for p in found.pooled if p.model == OURS)
    for each in found.pooled:
        np.testing.assert_array_equal(each.rows, ours.rows)
        assert each.seconds == 1
    linear = next(p for p in found.pooled if p.model == LINEAR["eeg"])
    first = linear.probability.reshape(-1, 5, 2)
    assert (first.std(axis=1) > 1e-4).any()


def test_features_of_seconds_are_those_of_the_slices(make_dataset) -> None:
    data = make_dataset(2, 2, 2)
    rows = np.array([3, 0])
    eeg, skin = describe(data, rows, 1)
    assert len(eeg) == len(skin) == 10
    whole, _ = describe(data, rows)
    assert whole.shape[1] == eeg.shape[1]
    cut, _ = data.cut(rows[:1], data.offsets(rows[:1]) + 2 * 128, 128)
    taper = np.hanning(129)[:-1]
    power = np.abs(np.fft.rfft(cut[0, 0] * taper)) ** 2
    np.testing.assert_allclose(eeg[2, 0], np.log(power[4:8].mean() + 1e-12), rtol=1e-5)


def test_a_heart_rate_takes_more_than_a_second(make_dataset) -> None:
    data = make_dataset(2, 2, 2)
    contract = data.info.pps.model_copy(update={"modality": Modality.ECG})
    data = replace(data, info=data.info.model_copy(update={"pps": contract}))
    _, second = describe(data, np.arange(4), 1)
    _, whole = describe(data, np.arange(4))
    np.testing.assert_array_equal(second, np.repeat(whole, 5, axis=0))
