"""Level, slope and responses of skin conductance over the last half minute."""

from __future__ import annotations

from collections import deque
from typing import Final

import numpy as np

from physiosync_rt.datatypes import GRID_SFREQ, FloatArray
from physiosync_rt.utils.short_median import short_median

TRAILING_S: Final = 30
"""Seconds that are looked back on."""

LEVEL_FROM_S: Final = 5
"""Seconds without a gap from which on level and slope are known."""

RESPONSES_FROM_S: Final = 15
"""Seconds without a gap from which on responses are known: a calm skin has a few a minute."""

RESPONSE_US: Final = 0.05
"""Least height of a response in µS [1]_."""

SLOPE_US_S: Final = 0.01
"""Least slope of a response in µS a second: less is drift of the level.

Responses rise within 1 to 3 s [2]_; the smallest one has 5 s at this slope.
"""

NAMES: Final = ("tonic level", "slope", "response rate", "response amplitude")

_STEPS_PER_S: Final = 2
"""Means in a second: noise and the steps of a converter are levelled, the rise of 1 s or more of
a response is not."""


def rise_heights(x: FloatArray, least_step: float = 0.0) -> FloatArray:
    """Heights of the rises of a signal, each from its trough to its peak, in order.

    Parameters
    ----------
    x : array, shape (n_times,)
    least_step : float
        A rise goes on as long as each value is higher than the one before by more than this.

    Returns
    -------
    array, shape (n_rises,)
    """
    rising = np.concatenate([[False], np.diff(x) > least_step, [False]])
    edges = np.flatnonzero(np.diff(rising.astype(np.int8)))
    heights: FloatArray = x[edges[1::2]] - x[edges[::2]]
    return heights


def slope(x: FloatArray, sfreq: float) -> FloatArray:
    """Slope per second of the straight line through a signal, by least squares.

    Parameters
    ----------
    x : array, shape (..., n_times)
    sfreq : float
        In Hz.

    Returns
    -------
    array, shape (...)
    """
    t = np.arange(x.shape[-1]) / sfreq
    t -= t.mean()
    out: FloatArray = (x * t).sum(axis=-1) / (t**2).sum()
    return out


class SkinMemory:
    """The last half minute of skin conductance, second by second.

    Parameters
    ----------
    n_chans : int

    Notes
    -----
    A response is a rise of at least `RESPONSE_US`, in which every half second is steeper than
    `SLOPE_US_S`. A second that is not skin (a finger off, a hand that moves) ends the memory, as
    a gap does: the jump to it and back is no response.

    References
    ----------
    .. [1] Boucsein, Electrodermal Activity, 2nd ed., Springer 2012, section 2.3.1;
       Boucsein et al., Psychophysiology 49 (2012) 1017.
    .. [2] Dawson, Schell and Filion, The electrodermal system, in: Handbook of Psychophysiology,
       3rd ed., Cambridge 2007.
    """

    def __init__(self, n_chans: int) -> None:
        self._n_chans = n_chans
        self._seconds: deque[FloatArray] = deque(maxlen=TRAILING_S)

    @property
    def seconds(self) -> float:
        """Seconds that the values rest on."""
        return float(len(self._seconds))

    def forget(self) -> None:
        """End the memory."""
        self._seconds.clear()

    def take(self, rows: FloatArray, *, usable: bool) -> None:
        """Take the next whole second, shape (128, n_channels) in log µS, if it is skin."""
        if not usable:
            self.forget()
            return
        parts = rows.reshape(_STEPS_PER_S, GRID_SFREQ // _STEPS_PER_S, self._n_chans)
        self._seconds.append(parts.mean(axis=1))

    def values(self) -> FloatArray:
        """What the remembered seconds say, NaN as long as they are too few.

        Returns
        -------
        array, shape (4, n_channels)
            In the order of `NAMES`: median of the level in log µS; its slope in log µS per second;
            responses per minute; height of the largest rise in µS, a response or less.
        """
        found = np.full((len(NAMES), self._n_chans), np.nan)
        if self.seconds < LEVEL_FROM_S:
            return found
        x = np.concatenate(self._seconds).T
        found[0] = short_median(x)
        found[1] = slope(x, _STEPS_PER_S)
        if self.seconds < RESPONSES_FROM_S:
            return found
        for channel, conductance in enumerate(np.exp(x)):
            heights = rise_heights(conductance, SLOPE_US_S / _STEPS_PER_S)
            found[2, channel] = (heights >= RESPONSE_US).sum() * 60.0 / self.seconds
            found[3, channel] = heights.max(initial=0.0)
        return found
