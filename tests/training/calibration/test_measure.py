"""What calibration brought: each block by a model of the others, and an exact permutation."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from helpers.personal import CONFIG, effort_model
from hypothesis import given, settings
from hypothesis import strategies as st

from physiosync_rt.errors import UserError
from physiosync_training.calibration.measure import (
    FEWEST_BLOCKS,
    check_enough,
    measure,
    permutation_p,
    smallest_p,
)
from physiosync_training.calibration.own_blocks import Block
from physiosync_training.calibration.personal import fit_personal, population_of

N_EEG = len(CONFIG.eeg)
GAINS = st.lists(st.floats(-1, 1), min_size=2, max_size=4)


def _blocks(truth: list[int], *, shift: float = 1.0, heart: bool = True) -> list[Block]:
    """Blocks of a person whose first feature, which others do not use, tells the class."""
    rng = np.random.default_rng(3)
    found = []
    for k in truth:
        eeg = rng.normal(size=(10, N_EEG))
        eeg[:, 0] += shift * k
        pps = rng.normal(0, 2, (10, 1)) if heart else np.full((10, 1), np.nan)
        found.append(Block(15.0, None, float(k), eeg, pps))
    return found


@given(GAINS, GAINS)
@settings(deadline=None)
def test_the_p_is_the_share_of_all_ways_to_exchange_before_and_after(
    low: list[float], high: list[float]
) -> None:
    gains = [np.array(each) for each in (low, high)]
    observed = min(gain.mean() for gain in gains)
    ways = [
        min(
            float(np.mean(gains[0] * signs[: len(low)])),
            float(np.mean(gains[1] * signs[len(low) :])),
        )
        for signs in product((1, -1), repeat=len(low) + len(high))
    ]
    expected = np.mean(np.array(ways) >= observed - 1e-12)
    found = permutation_p(*gains)
    assert found == pytest.approx(expected)
    assert found >= smallest_p(len(low), len(high)) - 1e-12


def test_the_smallest_p_is_reached_where_all_blocks_gain_alike() -> None:
    for n_low, n_high in ((2, 3), (3, 3), (10, 4)):
        p = permutation_p(np.full(n_low, 0.1), np.full(n_high, 0.1))
        assert p == pytest.approx(smallest_p(n_low, n_high)) == 0.5 ** (n_low + n_high)
    assert smallest_p(2, 3) <= 0.05 < smallest_p(2, 2)


def test_many_blocks_are_exchanged_at_random_and_never_beyond_doubt() -> None:
    gain = np.full(40, 0.1)
    assert permutation_p(gain, gain) == pytest.approx(smallest_p(40, 40))
    assert 0 < smallest_p(40, 40) < 1e-6
    even = np.tile([0.1, -0.1], 20)
    assert permutation_p(even, even) > 0.1


def test_it_is_no_gain_to_tell_one_class_at_the_other_s_cost() -> None:
    assert permutation_p(np.full(10, -0.01), np.full(6, 0.9)) > 0.5
    assert permutation_p(np.full(10, 0.0), np.full(6, 0.9)) > 0.01


def test_where_nothing_is_brought_it_is_rarely_said_to_help() -> None:
    rng = np.random.default_rng(0)
    found = [permutation_p(rng.standard_t(3, 6), rng.standard_t(3, 4)) <= 0.05 for _ in range(2000)]
    assert np.mean(found) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 2000)


def test_a_block_is_told_by_a_model_of_the_others() -> None:
    truth = np.array([0, 0, 0, 1, 1, 1])
    blocks = _blocks(truth.tolist())
    population = population_of(effort_model(), "arousal")
    found = measure(population, blocks, truth, 0.1)
    for k in range(len(blocks)):
        others = [j for j in range(len(blocks)) if j != k]
        design = np.concatenate([population.design(blocks[j]) for j in others])
        own = fit_personal(population, design, np.repeat(truth[others], 10), 0.1)
        sign = 1 if truth[k] else -1
        for when, weights in enumerate((population.weights, own)):
            logit = sign * (population.design(blocks[k]) @ weights)
            assert found.right["fused"][when, k] == pytest.approx((logit > 0).mean())
            assert found.likely[when, k] == pytest.approx((1 / (1 + np.exp(-logit))).mean())


def test_what_a_person_has_of_their_own_is_found_and_noise_is_not() -> None:
    truth = np.array([0] * 6 + [1] * 4)
    population = population_of(effort_model(), "arousal")
    own = measure(population, _blocks(truth.tolist(), shift=4.0), truth, 0.01).calibration()
    assert own.helped
    assert own.after > own.before
    assert own.blocks == (6, 4)
    assert "before" in str(own)
    none = measure(population, _blocks(truth.tolist(), shift=0.0), truth, 0.01).calibration()
    assert not none.helped


def test_a_person_without_a_heart_is_told_by_eeg_alone() -> None:
    truth = np.array([0, 0, 0, 1, 1, 1])
    population = population_of(effort_model(), "arousal")
    found = measure(population, _blocks(truth.tolist(), shift=4.0, heart=False), truth, 0.01)
    assert np.isnan(found.balanced_accuracy("pps")).all()
    assert found.balanced_accuracy("eeg") == found.balanced_accuracy("fused")


@given(st.integers(0, 6), st.integers(0, 6))
@settings(max_examples=60, deadline=None)
def test_too_few_blocks_are_refused_with_what_is_missing(n_low: int, n_high: int) -> None:
    truth = np.repeat([0, 1], [n_low, n_high])
    enough = min(n_low, n_high) >= 2 and n_low + n_high >= FEWEST_BLOCKS
    if enough:
        check_enough(truth, ("rest", "work"), 0.0)
        return
    with pytest.raises(UserError, match=r"label .* more$") as raised:
        check_enough(truth, ("rest", "work"), 0.0)
    said = str(raised.value)
    for n, word in ((n_low, "rest"), (n_high, "work")):
        lacks = max(2 - n, 0)
        assert (f"{lacks * 15} s of {word}" in said) == bool(lacks)
    more = max(5 - max(n_low, 2) - max(n_high, 2), 0)
    assert (f"{more * 15} s of either" in said) == bool(more)


def test_what_cannot_be_used_is_named() -> None:
    with pytest.raises(UserError, match=r"\(45 s of what is labelled cannot be used\)"):
        check_enough(np.array([0, 1]), ("rest", "work"), 45.0)
