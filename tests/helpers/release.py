"""The release's training, slowly and literally, after the facts of it: splits, batches, versions.

Nothing here is shared with `physiosync_training`, but for the key streams of its chance.
"""

from __future__ import annotations

import pickle
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Schedule:
    """What the release trains with."""

    lr: float
    weight_decay: float
    temperature: float
    n_samples: int
    """Of a batch: stimulus windows (Dependent) or single samples (Cross)."""

    rates: list[float]
    """Learning rates of fine-tuning, epoch by epoch."""

    epochs: int = 500
    batch_size: int = 256


_DEPENDENT = [1e-3, 5e-4] * 3
_CROSS = [1e-3, 7.5e-4, 2.5e-4] * 3 + [1e-3]
_FIFTHS = [1e-3, 9.045e-4, 6.545e-4, 3.455e-4, 9.55e-5] * 3

SCHEDULES = {
    "deap-dependent": Schedule(7e-4, 1e-3, 0.1, 8, _DEPENDENT),
    "deap-cross": Schedule(7e-4, 1e-3, 0.07, 128, _CROSS),
    "dreamer-dependent": Schedule(1e-4, 1e-3, 0.1, 8, _FIFTHS),
    "dreamer-cross": Schedule(1e-4, 1e-3, 0.07, 32, _CROSS),
}

GROUP_SIZE = 2
N_VERSIONS = 6

Sample = tuple[int, int, int]
"""Stimulus window, version, subject."""

Pair = tuple[tuple[Sample, ...], tuple[Sample, ...]]
"""The samples of either side; in the Dependent scheme those of one side are pooled."""


# ----------------------------------------------------------------------------------------- data


def deap_trials(folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """EEG and GSR, shape (trials, subjects, n_chans, 7680), and ratings (trials, subjects, 2)."""
    eeg, gsr, ratings = [], [], []
    for path in sorted(folder.glob("s*.dat")):
        content = pickle.loads(path.read_bytes(), encoding="latin1")
        people: list[list[np.ndarray]] = [[], []]
        for trial in content["data"]:
            for kept, channels in zip(people, (slice(0, 32), slice(36, 37)), strict=True):
                x = trial[channels].astype(np.float64)
                rest = (x[:, 0:128] + x[:, 128:256] + x[:, 256:384]) / 3
                kept.append(x[:, 384:] - np.tile(rest, 60))
        eeg.append([(x - x.mean(axis=0)) / x.std(axis=0) for x in people[0]])
        gsr.append(people[1])
        ratings.append(content["labels"][:, :2])
    return tuple(np.stack(x, axis=1) for x in (eeg, gsr, ratings))


def windows(trials: np.ndarray, seconds: int) -> np.ndarray:
    """Cut trials into (windows, subjects, n_chans, 128 * seconds), trial by trial."""
    n = 128 * seconds
    return np.stack([t[..., at : at + n] for t in trials for at in range(0, 7680, n)])


def labels(ratings: np.ndarray, target: str, threshold: float) -> np.ndarray:
    """Classes of (trials, subjects, 2) ratings, valence first."""
    valence, arousal = ratings[..., 0], ratings[..., 1]
    if target != "quadrant":
        return ({"valence": valence, "arousal": arousal}[target] >= threshold).astype(int)
    four = np.zeros(valence.shape, dtype=int)
    four[(arousal >= threshold) & (valence < threshold)] = 1
    four[(arousal < threshold) & (valence >= threshold)] = 2
    # DEAP's rule counts a rating at the threshold as low here alone.
    low = (arousal <= 5) & (valence <= 5) if threshold == 5 else (arousal < 3) & (valence < 3)
    four[low] = 3
    return four


# --------------------------------------------------------------------------------------- splits


def tested_windows(n: int, n_folds: int, fold: int) -> list[int]:
    """Tested stimulus windows of a fold of the Dependent scheme."""
    order = list(range(n))
    random.Random(42).shuffle(order)
    return _fold(order, n_folds, fold)


def tested_subjects(n: int, n_folds: int, fold: int) -> list[int]:
    """Tested subjects of a fold of the Cross scheme."""
    return _fold(list(range(n)), n_folds, fold)


def _fold(order: list[int], n_folds: int, fold: int) -> list[int]:
    size = round(len(order) / n_folds)
    return order[fold * size :] if fold == n_folds - 1 else order[fold * size : (fold + 1) * size]


# -------------------------------------------------------------------------------------- batches


def _loaded(items: list[Any], size: int, rng: random.Random) -> Iterator[list[Any]]:
    """Batches of a data loader that shuffles and keeps the rest."""
    items = list(items)
    rng.shuffle(items)
    for at in range(0, len(items), size):
        yield items[at : at + size]


def dependent_epoch(
    rows: list[int], n_subjects: int, size: int, rng: random.Random
) -> list[list[Pair]]:
    """Batches of stimulus windows, each with subjects drawn from either half."""
    half = int(n_subjects / 2)
    copies = [(row, version) for row in rows for version in range(N_VERSIONS)]
    epoch = []
    for batch in _loaded(copies, size, rng):
        pairs = []
        for row, version in batch:
            first = [rng.randrange(half) for _ in range(GROUP_SIZE)]
            second = [rng.randrange(half, n_subjects) for _ in range(GROUP_SIZE)]
            sides = (tuple((row, version, s) for s in side) for side in (first, second))
            pairs.append(tuple(sides))
        epoch.append(pairs)
    return epoch


def cross_epoch(
    rows: list[int], subjects: list[int], size: int, rng: random.Random
) -> list[list[Pair]]:
    """Batches of single samples; each is paired with the one half a batch later."""
    samples = [(row, v, s) for s in subjects for row in rows for v in range(N_VERSIONS)]
    return [
        [((batch[i],), (batch[i + len(batch) // 2],)) for i in range(len(batch) // 2)]
        for batch in _loaded(samples, size, rng)
    ]


# ------------------------------------------------------------------------------------- versions

_WORD = 0xFFFFFFFF


def version(x: np.ndarray, kind: int, key: int) -> np.ndarray:
    """One window in one version by the release's formulas, chance from the key's stream."""
    if kind in (1, 4):
        x = x * (0.7 + 0.1 * _uniform(key, np.array([_WORD]))[0])
    if kind in (2, 5):
        x = x * (1.2 + 0.1 * _uniform(key, np.array([_WORD]))[0])
    if kind < 3:
        return x
    half = (x.size + 1) // 2
    radius = np.sqrt(-2 * np.log(_uniform(key, np.arange(half))))
    angle = 2 * np.pi * _uniform(key, half + np.arange(half))
    noise = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])[: x.size]
    gain = np.sqrt(10**-0.5 * x.var() / noise.var())
    return x + (gain * noise).reshape(x.shape)


def _uniform(key: int, counters: np.ndarray) -> np.ndarray:
    low, high = key & _WORD, (key >> 32) & _WORD
    word = (_scramble(counters ^ low) + high) & _WORD
    return ((_scramble(word) >> 8) + 0.5) / 2**24


def _scramble(word: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        word = ((word ^ (word >> 16)) * 0x7FEB352D) & _WORD
        word = ((word ^ (word >> 15)) * 0x846CA68B) & _WORD
    return word ^ (word >> 16)
