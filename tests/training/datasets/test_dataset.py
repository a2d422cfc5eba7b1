"""Windows of a data set: where they lie, what they are called, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from physiosync_training.datasets.index import ABSENT, N_TIMES


def test_windows_are_the_signal_at_their_place(make_dataset) -> None:
    data = make_dataset()
    rows = np.array([7, 0, 7])
    eeg, pps = data.fetch(rows)
    assert eeg.shape == (3, 2, N_TIMES)
    assert pps.shape == (3, 1, N_TIMES)
    trial = data.eeg.flat.reshape(24, 2, -1)[2]  # row 7: second window of the third trial
    np.testing.assert_array_equal(eeg[0], trial[:, N_TIMES : 2 * N_TIMES])
    np.testing.assert_array_equal(eeg[0], eeg[2])


def test_five_slices_make_up_a_window(make_dataset) -> None:
    data = make_dataset()
    rows = np.array([4, 11])
    eeg, pps = data.fetch(rows)
    parts = [data.cut(rows, data.offsets(rows) + 128 * k, 128) for k in range(5)]
    np.testing.assert_array_equal(np.concatenate([e for e, _ in parts], axis=2), eeg)
    np.testing.assert_array_equal(np.concatenate([p for _, p in parts], axis=2), pps)


def test_random_offsets_stay_in_the_trial_and_reach_its_ends(make_dataset) -> None:
    data = make_dataset(1, 1, 2)
    drawn = data.offsets(np.zeros(20_000, dtype=np.int64), np.random.default_rng(0))
    assert drawn.min() == 0
    assert drawn.max() == N_TIMES
    eeg, pps = data.fetch(np.zeros(1, dtype=np.int64), np.random.default_rng(3))
    at = int(data.offsets(np.zeros(1, dtype=np.int64), np.random.default_rng(3))[0])
    np.testing.assert_array_equal(eeg[0], data.eeg.stretch(0)[:, at : at + N_TIMES])
    np.testing.assert_array_equal(pps[0], data.pps.stretch(0)[:, at : at + N_TIMES])


def test_truth_follows_the_threshold_and_absent_ratings_stay_absent(make_dataset) -> None:
    data = make_dataset(1, 3, 1)
    table = replace(
        data.table,
        valence=np.array([5.0, 4.99, np.nan]),
        arousal=np.array([np.nan, 6.0, 7.0]),
    )
    data = replace(data, table=table)
    assert data.truth("valence").tolist() == [1, 0, ABSENT]
    assert data.truth("arousal").tolist() == [ABSENT, 1, 1]
    assert data.truth("quadrant").tolist() == [ABSENT, 1, ABSENT]
    with pytest.raises(ValueError, match="dominance"):
        data.truth("dominance")


def test_released_quadrants_call_a_five_low_beside_a_five(make_dataset) -> None:
    data = make_dataset(1, 2, 1)
    both = np.array([5.0, 6.0])
    data = replace(data, table=replace(data.table, valence=both, arousal=both))
    assert data.truth("quadrant").tolist() == [0, 0]
    released = replace(data, info=data.info.model_copy(update={"released_quadrants": True}))
    assert released.truth("quadrant").tolist() == [3, 0]


def test_the_same_seconds_of_a_stimulus_have_one_number(make_dataset) -> None:
    data = make_dataset(3, 4, 2)
    number = data.stimulus_window
    assert len(np.unique(number)) == 8
    same = (data.table.stimulus == 1) & (data.table.window == 1)
    assert len(np.unique(number[same])) == 1
    assert same.sum() == 3
    assert len(np.unique(make_dataset(3, 4, 2, named=False).stimulus_window)) == 24


def test_what_does_not_go_together_is_refused(make_dataset) -> None:
    data = make_dataset()
    with pytest.raises(ValueError, match="reaches out"):
        replace(data, table=replace(data.table, offset=data.table.offset + 1))
    with pytest.raises(ValueError, match="different lengths"):
        replace(data.table, subject=data.table.subject[:-1])
    with pytest.raises(ValueError, match="2 channels where 1"):
        replace(data, pps=data.eeg)


def test_the_digest_follows_the_content(make_dataset) -> None:
    assert make_dataset().digest == make_dataset().digest
    assert make_dataset(seed=1).digest != make_dataset().digest


def test_the_repr_fits_one_line(make_dataset) -> None:
    shown = repr(make_dataset())
    assert shown.startswith("<Dataset ")
    assert "72 windows of 5 s, 4 people, EEG 2 ch" in shown
    assert len(shown) < 160
