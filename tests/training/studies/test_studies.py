"""Studies: who a network may see, what is stored of it, and how variants are compared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.features import make_features

from physiosync_rt.datatypes import (
    GRID_SFREQ,
    Modality,
    RecordedStream,
    Recording,
    StreamSpec,
)
from physiosync_rt.errors import UserError
from physiosync_training.contrastive.config import PretrainConfig
from physiosync_training.datasets.dataset import Dataset, Signals
from physiosync_training.datasets.splits import ProtocolConfig, make_folds
from physiosync_training.experiment.config import RunConfig, TrainConfig
from physiosync_training.fusion.table import FeatureTable
from physiosync_training.studies.artefacts import compare_tables, with_artefacts
from physiosync_training.studies.pretraining import (
    PRETRAINED,
    SUPERVISED,
    compare,
    plan_pretraining,
)
from physiosync_training.studies.residual import (
    EVERYBODY,
    TEST,
    TRAIN,
    each_second,
    logits_of,
    on_features,
    plan_residual,
)
from physiosync_training.studies.residual_fit import fit_with_residual
from physiosync_training.studies.trainings import Answers, all_answers, do_training
from physiosync_training.studies.workers import work_off

TINY = TrainConfig.model_validate(
    {
        "networks": [{"preset": "compact", "dim_1s": 4, "dim_5s": 4, "depth": 1}],
        "finetune": {"targets": ["arousal"], "epochs": 1, "batch_size": 8, "head_epochs": 1},
        "random_offsets": True,
        "device": "cpu",
    }
)
BY_SUBJECT = ProtocolConfig(protocol="subject", folds=2, validation=0)


def test_windows_lie_one_second_apart(make_dataset):
    data = make_dataset(2, 1, 3)
    dense = each_second(data)
    assert len(dense) == 2 * 11  # 15 s hold eleven windows of 5 s
    np.testing.assert_array_equal(dense.table.t_start[:11], np.arange(11))
    beside = np.flatnonzero(dense.table.t_start % 5 == 0)
    for one, other in zip(dense.fetch(beside), data.fetch(np.arange(len(data))), strict=True):
        np.testing.assert_array_equal(one, other)
    first, later = dense.fetch(np.array([0]))[0], dense.fetch(np.array([3]))[0]
    np.testing.assert_array_equal(first[..., 3 * GRID_SFREQ :], later[..., : 2 * GRID_SFREQ])


def test_features_find_their_windows(make_dataset):
    dense = each_second(make_dataset(2, 1, 2))
    some = np.array([3, 9, 0])
    table = type(dense.table)(
        **{name: getattr(dense.table, name)[some] for name in dense.table.__dataclass_fields__}
    )
    table.t_start[1] += 100  # there is no such window
    n = len(some)
    features = FeatureTable(
        dense.info,
        table,
        np.zeros((n, 1)),
        np.zeros((n, 1)),
        ("theta E0",),
        ("heart rate",),
        np.ones(n, dtype=bool),
        np.zeros(2, dtype=np.int64),
    )
    np.testing.assert_array_equal(on_features(dense, features), [3, -1, 0])
    other = dense.info.model_copy(update={"subjects": ("x", "y")})
    with pytest.raises(UserError, match="not of the same recordings"):
        on_features(dense, FeatureTable(other, *list(vars(features).values())[1:]))


def test_nobody_is_told_by_a_network_that_saw_them(make_dataset):
    dense = each_second(make_dataset(6, 2, 2))
    plan = list(plan_residual(dense, BY_SUBJECT, 2, 3, TINY))
    assert len(plan) == len({each.name for each in plan}) == 2 * 2 * (1 + 3) + 3
    subject = dense.table.subject
    told: dict[tuple[object, ...], list[int]] = {}
    for each in plan:
        fold, about = each.fold, each.about
        seen = {*subject[fold.train], *subject[fold.validation]}
        asked = set(subject[fold.test].tolist())
        assert not seen & asked
        outer = about["repeat"], about["fold"]
        told.setdefault((*outer, about["role"]), []).extend(asked)
        if about["role"] == TEST:
            # Its training people are those whom the inner networks tell, and no others.
            inner = [p for p in plan if (p.about["repeat"], p.about["fold"]) == outer]
            both = [set(subject[p.fold.test]) for p in inner if p.about["role"] == TRAIN]
            assert set().union(*both) == seen
            assert all(not asked & {*subject[p.fold.train]} for p in inner[1:])
    assert all(len(people) == len(set(people)) for people in told.values())
    assert sorted(told[0, EVERYBODY, TRAIN]) == list(range(6))


def test_outer_folds_are_those_of_the_sum(make_dataset):
    data = make_dataset(6, 2, 2)
    dense = each_second(data)
    plan = plan_residual(dense, BY_SUBJECT, 1, 3, TINY)
    found = [set(dense.table.subject[p.fold.test]) for p in plan if p.about["role"] == TEST]
    assert found == [set(data.table.subject[f.test]) for f in make_folds(data, BY_SUBJECT)]


def test_a_training_is_done_once_and_its_answers_are_kept(make_dataset, tmp_path, monkeypatch):
    data = make_dataset(6, 4, 1, named=False)
    own = PretrainConfig(pairing="own", n_pairs=8, epochs=1)
    without, with_it = list(plan_pretraining("people", data, TINY, own, 2, 1))[:2]
    assert (without.about["variant"], with_it.about["variant"]) == (SUPERVISED, PRETRAINED)
    found = do_training(with_it, data, tmp_path, "cpu")
    assert np.isfinite(found.logit["arousal"]).all()
    np.testing.assert_array_equal(found.rows, with_it.fold.test)
    np.testing.assert_array_equal(found.truth["arousal"], data.truth("arousal")[found.rows])
    monkeypatch.setattr("physiosync_training.studies.trainings.FoldRun", None)
    again = do_training(with_it, data, tmp_path, "cpu")
    np.testing.assert_array_equal(again.logit["arousal"], found.logit["arousal"])
    assert again.about == dict(with_it.about)
    assert [each.about for each in all_answers(tmp_path)] == [found.about]


def _answers(variant: str, seed: int, right: dict[str, float]) -> Answers:
    """Ten windows of each class of everybody, of which a share is told rightly."""
    subject = np.repeat(list(right), 20)
    truth = np.tile(np.repeat([0, 1], 10), len(right))
    ok = np.concatenate([np.tile(np.arange(10) < 10 * share, 2) for share in right.values()])
    logit = np.where(ok, 2.0, -2.0) * (2 * truth - 1)
    about = {"data": "people", "seed": seed, "fold": "f", "variant": variant}
    return Answers(about, np.arange(len(truth)), subject, {"a": truth}, {"a": logit}, 1.0)


def test_variants_are_compared_person_by_person_where_both_are_there():
    answers = [
        _answers(SUPERVISED, 0, {"x": 0.5, "y": 0.8}),
        _answers(PRETRAINED, 0, {"x": 0.7, "y": 0.7}),
        _answers(SUPERVISED, 1, {"x": 0.7, "y": 0.1}),
        _answers(PRETRAINED, 1, {"x": 0.9}),
    ]
    (found,) = compare("people", answers)
    assert found.by_person["x"] == pytest.approx((0.6, 0.8))
    assert found.by_person["y"] == pytest.approx((0.8, 0.7))
    assert found.difference.value == pytest.approx(0.05)
    assert found.seeds == 1
    assert compare("people", []) == []


def test_logits_are_put_where_they_belong(make_dataset):
    dense = each_second(make_dataset(2, 1, 1))
    about = {"repeat": 0, "fold": "f", "role": TRAIN}
    subject, none = np.array(["s01"]), {"arousal": np.array([1])}
    one = Answers(about, np.array([1]), subject, none, {"arousal": np.array([3.0])}, 1.0)
    column = logits_of([one], 0, "f", TRAIN, "arousal", dense)
    np.testing.assert_array_equal(column, [np.nan, 3.0])
    assert np.isnan(logits_of([one], 0, "f", TEST, "arousal", dense)).all()


class _Plan:
    """Two trainings, planned in any process."""

    def __init__(self, data: object) -> None:
        self.data = data

    def __call__(self):
        own = PretrainConfig(pairing="own", n_pairs=8, epochs=1)
        return list(plan_pretraining("people", self.data, TINY, own, 2, 1))[:2], {
            "people": self.data
        }


@pytest.mark.slow(reason="starts processes that load torch")
def test_workers_do_everything_and_stop_when_the_time_is_up(make_dataset, tmp_path: Path):
    plan = _Plan(make_dataset(6, 4, 1, named=False))
    assert work_off(plan, tmp_path, ["cpu", "cpu"], 1e-3) == 2
    assert work_off(plan, tmp_path, ["cpu", "cpu"], 300) == 0
    assert len(all_answers(tmp_path)) == 2


@pytest.fixture(scope="module")
def told_by_both():
    """Features of people, the windows behind them, and the sum's configuration."""
    features = make_features(12, 20, eeg_shift=0.4)
    n_trials, length = 24, 24 * GRID_SFREQ
    signals = [
        Signals(
            np.zeros(n_trials * length * n, dtype=np.float32),
            np.arange(n_trials) * length,
            np.full(n_trials, length),
            n,
        )
        for n in (features.info.eeg.n_chans, features.info.pps.n_chans)
    ]
    dense = Dataset(features.info, features.table, *signals)
    config = RunConfig.model_validate(
        {
            "name": "work",
            "title": "Work",
            "data": {"kind": "recordings", "path": ".", "pps": "ECG"}
            | {"scale": [0, 1], "threshold": 0.5},
            "protocols": [{"protocol": "subject", "folds": 3, "validation": 0}],
            "finetune": {"targets": ["arousal"]},
            "fusion": {"strengths": [0.1], "repeats": 1, "inner_folds": 3, "shrinkage": 0.01},
        }
    )
    return features, dense, config


def _network(dense, config, skill):
    """Everybody's logits in every fold, of a network of this skill."""
    rng, truth = np.random.default_rng(0), dense.truth("arousal")
    answers = []
    for fold in [*make_folds(dense, config.protocols[0]), None]:
        name = EVERYBODY if fold is None else fold.name
        rows = np.arange(len(dense)) if fold is None else fold.train
        parts = [(TRAIN, rows)] if fold is None else [(TRAIN, rows), (TEST, fold.test)]
        for role, at in parts:
            logit = skill * (2 * truth[at] - 1) + rng.normal(size=len(at))
            about = {"repeat": 0, "fold": name, "role": role}
            subject = np.array(dense.info.subjects)[dense.table.subject[at]]
            kept = {"arousal": truth[at]}, {"arousal": logit}
            answers.append(Answers(about, at, subject, *kept, 1.0))
    return answers


def test_a_network_is_taken_only_where_training_people_gain_by_it(told_by_both):
    features, dense, config = told_by_both
    good = fit_with_residual(features, dense, _network(dense, config, 2.0), config)
    assert all(each.taken and each.weight > 0 for each in good.choices)
    assert len(good.choices) == 4
    assert good.gain_with.low > 0
    assert good.gain_chosen.value == good.gain_with.value
    harmful = fit_with_residual(features, dense, _network(dense, config, -2.0), config)
    assert not any(each.taken or each.weight for each in harmful.choices)
    assert harmful.with_it.value == harmful.chosen.value == harmful.without.value
    with pytest.raises(UserError, match="no outer fold has all"):
        fit_with_residual(features, dense, [], config)


def test_artefacts_lie_where_they_arise_and_are_the_same_each_time():
    rng = np.random.default_rng(0)
    spec = StreamSpec("EEG", Modality.EEG, ("Fp1", "O1", "T4", "A2-A1"), 250.0, "uV")
    samples = rng.normal(size=(60 * 250, 4)).astype(np.float32)
    recording = Recording((RecordedStream(spec, samples, np.arange(15000) / 250),), subject="x")
    added = with_artefacts(recording).streams[0].samples - samples
    assert 70 < np.abs(added[:, 0]).max() < 260
    assert np.abs(added[:, 1]).max() < 5
    assert added[:, 2].std() > 1
    assert not added[:, 3].any()
    np.testing.assert_array_equal(with_artefacts(recording).streams[0].samples - samples, added)


def test_artefacts_cost_what_the_features_lose(told_by_both):
    features, _, config = told_by_both
    found = compare_tables(config, features, replace(features, eeg=features.eeg * 0 + 50.0))
    assert found.drop["fused"].value < 0
    assert found.noisy["eeg"].value == pytest.approx(0.5)
    assert found.drop["pps"].value == 0.0
