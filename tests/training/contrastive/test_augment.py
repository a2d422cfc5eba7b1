"""Augmentation: the six versions in numbers, keyed by sample and by nothing else."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats

from physiosync_training.contrastive.augment import N_KINDS, augment
from physiosync_training.loop.rng import sample_keys


def windows(n: int, n_chans: int = 4, n_times: int = 640) -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    return 2.5 * torch.randn(n, n_chans, n_times, generator=generator) + 1.0


def kinds(n: int) -> np.ndarray:
    return np.arange(n, dtype=np.int64) % N_KINDS


def literal(x: np.ndarray, made: np.ndarray) -> tuple[float, np.ndarray]:
    """Scale and residual of least squares: what was done to a window, seen from outside."""
    flat, out = x.ravel(), made.ravel()
    scale = float(flat @ out / (flat @ flat))
    return scale, out - scale * flat


@pytest.mark.parametrize(("kind", "low", "high"), [(0, 1, 1), (1, 0.7, 0.8), (2, 1.2, 1.3)])
def test_scales_lie_where_the_release_draws_them(kind, low, high):
    x = windows(200, 2, 64)
    made = augment(x, np.full(200, kind), sample_keys(1, np.arange(200)))
    scale = (made / x)[:, 0, 0].numpy()
    torch.testing.assert_close(made, x * torch.from_numpy(scale)[:, None, None])
    assert scale.min() >= low - 1e-6
    assert scale.max() <= high + 1e-6
    if high > low:
        uniform = (scale - low) / (high - low)
        assert stats.kstest(uniform, "uniform").pvalue > 0.001


@pytest.mark.parametrize(("kind", "low", "high"), [(3, 1, 1), (4, 0.7, 0.8), (5, 1.2, 1.3)])
def test_noise_has_5_db_less_power_than_the_scaled_window(kind, low, high):
    x = windows(8)
    made = augment(x, np.full(8, kind), sample_keys(1, np.arange(8)))
    for before, after in zip(x.numpy(), made.numpy(), strict=True):
        scale, noise = literal(before, after)
        assert low - 0.03 <= scale <= high + 0.03
        ratio = (scale**2 * before.var()) / noise.var()
        assert 10 * math.log10(ratio) == pytest.approx(5.0, abs=0.4)


def test_noise_is_white_normal_and_differs_between_samples():
    x = torch.zeros(2, 32, 640)
    x[:, 0, 0] = 1.0  # some power, so that the noise has some
    made = (augment(x, np.array([3, 3]), sample_keys(5, np.arange(2))) - x).numpy()
    noise = made.reshape(2, -1) / made.reshape(2, -1).std(1, keepdims=True)
    assert stats.kstest(noise[0][:5000], "norm").pvalue > 0.001
    for lag in (1, 2, 640):
        assert abs(np.mean(noise[0][lag:] * noise[0][:-lag])) < 0.03
    assert abs(np.mean(noise[0] * noise[1])) < 0.03
    halves = noise[0].reshape(2, -1)  # cosine and sine of the same angles
    assert abs(np.mean(halves[0] * halves[1])) < 0.03


def test_a_version_depends_on_its_key_alone():
    x, kind, keys = windows(12), kinds(12), sample_keys(7, np.arange(12), 2)
    whole = augment(x, kind, keys)
    for part in (slice(0, 5), slice(5, 12), slice(3, 4)):
        torch.testing.assert_close(augment(x[part], kind[part], keys[part]), whole[part])
    other = augment(x, kind, sample_keys(8, np.arange(12), 2))
    assert not torch.allclose(whole[3:], other[3:])
    torch.testing.assert_close(whole[0], x[0])


def test_keys_of_neighbouring_samples_share_nothing():
    rows, kind = np.meshgrid(np.arange(1000), np.arange(6))
    keys = sample_keys(0, rows.ravel(), kind.ravel(), 1)
    assert len(np.unique(keys)) == keys.size
    bits = (keys[:, None] >> np.arange(64)) & 1
    assert np.abs(bits.mean(0) - 0.5).max() < 0.03
    assert (sample_keys(0, 1, 2) != sample_keys(0, 2, 1)).all()
