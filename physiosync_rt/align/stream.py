"""One stream onto the grid: faults are recognised and counted, the rest is resampled."""

from __future__ import annotations

import numpy as np

from physiosync_rt.align.clock import ClockModel
from physiosync_rt.align.counters import Counters
from physiosync_rt.align.limits import (
    CATCH_UP_S,
    CONFIRM_S,
    CONFIRM_SMALL_S,
    CONSTANT_S,
    DRIFT_KNOWN_S,
    GAP_S,
    OFFSET_RESET_S,
    RATE_KNOWN_JITTERS,
    RATE_KNOWN_S,
    RESET_S,
    RETURN_N,
    SLACK_S,
    SMALL_JUMP_S,
    TRUST_COUNTER_S,
)
from physiosync_rt.align.rate import OFF_RATE, RateMeter
from physiosync_rt.align.repeats import Repeats
from physiosync_rt.align.resample import Resampler
from physiosync_rt.datatypes import GRID_SFREQ, Chunk, FloatArray, GridChunk, StreamSpec

BLOCK = 1024
"""Samples taken in one pass, so that whole recordings do not need memory of their square."""


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
    from there wait until the stamps come back to the line (they were late) or have run on beside
    it for ``CONFIRM_S`` (a gap; or, for a step back or an absurd one forward, a clock that was
    reset, in which case the stream goes on where it was). Stamps that stand still place nothing:
    their samples are counted and left out. Where the device counts its samples, the counter
    decides what is missing and stamps only steer the line.
    """

    def __init__(self, spec: StreamSpec, anchor: float) -> None:
        if spec.sfreq <= 0:
            raise ValueError(f"stream {spec.name!r} has no regular rate")
        self.spec = spec
        self.counters = Counters()
        self._anchor = anchor
        self._clock = ClockModel(spec.sfreq)
        self._resampler = Resampler(spec.sfreq, spec.n_chans)
        self._repeats = Repeats(spec.sfreq, spec.n_chans)
        self._rate = RateMeter(spec.sfreq)
        self._confirm_n = max(int(CONFIRM_S * spec.sfreq), 2)
        self._return_n = min(RETURN_N, self._confirm_n - 1)
        self._floor_s = GAP_S - min(1.0 / spec.sfreq, SLACK_S)
        self._rebase = 0.0
        self._offset: float | None = None
        self._clock_set = False
        self._started = False
        self._counter: int | None = None
        self._last_finite: FloatArray = np.zeros(spec.n_chans)
        self._before: FloatArray = self._last_finite
        self._suspects: list[tuple[float, FloatArray]] = []
        self._n_back = 0
        self._stuck: float | None = None
        self._stamp, self._n_same = 0.0, 0
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
        if self._rate_known:
            return 1.0 / self._clock.period
        return self.sfreq_counted or self.spec.sfreq

    @property
    def sfreq_counted(self) -> float | None:
        """Samples received per second of stamp time, None in the first seconds."""
        return self._rate.rate

    @property
    def off_rate(self) -> bool:
        """Whether the rate is known to be more than 1 % off the declared one."""
        return self._rate_known and abs(self._clock.period * self.spec.sfreq - 1.0) > OFF_RATE

    @property
    def _rate_known(self) -> bool:
        clock = self._clock
        return clock.span_s >= max(RATE_KNOWN_S, RATE_KNOWN_JITTERS * clock.jitter)

    @property
    def drift_ppm(self) -> float | None:
        """How much longer than declared a sample lasts, None in a stretch's first 30 s."""
        if self._clock.span_s < DRIFT_KNOWN_S:
            return None
        return 1e6 * (self._clock.period * self.spec.sfreq - 1.0)

    @property
    def stuck(self) -> bool:
        """Whether the stamps stand still at present."""
        return self._stuck is not None or self._n_same > CONSTANT_S * self.spec.sfreq

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
        self._heed_offset(chunk.clock_offset, out)
        for i, stamp in enumerate(stamps):
            self.counters.received += 1
            self.counters.off_rate += self.off_rate
            steps = 1
            if counters is not None and self._counter is not None:
                steps = counters[i] - self._counter
            # A counter that goes forward outranks what looks the same.
            doubtful = counters is None or steps < 0
            if steps == 0 or (doubtful and self._repeats.has(stamp, samples[i])):
                self.counters.duplicated += 1
                continue
            self._repeats.add(stamp, samples[i])
            self._rate.add(stamp)
            if counters is None:
                self._take(stamp + self._rebase, samples[i], out)
            else:
                self._counter = counters[i]
                self._take_counted(stamp + self._rebase, steps, samples[i], out)
        self._flush_ready(out)
        return out

    def _heed_offset(self, offset: float, out: list[GridChunk]) -> None:
        """Note where the clock correction says that the sender's clock was set anew."""
        before, self._offset = self._offset, offset
        if before is None or not self._started or abs(offset - before) < OFFSET_RESET_S:
            return
        if self._suspects:
            self._confirm_jump(out)
        self._clock_set, self._stuck = True, None

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

    def _set_clock(self, stamp: float, sample: FloatArray, out: list[GridChunk]) -> None:
        """Go on after a reset; of a step back nothing tells how long it really took."""
        self.counters.clock_resets += 1
        expected = self._clock.time + self._clock.period
        if stamp > expected - GAP_S:
            self._break(max(stamp, expected), sample, out)
            return
        self._rebase += expected + 2 * GAP_S - stamp
        self._break(expected + 2 * GAP_S, sample, out)

    # --- stamps only --------------------------------------------------------------------------

    def _take(self, stamp: float, sample: FloatArray, out: list[GridChunk]) -> None:
        """Next sample of a stream without a counter: stamps are all there is."""
        if not self._started:
            self._begin(stamp, sample)
            return
        if self._clock_set:
            self._clock_set = False
            self._set_clock(stamp, sample, out)
            return
        if stamp == self._stuck:
            self.counters.constant += 1
            return
        self._stuck = None
        clock = self._clock
        residual = clock.residual(stamp, 1 + len(self._suspects))
        limit = max(self._floor_s, 5.0 * clock.jitter, 0.5 * clock.period)
        if not self._suspects and abs(residual) < limit:
            self._accept(clock.update(stamp), sample)
            return
        self._suspects.append((stamp, sample))
        self._n_back = self._n_back + 1 if abs(residual) < 0.5 * limit else 0
        if self._n_back == self._return_n:
            self._clear_suspects()
        elif len(self._suspects) >= self._confirm_n:
            self._judge_suspects(residual, out)

    def _clear_suspects(self) -> None:
        """The stamps came back to the line: the samples were late, none was lost."""
        self.counters.late += len(self._suspects) - self._n_back
        clock = self._clock
        for stamp, sample in self._suspects:
            habit = abs(clock.residual(stamp)) < SMALL_JUMP_S
            self._accept(clock.update(stamp) if habit else clock.coast(), sample)
        self._suspects, self._n_back = [], 0

    def _judge_suspects(self, residual: float, out: list[GridChunk]) -> None:
        """Stamps have been away for a while: they stand still, are coming back, or have gone."""
        n_waiting, sfreq = len(self._suspects), self.spec.sfreq
        recent = [stamp for stamp, _ in self._suspects[-self._confirm_n :]]
        if min(recent) == max(recent):
            if n_waiting >= CONSTANT_S * sfreq + 1:
                self.counters.constant += n_waiting
                self._stuck = recent[-1]
                self._suspects, self._n_back = [], 0
            return
        # Samples that were held up come faster than they were taken, until they are up to date.
        half_pace = 0.5 * (len(recent) - 1) * self._clock.period
        coming_back = residual > 0 and recent[-1] - recent[0] < half_pace
        small = abs(residual) < SMALL_JUMP_S and n_waiting < CONFIRM_SMALL_S * sfreq
        if not (coming_back or small) or n_waiting >= CATCH_UP_S * sfreq:
            self._confirm_jump(out)

    def _confirm_jump(self, out: list[GridChunk]) -> None:
        """The stamps run on beside the line: a gap, or a clock that was set anew."""
        suspects, self._suspects, self._n_back = self._suspects, [], 0
        period = self._clock.period
        # The newest stamps, counted back, say best where the first of these samples belongs.
        counted_back = [stamp - k * period for k, (stamp, _) in enumerate(suspects)]
        newest = counted_back[-(self._confirm_n // 2) :]
        first = round(sum(newest) / len(newest), 9)
        expected = self._clock.time + period
        shift = 0.0
        if first < expected or first > expected + RESET_S:
            before = self._rebase
            self._rebase += expected + 2 * GAP_S - first
            shift = self._rebase - before
            self.counters.clock_resets += 1
        else:
            self.counters.lost += max(round((first - expected) / period), 1)
        self._break(first + shift, suspects[0][1], out)
        for stamp, sample in suspects[1:]:
            self._take(stamp + shift, sample, out)

    # --- stamps and a counter -----------------------------------------------------------------

    def _take_counted(
        self, stamp: float, steps: int, sample: FloatArray, out: list[GridChunk]
    ) -> None:
        """Next sample of a device that counts: stamps only steer the line."""
        if not self._started:
            self._begin(stamp, sample)
            return
        clock = self._clock
        self._n_same = self._n_same + 1 if stamp == self._stamp else 0
        self._stamp = stamp
        if self._n_same > CONSTANT_S * self.spec.sfreq:
            # The count goes on alone.
            stamp = clock.time + steps * clock.period
            self.counters.constant += 1
        jump_s = steps * clock.period
        late_s = stamp - clock.time - jump_s
        restarted = jump_s >= GAP_S and abs(late_s) > TRUST_COUNTER_S
        if self._clock_set or steps < 0 or jump_s > RESET_S or restarted:
            self._clock_set = False
            self._set_clock(stamp, sample, out)
            return
        self.counters.lost += steps - 1
        if (steps - 1) * clock.period >= GAP_S:
            # The counter says how much is missing; the line, not the late stamp, says when.
            self._break(clock.time + jump_s, sample, out)
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
