"""Infer properties of an unknown stream from its samples: counter, clock, amplitude, rate."""

from __future__ import annotations

import numpy as np

from physiosync_rt.datatypes import FloatArray, Modality
from physiosync_rt.devices.description import CounterDescription

PLAUSIBLE = {Modality.EEG: (1.0, 200.0), Modality.GSR: (0.01, 100.0), Modality.ECG: (0.02, 5.0)}
"""Physiological range in µV rms, µS and mV rms."""


def find_counter(x: FloatArray) -> CounterDescription | None:
    """Detect a wrapping sample counter in samples, shape (n_samples,)."""
    steps = np.diff(x)
    if len(steps) < 8 or (x < 0).any() or not np.array_equal(x, np.rint(x)):
        return None
    step = float(np.median(steps))
    back = steps[steps < 0]
    if step < 1 or len(back) == 0 or np.mean(steps == step) < 0.8:
        return None
    modulo = round(step - float(np.median(back)))
    if modulo <= x.max() or modulo % step:
        return None
    return CounterDescription(modulo=modulo, step=round(step))


def is_increasing(x: FloatArray) -> bool:
    """Return whether samples, shape (n_samples,), only increase, as a clock does."""
    steps = np.diff(x)
    return len(steps) > 8 and bool((steps >= 0).all()) and float(np.mean(steps > 0)) > 0.5


def amplitude(modality: Modality, samples: FloatArray, sfreq: float) -> float:
    """Return the amplitude of a signal: detrended rms (EEG, ECG) or median (GSR).

    Parameters
    ----------
    modality : Modality
    samples : array, shape (n_samples, n_channels)
        In the canonical unit.
    sfreq : float
        In Hz.

    Returns
    -------
    float
        Median over whole seconds and channels; NaN where nothing is finite.
    """
    if modality is Modality.GSR:
        finite = samples[np.isfinite(samples)]
        return float(np.median(finite)) if len(finite) else float("nan")
    n = max(round(sfreq), 2)
    seconds = samples[: len(samples) // n * n].reshape(-1, n, samples.shape[1])
    time = np.linspace(-1.0, 1.0, n)[:, None]
    x = seconds - seconds.mean(axis=1, keepdims=True)
    x = x - time * (x * time).sum(axis=1, keepdims=True) / (time**2).sum()
    rms = np.sqrt((x**2).mean(axis=1))
    rms = rms[np.isfinite(rms)]
    return float(np.median(rms)) if rms.size else float("nan")


def is_plausible(modality: Modality, value: float) -> bool:
    """Return whether an `amplitude` is in the physiological range."""
    low, high = PLAUSIBLE[modality]
    return low <= value <= high
