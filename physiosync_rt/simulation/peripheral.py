"""Simulate skin conductance (µS) and electrocardiogram (mV)."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
from scipy import signal

from physiosync_rt.datatypes import FloatArray
from physiosync_rt.simulation.latents import REST_AROUSAL, LatentCourse
from physiosync_rt.simulation.noise import RandomWalk
from physiosync_rt.simulation.person import Person

_SCR_LATENCY_S = 2.0
_SCR_RISE_S = 0.75
_SCL_TAU_S = 8.0
_SCL_WALK = 0.12
_SCL_WALK_TAU_S = 60.0
_GSR_NOISE_US = 0.004

_HEART_LATENCY_S = 3.0
_MAYER_HZ = 0.1
_HEART_FLOOR_BPM = 35.0
_HEART_WALK_BPM = 4.0
_HEART_WALK_TAU_S = 25.0
_BEAT_BEFORE_S = 0.35
_BEAT_AFTER_S = 0.6

_WAVES: Final = {
    # name: (center s, width s, height mV in the first lead, in the second)
    "P": (-0.17, 0.022, 0.12, 0.07),
    "Q": (-0.032, 0.009, -0.10, -0.05),
    "R": (0.0, 0.011, 1.10, 0.65),
    "S": (0.032, 0.010, -0.22, -0.32),
    "T": (0.26, 0.045, 0.30, 0.16),
}
"""A beat as five Gaussian waves around the R peak; the T wave shifts with the RR interval."""


class GsrGenerator:
    """Generator of skin conductance in µS: a tonic level and phasic responses.

    A response is the difference of two exponentials (rise 0.75 s, recovery is a trait). The tonic
    level follows arousal; rate and amplitude of responses follow the arousal two seconds before.

    Parameters
    ----------
    person : Person
    course : LatentCourse
    sfreq : float
        In Hz, at least 1.
    seeds : numpy.random.SeedSequence
    """

    def __init__(
        self, person: Person, course: LatentCourse, sfreq: float, seeds: np.random.SeedSequence
    ) -> None:
        if sfreq < 1:
            raise ValueError(
                f"skin conductance at {sfreq} Hz cannot be simulated; use at least 1 Hz"
            )
        rng_walk, self._rng = (np.random.default_rng(s) for s in seeds.spawn(2))
        self._person = person
        self._course = course
        self._sfreq = sfreq
        self._walk = RandomWalk(_SCL_WALK_TAU_S, 1, rng_walk, sfreq)
        self._scl_decay = np.exp(-1.0 / (_SCL_TAU_S * sfreq))
        self._scl_zi: FloatArray | None = None
        self._decays = np.exp(-1.0 / (np.array([person.scr_recovery_s, _SCR_RISE_S]) * sfreq))
        self._scr_zi = np.zeros((2, 1))
        n = np.arange(int(10 * sfreq) + 2)
        self._peak = float(np.max(self._decays[0] ** n - self._decays[1] ** n))

    def block(self, start: int, stop: int) -> FloatArray:
        """Return samples ``start`` to ``stop`` in µS, shape (stop - start, 1)."""
        n = stop - start
        times = np.arange(start, stop) / self._sfreq
        out = self._tonic(times) + self._phasic(times)
        out += _GSR_NOISE_US * self._rng.standard_normal(n)
        return np.maximum(out, 0.05)[:, None]

    def _tonic(self, times: FloatArray) -> FloatArray:
        _, arousal = self._course(times)
        drive = self._person.scl_by_arousal * (arousal - REST_AROUSAL)
        drive = drive + _SCL_WALK * self._walk(len(times))[:, 0]
        if self._scl_zi is None:
            self._scl_zi = self._scl_decay * drive[:1]
        d = self._scl_decay
        log_level, self._scl_zi = signal.lfilter([1 - d], [1, -d], drive, zi=self._scl_zi)
        return np.asarray(self._person.scl_us * np.exp(log_level))

    def _phasic(self, times: FloatArray) -> FloatArray:
        _, arousal = self._course(times - _SCR_LATENCY_S)
        drive = self._person.scr_by_arousal * (arousal - REST_AROUSAL)
        chance = self._person.scr_per_min / 60.0 / self._sfreq * np.exp(drive)
        happens = self._rng.random(len(times)) < chance
        heights = self._person.scr_us * np.exp(
            0.5 * drive + 0.4 * self._rng.standard_normal(len(times))
        )
        impulses = np.where(happens, heights / self._peak, 0.0)
        parts = []
        for i, decay in enumerate(self._decays):
            part, self._scr_zi[i] = signal.lfilter([1], [1, -decay], impulses, zi=self._scr_zi[i])
            parts.append(part)
        return np.asarray(parts[0] - parts[1])


class EcgGenerator:
    """Generator of ECG in mV: heart rate follows arousal, with respiratory sinus arrhythmia.

    Parameters
    ----------
    person : Person
    course : LatentCourse
    n_leads : int
        1 or 2.
    sfreq : float
        In Hz.
    seeds : numpy.random.SeedSequence

    Raises
    ------
    ValueError
        More than two leads, or a rate below 60 Hz, which is too low for an R peak.
    """

    def __init__(
        self,
        person: Person,
        course: LatentCourse,
        n_leads: int,
        sfreq: float,
        seeds: np.random.SeedSequence,
    ) -> None:
        if n_leads not in (1, 2):
            raise ValueError(f"{n_leads} ECG leads cannot be simulated; use 1 or 2")
        if sfreq < 60:
            raise ValueError(f"ECG at {sfreq} Hz cannot be simulated; use at least 60 Hz")
        self._rng_beats, self._rng_noise, rng_walk = (
            np.random.default_rng(s) for s in seeds.spawn(3)
        )
        self._person = person
        self._course = course
        self._sfreq = sfreq
        self._n_leads = n_leads
        self._baseline_walk = RandomWalk(2.0, n_leads, rng_walk, sfreq)
        self._phases = self._rng_beats.uniform(0, 2 * np.pi, 2)
        self._walk = self._rng_beats.standard_normal()
        self._beats = [-2.0, -1.0]
        self._gain = float(np.exp(0.25 * person.variability * person.rng("ecg").standard_normal()))

    def block(self, start: int, stop: int) -> FloatArray:
        """Return samples ``start`` to ``stop`` in mV, shape (stop - start, n_leads)."""
        times = np.arange(start, stop) / self._sfreq
        breath = np.sin(2 * np.pi * self._person.breath_hz * times + self._phases[0])
        out = 0.04 * breath[:, None] + 0.03 * self._baseline_walk(len(times))
        out += 0.008 * self._rng_noise.standard_normal(out.shape)
        if len(times):
            out += self._gain * self._render_beats(times)
        return np.asarray(out)

    def heart_rate(self, t: float) -> float:
        """Return the heart rate in beats per minute at time ``t``, without the random part."""
        _, arousal = self._course(np.array([t - _HEART_LATENCY_S]))
        p = self._person
        swing = np.sin(2 * np.pi * p.breath_hz * t + self._phases[0])
        slow = np.sin(2 * np.pi * _MAYER_HZ * t + self._phases[1])
        rate = p.heart_bpm + p.bpm_by_arousal * (arousal[0] - REST_AROUSAL)
        return float(rate + p.hrv_bpm * (swing + 0.6 * slow))

    def _render_beats(self, times: FloatArray) -> FloatArray:
        while self._beats[-1] < times[-1] + 2 * _BEAT_BEFORE_S:
            last = self._beats[-1]
            kept = np.exp(-(last - self._beats[-2]) / _HEART_WALK_TAU_S)
            kick = np.sqrt(1.0 - kept**2) * self._rng_beats.standard_normal()
            self._walk = kept * self._walk + kick
            rate = self.heart_rate(last) + _HEART_WALK_BPM * self._walk
            self._beats.append(last + 60.0 / max(rate, _HEART_FLOOR_BPM))
        # The first kept beat is out of range; it only sets the next one's RR interval.
        while self._beats[1] < times[0] - _BEAT_AFTER_S:
            self._beats.pop(0)
        out = np.zeros((len(times), self._n_leads))
        for previous, peak in pairwise(self._beats):
            lo, hi = np.searchsorted(times, [peak - _BEAT_BEFORE_S, peak + _BEAT_AFTER_S])
            if lo == hi:
                continue
            since = times[lo:hi] - peak
            for name, (center, width, *heights) in _WAVES.items():
                at = center * np.sqrt((peak - previous) / 0.85) if name == "T" else center
                wave = np.exp(-0.5 * ((since - at) / width) ** 2)
                out[lo:hi] += wave[:, None] * heights[: self._n_leads]
        return out
