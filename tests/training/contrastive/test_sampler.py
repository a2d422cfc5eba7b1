"""Batches of pre-training: who meets whom, how often, and that an epoch is complete."""

from __future__ import annotations

import numpy as np
import pytest

from physiosync_training.contrastive.augment import N_KINDS
from physiosync_training.contrastive.sampler import EpochPlan, make_grid
from physiosync_training.datasets.index import ABSENT
from physiosync_training.loop.distributed import share_bounds

N_SUBJECTS, N_WINDOWS = 6, 8


def full_grid(n_subjects=N_SUBJECTS, n_windows=N_WINDOWS, least=2):
    window, subject = np.meshgrid(np.arange(n_windows), np.arange(n_subjects), indexing="ij")
    rows = 100 * window + subject
    shuffled = np.random.default_rng(0).permutation(rows.size)
    return make_grid(
        rows.ravel()[shuffled], subject.ravel()[shuffled], window.ravel()[shuffled], least
    )


def epoch(grid, pairing, n_pairs=4, group_size=2, seed=0, number=0, **kwargs):
    return EpochPlan(grid, pairing, n_pairs, group_size, seed=seed, epoch=number, **kwargs)


def test_a_grid_puts_every_row_where_it_belongs():
    grid = full_grid()
    assert grid.complete
    np.testing.assert_array_equal(
        grid.rows, 100 * np.arange(N_WINDOWS)[:, None] + np.arange(N_SUBJECTS)
    )


def test_windows_that_too_few_subjects_have_are_left_out():
    subject = np.array(["a", "b", "a", "b", "c", "c"])
    window = np.array([0, 0, 1, 2, 2, 2 + 1])
    grid = make_grid(np.arange(6), subject, window, least=2)
    np.testing.assert_array_equal(grid.rows, [[0, 1, ABSENT], [ABSENT, 3, 4]])
    with pytest.raises(ValueError, match="no stimulus window is shared by 3"):
        make_grid(np.arange(6), subject, window, least=3)


@pytest.mark.parametrize("pairing", ["groups", "halves"])
def test_an_epoch_has_every_stimulus_window_in_every_version_once(pairing):
    batches = list(epoch(full_grid(), pairing))
    assert len(batches) == N_WINDOWS * N_KINDS // 4
    seen = []
    for batch in batches:
        window, version = batch.rows // 100, batch.kind
        assert batch.rows.shape == (2, 4, 2)
        # One stimulus window and one version for all four subjects of a pair of groups.
        assert (window == window[:1, :, :1]).all()
        assert (version == version[:1, :, :1]).all()
        seen += list(zip(window[0, :, 0], version[0, :, 0], strict=True))
    assert sorted(seen) == [(w, v) for w in range(N_WINDOWS) for v in range(N_KINDS)]


def test_groups_are_disjoint_and_everybody_meets_everybody():
    met = set()
    for number in range(5):
        for batch in epoch(full_grid(), "groups", number=number):
            subject = batch.rows % 100
            for pair in range(batch.n_pairs):
                a, b = set(subject[0, pair]), set(subject[1, pair])
                assert len(a | b) == 4
                met |= {(x, y) for x in a for y in b}
    assert len(met) == N_SUBJECTS * (N_SUBJECTS - 1)


def test_halves_stay_halves_and_draw_with_replacement():
    batches = list(epoch(full_grid(7), "halves"))
    first = np.concatenate([b.rows[0] % 100 for b in batches])
    second = np.concatenate([b.rows[1] % 100 for b in batches])
    assert set(first.ravel()) == {0, 1, 2}
    assert set(second.ravel()) == {3, 4, 5, 6}
    assert (first[:, 0] == first[:, 1]).any()


def test_aligned_pairs_use_every_sample_once_and_share_the_stimulus_window():
    batches = list(epoch(full_grid(), "aligned", n_pairs=5, group_size=1))
    rows = np.concatenate([b.rows for b in batches], axis=1)[:, :, 0]
    kind = np.concatenate([b.kind for b in batches], axis=1)[:, :, 0]
    assert (rows[0] // 100 == rows[1] // 100).all()
    assert (rows[0] != rows[1]).all()
    assert (kind[0] == kind[1]).all()
    used = sorted(zip(rows.ravel(), kind.ravel(), strict=True))
    assert used == [(r, v) for r in sorted(full_grid().rows.ravel()) for v in range(N_KINDS)]


def test_random_pairs_use_every_sample_once_and_ignore_the_stimulus():
    plan = epoch(full_grid(), "random", n_pairs=16, group_size=1)
    batches = list(plan)
    assert [b.n_pairs for b in batches] == [16] * 9  # 6 * 8 * 6 samples
    rows = np.concatenate([b.rows for b in batches], axis=1)[:, :, 0]
    kind = np.concatenate([b.kind for b in batches], axis=1)[:, :, 0]
    assert len(set(zip(rows.ravel(), kind.ravel(), strict=True))) == rows.size == 288
    aligned = (rows[0] // 100 == rows[1] // 100).mean()
    assert aligned < 0.35  # 1 in 8 by chance


@pytest.mark.parametrize(
    ("n_pairs", "sizes"), [(20, [20] * 7), (40, [40] * 3 + [24]), (96, [96, 48]), (200, [144])]
)
def test_the_last_batch_holds_the_rest_unless_that_is_less_than_half(n_pairs, sizes):
    plan = epoch(full_grid(), "random", n_pairs=n_pairs, group_size=1)
    assert [b.n_pairs for b in plan] == sizes
    assert len(plan) == len(sizes)


def test_incomplete_grids_pair_those_who_are_there():
    grid = full_grid(5)
    grid.rows[0, 4] = grid.rows[1, :2] = ABSENT
    for pairing in ("aligned", "random"):
        for batch in epoch(grid, pairing, group_size=1):
            assert (batch.rows != ABSENT).all()
    with pytest.raises(ValueError, match="two groups of 2 need 4 subjects, there are 3"):
        epoch(grid, "groups")
    for batch in epoch(grid, "groups", group_size=1):
        assert (batch.rows != ABSENT).all()
    with pytest.raises(ValueError, match="halves need every subject"):
        epoch(grid, "halves")


def test_an_epoch_repeats_and_the_next_differs():
    def rows(**kwargs):
        return [b.rows for b in epoch(full_grid(), "groups", **kwargs)]

    np.testing.assert_array_equal(rows(number=3), rows(number=3))
    assert any((a != b).any() for a, b in zip(rows(number=3), rows(number=4), strict=True))
    assert any((a != b).any() for a, b in zip(rows(seed=1), rows(seed=0), strict=True))


def test_an_epoch_can_start_anywhere():
    plan = epoch(full_grid(), "groups")
    late = [plan[step] for step in range(5, len(plan))]
    for a, b in zip(late, list(plan)[5:], strict=True):
        np.testing.assert_array_equal(a.rows, b.rows)


@pytest.mark.parametrize("world", [1, 2, 3, 4])
def test_shares_make_up_the_batch(world):
    batch = epoch(full_grid(), "groups")[0]
    shares = [batch.rows[:, batch.part(rank, world)] for rank in range(world)]
    np.testing.assert_array_equal(np.concatenate(shares, axis=1), batch.rows)
    sizes = [stop - start for start, stop in (share_bounds(10, r, world) for r in range(world))]
    assert sum(sizes) == 10
    assert max(sizes) - min(sizes) <= 1


def test_one_version_when_nothing_is_augmented():
    batches = list(epoch(full_grid(), "groups", versions=1))
    assert len(batches) == N_WINDOWS // 4
    assert all((b.kind == 0).all() for b in batches)


def test_a_window_meets_itself_in_another_version_without_a_shared_stimulus():
    window = np.arange(12)
    grid = make_grid(window, window % 4, window, least=1)
    batches = list(epoch(grid, "own", group_size=1))
    rows = np.concatenate([batch.rows for batch in batches], axis=1)[:, :, 0]
    kind = np.concatenate([batch.kind for batch in batches], axis=1)[:, :, 0]
    np.testing.assert_array_equal(rows[0], rows[1])
    assert (kind[0] != kind[1]).all()
    seen = sorted(zip(rows[0].tolist(), kind[0].tolist(), strict=True))
    assert seen == [(w, v) for w in range(12) for v in range(N_KINDS)]
