"""Causal filters that run the same over a stream and over a file."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy import signal

from physiosync_rt.datatypes import GRID_SFREQ, FloatArray

Btype = Literal["lowpass", "highpass", "bandpass"]


class SosFilter:
    """Butterworth filter as second-order sections with kept state.

    Starts in the steady state of its first sample, so that an offset does not ring.

    Parameters
    ----------
    order : int
    freqs : float or (float, float)
        Corner frequencies in Hz.
    btype : {"lowpass", "highpass", "bandpass"}
    """

    def __init__(self, order: int, freqs: float | tuple[float, float], btype: Btype) -> None:
        self._sos = signal.butter(order, freqs, btype=btype, fs=GRID_SFREQ, output="sos")
        self._zi = signal.sosfilt_zi(self._sos)
        self._state: FloatArray | None = None

    def __call__(self, samples: FloatArray) -> FloatArray:
        """Filter the next samples, shape (n_times, n_channels)."""
        if len(samples) == 0:
            return samples
        if self._state is None:
            self._state = self._zi[:, :, None] * samples[0]
        out, self._state = signal.sosfilt(self._sos, samples, axis=0, zi=self._state)
        filtered: FloatArray = out
        return filtered

    def reset(self) -> None:
        """Forget the past (after a gap)."""
        self._state = None


class LogLevel:
    """Natural logarithm of a positive level, floored where contact is lost.

    Parameters
    ----------
    floor : float
        Lowest level that counts, in the unit of the samples.
    """

    def __init__(self, floor: float) -> None:
        self._floor = floor

    def __call__(self, samples: FloatArray) -> FloatArray:
        """Take the logarithm, shape (n_times, n_channels)."""
        out: FloatArray = np.log(np.maximum(samples, self._floor))
        return out

    def reset(self) -> None:
        """Do nothing: there is no state."""


class Resistance:
    """Resistance in Ω of a conductance in µS, floored where contact is lost.

    Parameters
    ----------
    floor : float
        Lowest conductance that counts, in µS.
    """

    def __init__(self, floor: float) -> None:
        self._floor = floor

    def __call__(self, samples: FloatArray) -> FloatArray:
        """Turn µS into Ω, shape (n_times, n_channels)."""
        out: FloatArray = 1e6 / np.maximum(samples, self._floor)
        return out

    def reset(self) -> None:
        """Do nothing: there is no state."""
