"""Temperature scaling: calibrate probabilities on validation windows (Guo et al. 2017)."""

from __future__ import annotations

import numpy as np

from physiosync_rt.datatypes import FloatArray, IntArray

_TEMPERATURES = np.geomspace(0.25, 32.0, 85)
_FLOOR = 1e-30


def tempered(probability: FloatArray, temperature: float) -> FloatArray:
    """Divide the logits of probabilities, shape (n, n_classes), by a temperature."""
    scaled = np.log(np.clip(probability, _FLOOR, None)) / temperature
    scaled = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    out: FloatArray = scaled / scaled.sum(axis=1, keepdims=True)
    return out


def cross_entropy(probability: FloatArray, truth: IntArray) -> float:
    """Return the mean of -ln P(truth)."""
    found = probability[np.arange(len(truth)), truth]
    return float(-np.log(np.clip(found, _FLOOR, None)).mean())


def best_temperature(probability: FloatArray, truth: IntArray) -> tuple[float, float]:
    """Temperature that makes probabilities fit the truth best, and the loss that remains.

    Parameters
    ----------
    probability : array, shape (n, n_classes)
        At temperature 1.
    truth : int array, shape (n,)

    Returns
    -------
    temperature, cross_entropy : float

    Notes
    -----
    Guo et al. 2017, *On Calibration of Modern Neural Networks*: one number per head, fitted by
    cross-entropy on held-out data.
    """
    losses = [cross_entropy(tempered(probability, float(t)), truth) for t in _TEMPERATURES]
    best = int(np.argmin(losses))
    return float(_TEMPERATURES[best]), losses[best]
