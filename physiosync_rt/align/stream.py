"""One stream onto the grid: faults are recognised and counted, the rest is resampled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from physiosync_rt.align.clock import ClockModel
from physiosync_rt.align.rate import RateMeter
from physiosync_rt.align.resample import Resampler
from physiosync_rt.datatypes import GRID_SFREQ, Chunk, FloatArray, GridChunk, StreamSpec

GAP_S = 0.05
"""Shortest loss that ends a stretch; shorter ones are bridged and counted."""

CONFIRM_S = 0.3
"""How long a jump of the stamps must last before it is more than a late delivery."""

RESET_S = 300.0
"""A jump longer than this is a clock that was set anew, not a pause."""

BLOCK = 1024
"""Samples taken in one pass, so that whole recordings do not need memory of their square."""


@dataclass(slots=True)
class Counters:
    """What happened to a stream's samples so far."""

    received: int = 0
    lost: int = 0
    late: int = 0
    duplicated: int = 0
    bad: int = 0
    gaps: int = 0
    clock_resets: int = 0


class StreamAligner:
    """Fit one stream's clock, split it at gaps, resample each stretch onto the grid.

    Parameters
    ----------
    spec : StreamSpec
        Must be regular (``sfreq > 0``).
    anchor : float
        Time of grid index 0 on the common clock, in seconds.

    Attributes
    ----------
    counters : Counters
    frontier : int
        Nothing before this grid index can come any more.

    Notes
    -----
    Decisions are made sample by sample, never per chunk. A stamp further off its line than
    the gap limit (or five times the stream's own jitter) opens a *suspicion*: the samples
    from there wait until the stamps come back to the line (they were late) or have stayed away
    for ``CONFIRM_S`` (a gap; or, for a step back or an absurd one forward, a clock that was
    reset, in which case the stream goes on where it was). Where the device counts its samples,
    the counter decides what is missing and stamps only steer the line.
    """

    def __init__(self, spec: StreamSpec, anchor: float) -> None:
        if spec.sfreq <= 0:
            raise ValueError(f"stream {spec.name!r} has no regular rate")
        self.spec = spec
        self.counters = Counters()
        self._anchor = anchor
        self._clock = ClockModel(spec.sfreq)
        self._resampler = Resampler(spec.sfreq, spec.n_chans)
        self._confirm_n = max(int(CONFIRM_S * spec.sfreq), 2)
        self._rebase = 0.0
        self._started = False
        self._counter: int | None = None
        self._last_finite: FloatArray = np.zeros(spec.n_chans)
        self._before: FloatArray = self._last_finite
        self._suspects: list[tuple[float, FloatArray]] = []
        self._rate = RateMeter(spec.sfreq)
        self._newest = -np.inf
        self._ready: list[tuple[float, FloatArray, bool]] = []

    @property
    def delay_s(self) -> float:
        """Look-ahead of the resampler in seconds."""
        return self._resampler.kernel.half_width_s

    @property
    def frontier(self) -> int:
        """Grid index up to which everything is known or known to be missing."""
        return self._resampler.frontier

    @property
    def jitter_s(self) -> float:
        """Standard deviation of the stamps around the fitted line, in seconds."""
        return self._clock.jitter

    @property
    def sfreq_effective(self) -> float:
        """Measured rate in Hz; the nominal one until some seconds have been seen."""
        return self._rate.rate or self.spec.sfreq

    def push(self, chunk: Chunk) -> list[GridChunk]:
        """Take the next chunk of this stream; return the grid rows that became known."""
        out: list[GridChunk] = []
        for at in range(0, len(chunk), BLOCK):
            out.extend(self._push_block(chunk, slice(at, at + BLOCK)))
        return out

    def _push_block(self, chunk: Chunk, block: slice) -> list[GridChunk]:
        # Rounding to the nanosecond lets the same recording, replayed on another time base, make
        # the same decisions to the last bit in all but freak cases.
        mapped = chunk.timestamps[block] + (chunk.clock_offset - self._anchor)
        stamps = np.round(mapped, 9).tolist()
        samples = self._finite(chunk.samples[block].astype(np.float64))
        counters = None if chunk.counter is None else chunk.counter[block].tolist()
        out: list[GridChunk] = []
        for i, stamp in enumerate(stamps):
            self.counters.received += 1
            steps = 1
            if counters is not None:
                steps = 1 if self._counter is None else counters[i] - self._counter
                if steps == 0:
                    self.counters.duplicated += 1
                    continue
                self._counter = counters[i]
            self._rate.add(stamp)
            if counters is None:
                self._take(stamp + self._rebase, samples[i], out)
            else:
                self._take_counted(stamp + self._rebase, steps, samples[i], out)
        self._flush_ready(out)
        return out

    def _finite(self, samples: FloatArray) -> FloatArray:
        """Hold the last finite value where a sample is NaN or infinite, and count it."""
        finite = np.isfinite(samples)
        if not finite.all():
            self.counters.bad += int((~finite.all(axis=1)).sum())
            for row, ok in zip(samples, finite, strict=True):
                row[~ok] = self._last_finite[~ok]
                self._last_finite = row
        if len(samples):
            self._last_finite = samples[-1]
        return samples

    def _accept(self, time: float, sample: FloatArray, present: bool = True) -> None:
        """Give a sample its final time; a line still being learnt must not run backwards."""
        self._newest = max(time, self._newest + 0.1 / self.spec.sfreq)
        self._ready.append((self._newest, sample, present))
        self._before = sample

    def _begin(self, stamp: float, sample: FloatArray, period: float | None = None) -> None:
        self._clock.start(stamp, period)
        self._started = True
        self._accept(stamp, sample)

    def _break(self, stamp: float, sample: FloatArray, out: list[GridChunk]) -> None:
        """End the stretch before ``stamp`` and begin the next one there."""
        self.counters.gaps += 1
        self._flush_ready(out)
        self._resampler.reset()
        # Nothing before the new stretch's first kernel can be answered any more.
        self._resampler.skip_to(int(np.floor(stamp * GRID_SFREQ)))
        self._begin(stamp, sample, self._clock.period)

    def _take(self, stamp: float, sample: FloatArray, out: list[GridChunk]) -> None:
        """Next sample of a stream without a counter: stamps are all there is."""
        if not self._started:
            self._begin(stamp, sample)
            return
        clock = self._clock
        residual = clock.residual(stamp, 1 + len(self._suspects))
        limit = max(GAP_S, 5.0 * clock.jitter, 0.5 * clock.period)
        if not self._suspects and abs(residual) < limit:
            self._accept(clock.update(stamp), sample)
            return
        self._suspects.append((stamp, sample))
        if len(self._suspects) > 1 and abs(residual) < 0.5 * limit:
            self._clear_suspects()
        elif len(self._suspects) >= self._confirm_n:
            self._confirm_jump(out)

    def _clear_suspects(self) -> None:
        """The stamps came back to the line: the samples were late, none was lost."""
        self.counters.late += len(self._suspects) - 1
        for stamp, sample in self._suspects:
            self._accept(self._clock.update(stamp), sample)
        self._suspects = []

    def _confirm_jump(self, out: list[GridChunk]) -> None:
        """The stamps stayed away: a gap, or a clock that was set anew."""
        suspects, self._suspects = self._suspects, []
        (stamp, sample), later = suspects[0], suspects[1:]
        expected = self._clock.time + self._clock.period
        shift = 0.0
        if stamp < expected or stamp > expected + RESET_S:
            # Nothing tells how long the step really took: the stream goes on one gap later.
            self.counters.clock_resets += 1
            shift = expected + 2 * GAP_S - stamp
            self._rebase += shift
        else:
            self.counters.lost += max(round((stamp - expected) / self._clock.period), 1)
        self._break(stamp + shift, sample, out)
        for later_stamp, later_sample in later:
            self._take(later_stamp + shift, later_sample, out)

    def _take_counted(
        self, stamp: float, steps: int, sample: FloatArray, out: list[GridChunk]
    ) -> None:
        """Next sample of a device that counts: stamps only steer the line."""
        if not self._started:
            self._begin(stamp, sample)
            return
        clock = self._clock
        if steps < 0 or steps * clock.period > RESET_S:
            self.counters.clock_resets += 1
            self._break(max(stamp, clock.time + clock.period + 2 * GAP_S), sample, out)
            return
        self.counters.lost += steps - 1
        if (steps - 1) * clock.period >= GAP_S:
            # The counter says how much is missing; the line, not the late stamp, says when.
            self._break(clock.time + steps * clock.period, sample, out)
            return
        start, before = clock.time, self._before
        stop = clock.update(stamp, steps)
        for k in range(1, steps):
            share = k / steps
            self._accept(start + share * (stop - start), before + share * (sample - before), False)
        self._accept(stop, sample)

    def _flush_ready(self, out: list[GridChunk]) -> None:
        """Hand the decided samples of the present stretch to the resampler."""
        if not self._ready:
            return
        times, samples, present = zip(*self._ready, strict=True)
        self._ready = []
        grid = self._resampler.push(
            np.asarray(times), np.asarray(samples), np.asarray(present, dtype=bool)
        )
        if grid is not None:
            out.append(grid)
