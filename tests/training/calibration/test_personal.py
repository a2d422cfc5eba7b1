"""A person's weights: the same model as the bundle's, drawn to it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from helpers.personal import CONFIG, effort_model
from hypothesis import given, settings
from hypothesis import strategies as st

from physiosync_models import GatedSum
from physiosync_models.config import Route
from physiosync_rt.datatypes import FloatArray
from physiosync_training.calibration.own_blocks import Block
from physiosync_training.calibration.personal import (
    as_model,
    fit_personal,
    population_of,
)

N_EEG = len(CONFIG.eeg)


def _block(seed: int, n: int = 12, shift: float = 0.0) -> Block:
    rng = np.random.default_rng(seed)
    eeg = rng.normal(shift, 1.0, (n, N_EEG))
    pps = rng.normal(5 * shift, 4.0, (n, 1))
    pps[: n // 3] = np.nan
    return Block(15.0, None, 1.0, eeg, pps)


def _random_model(seed: int) -> GatedSum:
    rng = torch.Generator().manual_seed(seed)
    model = effort_model()
    for value in model.state_dict().values():
        value.copy_(torch.rand(value.shape, generator=rng) + 0.3)
    return model


def _logits(model: GatedSum, block: Block, route: Route) -> FloatArray:
    eeg, pps = (torch.from_numpy(x.astype(np.float32)) for x in (block.eeg, block.pps))
    given = {"fused": (eeg, pps), "eeg": (eeg, None), "pps": (None, pps)}[route]
    with torch.inference_mode():
        found: FloatArray = model(*given)[:, 0].double().numpy()
    return found


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_a_population_is_the_sum_itself_on_every_route(seed: int) -> None:
    model, block = _random_model(seed), _block(seed)
    population = population_of(model, "arousal")
    for route in ("fused", "eeg", "pps"):
        expected = _logits(model, block, route)
        known = np.isfinite(expected)
        found = population.design(block, route) @ population.weights
        np.testing.assert_allclose(found[known], expected[known], rtol=1e-4, atol=1e-4)


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_a_bundle_holds_what_was_fitted(seed: int) -> None:
    model, block = _random_model(seed), _block(seed + 1)
    population = population_of(model, "arousal")
    weights = np.random.default_rng(seed).normal(size=len(population.weights))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    personal = as_model(model, {"arousal": weights})
    for route in ("fused", "eeg", "pps"):
        expected = population.design(block, route) @ weights
        found = _logits(personal, block, route)
        known = np.isfinite(found)
        np.testing.assert_allclose(found[known], expected[known], rtol=1e-3, atol=1e-3)
    # The parent is as it was.
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name])


def test_a_strong_pull_leaves_the_population_and_a_weak_one_fits_the_person() -> None:
    population = population_of(effort_model(), "arousal")
    blocks = [_block(1), _block(2, shift=1.5)]
    design = np.concatenate([population.design(block) for block in blocks])
    truth = np.repeat([1, 0], 12)
    start = population.weights
    strong = fit_personal(population, design, truth, 1e6)
    np.testing.assert_allclose(strong, start, atol=1e-5)
    weak = fit_personal(population, design, truth, 0.01)
    assert ((design @ start > 0) == truth).mean() < 0.8
    assert ((design @ weak > 0) == truth).mean() == 1.0
    distances = [
        np.linalg.norm(fit_personal(population, design, truth, s) - start)
        for s in (0.01, 0.1, 1.0, 10.0)
    ]
    assert distances == sorted(distances, reverse=True)


def test_both_classes_count_the_same_whatever_there_is_of_each() -> None:
    population = population_of(effort_model(), "arousal")
    low, high = population.design(_block(1)), population.design(_block(2, shift=0.3))
    once = fit_personal(population, np.concatenate([low, high]), np.repeat([0, 1], len(low)), 0.1)
    often = np.concatenate([low, low, low, high])
    thrice = fit_personal(population, often, np.repeat([0, 1], [3 * len(low), len(high)]), 0.1)
    np.testing.assert_allclose(once, thrice, atol=1e-4)


@pytest.mark.parametrize("factor", [1.0, 30.0])
def test_a_fit_ends_at_the_minimum_also_far_from_the_population(factor: float) -> None:
    population = population_of(effort_model(), "arousal")
    design = factor * np.concatenate([population.design(_block(k)) for k in range(4)])
    truth = np.random.default_rng(0).integers(0, 2, len(design))
    found = fit_personal(population, design, truth, 0.05)
    share = np.where(truth == 1, 0.5 / truth.sum(), 0.5 / (truth == 0).sum())
    p = 1 / (1 + np.exp(-design @ found))
    slope = design.T @ (share * (p - truth)) + 0.05 * (found - population.weights)
    assert np.abs(slope).max() < 1e-3 * factor
