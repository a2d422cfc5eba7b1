"""Simulate EEG: background, rhythms that follow the latents, and artifacts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import signal

from physiosync_rt.datatypes import FloatArray
from physiosync_rt.simulation.electrodes import angles_deg, directions
from physiosync_rt.simulation.latents import REST_AROUSAL, REST_VALENCE, LatentCourse
from physiosync_rt.simulation.noise import (
    FilteredNoise,
    ImpulseResponse,
    RandomWalk,
    power_law_sos,
    resonator_sos,
)
from physiosync_rt.simulation.person import Person

MIN_SFREQ: Final = 100.0
"""Below this rate the fast rhythms exceed the Nyquist frequency."""

_N_BACKGROUND = 24
_DRIFT_UV = 15.0
_DRIFT_TAU_S = 12.0
_SENSOR_UV = 1.0
_LINE_HZ = 50.0
_LINE_UV = 1.0
_BLINK_UV = 90.0
_BURST_UV = 9.0
_MUSCLES = ("T7", "T8", "AFz")
_PLACE_SPREAD_DEG = 7.0
_GAIN_SPREAD = 0.1
_WALK_TAU_S = 5.0


@dataclass(frozen=True, slots=True)
class _Rhythm:
    """One oscillating source.

    ``arousal`` and ``valence`` are the changes of its log amplitude over the latent's range.
    """

    position: str
    center_hz: float
    bandwidth_hz: float
    amplitude_uv: float
    width_deg: float
    arousal: float = 0.0
    valence: float = 0.0


def _rhythms(person: Person) -> tuple[_Rhythm, ...]:
    alpha, uv = person.alpha_hz, person.alpha_uv
    calm, alert = person.alpha_by_arousal, person.beta_by_arousal
    asymmetry, theta, fast = (
        person.asymmetry_by_valence / 2,
        person.theta_by_valence,
        person.fast_by_valence,
    )
    return (
        _Rhythm("O1", alpha, 1.6, uv, 38.0, arousal=calm),
        _Rhythm("O2", alpha, 1.6, uv, 38.0, arousal=calm),
        _Rhythm("Pz", alpha - 0.3, 1.8, 0.7 * uv, 34.0, arousal=calm),
        _Rhythm("F5", alpha - 0.5, 2.0, 0.75 * uv, 26.0, arousal=0.5 * calm, valence=-asymmetry),
        _Rhythm("F6", alpha - 0.5, 2.0, 0.75 * uv, 26.0, arousal=0.5 * calm, valence=asymmetry),
        _Rhythm("C3", 18.0, 6.0, 2.6, 32.0, arousal=alert),
        _Rhythm("C4", 18.0, 6.0, 2.6, 32.0, arousal=alert),
        _Rhythm("Fz", 21.0, 7.0, 2.6, 36.0, arousal=alert),
        _Rhythm("Fz", 6.0, 1.8, 4.0, 28.0, valence=theta),
        _Rhythm("T7", 33.0, 9.0, 1.6, 30.0, valence=fast),
        _Rhythm("T8", 33.0, 9.0, 1.6, 30.0, valence=fast),
    )


class EegGenerator:
    """Generator of raw EEG in µV, block by block.

    Parameters
    ----------
    person : Person
    course : LatentCourse
    ch_names : tuple of str
        Any electrodes of the 10-10 system; the sources do not depend on the choice.
    sfreq : float
        At least `MIN_SFREQ`.
    seeds : numpy.random.SeedSequence
        Seeds the differences between sessions.

    Raises
    ------
    UserError
        An electrode is not in the 10-10 system.
    ValueError
        The rate is below `MIN_SFREQ`.
    """

    def __init__(
        self,
        person: Person,
        course: LatentCourse,
        ch_names: tuple[str, ...],
        sfreq: float,
        seeds: np.random.SeedSequence,
    ) -> None:
        if sfreq < MIN_SFREQ:
            raise ValueError(f"EEG at {sfreq} Hz cannot be simulated; use at least {MIN_SFREQ} Hz")
        rngs = [np.random.default_rng(s) for s in seeds.spawn(8)]
        electrodes = directions(ch_names)
        n_chans = len(ch_names)
        self._sfreq = sfreq
        self._course = course
        self._rhythms = _rhythms(person)
        self._restlessness = person.restlessness

        places = _person_places(person, tuple(r.position for r in self._rhythms), "rhythms")
        widths = np.array([r.width_deg for r in self._rhythms])
        amplitudes = np.array([r.amplitude_uv for r in self._rhythms])
        self._rhythm_maps = amplitudes[:, None] * _spatial_gains(places, widths, electrodes)
        self._waves = [
            FilteredNoise(resonator_sos(r.center_hz, r.bandwidth_hz, sfreq), 1, rngs[0], sfreq)
            for r in self._rhythms
        ]
        self._walk = RandomWalk(_WALK_TAU_S, len(self._rhythms), rngs[1], sfreq)

        self._background_maps = person.background_uv * _background_map(person, electrodes)
        slope = power_law_sos(person.background_slope, sfreq)
        self._background = FilteredNoise(slope, _N_BACKGROUND, rngs[2], sfreq)
        self._drift = RandomWalk(_DRIFT_TAU_S, n_chans, rngs[3], sfreq)
        self._sensor = rngs[4]

        self._blinks = _Events(
            person.blinks_per_min, _blink_template(sfreq), 0.25, 1, rngs[5], sfreq
        )
        self._blink_map = _BLINK_UV * _spatial_gains(
            directions(("Fpz",)), np.array([27.0]), electrodes
        )
        hann = np.hanning(int(1.2 * sfreq))
        self._bursts = _Events(person.bursts_per_min, hann, 0.5, len(_MUSCLES), rngs[6], sfreq)
        highpass = signal.butter(2, 20.0, "highpass", fs=sfreq, output="sos")
        self._muscle = FilteredNoise(highpass, len(_MUSCLES), rngs[7], sfreq)
        muscles = _person_places(person, _MUSCLES, "muscles")
        self._muscle_maps = _BURST_UV * _spatial_gains(
            muscles, np.full(len(_MUSCLES), 24.0), electrodes
        )

        self._gains = _per_electrode(person, ch_names, "gain", _GAIN_SPREAD)
        self._line_uv = _LINE_UV * _per_electrode(person, ch_names, "line", 0.5)

    def block(self, start: int, stop: int) -> FloatArray:
        """Return samples ``start`` to ``stop`` in µV, shape (stop - start, n_chans).

        Blocks must be consecutive.
        """
        n = stop - start
        times = np.arange(start, stop) / self._sfreq
        waves = np.concatenate([wave(n) for wave in self._waves], axis=1)
        out = (waves * self._envelopes(times)) @ self._rhythm_maps
        out += self._background(n) @ self._background_maps
        out += self._blinks(n) @ self._blink_map
        out += (self._bursts(n) * self._muscle(n)) @ self._muscle_maps
        out += _SENSOR_UV * self._sensor.standard_normal(out.shape)
        out *= self._gains
        out += np.sin(2 * np.pi * _LINE_HZ * times)[:, None] * self._line_uv
        out += _DRIFT_UV * self._drift(n)
        return np.asarray(out)

    def _envelopes(self, times: FloatArray) -> FloatArray:
        """Return the amplitude factors of the rhythms, shape (n_times, n_rhythms)."""
        valence, arousal = self._course(times)
        by_valence = np.array([r.valence for r in self._rhythms])
        by_arousal = np.array([r.arousal for r in self._rhythms])
        log_gain = np.outer(valence - REST_VALENCE, by_valence)
        log_gain += np.outer(arousal - REST_AROUSAL, by_arousal)
        log_gain += self._restlessness * self._walk(len(times))
        return np.asarray(np.exp(log_gain))


class _Events:
    """Generator of rare events (blinks, muscle bursts) of random amplitude."""

    def __init__(
        self,
        per_min: float,
        template: FloatArray,
        height_spread: float,
        n_columns: int,
        rng: np.random.Generator,
        sfreq: float,
    ) -> None:
        self._chance = per_min / 60.0 / sfreq
        self._height_spread = height_spread
        self._n_columns = n_columns
        self._rng = rng
        self._respond = ImpulseResponse(template, n_columns)

    def __call__(self, n_times: int) -> FloatArray:
        happens = self._rng.random((n_times, self._n_columns)) < self._chance
        impulses = np.zeros(happens.shape)
        n_events = int(happens.sum())
        impulses[happens] = np.exp(self._height_spread * self._rng.standard_normal(n_events))
        return self._respond(impulses)


def _blink_template(sfreq: float) -> FloatArray:
    """Return a blink of unit height: the lid closes in 0.1 s and opens in 0.25 s."""
    t = np.arange(0.0, 0.45, 1.0 / sfreq)
    return np.where(
        t < 0.1,
        np.sin(np.pi / 2 * t / 0.1) ** 2,
        np.exp(-(((t - 0.1) / 0.1) ** 2)),
    )


def _spatial_gains(
    sources: FloatArray, widths_deg: FloatArray, electrodes: FloatArray
) -> FloatArray:
    """Return the source-to-electrode gains, shape (n_sources, n_chans), 1 above the source."""
    return np.asarray(np.exp(-0.5 * (angles_deg(sources, electrodes) / widths_deg[:, None]) ** 2))


def _person_places(person: Person, names: tuple[str, ...], aspect: str) -> FloatArray:
    """Return the person's source directions, slightly shifted from the standard positions."""
    spread = person.variability * np.radians(_PLACE_SPREAD_DEG)
    places = directions(names) + spread * person.rng(aspect).standard_normal((len(names), 3))
    return np.asarray(places / np.linalg.norm(places, axis=1, keepdims=True))


def _background_map(person: Person, electrodes: FloatArray) -> FloatArray:
    """Return the gains of the background sources, with unit power at every electrode."""
    rng = person.rng("background")
    sources = rng.standard_normal((_N_BACKGROUND, 3))
    sources[:, 2] = np.abs(sources[:, 2])  # there is no cortex in the lower half of the head
    sources /= np.linalg.norm(sources, axis=1, keepdims=True)
    share = _spatial_gains(sources, rng.uniform(25.0, 50.0, _N_BACKGROUND), electrodes)
    return np.asarray(share / np.linalg.norm(share, axis=0))


def _per_electrode(
    person: Person, ch_names: tuple[str, ...], aspect: str, spread: float
) -> FloatArray:
    """Return log-normal factors of the electrodes, which depend on their names, not order."""
    draws = [
        person.rng(aspect, *name.strip().lower().encode()).standard_normal() for name in ch_names
    ]
    return np.asarray(np.exp(person.variability * spread * np.array(draws)))
