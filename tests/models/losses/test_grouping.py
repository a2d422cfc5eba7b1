"""Which subjects stand for a window, the order of their rows, and the pooling."""

from __future__ import annotations

import pytest
import torch

from physiosync_models.losses import (
    draw_disjoint_groups,
    draw_fixed_halves,
    gather_groups,
    pool_groups,
)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("draw", [draw_disjoint_groups, draw_fixed_halves])
def test_the_seed_decides_and_draws_differ_between_windows(draw):
    first = draw(32, 8, generator=seeded(1))
    assert first.shape == (8, 2, 2)
    assert torch.equal(first, draw(32, 8, generator=seeded(1)))
    assert not torch.equal(first, draw(32, 8, generator=seeded(2)))
    assert len({tuple(window.flatten().tolist()) for window in first}) > 1


@pytest.mark.parametrize(("n_subjects", "group_size"), [(4, 2), (23, 2), (32, 5), (2, 1)])
def test_disjoint_groups_hold_different_subjects(n_subjects, group_size):
    groups = draw_disjoint_groups(n_subjects, 50, group_size, generator=seeded())
    for window in groups.flatten(1).tolist():
        assert len(set(window)) == 2 * group_size
        assert set(window) <= set(range(n_subjects))


def test_disjoint_groups_bring_every_two_subjects_together():
    groups = draw_disjoint_groups(6, 2000, 2, generator=seeded())
    met = torch.zeros(6, 6)
    for first, second in groups.tolist():
        for i in first:
            for j in second:
                met[i, j] += 1
    # Each ordered pair of different subjects is expected 2000 * 4 / 30 = 267 times.
    off_diagonal = met[~torch.eye(6, dtype=torch.bool)]
    assert off_diagonal.min() > 200
    assert off_diagonal.max() < 340


@pytest.mark.parametrize(("n_subjects", "half"), [(32, 16), (23, 11)])
def test_fixed_halves_as_released(n_subjects, half):
    groups = draw_fixed_halves(n_subjects, 2000, 2, generator=seeded())
    assert set(groups[:, 0].flatten().tolist()) == set(range(half))
    assert set(groups[:, 1].flatten().tolist()) == set(range(half, n_subjects))
    twice = (groups[:, 0, 0] == groups[:, 0, 1]).float().mean().item()
    assert twice == pytest.approx(1 / half, abs=0.025)


def test_gather_and_pool_same_as_loops():
    x = torch.randn(5, 7, 3, 4)
    groups = draw_disjoint_groups(7, 5, 3, generator=seeded())
    rows = gather_groups(x, groups)
    expected = [x[w, s] for side in (0, 1) for w in range(5) for s in groups[w, side].tolist()]
    assert torch.equal(rows, torch.stack(expected))

    pooled = pool_groups(rows.flatten(1), 3)
    maxima = [
        torch.stack([x[w, s].flatten() for s in groups[w, side].tolist()]).max(0).values
        for side in (0, 1)
        for w in range(5)
    ]
    assert torch.equal(pooled, torch.stack(maxima))


def test_pooling_groups_of_one_changes_nothing():
    x = torch.randn(6, 4)
    assert torch.equal(pool_groups(x, 1), x)


def test_pooling_does_not_depend_on_the_order_in_a_group():
    x = torch.randn(4, 3, 5)
    assert torch.equal(pool_groups(x.flatten(0, 1), 3), pool_groups(x.flip(1).flatten(0, 1), 3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: draw_disjoint_groups(3, 2, 2, generator=seeded()), "need 4 subjects, there are 3"),
        (lambda: draw_disjoint_groups(4, 0, generator=seeded()), "must be positive"),
        (lambda: draw_fixed_halves(1, 2, generator=seeded()), "two subjects or more"),
        (lambda: draw_fixed_halves(4, 2, 0, generator=seeded()), "must be positive"),
        (lambda: gather_groups(torch.ones(3, 4), torch.zeros(2, 2, 2).long()), r"\(3, 2, group"),
        (lambda: pool_groups(torch.ones(5, 2), 2), "not a whole number"),
    ],
)
def test_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_groups_are_drawn_from_those_who_are_present():
    present = torch.rand(200, 7, generator=torch.Generator().manual_seed(1)) < 0.4
    present[:, :4] |= present.sum(1, keepdim=True) < 4
    present = present[present.sum(1) >= 4]
    generator = torch.Generator().manual_seed(0)
    groups = draw_disjoint_groups(7, len(present), 2, present=present, generator=generator)
    assert present.gather(1, groups.flatten(1)).all()
    with pytest.raises(ValueError, match="two groups of 3 need 6 subjects"):
        draw_disjoint_groups(7, len(present), 3, present=present, generator=generator)
