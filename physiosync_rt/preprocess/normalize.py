"""Scale from rest, applied to a window rather than to samples.

Location and scale are constants, so it makes no difference to the signal; but the window right
after the rest is usable at once, and a new baseline needs no refill of the buffers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from physiosync_rt.datatypes import FloatArray, Modality
from physiosync_rt.preprocess.baseline import ChannelBaseline, Statistics, median_second

SCALE_FLOOR = 1e-3


def normalize(samples: FloatArray, baseline: ChannelBaseline, clip: float) -> FloatArray:
    """Samples of shape (n_times, n_channels) in units of rest, within ±``clip``."""
    centred = samples - np.asarray(baseline.location)
    out: FloatArray = np.clip(centred / np.asarray(baseline.scale), -clip, clip)
    return out


class RestScale:
    """Location and scale of every channel at rest, of profile ``live``.

    Parameters
    ----------
    modality : Modality
    clip : float
        Largest value that goes on, in units of rest.
    gsr_scale : float
        GSR has one scale for everybody: a calm rest would make it all noise.
    """

    def __init__(self, modality: Modality, clip: float, gsr_scale: float = 1.0) -> None:
        self._modality = modality
        self._clip = clip
        self._gsr_scale = gsr_scale

    def statistics(self, second: FloatArray) -> Statistics:
        """Location and scale of one second (128, n_channels), each of shape (n_channels,)."""
        if self._modality is Modality.GSR:
            return second.mean(axis=0), np.full(second.shape[1], self._gsr_scale)
        is_ecg = self._modality is Modality.ECG
        location = second.mean(axis=0) if is_ecg else np.zeros(second.shape[1])
        scale = np.sqrt(((second - location) ** 2).mean(axis=0))
        return location, np.maximum(scale, SCALE_FLOOR)

    def pool(self, seconds: Sequence[Statistics]) -> ChannelBaseline:
        """Make one rest of its seconds."""
        return median_second(seconds)

    def __call__(self, samples: FloatArray, baseline: ChannelBaseline) -> FloatArray:
        """Scale samples of shape (n_times, n_channels)."""
        return normalize(samples, baseline, self._clip)
