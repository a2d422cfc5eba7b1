"""Samples that have their time, on their way to the grid; short holes among them are bridged."""

from __future__ import annotations

import math

import numpy as np

from physiosync_rt.align.resample import Resampler
from physiosync_rt.align.stats import Counters
from physiosync_rt.align.thresholds import GAP_S
from physiosync_rt.datatypes import GRID_SFREQ, FloatArray, GridChunk, StreamSpec


class GridWriter:
    """Hand samples with final times to the resampler.

    Parameters
    ----------
    spec : StreamSpec
    counters : Counters
        ``gaps`` is counted where samples without a value end a stretch.

    Attributes
    ----------
    newest : float
        Time of the newest sample in seconds from the anchor, minus infinity before the first.

    Notes
    -----
    A sample without a value (its first channel is NaN) is a hole like a lost one: shorter than
    the gap limit it is bridged and marked as not present, a longer one ends the stretch.
    """

    def __init__(self, spec: StreamSpec, counters: Counters) -> None:
        self.newest = -math.inf
        self.resampler = Resampler(spec.sfreq, spec.n_chans)
        self._counters = counters
        self._n_chans = spec.n_chans
        self._period = 1.0 / spec.sfreq
        self._before = (-math.inf, np.zeros(spec.n_chans))
        self._holes: list[float] = []
        self._open = True
        self._ready: list[tuple[float, FloatArray, bool]] = []
        self._out: list[GridChunk] = []

    def put(self, time: float, sample: FloatArray) -> None:
        """Take the next sample; a line still being learnt must not run backwards."""
        if math.isnan(sample[0]):
            self._leave_open(time)
            return
        self.newest = time = max(time, self.newest + 0.1 * self._period)
        if self._holes:
            start, before = self._before
            for hole in self._holes:
                share = (hole - start) / (time - start)
                self._ready.append((hole, before + share * (sample - before), False))
            self._holes = []
        self._ready.append((time, sample, True))
        self._before, self._open = (time, sample), False

    def bridge(self, start: float, stop: float, steps: int, sample: FloatArray) -> None:
        """Take a sample at ``stop``, ``steps`` after the one at ``start``; those between are lost.

        Parameters
        ----------
        start, stop : float
            In seconds from the anchor.
        steps : int
        sample : array, shape (n_channels,)
        """
        for k in range(1, steps):
            self._leave_open(start + k / steps * (stop - start))
        self.put(stop, sample)

    def _leave_open(self, time: float) -> None:
        self.newest = time = max(time, self.newest + 0.1 * self._period)
        if self._open:
            # Nothing to bridge from; nobody need wait for these rows.
            self.resampler.skip_to(math.floor(time * GRID_SFREQ))
            return
        self._holes.append(time)
        if len(self._holes) * self._period >= GAP_S:
            self._counters.gaps += 1
            self.cut(time)

    def cut(self, time: float) -> None:
        """End the stretch; nothing before ``time`` will come."""
        self.flush()
        self.resampler.reset()
        # Nothing before the new stretch's first kernel can be answered any more.
        self.resampler.skip_to(math.floor(time * GRID_SFREQ))
        self._holes, self._open = [], True

    def flush(self) -> None:
        """Resample what is there."""
        if not self._ready:
            return
        times, samples, present = zip(*self._ready, strict=True)
        self._ready = []
        grid = self.resampler.push(
            np.asarray(times), np.asarray(samples), np.asarray(present, dtype=bool)
        )
        if grid is not None:
            self._out.append(grid)

    def take(self) -> list[GridChunk]:
        """Return the grid rows that became known."""
        self.flush()
        out, self._out = self._out, []
        return out
