"""Values that are no numbers: held in a channel, left open in a whole sample."""

from __future__ import annotations

import numpy as np

from physiosync_rt.align.stats import Counters
from physiosync_rt.datatypes import BoolArray, FloatArray


class NonFiniteFilter:
    """Tell samples that can serve from those that cannot.

    Parameters
    ----------
    n_chans : int
    counters : Counters
        ``bad`` is counted here.
    needed : bool array, shape (n_channels,), optional
        Channels without which a sample is of no use; without any channel none is.

    Notes
    -----
    One electrode that gives no numbers must not cost the others: its last value is held, and it
    looks flat.
    """

    def __init__(self, n_chans: int, counters: Counters, needed: BoolArray | None) -> None:
        self._counters = counters
        self._needed = needed
        self._last: FloatArray = np.zeros(n_chans)

    def __call__(self, samples: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Look at the next samples, shape (n_samples, n_channels).

        Returns
        -------
        served, values : array, shape (n_samples, n_channels)
            ``values`` are all finite; samples that cannot serve are NaN throughout in ``served``.
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
