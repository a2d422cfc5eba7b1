"""Handle NaN and infinite values: hold a channel's last value, or mark the sample missing."""

from __future__ import annotations

import numpy as np

from physiosync_rt.align.stats import Counters
from physiosync_rt.datatypes import BoolArray, FloatArray


class NonFiniteFilter:
    """Filter that separates usable samples from those with NaN or infinite values.

    Parameters
    ----------
    n_chans : int
    counters : Counters
        ``bad`` is counted here.
    needed : bool array, shape (n_channels,), optional
        Channels that a sample must have; a sample without any finite channel is never usable.

    Notes
    -----
    One electrode with NaN values must not invalidate the others: its last value is held, so it
    looks flat.
    """

    def __init__(self, n_chans: int, counters: Counters, needed: BoolArray | None) -> None:
        self._counters = counters
        self._needed = needed
        self._last: FloatArray = np.zeros(n_chans)

    def __call__(self, samples: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Filter the next samples, shape (n_samples, n_channels).

        Returns
        -------
        usable, values : array, shape (n_samples, n_channels)
            ``values`` are all finite; in ``usable`` every channel of an unusable sample is NaN.
        """
        finite = np.isfinite(samples)
        if finite.all():
            if len(samples):
                self._last = samples[-1]
            return samples, samples
        self._counters.nonfinite += int((~finite.all(axis=1)).sum())
        absent: BoolArray = np.asarray(~finite.any(axis=1))
        if self._needed is not None:
            absent |= ~finite[:, self._needed].all(axis=1)
        values = samples.copy()
        for row, ok in zip(values, finite, strict=True):
            row[~ok] = self._last[~ok]
            self._last = row
        return np.where(absent[:, None], np.nan, values), values
