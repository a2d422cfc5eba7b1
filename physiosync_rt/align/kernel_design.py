"""Design the shapes of the resampling kernel; `kernel` keeps what comes out.

A symmetric kernel looks as far ahead as it looks back, and its length follows from the transition
band, so it costs half its length in latency. But only the pass band needs a linear phase. Here the
length is mostly past: amplitude *and* phase are asked for in the pass band, silence in the stop
band, and of the transition band only that it is not amplified much. That is a complex Chebyshev
approximation, as for filters of reduced delay (Burnside and Parks, "Optimal design of FIR filters
with the complex Chebyshev error criteria", IEEE Trans. Signal Processing 43, 1995), solved by
least squares with weights that grow where the error is large (Lawson, 1961; Rice and Usow, "The
Lawson algorithm and extensions", Mathematics of Computation 22, 1968).

The kernel is a cubic spline, whose spectrum falls with the fourth power of the frequency: what is
not designed, beyond `DESIGNED`, is below the stop band by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from physiosync_rt.datatypes import FloatArray

STEP = 0.25
"""Distance of the knots in periods of the rate: an image of the pass band lies at 4 rates."""

DESIGNED = 5.5
"""Highest designed frequency, in rates."""

NULL = 1e-5
"""Error allowed where there should be none: no offset, delay or drift of the whole signal."""

N_ITERATIONS = 60
PER_LOBE = 4.0
"""Frequencies for each 1/length of the kernel."""


def gain(db: float) -> float:
    """Return the gain of a level in dB."""
    return float(10 ** (db / 20))


@dataclass(frozen=True, slots=True)
class Band:
    """A response that is wanted from ``low`` to ``high`` (in rates).

    The largest error may go linearly from ``error`` at ``low`` to ``error_high`` at ``high``.
    """

    low: float
    high: float
    wanted: float
    error: float
    error_high: float


@dataclass(frozen=True, slots=True)
class Specification:
    """What a shape must do, and how far it may look (in periods of the rate)."""

    past: float
    ahead: float
    bands: tuple[Band, ...]


def silence(start: float, level: float, around: float) -> tuple[Band, ...]:
    """Return the stop band: quiet as ``level`` from ``start`` on, and quieter around whole rates.

    There lie the images of offset and drift, by far the strongest part of a raw signal.
    """
    bands: list[Band] = []
    for rate in range(1, 5):
        bands += [
            Band(start, rate - around, 0.0, level, level),
            Band(rate - around, rate, 0.0, level, NULL),
            Band(rate, rate + around, 0.0, NULL, level),
        ]
        start = rate + around
    return (*bands, Band(start, DESIGNED, 0.0, level, level))


FULL = Specification(
    past=11.0,
    ahead=3.5,
    # 45 of 125 Hz is 0.36. The last hundredth before either edge has the contract's own limits
    # (0.1 dB, -60 dB), the rest stricter ones; low frequencies, which are strong, the strictest.
    bands=(
        Band(0.0, 0.05, 1.0, NULL, 0.0005),
        Band(0.05, 0.1, 1.0, 0.0005, 0.0007),
        Band(0.1, 0.2, 1.0, 0.0007, 0.003),
        Band(0.2, 0.35, 1.0, 0.003, 0.003),
        Band(0.35, 0.36, 1.0, 0.003, 0.01),
        Band(0.365, 0.635, 0.0, 1.05, 1.05),
        Band(0.64, 0.65, 0.0, gain(-63), gain(-66)),
        *silence(0.65, gain(-66), around=0.15),
    ),
)
"""For EEG and ECG: 27 ms of look-ahead from 128 Hz on."""


def slow_pass(error: float, edge: float) -> tuple[Band, ...]:
    """Return the pass band of slow signals, to a fifth of the rate, and its errors."""
    return (
        Band(0.0, 0.05, 1.0, NULL, error),
        Band(0.05, 0.15, 1.0, error, error),
        Band(0.15, 0.2, 1.0, error, edge),
    )


SLOW = Specification(
    past=9.03,
    ahead=1.22,
    bands=(
        *slow_pass(0.0003, edge=0.005),
        Band(0.21, 0.79, 0.0, 1.2, 1.2),
        *silence(0.8, gain(-63), around=0.2),
    ),
)
"""For slow signals, which would wait long for a period: 38 ms of look-ahead at 32 Hz.

It amplifies up to 1.6 times in the transition band, which GSR's low-pass at 2 Hz removes.
"""

SLOWEST = Specification(
    past=5.0,
    ahead=2.75,
    bands=(
        *slow_pass(0.0007, edge=0.01),
        Band(0.21, 0.5, 0.0, 1.0, 0.55),
        Band(0.5, 0.79, 0.0, 0.55, 0.05),
        *silence(0.8, gain(-64), around=0.2),
    ),
)
"""For a wristband's 4 Hz: 0.69 s of look-ahead, and a transition band that falls all the way.

It begins at 0.8 Hz, where there is skin conductance, and its images end where the low-pass of 2 Hz
lets them through: with 0.5 s and no fall until half the rate, NeuroKit found 346 of 415 responses
of two people again, with this shape 362, and with a symmetric kernel that looks 0.9 s ahead 353.
"""


def design(specification: Specification) -> FloatArray:
    """Return the spline whose largest error, as a share of what is allowed, is the least.

    Returns
    -------
    array, shape (n,)
        Coefficients of the cubic B-splines, each four steps long, from ``ahead`` before to
        ``past`` after.
    """
    length = specification.past + specification.ahead
    n = round(length / STEP) - 3
    freqs, wanted, weights = _sampled(specification.bands, PER_LOBE * length)
    response = response_of(np.eye(n), specification.ahead, freqs)
    system = np.vstack([response.real, response.imag]) * np.tile(weights, 2)[:, None]
    target = np.concatenate([wanted * weights, np.zeros(len(freqs))])
    # Directions that no band sees are kept small, so that there is one answer.
    ridge = 1e-6 * np.eye(n)
    emphasis = np.ones(len(freqs))
    for _ in range(N_ITERATIONS):
        weighted = system * np.tile(emphasis, 2)[:, None]
        coefficients = np.linalg.solve(weighted.T @ system + ridge, weighted.T @ target)
        real, imaginary = np.split(system @ coefficients - target, 2)
        error = np.hypot(real, imaginary)
        emphasis = emphasis * error
        emphasis = np.maximum(emphasis / emphasis.mean(), 1e-6)
    out: FloatArray = coefficients
    return out


def response_of(
    coefficients: FloatArray, ahead: float, freqs: FloatArray
) -> np.ndarray[tuple[int, ...], np.dtype[np.complex128]]:
    """Return the frequency response of a shape.

    Parameters
    ----------
    coefficients : array, shape (n, ...)
    ahead : float
        Look-ahead in periods.
    freqs : array, shape (n_freqs,)
        In rates.

    Returns
    -------
    complex array, shape (n_freqs, ...)
    """
    centres = (2 + np.arange(len(coefficients))) * STEP - ahead
    spline = STEP * np.sinc(freqs * STEP) ** 4
    waves = np.exp(-2j * np.pi * np.outer(freqs, centres)) * spline[:, None]
    response: np.ndarray[tuple[int, ...], np.dtype[np.complex128]] = np.asarray(
        waves @ coefficients, dtype=np.complex128
    )
    return response


def _sampled(bands: tuple[Band, ...], per_rate: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return frequencies, what is wanted there and the inverse of the error that is allowed."""
    freqs: list[FloatArray] = []
    wanted: list[FloatArray] = []
    weights: list[FloatArray] = []
    for band in bands:
        n = max(int((band.high - band.low) * per_rate), 2) + 1
        share = np.linspace(0.0, 1.0, n)
        freqs.append(band.low + share * (band.high - band.low))
        wanted.append(np.full(n, band.wanted))
        weights.append(1 / (band.error + share * (band.error_high - band.error)))
    return np.concatenate(freqs), np.concatenate(wanted), np.concatenate(weights)
