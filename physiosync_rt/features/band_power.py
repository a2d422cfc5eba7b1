"""Power of EEG in the classical bands, per electrode."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np

from physiosync_rt.datatypes import GRID_SFREQ, BoolArray, FloatArray, SampleArray

BANDS_HZ: Final = {
    "theta": (4.0, 8.0),
    "alpha": (8.0, 13.0),
    "beta": (13.0, 30.0),
    "gamma": (30.0, 45.0),
}
"""Lowest and highest frequency of each band, the highest left out."""

_SILENT_UV2 = 1e-12
"""Power of a signal of a millionth of a µV, which no amplifier sees."""


def band_means(x: FloatArray | SampleArray) -> FloatArray:
    """Average the power spectrum of a signal, under a Hann taper, over each band.

    Parameters
    ----------
    x : array, shape (..., n_times)
        At the grid's 128 Hz.

    Returns
    -------
    float64 array, shape (4, ...)
        Of the squared amplitudes of the Fourier transform, without any scale, in the order of
        `BANDS_HZ`; NaN where so short a signal has no frequency in the band.
    """
    taper, bins = _taper_and_bins(x.shape[-1])
    power = np.abs(np.fft.rfft(x * taper, axis=-1)) ** 2
    unknown = np.full(x.shape[:-1], np.nan)
    return np.stack([power[..., each].mean(axis=-1) if each.any() else unknown for each in bins])


def log_band_power(rows: FloatArray) -> FloatArray:
    """Logarithm of the power of every channel in every band.

    Parameters
    ----------
    rows : array, shape (n_times, n_channels)
        µV.

    Returns
    -------
    float64 array, shape (4, n_channels)
        Natural logarithm of µV²: a sine of amplitude A in the band has log(A²/2). NaN where the
        channel is silent.
    """
    taper, bins = _taper_and_bins(len(rows))
    # One side of the spectrum, of which each line holds its share of the variance.
    per_line = 2.0 / (len(rows) * float((taper**2).sum()))
    lines = np.array([[each.sum()] for each in bins])
    power = band_means(np.ascontiguousarray(rows.T)) * lines * per_line
    return np.log(np.where(power > _SILENT_UV2, power, np.nan))


def band_names(ch_names: tuple[str, ...]) -> tuple[str, ...]:
    """Names of what `log_band_power` returns, row by row: ``theta Fp1``, ..."""
    return tuple(f"{band} {channel}" for band in BANDS_HZ for channel in ch_names)


@cache
def _taper_and_bins(n_times: int) -> tuple[FloatArray, tuple[BoolArray, ...]]:
    """Return the periodic Hann taper of a length, and which lines of its spectrum a band holds."""
    # What only names the bands, as a look at a bundle does, need not wait for scipy.
    from scipy import signal

    taper = signal.windows.hann(n_times, sym=False)
    hz = np.fft.rfftfreq(n_times, 1 / GRID_SFREQ)
    return taper, tuple((hz >= low) & (hz < high) for low, high in BANDS_HZ.values())
