"""Define a simulated person: fixed traits, drawn at random."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Person:
    """Fixed traits of one simulated person.

    The ``*_by_*`` fields are effect sizes of a latent state: the change of the logarithm of an
    amplitude, power or rate (or of beats per minute) over the latent's whole range from 0 to 1.
    Effects follow the literature in direction and order of magnitude: arousal lowers alpha and
    raises beta, electrodermal activity and heart rate; valence changes frontal alpha asymmetry
    (more alpha right than left for pleasant states), frontal midline theta and temporal fast
    activity, with weaker effects that vary more between people.

    Attributes
    ----------
    seed : int
        Identifies the person; all other draws (electrode gains, source positions) use it.
    variability : float
        Spread between people; 0 makes all people equal except for noise, 1 is natural.
    alpha_hz : float
        Individual alpha frequency in Hz.
    alpha_uv, background_uv : float
        Root mean square of posterior alpha and of the 1/f background, in µV.
    background_slope : float
        Exponent of the background's power spectrum, 1/f**slope.
    blinks_per_min, bursts_per_min : float
        Blinks, and muscle bursts per muscle group.
    restlessness : float
        Standard deviation of the slow random walk of log amplitudes, which masks the effects.
    scl_us, scr_per_min, scr_us : float
        Tonic skin conductance (µS), response rate at rest, typical response height (µS).
    scr_recovery_s : float
        Time constant of a skin response's recovery in seconds.
    heart_bpm, hrv_bpm, breath_hz : float
        Resting heart rate, its respiratory modulation, and breathing rate.
    """

    seed: int
    variability: float
    alpha_hz: float
    alpha_uv: float
    background_uv: float
    background_slope: float
    blinks_per_min: float
    bursts_per_min: float
    restlessness: float
    scl_us: float
    scr_per_min: float
    scr_us: float
    scr_recovery_s: float
    heart_bpm: float
    hrv_bpm: float
    breath_hz: float
    alpha_by_arousal: float
    beta_by_arousal: float
    asymmetry_by_valence: float
    theta_by_valence: float
    fast_by_valence: float
    scr_by_arousal: float
    scl_by_arousal: float
    bpm_by_arousal: float

    @classmethod
    def draw(cls, seed: int, effect: float = 1.0, variability: float = 1.0) -> Person:
        """Draw a person.

        Parameters
        ----------
        seed : int
            Equal seeds give equal people.
        effect : float
            Factor on all effects of valence and arousal; 0 leaves nothing to learn.
        variability : float
            Factor on the differences between people.

        Raises
        ------
        ValueError
            The effect or the variability is negative.
        """
        if effect < 0 or variability < 0:
            raise ValueError(f"effect {effect} and variability {variability} must not be negative")
        rng = np.random.default_rng([seed, _tag("traits")])

        def additive(middle: float, sd: float) -> float:
            """Draw a trait with additive spread, clipped to 2.5 sd."""
            return middle + variability * sd * float(np.clip(rng.standard_normal(), -2.5, 2.5))

        def multiplicative(middle: float, sd: float) -> float:
            """Draw a positive trait with multiplicative spread."""
            return middle * float(np.exp(additive(0.0, sd)))

        return cls(
            seed=seed,
            variability=variability,
            alpha_hz=float(np.clip(additive(10.0, 0.9), 7.5, 12.5)),
            alpha_uv=multiplicative(9.0, 0.35),
            background_uv=multiplicative(9.0, 0.2),
            background_slope=float(np.clip(additive(1.2, 0.2), 0.6, 1.8)),
            blinks_per_min=multiplicative(14.0, 0.4),
            bursts_per_min=multiplicative(1.5, 0.4),
            restlessness=multiplicative(0.3, 0.15),
            scl_us=float(np.clip(multiplicative(5.0, 0.5), 1.0, 25.0)),
            scr_per_min=multiplicative(3.0, 0.3),
            scr_us=multiplicative(0.25, 0.5),
            scr_recovery_s=float(np.clip(multiplicative(4.0, 0.25), 2.0, 8.0)),
            heart_bpm=float(np.clip(additive(70.0, 8.0), 50.0, 95.0)),
            hrv_bpm=multiplicative(3.0, 0.35),
            breath_hz=float(np.clip(additive(0.25, 0.04), 0.15, 0.35)),
            alpha_by_arousal=-effect * multiplicative(0.65, 0.3),
            beta_by_arousal=effect * multiplicative(0.5, 0.3),
            asymmetry_by_valence=effect * additive(1.3, 0.4),
            theta_by_valence=effect * additive(0.5, 0.2),
            fast_by_valence=effect * additive(0.5, 0.25),
            scr_by_arousal=effect * multiplicative(1.6, 0.25),
            scl_by_arousal=effect * multiplicative(0.3, 0.4),
            bpm_by_arousal=effect * multiplicative(12.0, 0.3),
        )

    def rng(self, aspect: str, *more: int) -> np.random.Generator:
        """Return the random generator of one aspect of this person, equal at every call."""
        return np.random.default_rng([self.seed, _tag(aspect), *more])


def _tag(word: str) -> int:
    return zlib.crc32(word.encode())
