"""The resampler's kernel: a spline that looks little ahead, and its weights for any rate."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from physiosync_rt.align.kernel_design import FULL, SLOW, SLOWEST, STEP, Specification
from physiosync_rt.datatypes import GRID_SFREQ, FloatArray

SLOW_SFREQ = 100.0
"""Below this rate (GSR) a wider transition band keeps the look-ahead short: 38 ms at 32 Hz."""

SLOWEST_SFREQ = 20.0
"""Below this rate GSR's own band reaches into the transition band, which must not amplify then."""

TO_POLYNOMIALS = np.array([[1, 4, 1, 0], [-3, 0, 3, 0], [3, -6, 3, 0], [-1, 3, -3, 1]]) / 6.0
"""From four coefficients to the polynomial between two knots, lowest power first."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A kernel for any rate, its time in periods of the rate.

    Attributes
    ----------
    specification : Specification
        What it does, and how far it looks.
    coefficients : tuple of float
        As `kernel_design.design` returns them.
    """

    specification: Specification
    coefficients: tuple[float, ...]


# fmt: off
FULL_SHAPE = Shape(FULL, (
    0.00292423, 0.01208109, 0.01613516, 0.01351874, -0.01019469, -0.05215553, -0.08980941,
    -0.08554645, 0.00575908, 0.20502234, 0.49226382, 0.79075153, 0.99578516, 1.01268768, 0.81019232,
    0.44061506, 0.0300907, -0.27725513, -0.38266743, -0.27982082, -0.05317529, 0.16576341,
    0.26728401, 0.2152005, 0.05707662, -0.10950729, -0.19526485, -0.16563633, -0.05282362,
    0.07058407, 0.1371157, 0.12007092, 0.04276878, -0.04285615, -0.08946803, -0.07975505,
    -0.03044631, 0.02394745, 0.05281158, 0.04740844, 0.01841005, -0.01182765, -0.02783671,
    -0.02393229, -0.00958905, 0.00575702, 0.01177555, 0.01045179, 0.00340437, -0.00187306,
    -0.00430596, -0.00336476, 0.00002809, -0.00038125, 0.00184825,
))
SLOW_SHAPE = Shape(SLOW, (
    0.06939134, 0.25038448, 0.59234743, 1.02239495, 1.33357268, 1.2973863, 0.79579789, -0.00977654,
    -0.74978537, -1.02560279, -0.70704237, -0.01701016, 0.59428871, 0.76896153, 0.46693091,
    -0.03417379, -0.37468823, -0.37590835, -0.13236379, 0.1114352, 0.17483037, 0.06029663,
    -0.09050247, -0.14094873, -0.06564538, 0.05559942, 0.12419842, 0.10312003, 0.02748444,
    -0.03993929, -0.06231474, -0.04405685, -0.01302932, 0.00797145, 0.01307619, 0.00892401,
    0.00364048, 0.0008039,
))
SLOWEST_SHAPE = Shape(SLOWEST, (
    -0.00143396, -0.01577568, -0.03993709, -0.0621067, -0.04626973, 0.05328404, 0.2528833,
    0.51961687, 0.76703502, 0.89844086, 0.85590769, 0.65766578, 0.38308339, 0.12913958,
    -0.04238834, -0.11858913, -0.12629437, -0.09743798, -0.05680401, -0.0129873, 0.02089429,
    0.04130506, 0.03899445, 0.02399976, 0.00306289, -0.00900978, -0.00862737, -0.00769302,
))
# fmt: on


def shape_of(sfreq: float) -> Shape:
    """Return the shape for an input rate in Hz."""
    if sfreq >= SLOW_SFREQ:
        return FULL_SHAPE
    return SLOW_SHAPE if sfreq >= SLOWEST_SFREQ else SLOWEST_SHAPE


class Kernel:
    """Kernel for one input rate.

    Parameters
    ----------
    sfreq : float
        Input rate in Hz.

    Attributes
    ----------
    ahead_s, past_s : float
        How far it looks ahead, which is the delay of the resampler, and back.
    ahead : float
        The same look-ahead in samples.
    taps : int array, shape (n_taps,)
        Samples that it needs, counted from the last one at or before the grid time.
    first, last : int
        The first and last of them.

    Notes
    -----
    Flat and without delay to 45 Hz (0.36 of the input rate when that is lower, 0.2 below
    `SLOW_SFREQ`), within 0.1 dB; aliases and images in that band are attenuated by more than 60 dB.
    """

    def __init__(self, sfreq: float) -> None:
        shape = shape_of(sfreq)
        wanted, rate = shape.specification, min(sfreq, GRID_SFREQ)
        self.ahead_s, self.past_s = wanted.ahead / rate, wanted.past / rate
        self.ahead = self.ahead_s * sfreq
        self.first, self.last = 1 - math.ceil(self.past_s * sfreq), math.ceil(self.ahead)
        self.taps = np.arange(self.first, self.last + 1)
        # The knots of a sample: its distance from the grid time is looked up in the polynomials,
        # between zeros for what lies outside.
        self._knots = rate / sfreq / STEP
        around = math.ceil(self._knots) + 1
        self._at = (self.ahead - self.taps) * self._knots + around
        inner = np.pad(np.array(shape.coefficients), 3)
        pieces = np.lib.stride_tricks.sliding_window_view(inner, 4) @ TO_POLYNOMIALS.T
        self._pieces = np.pad(pieces, ((around, around), (0, 0)))

    def weights(self, fraction: FloatArray) -> FloatArray:
        """Return the tap weights for grid times that lie ``fraction`` samples after a sample.

        Parameters
        ----------
        fraction : array, shape (n_out,)
            In [0, 1].

        Returns
        -------
        array, shape (n_out, n_taps)
            Weights of `taps`; each row sums to 1, so that a constant signal is unchanged.
        """
        at = (fraction * self._knots)[:, None] + self._at
        piece = at.astype(np.intp)
        at -= piece
        terms = self._pieces.take(piece, axis=0)
        weights: FloatArray = terms[..., 3] * at
        for power in (2, 1):
            weights += terms[..., power]
            weights *= at
        weights += terms[..., 0]
        weights /= np.add.reduce(weights, axis=1, keepdims=True)
        return weights
