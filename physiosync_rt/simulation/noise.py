"""Generate colored noise block by block: seeded noise through filters that keep their state."""

from __future__ import annotations

import numpy as np
from scipy import signal

from physiosync_rt.datatypes import FloatArray

_WARM_UP_S = 8.0


class FilteredNoise:
    """Generator of filtered Gaussian noise of unit variance, per column.

    Parameters
    ----------
    sos : float64 array, shape (n_sections, 6)
    n_columns : int
    rng : numpy.random.Generator
    sfreq : float
        Samples per second; the first seconds are discarded so that the filter is settled.
    """

    def __init__(
        self, sos: FloatArray, n_columns: int, rng: np.random.Generator, sfreq: float
    ) -> None:
        self._sos = sos.copy()
        self._sos[0, :3] /= np.sqrt(_noise_power(sos))
        self._rng = rng
        self._n_columns = n_columns
        self._zi = np.zeros((len(sos), 2, n_columns))
        self(int(_WARM_UP_S * sfreq))

    def __call__(self, n_times: int) -> FloatArray:
        """Return the next ``n_times`` samples, shape (n_times, n_columns)."""
        white = self._rng.standard_normal((n_times, self._n_columns))
        out, self._zi = signal.sosfilt(self._sos, white, axis=0, zi=self._zi)
        return np.asarray(out)


class RandomWalk:
    """Generator of a mean-reverting random walk (Ornstein-Uhlenbeck), unit variance per column.

    It starts in its steady state for any time constant.
    """

    def __init__(
        self, tau_s: float, n_columns: int, rng: np.random.Generator, sfreq: float
    ) -> None:
        self._decay = float(np.exp(-1.0 / (tau_s * sfreq)))
        self._rng = rng
        self._last = rng.standard_normal(n_columns)

    def __call__(self, n_times: int) -> FloatArray:
        """Return the next ``n_times`` samples, shape (n_times, n_columns)."""
        if n_times == 0:
            return np.empty((0, len(self._last)))
        kicks = self._rng.standard_normal((n_times, len(self._last)))
        kicks *= np.sqrt(1.0 - self._decay**2)
        out, _ = signal.lfilter(
            [1.0], [1.0, -self._decay], kicks, axis=0, zi=self._decay * self._last[None]
        )
        self._last = out[-1]
        return np.asarray(out)


class ImpulseResponse:
    """Filter that convolves impulses with a template, block by block.

    Parameters
    ----------
    template : float64 array, shape (n_taps,)
    n_columns : int
    """

    def __init__(self, template: FloatArray, n_columns: int) -> None:
        self._template = template
        self._tail = np.zeros((len(template) - 1, n_columns))

    def __call__(self, impulses: FloatArray) -> FloatArray:
        """Return the response to ``impulses`` (n_times, n_columns), same shape."""
        out, self._tail = signal.lfilter(self._template, [1.0], impulses, axis=0, zi=self._tail)
        return np.asarray(out)


def power_law_sos(slope: float, sfreq: float) -> FloatArray:
    """Design a filter with power 1/f**slope from 0.5 Hz on (alternating poles and zeros)."""
    step = 3.0
    poles_hz = 0.5 * step ** np.arange(12)
    poles_hz = poles_hz[poles_hz < sfreq / 4]
    zeros_hz = poles_hz * step ** (slope / 2)
    # Bilinear transform with prewarped corners; zeros above Nyquist are moved below it.
    zeros_hz = np.minimum(zeros_hz, 0.49 * sfreq)
    warp = 2 * sfreq * np.tan(np.pi * np.stack([poles_hz, zeros_hz]) / sfreq)
    z, p, k = signal.bilinear_zpk(-warp[1], -warp[0], 1.0, fs=sfreq)
    return np.asarray(signal.zpk2sos(z, p, k))


def resonator_sos(center_hz: float, bandwidth_hz: float, sfreq: float) -> FloatArray:
    """Design a two-pole resonator, which turns noise into a rhythm at ``center_hz``."""
    radius = np.exp(-np.pi * bandwidth_hz / sfreq)
    angle = 2 * np.pi * center_hz / sfreq
    # Zeros at 0 Hz and Nyquist limit leakage into other bands.
    return np.array([[1.0, 0.0, -1.0, 1.0, -2 * radius * np.cos(angle), radius**2]])


def _noise_power(sos: FloatArray) -> float:
    """Return the variance of unit white noise after the filter."""
    _, response = signal.sosfreqz(sos, worN=1 << 15)
    return float(np.mean(np.abs(response) ** 2))
