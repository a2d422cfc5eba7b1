"""What the writers of simulated data share: who is simulated, and files whole or not at all."""

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

_OWN_VIEW = 0.08
_RATING_NOISE = 0.04
_FINGERPRINT_WAVES = 3
_FINGERPRINT_HZ = (5, 40)


@dataclass(frozen=True, slots=True)
class Population:
    """Who is simulated, and what there is to learn from them.

    Attributes
    ----------
    n_subjects : int
    seed : int
        Equal seeds write equal files.
    effect : float
        Factor on all that valence and arousal do to the signals.
    variability : float
        Factor on the differences between people.
    fingerprint : float
        Where it is above 0, latents do nothing, ratings are random, and every trial of every
        subject carries a signature of its own, of this strength: then nothing can be learnt but
        which trial a window comes from, and whoever scores above chance has a leak.
    """

    n_subjects: int
    seed: int
    effect: float = 1.0
    variability: float = 1.0
    fingerprint: float = 0.0

    def __post_init__(self) -> None:
        if self.n_subjects < 1:
            raise UserError(f"{self.n_subjects} subjects cannot be simulated; ask for 1 or more")
        if self.seed < 0:
            raise UserError(f"seed {self.seed} is negative; give 0 or more")
        for name in ("effect", "variability", "fingerprint"):
            if getattr(self, name) < 0:
                raise UserError(f"{name} {getattr(self, name)} is negative; give 0 or more")

    def person(self, i: int) -> Person:
        """Draw subject ``i`` (from 0)."""
        effect = 0.0 if self.fingerprint else self.effect
        return Person.draw(self.seed * 1000 + i, effect, self.variability)

    def session_seed(self, i: int) -> int:
        """Seed of the session of subject ``i``."""
        return self.seed * 1000 + i

    def rng(self, *about: int) -> np.random.Generator:
        """Return the generator of one aspect of the data set: the same at every call."""
        return np.random.default_rng([self.seed, *about])

    def stimuli(self, n_trials: int) -> FloatArray:
        """Draw what each stimulus means to evoke, shape (n_trials, 2): valence, arousal in [0, 1].

        The quadrants come equally often, in random order, and are the same for all subjects.
        """
        rng = self.rng(1)
        quadrant = rng.permutation(np.arange(n_trials) % 4)
        sign = np.stack([quadrant % 2, quadrant // 2], axis=1) * 2 - 1
        return np.asarray(0.5 + sign * rng.uniform(0.12, 0.45, (n_trials, 2)))

    def felt(self, i: int, n_trials: int) -> FloatArray:
        """Draw what subject ``i`` feels in each trial, shape (n_trials, 2), in [0, 1]."""
        if self.fingerprint:
            return np.tile([REST_VALENCE, REST_AROUSAL], (n_trials, 1))
        own = _OWN_VIEW * self.variability * self.rng(2, i).standard_normal((n_trials, 2))
        return np.asarray(np.clip(self.stimuli(n_trials) + own, 0.02, 0.98))

    def course(
        self, i: int, felt: FloatArray, onsets: FloatArray, ends: FloatArray
    ) -> LatentCourse:
        """Lead subject ``i`` from rest to what is felt in each trial, and back, trial by trial."""
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
        """Draw what subject ``i`` says to have felt, shape (n_trials, 2), in [0, 1]."""
        rng = self.rng(3, i)
        if self.fingerprint:
            return rng.uniform(0.0, 1.0, felt.shape)
        return np.asarray(np.clip(felt + _RATING_NOISE * rng.standard_normal(felt.shape), 0, 1))

    def signature(self, i: int, trial: int, n_times: int, sfreq: float, n_chans: int) -> FloatArray:
        """Return the fingerprint of one trial, shape (n_times, n_chans), its strength in rms.

        Sines of whole frequencies: the same in every second, so that no window misses it.
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
"""Size of a fingerprint of strength 1 in the EEG (µV rms)."""

FINGERPRINT_US: Final = 0.05
"""Size of a fingerprint of strength 1 in the skin conductance (µS rms)."""

FINGERPRINT_MV: Final = 0.1
"""Size of a fingerprint of strength 1 in the ECG (mV rms)."""


@contextmanager
def whole_or_nothing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path`` that takes its name only when all went well.

    Raises
    ------
    UserError
        ``path`` exists already.
    """
    if path.exists():
        raise UserError(f"{path} exists already; choose another place or remove it first")
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.part")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def cut(
    samples: SampleArray | FloatArray, sfreq: float, start: float, duration: float
) -> FloatArray:
    """Cut ``duration`` seconds from ``start`` out of samples (n_samples, n_channels)."""
    first = round(start * sfreq)
    return samples[first : first + round(duration * sfreq)].astype(np.float64)
