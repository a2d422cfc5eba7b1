"""The one place where time-major streams become the network's (n_channels, n_times)."""

from __future__ import annotations

import numpy as np

from physiosync_rt.datatypes import FloatArray, SampleArray


def to_model(samples: FloatArray) -> SampleArray:
    """Transpose (n_times, n_channels) to a contiguous float32 (n_channels, n_times)."""
    return np.ascontiguousarray(samples.T, dtype=np.float32)
