"""From a measure to a test in [0, 1], the one way in which quality is judged."""

from __future__ import annotations

import numpy as np

from physiosync_rt.datatypes import FloatArray


def ramp(value: FloatArray, bad: float, good: float) -> FloatArray:
    """0 at ``bad`` and beyond, 1 at ``good`` and beyond, a line between; either may be larger."""
    out: FloatArray = np.minimum(np.maximum((value - bad) / (good - bad), 0.0), 1.0)
    return out
