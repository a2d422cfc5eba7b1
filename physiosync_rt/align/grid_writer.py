"""Write aligned samples to the 128 Hz grid; short losses are interpolated."""

from __future__ import annotations

import math

import numpy as np

from physiosync_rt.align.resample import Resampler
from physiosync_rt.align.stats import Counters
from physiosync_rt.align.thresholds import GAP_S
from physiosync_rt.datatypes import GRID_SFREQ, FloatArray, GridChunk, StreamSpec


class GridWriter:
    """Writer that passes samples with final times to the resampler.

    Parameters
    ----------
    spec : StreamSpec
    counters : Counters
        ``gaps`` is counted where samples without a value end a segment.

    Attributes
    ----------
    newest : float
        Time of the newest sample in seconds from the anchor, minus infinity before the first.

    Notes
    -----
    A sample without a value (its first channel is NaN) is treated like a lost one: a run shorter
    than the gap limit is interpolated and marked as not present, a longer one ends the segment.
    """

    def __init__(self, spec: StreamSpec, counters: Counters) -> None:
        self.newest = -math.inf
        self.resampler = Resampler(spec.sfreq, spec.n_chans)
        self._counters = counters
        self._n_chans = spec.n_chans
        self._period = 1.0 / spec.sfreq
        self._previous = (-math.inf, np.zeros(spec.n_chans))
        self._missing_times: list[float] = []
        self._at_start = True
        self._times: list[float] = []
        self._samples: list[FloatArray] = []
        self._present: list[bool] = []
        self._out: list[GridChunk] = []

    def put(self, time: float, sample: FloatArray) -> None:
        """Add the next sample; its time must not step back while the line is still being fitted."""
        if math.isnan(sample[0]):
            self._add_missing(time)
            return
        self.newest = time = max(time, self.newest + 0.1 * self._period)
        if self._missing_times:
            start, before = self._previous
            for missing in self._missing_times:
                share = (missing - start) / (time - start)
                self._collect([missing], (before + share * (sample - before))[None], present=False)
            self._missing_times = []
        self._collect([time], sample[None], present=True)
        self._previous, self._at_start = (time, sample), False

    @property
    def waits(self) -> bool:
        """Whether the next sample starts a segment or ends a short loss."""
        return self._at_start or bool(self._missing_times)

    def put_run(self, times: list[float], samples: FloatArray) -> None:
        """Add samples, shape (n_samples, n_channels), that all have values and final times."""
        self._collect(times, samples, present=True)
        self.newest = times[-1]
        self._previous = (times[-1], samples[-1])

    def _collect(self, times: list[float], samples: FloatArray, *, present: bool) -> None:
        self._times += times
        self._samples.append(samples)
        self._present += [present] * len(times)

    def bridge(self, start: float, stop: float, steps: int, sample: FloatArray) -> None:
        """Add a sample at ``stop``, ``steps`` after the one at ``start``; those between are lost.

        Parameters
        ----------
        start, stop : float
            In seconds from the anchor.
        steps : int
        sample : array, shape (n_channels,)
        """
        for k in range(1, steps):
            self._add_missing(start + k / steps * (stop - start))
        self.put(stop, sample)

    def _add_missing(self, time: float) -> None:
        self.newest = time = max(time, self.newest + 0.1 * self._period)
        if self._at_start:
            # There is no sample to interpolate from, so these rows need no waiting.
            self.resampler.skip_to(math.floor(time * GRID_SFREQ))
            return
        self._missing_times.append(time)
        if len(self._missing_times) * self._period >= GAP_S:
            self._counters.gaps += 1
            self.cut(time)

    def cut(self, time: float) -> None:
        """End the segment; the next one starts at ``time``."""
        self.flush()
        self.resampler.reset()
        # Rows before the new segment's first kernel can no longer be computed.
        self.resampler.skip_to(math.floor(time * GRID_SFREQ))
        self._missing_times, self._at_start = [], True

    def flush(self) -> None:
        """Resample the collected samples."""
        if not self._times:
            return
        times, samples, present = self._times, self._samples, self._present
        self._times, self._samples, self._present = [], [], []
        grid = self.resampler.push(
            np.asarray(times),
            samples[0] if len(samples) == 1 else np.concatenate(samples),
            np.asarray(present, dtype=bool),
        )
        if grid is not None:
            self._out.append(grid)

    def take(self) -> list[GridChunk]:
        """Return the grid rows that became known."""
        self.flush()
        out, self._out = self._out, []
        return out
