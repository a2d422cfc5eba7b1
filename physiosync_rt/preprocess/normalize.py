"""Scale from rest, applied to a window rather than to samples.

Location and scale are constants, so it makes no difference to the signal; but the window right
after the rest is usable at once, and a new baseline needs no refill of the buffers.
"""

from __future__ import annotations

import numpy as np

from physiosync_rt.datatypes import FloatArray
from physiosync_rt.preprocess.baseline import ChannelBaseline


def normalize(samples: FloatArray, baseline: ChannelBaseline, clip: float) -> FloatArray:
    """Samples of shape (n_times, n_channels) in units of rest, within ±``clip``."""
    centred = samples - np.asarray(baseline.location)
    out: FloatArray = np.clip(centred / np.asarray(baseline.scale), -clip, clip)
    return out
