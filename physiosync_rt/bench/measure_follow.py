"""Measure how a bundle follows unseen simulated people: correlation with ground truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from physiosync_rt.bundle.predictor import Predictor
from physiosync_rt.datatypes import FloatArray
from physiosync_rt.live.engine import Engine
from physiosync_rt.simulation import Person, PersonStream
from physiosync_rt.sources.simulated import SimulatedSource

FIRST_PERSON = 5_000_000
"""Seeds from here on are not in any shipped bundle's training set."""

MIN_SHIFT_S = 30
TARGETS = ("valence", "arousal")


@dataclass(frozen=True, slots=True)
class Follow:
    """Correlation result of one target.

    Attributes
    ----------
    target : str
    n_persons : int
    median, low, high : float
        Median correlation over persons, and its 95 % interval by bootstrap over persons.
    chance_median, chance_95 : float
        Median and 95th percentile of the same median with every person's predictions circularly
        shifted against the ground truth.
    per_person : tuple of float
    """

    target: str
    n_persons: int
    median: float
    low: float
    high: float
    chance_median: float
    chance_95: float
    per_person: tuple[float, ...]


def follow_person(predictor: Predictor, seed: int, duration_s: float) -> dict[str, FloatArray]:
    """Run one simulated person through the live pipeline, as fast as possible.

    Returns
    -------
    dict of str to array, shape (2, n_valid_rows)
        Predicted P(high) and the mean ground truth over the window, by target.
    """
    eeg = predictor.bundle.card.eeg.ch_names
    stream = PersonStream(Person.draw(seed), seed=seed, ch_names=eeg, ecg_sfreq=0, rest_s=35.0)
    source = SimulatedSource(stream, duration_s=duration_s, paced=False)
    with Engine(source, predictor) as engine:
        rows = list(engine)
    found = {}
    for column, target in enumerate(TARGETS):
        predictions = [(row.t_end, p) for row in rows if (p := getattr(row, target)) is not None]
        t_end, predicted = np.array(predictions).reshape(-1, 2).T
        seconds = np.stack([np.arange(-5.0, 1.0) + t for t in t_end])
        found[target] = np.stack([predicted, stream.course(seconds)[column].mean(axis=1)])
    return found


def follow(
    predictor: Predictor,
    *,
    n_persons: int = 20,
    duration_s: float = 300.0,
    n_draws: int = 1000,
    progress: Callable[[float, float], None] | None = None,
) -> list[Follow]:
    """Measure the median correlation over unseen persons, and its chance level."""
    people = []
    for i in range(n_persons):
        people.append(follow_person(predictor, FIRST_PERSON + i, duration_s))
        if progress is not None:
            progress(i + 1, n_persons)
    return [_summary(target, [p[target] for p in people], n_draws) for target in TARGETS]


def _summary(target: str, people: list[FloatArray], n_draws: int) -> Follow:
    rng = np.random.default_rng(0)
    found = np.array([_correlation(*person) for person in people])
    chance = []
    for _ in range(n_draws):
        shifted = []
        for predicted, truth in people:
            by = int(rng.integers(MIN_SHIFT_S, len(truth) - MIN_SHIFT_S))
            shifted.append(_correlation(np.roll(predicted, by), truth))
        chance.append(np.median(shifted))
    drawn = [np.median(rng.choice(found, len(found))) for _ in range(n_draws)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Follow(
        target,
        len(people),
        float(np.median(found)),
        float(low),
        float(high),
        float(np.median(chance)),
        float(np.percentile(chance, 95)),
        tuple(found.tolist()),
    )


def _correlation(a: FloatArray, b: FloatArray) -> float:
    return float(np.corrcoef(a, b)[0, 1])
