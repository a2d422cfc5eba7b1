"""Latent time course of valence and arousal: plateaus joined by smooth steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from physiosync_rt.datatypes import FloatArray

REST_VALENCE: Final = 0.5
REST_AROUSAL: Final = 0.3
STEP_S: Final = 5.0
"""Duration of a change from one plateau to the next, in seconds."""

_DWELL_S = (20.0, 55.0)
_FLUCTUATION = 0.04
_FLUCTUATION_PERIODS_S = (17.0, 29.0)


class _Track:
    """Time course of one latent: levels with start times; random courses extend on demand."""

    def __init__(
        self,
        times: Sequence[float],
        levels: Sequence[float],
        rng: np.random.Generator,
        *,
        endless: bool,
    ) -> None:
        self._times = list(times)
        self._levels = list(levels)
        self._phases = rng.uniform(0.0, 2 * np.pi, len(_FLUCTUATION_PERIODS_S))
        self._rng = rng
        self._endless = endless

    def _extend(self, until: float) -> None:
        while self._times[-1] <= until:
            # Opposite halves are preferred so that a few minutes cover the whole range.
            was_high = self._levels[-1] > 0.5
            high = was_high if self._rng.random() < 0.2 else not was_high
            far = self._rng.uniform(0.1, 0.45)
            self._levels.append(0.5 + far if high else 0.5 - far)
            self._times.append(self._times[-1] + self._rng.uniform(*_DWELL_S))

    def at(self, t: FloatArray) -> FloatArray:
        if self._endless and t.size:
            self._extend(float(t.max()))
        # times[k] starts the step from levels[k] to levels[k + 1].
        times, levels = np.array(self._times), np.array(self._levels)
        k = np.maximum(np.searchsorted(times, t, side="right") - 1, 0)
        after = np.minimum(k + 1, len(levels) - 1)
        u = np.clip((t - times[k]) / STEP_S, 0.0, 1.0)
        value = levels[k] + (levels[after] - levels[k]) * (3 * u**2 - 2 * u**3)
        for period, phase in zip(_FLUCTUATION_PERIODS_S, self._phases, strict=True):
            value = value + _FLUCTUATION / 2 * np.sin(2 * np.pi * t / period + phase)
        return np.asarray(np.clip(value, 0.0, 1.0))


class LatentCourse:
    """Valence and arousal in [0, 1] as functions of time, independent of the order of queries.

    Notes
    -----
    Random courses are extended when later times are queried; earlier values never change.
    """

    def __init__(self, valence: _Track, arousal: _Track) -> None:
        self._valence = valence
        self._arousal = arousal

    @classmethod
    def draw(cls, seed: int, rest_s: float = 30.0) -> LatentCourse:
        """Draw an endless course: rest, then independent plateaus of 20 to 55 s."""
        rng_v, rng_a = (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(2))
        return cls(
            _Track([rest_s], [REST_VALENCE], rng_v, endless=True),
            _Track([rest_s], [REST_AROUSAL], rng_a, endless=True),
        )

    @classmethod
    def steps(
        cls, starts: Sequence[float], valence: Sequence[float], arousal: Sequence[float], seed: int
    ) -> LatentCourse:
        """Build a course: rest until the first start, then hold each level until the next start.

        Parameters
        ----------
        starts : sequence of float
            Times at which the step to each level starts, increasing by at least `STEP_S`, in s.
        valence, arousal : sequence of float
            Levels in [0, 1], one per start.
        seed : int
            Seeds the small fluctuation around the levels.
        """
        rng_v, rng_a = (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(2))
        return cls(
            _Track(starts, [REST_VALENCE, *valence], rng_v, endless=False),
            _Track(starts, [REST_AROUSAL, *arousal], rng_a, endless=False),
        )

    def __call__(self, times: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return valence and arousal at ``times`` (seconds, any shape), constant before 0."""
        t = np.maximum(np.asarray(times, dtype=np.float64), 0.0)
        return self._valence.at(t), self._arousal.at(t)


def latent_course(
    seed: int, duration_s: float, sfreq: float = 1.0, rest_s: float = 30.0
) -> tuple[FloatArray, FloatArray]:
    """Sample the random course of a seed.

    Returns
    -------
    valence, arousal : float64 arrays, shape (floor(duration_s * sfreq) + 1,)
        Values in [0, 1] at ``k / sfreq`` seconds, including both ends.
    """
    times = np.arange(int(duration_s * sfreq) + 1) / sfreq
    return LatentCourse.draw(seed, rest_s)(times)
