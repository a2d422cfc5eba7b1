"""Infer properties of an unknown stream from its samples: counter, clock, rate."""

from __future__ import annotations

import numpy as np

from physiosync_rt.datatypes import FloatArray
from physiosync_rt.devices.description import CounterDescription


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
