"""Folds keep apart what their protocol says, and only ``window`` shares a trial."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from physiosync_rt.errors import UserError
from physiosync_training.datasets.splits import Fold, ProtocolConfig, make_folds


@pytest.mark.parametrize("protocol", ["window", "trial", "subject"])
@pytest.mark.parametrize("named", [True, False])
def test_every_row_is_tested_once_and_on_one_side(make_dataset, protocol, named) -> None:
    data = make_dataset(5, 8, 3, named=named)
    folds = make_folds(data, ProtocolConfig(protocol=protocol, folds=5))
    assert len({fold.name for fold in folds}) == 5
    tested = np.concatenate([fold.test for fold in folds])
    np.testing.assert_array_equal(np.sort(tested), np.arange(len(data)))
    for fold in folds:
        rows = np.concatenate([fold.train, fold.validation, fold.test])
        np.testing.assert_array_equal(np.sort(rows), np.arange(len(data)))
        assert len(fold.validation)
        assert fold.inflated == (protocol == "window")


def test_trials_of_a_stimulus_stay_together_across_subjects(make_dataset) -> None:
    data = make_dataset(5, 8, 3)
    for fold in make_folds(data, ProtocolConfig(protocol="trial", folds=4)):
        sides = [
            set(data.table.stimulus[rows]) for rows in (fold.train, fold.validation, fold.test)
        ]
        for one, other in pairwise([*sides, sides[0]]):
            assert not one & other


def test_without_stimuli_trials_are_kept_together(make_dataset) -> None:
    data = make_dataset(2, 4, 3, named=False)
    fold = make_folds(data, ProtocolConfig(protocol="trial", folds=4))[0]
    assert not set(data.table.trial[fold.train]) & set(data.table.trial[fold.test])
    assert set(data.table.subject[fold.test]) <= set(data.table.subject[fold.train])


def test_one_subject_at_a_time_by_default(make_dataset) -> None:
    data = make_dataset(5, 2, 1)
    folds = make_folds(data, ProtocolConfig(protocol="subject"))
    assert sorted(set(data.table.subject[f.test]).pop() for f in folds) == [0, 1, 2, 3, 4]
    assert all(len(set(data.table.subject[f.validation])) == 1 for f in folds)


@pytest.mark.parametrize("protocol", ["trial", "subject"])
def test_a_split_that_shares_a_trial_cannot_be_made(make_dataset, protocol) -> None:
    table = make_dataset(2, 2, 4).table
    none = np.empty(0, dtype=np.int64)
    with pytest.raises(ValueError, match="trials in both train and test"):
        Fold("leak", protocol, np.arange(1, 16), none, np.array([0]), table)
    with pytest.raises(ValueError, match="trials in both train and validation"):
        Fold("leak", protocol, np.arange(1, 8), np.array([0]), np.arange(8, 16), table)
    assert Fold("leak", "window", np.arange(1, 16), none, np.array([0]), table).inflated


def test_no_protocol_shares_a_row(make_dataset) -> None:
    table = make_dataset(2, 2, 4).table
    with pytest.raises(ValueError, match="rows in both train and test"):
        Fold("leak", "window", np.arange(16), np.empty(0, int), np.array([0]), table)


def test_a_stimulus_in_two_subjects_is_one_unit_of_protocol_trial(make_dataset) -> None:
    table = make_dataset(2, 2, 1).table
    first, second = np.flatnonzero(table.subject == 0), np.flatnonzero(table.subject == 1)
    with pytest.raises(ValueError, match="2 stimuli in both train and test"):
        Fold("leak", "trial", first, np.empty(0, int), second, table)
    assert not Fold("ok", "subject", first, np.empty(0, int), second, table).inflated


def test_released_window_order(make_dataset) -> None:
    """First shuffled indices of the release's split (seed 42), for 480 windows."""
    data = make_dataset(1, 40, 12, n_eeg=1)
    config = ProtocolConfig(protocol="window", order="released", validation=0.0)
    folds = make_folds(data, config)
    number = data.table.stimulus * 12 + data.table.window
    assert {452, 245, 464, 59, 267, 92} <= set(number[folds[0].test])
    assert [len(fold.test) for fold in folds] == [48] * 10
    assert all(len(fold.train) == 432 and not len(fold.validation) for fold in folds)


def test_released_subjects_come_as_listed_and_the_last_fold_takes_the_rest(make_dataset) -> None:
    data = make_dataset(32, 1, 1)
    config = ProtocolConfig(protocol="subject", order="released", folds=10, validation=0.0)
    tests = [data.table.subject[fold.test].tolist() for fold in make_folds(data, config)]
    assert tests[0] == [0, 1, 2]
    assert tests[9] == [27, 28, 29, 30, 31]


def test_only_some_of_the_folds(make_dataset) -> None:
    config = ProtocolConfig(protocol="subject", only=2)
    assert len(make_folds(make_dataset(), config)) == 2


@pytest.mark.parametrize(
    ("protocol", "folds", "what"), [("subject", 5, "4 subjects"), ("trial", 7, "6 stimuli")]
)
def test_too_few_units_are_named(make_dataset, protocol, folds, what) -> None:
    with pytest.raises(UserError, match=f"{what}.* too few for {folds} folds"):
        make_folds(make_dataset(), ProtocolConfig(protocol=protocol, folds=folds))


def test_two_subjects_leave_none_to_choose_by(make_dataset) -> None:
    with pytest.raises(UserError, match=r"2 subjects.* too few"):
        make_folds(make_dataset(2), ProtocolConfig(protocol="subject"))


def test_the_release_has_no_trials() -> None:
    with pytest.raises(ValueError, match="no protocol 'trial'"):
        ProtocolConfig(protocol="trial", order="released")


def test_rotations_let_everybody_validate_in_turn(make_dataset) -> None:
    """With three people, two train and validate in turn while the third is tested."""
    data = make_dataset(3, 2, 2)
    folds = make_folds(data, ProtocolConfig(protocol="subject", rotations=2))
    assert [fold.name for fold in folds[:2]] == ["subject-01-1", "subject-01-2"]
    for one, other in zip(folds[::2], folds[1::2], strict=True):
        np.testing.assert_array_equal(one.test, other.test)
        np.testing.assert_array_equal(one.train, other.validation)
        np.testing.assert_array_equal(one.validation, other.train)
