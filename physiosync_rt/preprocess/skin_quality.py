"""Quality of skin conductance: what there is, and whether it is skin at all.

As in `physiosync_rt.preprocess.quality`, several seconds are judged in one call.
"""

from __future__ import annotations

import numpy as np

from physiosync_rt.datatypes import FloatArray
from physiosync_rt.preprocess.ramp import ramp

FROZEN_S = 5, 10
"""Seconds without any change after which the quality of skin conductance falls, and is 0."""

UNMOVED_S = 30, 60
"""Seconds over which skin is told from what does not move: at least, and at most."""

UNMOVED_RATIO = 2.0, 1.4
"""Ratio of `GsrJudge` at which the quality is 0.5, for as many seconds.

White noise around a constant level has 2, and of 60 s 98 % are above 1.4. Skin drifts: in two hours
of an Empatica E4 the ratio of 60 s is above 1.4 for 0.2 % of the time, of simulated skin below 0.3.
"""


def gsr_quality(seconds: FloatArray) -> FloatArray:
    """Quality of seconds of GSR in µS, shape (..., 128, n_channels): range and steadiness.

    Outside 0.01 to 100 µS there is no skin, and a mean below 0.02 µS is a band that was taken off
    (good from 0.05 µS [1]_); a change by more than half within a second is a moving electrode
    (good below a fifth).

    References
    ----------
    .. [1] Kleckner et al., IEEE Trans. Biomed. Eng. 65 (2018) 1460: valid from 0.05 µS on.
    """
    level = seconds.mean(axis=-2)
    inside = ((seconds > 0.01) & (seconds < 100.0)).mean(axis=-2)
    swing = np.ptp(seconds, axis=-2) / np.maximum(np.abs(level), 0.01)
    tests = [ramp(inside, 0.5, 1.0), ramp(level, 0.02, 0.05), ramp(swing, 0.5, 0.2)]
    worst: FloatArray = np.minimum.reduce(tests)
    return worst


class GsrJudge:
    """Judge GSR like `gsr_quality`, and detect a sensor that is not on skin.

    A frozen sensor repeats its last value forever. Skin at rest repeats values too, while it
    stays within one step of the converter: 3 s at most in two hours of an Empatica E4.

    A resistor, a converter between two steps or an open lead with an offset has a level and noise,
    but no slow movement: its seconds are as unlike their neighbours as any others. Von Neumann's
    ratio of the means of seconds (mean square of the successive differences, divided by the
    variance) is 2 for these and close to 0 for skin [1]_.

    Parameters
    ----------
    n_chans : int

    References
    ----------
    .. [1] von Neumann, Ann. Math. Stat. 12 (1941) 367.
    """

    def __init__(self, n_chans: int) -> None:
        self._frozen_s: FloatArray = np.zeros(n_chans)
        self._last: FloatArray = np.full(n_chans, np.nan)
        self._means: FloatArray = np.empty((0, n_chans))

    def __call__(self, seconds: FloatArray) -> FloatArray:
        """Judge the next whole seconds in order, shape (..., 128, n_channels) in µS."""
        parts = seconds.reshape(-1, *seconds.shape[-2:])
        doubted, none = FROZEN_S
        tests = [
            gsr_quality(parts),
            ramp(self._frozen(parts), none, doubted),
            self._movement(parts.mean(axis=1)),
        ]
        worst: FloatArray = np.minimum.reduce(tests)
        return worst.reshape(*seconds.shape[:-2], -1)

    def _frozen(self, seconds: FloatArray) -> FloatArray:
        """Seconds without any change at the end of each, shape (n_seconds, n_channels)."""
        before = np.concatenate([self._last[None], seconds[:-1, -1]])
        # The resampler's weights add up to 1 but for rounding.
        still = 1e-9 * np.abs(seconds[:, -1])
        same = np.ptp(seconds, axis=1) <= still
        same &= np.abs(seconds[:, 0] - before) <= still
        frozen = []
        for each in same:
            self._frozen_s = np.where(each, self._frozen_s + 1.0, 0.0)
            frozen.append(self._frozen_s)
        self._last = seconds[-1, -1]
        return np.array(frozen)

    def _movement(self, means: FloatArray) -> FloatArray:
        """Test whether the level moves slowly; 1 until enough seconds have been seen.

        Parameters
        ----------
        means : array, shape (n_seconds, n_channels)
            Of the next seconds.
        """
        least, most = UNMOVED_S
        known = len(self._means)
        self._means = np.concatenate([self._means, means])
        found = np.ones(means.shape)
        ends = np.arange(known, len(self._means)) + 1
        for n in np.unique(np.minimum(ends[ends >= least], most)).tolist():
            # Only until there are `most` is each second looked at by itself.
            at = ends[np.minimum(ends, most) == n]
            # Not np.stack, which looks at each of them in Python.
            lately = np.array([self._means[end - n : end] for end in at.tolist()])
            found[at - known - 1] = _moves(lately)
        self._means = self._means[-most:]
        return found


def _moves(means: FloatArray) -> FloatArray:
    """Test whether a level moves slowly, by its mean in each second.

    Parameters
    ----------
    means : array, shape (n_stretches, n_seconds, n_channels)

    Returns
    -------
    array, shape (n_stretches, n_channels)
    """
    variance = means.var(axis=1)
    steps = (np.diff(means, axis=1) ** 2).mean(axis=1)
    # What does not vary at all is frozen, which has its own test.
    varies = variance > (1e-9 * means[:, -1]) ** 2
    ratio = np.where(varies, steps / np.where(varies, variance, 1.0), 0.0)
    half = float(np.interp(means.shape[1], UNMOVED_S, UNMOVED_RATIO))
    return ramp(ratio, half + 0.2, half - 0.2)
