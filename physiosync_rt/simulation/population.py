"""Simulate the people of a data set: stimuli, felt states, ratings and fingerprints."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from physiosync_rt.datatypes import FloatArray, SampleArray
from physiosync_rt.errors import UserError
from physiosync_rt.simulation import LatentCourse, Person
from physiosync_rt.simulation.latents import REST_AROUSAL, REST_VALENCE
from physiosync_rt.utils.atomic import atomic_file

_RESPONSE_SPREAD = 0.08
_RATING_NOISE = 0.04
_FINGERPRINT_WAVES = 3
_FINGERPRINT_HZ = (5, 40)


@dataclass(frozen=True, slots=True)
class Population:
    """Parameters of a simulated data set.

    Attributes
    ----------
    n_subjects : int
    seed : int
        Equal seeds give equal files.
    effect : float
        Factor on all effects of valence and arousal on the signals.
    variability : float
        Factor on the differences between people.
    fingerprint : float
        Above 0, latents have no effect, ratings are random, and every trial of every subject has
        a unique signature of this strength. Then only the trial of a window can be learned, and
        a score above chance shows a leak.
    """

    n_subjects: int
    seed: int
    effect: float = 1.0
    variability: float = 1.0
    fingerprint: float = 0.0

    def __post_init__(self) -> None:
        if self.n_subjects < 1:
            raise UserError(f"invalid number of subjects {self.n_subjects}: expected 1 or more")
        if self.seed < 0:
            raise UserError(f"invalid seed {self.seed}: expected 0 or more")
        for name in ("effect", "variability", "fingerprint"):
            if getattr(self, name) < 0:
                raise UserError(f"invalid {name} {getattr(self, name)}: expected 0 or more")

    def person(self, i: int) -> Person:
        """Draw subject ``i`` (from 0)."""
        effect = 0.0 if self.fingerprint else self.effect
        return Person.draw(self.seed * 1000 + i, effect, self.variability)

    def session_seed(self, i: int) -> int:
        """Return the session seed of subject ``i``."""
        return self.seed * 1000 + i

    def rng(self, *aspect: int) -> np.random.Generator:
        """Return the random generator of one aspect of the data set, equal at every call."""
        return np.random.default_rng([self.seed, *aspect])

    def stimuli(self, n_trials: int) -> FloatArray:
        """Draw each stimulus's intended valence and arousal in [0, 1], shape (n_trials, 2).

        The quadrants are equally frequent, in random order, and the same for all subjects.
        """
        rng = self.rng(1)
        quadrant = rng.permutation(np.arange(n_trials) % 4)
        sign = np.stack([quadrant % 2, quadrant // 2], axis=1) * 2 - 1
        return np.asarray(0.5 + sign * rng.uniform(0.12, 0.45, (n_trials, 2)))

    def felt(self, i: int, n_trials: int) -> FloatArray:
        """Draw the felt valence and arousal of subject ``i``, shape (n_trials, 2), in [0, 1]."""
        if self.fingerprint:
            return np.tile([REST_VALENCE, REST_AROUSAL], (n_trials, 1))
        own = _RESPONSE_SPREAD * self.variability * self.rng(2, i).standard_normal((n_trials, 2))
        return np.asarray(np.clip(self.stimuli(n_trials) + own, 0.02, 0.98))

    def course(
        self, i: int, felt: FloatArray, onsets: FloatArray, ends: FloatArray
    ) -> LatentCourse:
        """Build the latent course of subject ``i``: rest, the felt state of a trial, rest, ..."""
        rest = np.tile([REST_VALENCE, REST_AROUSAL], (len(felt), 1))
        levels = np.stack([felt, rest], axis=1).reshape(-1, 2)
        times = np.stack([onsets, ends], axis=1).ravel()
        return LatentCourse.steps(
            times.tolist(),
            levels[:, 0].tolist(),
            levels[:, 1].tolist(),
            seed=self.session_seed(i),
        )

    def ratings(self, i: int, felt: FloatArray) -> FloatArray:
        """Draw the ratings of subject ``i``, shape (n_trials, 2), in [0, 1]."""
        rng = self.rng(3, i)
        if self.fingerprint:
            return rng.uniform(0.0, 1.0, felt.shape)
        return np.asarray(np.clip(felt + _RATING_NOISE * rng.standard_normal(felt.shape), 0, 1))

    def signature(self, i: int, trial: int, n_times: int, sfreq: float, n_chans: int) -> FloatArray:
        """Return the fingerprint of one trial, shape (n_times, n_chans), with its strength as rms.

        Sines at whole frequencies are equal in every second, so that every window has them.
        """
        if not self.fingerprint:
            return np.zeros((n_times, n_chans))
        rng = self.rng(4, i, trial, n_chans)
        t = np.arange(n_times) / sfreq
        hz = rng.choice(np.arange(*_FINGERPRINT_HZ), _FINGERPRINT_WAVES, replace=False)
        waves = np.sin(2 * np.pi * t[:, None] * hz + rng.uniform(0, 2 * np.pi, _FINGERPRINT_WAVES))
        spread = rng.standard_normal((_FINGERPRINT_WAVES, n_chans))
        spread *= np.sqrt(2 / _FINGERPRINT_WAVES)
        return np.asarray(self.fingerprint * (waves @ spread))


FINGERPRINT_UV: Final = 4.0
"""Amplitude of a fingerprint of strength 1 in the EEG (µV rms)."""

FINGERPRINT_US: Final = 0.05
"""Amplitude of a fingerprint of strength 1 in the skin conductance (µS rms)."""

FINGERPRINT_MV: Final = 0.1
"""Amplitude of a fingerprint of strength 1 in the ECG (mV rms)."""


@contextmanager
def atomic_new_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path that is renamed to ``path`` on success.

    Raises
    ------
    UserError
        ``path`` exists already.
    """
    if path.exists():
        raise UserError(f"{path} exists already; choose another path or remove it first")
    with atomic_file(path) as partial:
        yield partial


def cut(
    samples: SampleArray | FloatArray, sfreq: float, start: float, duration: float
) -> FloatArray:
    """Return ``duration`` seconds from ``start`` on of samples (n_samples, n_channels)."""
    first = round(start * sfreq)
    return samples[first : first + round(duration * sfreq)].astype(np.float64)
