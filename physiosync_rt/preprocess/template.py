"""The mean second of the rest, taken from every second: profile ``paper`` on a stream."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from physiosync_rt.datatypes import GRID_SFREQ, FloatArray, Modality
from physiosync_rt.preprocess.baseline import ChannelBaseline, Statistics
from physiosync_rt.preprocess.normalize import SCALE_FLOOR
from physiosync_rt.preprocess.paper import zscore_across_channels


class RestTemplate:
    """Template and normalisation of the release, with one rest for the whole run.

    Parameters
    ----------
    modality : Modality
        EEG is z-scored across channels at each time sample, GSR is left as it is (both as
        released for DEAP), ECG is divided by its spread at rest.
    """

    def __init__(self, modality: Modality) -> None:
        self._modality = modality

    def statistics(self, second: FloatArray) -> Statistics:
        """One second (128, n_channels) and its squares."""
        return second, second**2

    def pool(self, seconds: Sequence[Statistics]) -> ChannelBaseline:
        """Average the seconds sample by sample, and measure their spread around that."""
        template, power = (np.mean(part, axis=0) for part in zip(*seconds, strict=True))
        spread = np.sqrt(np.maximum(power - template**2, 0.0).mean(axis=0))
        return ChannelBaseline(
            tuple(template.mean(axis=0).tolist()),
            tuple(spread.tolist()),
            tuple(map(tuple, template.tolist())),
        )

    def __call__(self, samples: FloatArray, baseline: ChannelBaseline) -> FloatArray:
        """Normalise whole seconds of the grid, shape (n_times, n_channels)."""
        seconds = samples.reshape(-1, GRID_SFREQ, samples.shape[1])
        out: FloatArray = (seconds - np.asarray(baseline.template)).reshape(samples.shape)
        if self._modality is Modality.EEG:
            zscore_across_channels(out.T)
            # Equal channels have no z-score; released NaN would reach the network here.
            np.nan_to_num(out, copy=False)
        elif self._modality is Modality.ECG:
            out /= np.maximum(baseline.scale, SCALE_FLOOR)
        return out
