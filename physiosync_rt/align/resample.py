"""Resample from any rate to the 128 Hz grid with a windowed sinc kernel."""

from __future__ import annotations

import math

import numpy as np

from physiosync_rt.datatypes import GRID_SFREQ, BoolArray, FloatArray, GridChunk

ATTENUATION_DB = 70.0
"""Stop-band attenuation of the kernel; leaves a margin to the specified 60 dB."""

PASS_HZ = 45.0
"""Pass-band edge: the highest frequency that the models use."""

SLOW_SFREQ = 100.0
"""Below this rate (GSR) a wider transition band keeps the kernel short: 0.11 s at 32 Hz."""

N_TERMS = 20
"""Terms of the window's power series; the next one is 1e-17 of the sum at most."""

TINY = float(np.finfo(np.float64).eps)
"""Angle in place of 0, where a sine over its angle cannot be computed; the result is 1."""

EPS = 1e-6
"""Tolerance in grid steps (8 ns), so that rounding never decides which row is first."""


class Kernel:
    """Kaiser-windowed sinc for one input rate.

    Parameters
    ----------
    sfreq : float
        Input rate in Hz.

    Attributes
    ----------
    half_width_s : float
        Half its length in seconds: the look-ahead, which is the delay of the resampler.

    Notes
    -----
    Flat to ``PASS_HZ`` (0.36 of the input rate when that is lower, 0.2 below 100 Hz); aliases and
    images in that band are attenuated by more than 60 dB. Kaiser's formulas give the length and
    the shape, see Oppenheim and Schafer, *Discrete-Time Signal Processing*, 7.6.
    """

    def __init__(self, sfreq: float) -> None:
        self.sfreq = sfreq
        passes = min(PASS_HZ, (0.36 if sfreq >= SLOW_SFREQ else 0.2) * sfreq)
        self._cutoff = min(sfreq, GRID_SFREQ) / 2
        transition = 2 * (self._cutoff - passes)
        self.half_width_s = (ATTENUATION_DB - 7.95) / (14.36 * transition) / 2
        self.half_taps = int(np.ceil(self.half_width_s * sfreq))
        # I0(beta * sqrt(x)) is a power series in x, which a few products of whole arrays add up to
        # 2e-15 in a seventh of the time of a Bessel function for every tap.
        half_beta = 0.1102 * (ATTENUATION_DB - 8.7) / 2
        self._series = [(half_beta**k / math.factorial(k)) ** 2 for k in range(N_TERMS)]
        self.taps = np.arange(1 - self.half_taps, self.half_taps + 1)
        self._taps = self.taps.astype(np.float64)

    def weights(self, fraction: FloatArray) -> FloatArray:
        """Return the tap weights for grid times that lie ``fraction`` samples after a sample.

        Parameters
        ----------
        fraction : array, shape (n_out,)
            In [0, 1).

        Returns
        -------
        array, shape (n_out, 2 * half_taps)
            Weights of the samples from ``half_taps - 1`` before to ``half_taps`` after; each row
            sums to 1, so that a constant signal is unchanged.
        """
        tau = (fraction[:, None] - self._taps) / self.sfreq
        inside = np.maximum(1 - (tau / self.half_width_s) ** 2, 0.0)
        window = np.full_like(inside, self._series[-1])
        for coefficient in self._series[-2::-1]:
            window *= inside
            window += coefficient
        window *= inside > 0
        # This is np.sinc without its checks, which take longer than its sines of a few rows.
        angle = np.pi * (2 * self._cutoff * tau)
        angle[angle == 0.0] = TINY
        weights = np.sin(angle) / angle * window
        out: FloatArray = weights / np.add.reduce(weights, axis=1, keepdims=True)
        return out


class Resampler:
    """Resampler of one gap-free segment of samples with fitted times.

    Parameters
    ----------
    sfreq : float
        Nominal input rate in Hz.
    n_chans : int

    Notes
    -----
    A grid row is computed when the whole kernel lies inside the segment. There is no padding at
    the edges, so a segment loses half a kernel (57 ms at 128 Hz and above) at either end.
    """

    def __init__(self, sfreq: float, n_chans: int) -> None:
        self.kernel = Kernel(sfreq)
        self._n_chans = n_chans
        self._next = 0
        self.reset()

    @property
    def frontier(self) -> int:
        """Grid index up to which every row has been computed or skipped."""
        return self._next

    def reset(self) -> None:
        """Start a new segment; the grid position stays."""
        self._times: FloatArray = np.empty(0)
        self._samples: FloatArray = np.empty((0, self._n_chans))
        self._present: BoolArray = np.empty(0, dtype=bool)

    def push(self, times: FloatArray, samples: FloatArray, present: BoolArray) -> GridChunk | None:
        """Add consecutive samples of the segment; return the grid rows that became complete.

        Parameters
        ----------
        times : array, shape (n_samples,)
            Fitted times in seconds from the anchor, increasing.
        samples : array, shape (n_samples, n_channels)
        present : bool array, shape (n_samples,)
            False for interpolated samples in place of lost ones.
        """
        self._times = np.concatenate([self._times, times])
        self._samples = np.concatenate([self._samples, samples])
        self._present = np.concatenate([self._present, present])
        half = self.kernel.half_taps
        if len(self._times) < 2 * half:
            return None
        first = max(self._next, math.ceil(self._times[half - 1] * GRID_SFREQ - EPS), 0)
        # A grid time between samples i and i + 1 needs the taps up to i + half.
        last = math.ceil(self._times[len(self._times) - half] * GRID_SFREQ - EPS)
        chunk = self._interpolate(first, last) if last > first else None
        if chunk is not None:
            self._next = chunk.stop
        self._trim()
        return chunk

    def _interpolate(self, first: int, last: int) -> GridChunk:
        grid = np.arange(first, last) / GRID_SFREQ
        half = self.kernel.half_taps
        before = self._times.searchsorted(grid, side="right") - 1
        before = np.minimum(np.maximum(before, half - 1), len(self._times) - half - 1)
        start = self._times[before]
        fraction = (grid - start) / (self._times[before + 1] - start)
        fraction = np.minimum(np.maximum(fraction, 0.0), 1.0)
        weights = self.kernel.weights(fraction)
        taps = before[:, None] + self.kernel.taps
        samples = np.einsum("gt,gtc->gc", weights, self._samples.take(taps, axis=0))
        nearest = before + (fraction >= 0.5 - EPS)
        return GridChunk(first, samples, self._present[nearest])

    def _trim(self) -> None:
        """Drop samples that no future grid row needs."""
        before = int(self._times.searchsorted(self._next / GRID_SFREQ, side="right")) - 1
        spare = before - self.kernel.half_taps
        if spare > 0:
            self._times = self._times[spare:]
            self._samples = self._samples[spare:]
            self._present = self._present[spare:]

    def skip_to(self, index: int) -> None:
        """Skip the grid rows before ``index`` that have not been computed."""
        self._next = max(self._next, index)
