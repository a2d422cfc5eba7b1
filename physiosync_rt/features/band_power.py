"""Power of EEG in the classical bands, per electrode."""

from __future__ import annotations

from functools import cache
from typing import Final, NamedTuple

import numpy as np

from physiosync_rt.datatypes import GRID_SFREQ, FloatArray, IntArray, SampleArray

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
    of = _lines(x.shape[-1])
    lines = np.fft.rfft(x * of.taper, axis=-1)[..., of.bands[0].start : of.bands[-1].stop]
    # Lines first, so that those of a band are added in one order however many channels there are.
    power = np.ascontiguousarray(np.moveaxis(np.abs(lines) ** 2, -1, 0))
    means = np.full((len(of.bands), *x.shape[:-1]), np.nan)
    for k, band in enumerate(of.bands):
        if of.n_lines[k]:
            first = band.start - of.bands[0].start
            means[k] = power[first : first + band.stop - band.start].mean(axis=0)
    return means


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
    of = _lines(len(rows))
    power = band_means(np.ascontiguousarray(rows.T)) * of.n_lines[:, None] * of.per_line
    return np.log(np.where(power > _SILENT_UV2, power, np.nan))


def band_names(ch_names: tuple[str, ...]) -> tuple[str, ...]:
    """Names of what `log_band_power` returns, row by row: ``theta Fp1``, ..."""
    return tuple(f"{band} {channel}" for band in BANDS_HZ for channel in ch_names)


class _Lines(NamedTuple):
    """Spectrum of signals of one length.

    Attributes
    ----------
    taper : array, shape (n_times,)
        The periodic Hann taper.
    bands : tuple of slice
        Which lines each band holds; they follow each other.
    n_lines : array, shape (4,)
        How many these are.
    per_line : float
        Share of a line's square in the variance: one side of the spectrum, of which each line
        holds its part.
    """

    taper: FloatArray
    bands: tuple[slice, ...]
    n_lines: IntArray
    per_line: float


@cache
def _lines(n_times: int) -> _Lines:
    """Return what the spectrum of a length has."""
    # What only names the bands, as a look at a bundle does, need not wait for scipy.
    from scipy import signal

    taper = signal.windows.hann(n_times, sym=False)
    hz = np.fft.rfftfreq(n_times, 1 / GRID_SFREQ)
    bands = tuple(slice(*np.searchsorted(hz, edges).tolist()) for edges in BANDS_HZ.values())
    n_lines = np.array([band.stop - band.start for band in bands])
    return _Lines(taper, bands, n_lines, 2.0 / (n_times * float((taper**2).sum())))
