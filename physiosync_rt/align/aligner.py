"""Align one stream to the grid: detect and count its faults, resample the rest."""

from __future__ import annotations

import math

import numpy as np

from physiosync_rt.align.clock_model import ClockModel
from physiosync_rt.align.duplicates import Duplicates
from physiosync_rt.align.fast_loop import FastLoop
from physiosync_rt.align.grid_writer import GridWriter
from physiosync_rt.align.loss_detector import LossDetector
from physiosync_rt.align.nonfinite import NonFiniteFilter
from physiosync_rt.align.pending import PendingSample, PendingSamples
from physiosync_rt.align.rate import OFF_RATE, RateMeter
from physiosync_rt.align.sample_counter import SampleCounter
from physiosync_rt.align.stats import Counters, StreamStats
from physiosync_rt.align.thresholds import (
    CATCH_UP_S,
    CONFIRM_LOSS_S,
    CONFIRM_S,
    CONFIRM_SMALL_S,
    GAP_S,
    LONGEST_GAP_S,
    OFFSET_RESET_S,
    RESET_S,
    RETURN_N,
    SLACK_S,
    SMALL_JUMP_S,
    STUCK_S,
    TRUST_COUNTER_S,
)
from physiosync_rt.datatypes import BoolArray, Chunk, FloatArray, GridChunk, StreamSpec

BLOCK = 1024
"""Samples per pass, which limits the memory that a whole recording needs."""


class StreamAligner:
    """Aligner of one stream: fits its clock, splits it at gaps, resamples each segment.

    Parameters
    ----------
    spec : StreamSpec
        Must be regular (``sfreq > 0``).
    anchor : float
        Time of grid index 0 on the common clock, in seconds.
    needed : bool array, shape (n_channels,), optional
        Channels without whose value a sample counts as missing.

    Attributes
    ----------
    counters : Counters
    frontier : int
        Every row before this grid index is known or known to be missing.

    Notes
    -----
    Decisions are made sample by sample, never per chunk. A stamp further from the fitted line
    than the gap limit (or five times the stream's jitter) makes its sample *pending*, and the
    samples after it, until the stamps return to the line (they were late) or have stayed off it
    for ``CONFIRM_S``. The latter is a gap or, after a backward or an implausible forward step, a
    clock reset, after which the stream continues where it was. Where stamps are clean
    (`LossDetector`), a step by whole periods makes samples pending too, and shorter losses are
    counted and interpolated. Samples of a stuck clock are counted and dropped. Where the device
    counts its samples, the counter decides what is lost and stamps only correct the fitted line.
    A break that the source states (`Chunk.after_break`) is a gap of up to a day, at once.
    """

    def __init__(self, spec: StreamSpec, anchor: float, needed: BoolArray | None = None) -> None:
        if spec.sfreq <= 0:
            raise ValueError(f"stream {spec.name!r} has no regular rate")
        self.spec = spec
        self.counters = Counters()
        self._anchor = anchor
        self._clock = ClockModel(spec.sfreq)
        self._grid_writer = GridWriter(spec, self.counters)
        self._nonfinite = NonFiniteFilter(spec.n_chans, self.counters, needed)
        self._sample_counter = SampleCounter(spec.sfreq, self.counters)
        self._duplicates = Duplicates(spec.sfreq, spec.n_chans)
        self._rate = RateMeter(spec.sfreq)
        self._loss_detector = LossDetector(spec.sfreq)
        self._pending = PendingSamples()
        self._confirm_n = max(int(CONFIRM_S * spec.sfreq), 2)
        self._return_n = min(RETURN_N, self._confirm_n - 1)
        self._floor_s = GAP_S - min(1.0 / spec.sfreq, SLACK_S)
        self._rebase = 0.0
        self._offset: float | None = None
        self._clock_was_reset = False
        self._after_break = False
        self._started = False
        self._stuck: float | None = None
        self._fast_loop = FastLoop(
            spec.sfreq,
            self._floor_s,
            counters=self.counters,
            clock=self._clock,
            duplicates=self._duplicates,
            loss_detector=self._loss_detector,
            rate=self._rate,
            sample_counter=self._sample_counter,
            grid_writer=self._grid_writer,
        )

    @property
    def delay_s(self) -> float:
        """Look-ahead of the resampler in seconds."""
        return self._grid_writer.resampler.kernel.ahead_s

    @property
    def frontier(self) -> int:
        """Grid index up to which everything is known or known to be missing."""
        return self._grid_writer.resampler.frontier

    @property
    def newest_s(self) -> float:
        """Fitted time of the newest sample from the anchor; minus infinity before the first."""
        return self._grid_writer.newest

    @property
    def jitter_s(self) -> float:
        """Standard deviation of the stamps around the fitted line, in seconds."""
        return self._clock.jitter

    @property
    def sfreq_effective(self) -> float:
        """Measured rate in Hz; the nominal one in the first seconds."""
        if self._clock.rate_known:
            return 1.0 / self._clock.period
        return self._rate.rate or self.spec.sfreq

    @property
    def rate(self) -> RateMeter:
        """Rate estimates from the time stamps."""
        return self._rate

    @property
    def off_rate(self) -> bool:
        """Whether the rate is known to be more than 1 % off the declared one."""
        return self._clock.rate_known and abs(self._clock.period_error) > OFF_RATE

    @property
    def drift_ppm(self) -> float | None:
        """Drift of the device clock in ppm; None in a segment's first 30 s."""
        return self._clock.drift_ppm

    @property
    def stuck(self) -> bool:
        """Whether the device's clock is stuck at present."""
        return self._stuck is not None or self._sample_counter.n_same > STUCK_S * self.spec.sfreq

    @property
    def stats(self) -> StreamStats:
        """Counts, rate, jitter and drift as they are now."""
        return StreamStats(
            **self.counters.by_name(),
            sfreq_effective=self.sfreq_effective,
            jitter_ms=1e3 * self.jitter_s,
            drift_ppm=self.drift_ppm,
            rate_is_off=self.off_rate,
            clock_is_stuck=self.stuck,
        )

    def push(self, chunk: Chunk) -> list[GridChunk]:
        """Add the next chunk of this stream; return the grid rows that became complete."""
        for at in range(0, len(chunk), BLOCK):
            self._push_block(chunk, slice(at, at + BLOCK))
        return self._grid_writer.take()

    def _push_block(self, chunk: Chunk, block: slice) -> None:
        # Rounding to the nanosecond makes decisions independent of the time base of a replay in
        # all but rare cases.
        mapped = chunk.timestamps[block] + (chunk.clock_offset - self._anchor)
        stamps = np.round(mapped, 9).tolist()
        samples, values = self._nonfinite(chunk.samples[block].astype(np.float64))
        counters = None if chunk.counter is None else chunk.counter[block].tolist()
        self._check_offset(chunk.clock_offset)
        if chunk.after_break and block.start == 0:
            self._end_piece()
        odd = np.flatnonzero(~np.isfinite(mapped) | np.isnan(samples[:, 0])).tolist()
        ends = iter([*odd, len(stamps)])
        at, stop = 0, next(ends)
        while at < len(stamps):
            if at > stop:
                stop = next(ends)
            if at < stop and self._on_the_line():
                at = self._fast_loop.run(
                    stamps, values, counters, samples=samples, at=at, stop=stop, rebase=self._rebase
                )
            if at < len(stamps):
                counter = None if counters is None else counters[at]
                self._add(stamps[at], samples[at], values[at], counter)
                at += 1
        self._grid_writer.flush()

    def _on_the_line(self) -> bool:
        """Return whether the next sample may be an ordinary one."""
        unusual = self._pending or self._clock_was_reset or self._stuck is not None
        unusual = unusual or self._after_break
        return self._started and not unusual

    def _add(
        self, stamp: float, sample: FloatArray, values: FloatArray, counter: int | None
    ) -> None:
        """Add one sample, ordinary or not."""
        self.counters.received += 1
        self.counters.off_rate += self.off_rate
        if not math.isfinite(stamp):
            self.counters.nonfinite += 1
            return
        known = self._duplicates.has(stamp, values)
        if counter is not None:
            # A counter that advances overrides equal stamps and values.
            steps = self._sample_counter.steps(counter, known=known)
            if steps is None:
                return
            self._add_by_counter(stamp + self._rebase, steps, sample)
        elif known:
            self.counters.duplicates += 1
            return
        else:
            missing = self._loss_detector.add(stamp)
            self._clock.track_offset(enabled=not self._loss_detector.clean)
            self._add_by_stamp(PendingSample(stamp + self._rebase, sample, missing))
        self._duplicates.add(stamp, values)
        self._rate.add(stamp)

    def _check_offset(self, offset: float) -> None:
        """Detect a reset of the sender's clock from a step of its clock offset."""
        before, self._offset = self._offset, offset
        if before is None or not self._started or abs(offset - before) < OFFSET_RESET_S:
            return
        if self._pending:
            self._confirm_jump()
        self._clock_was_reset, self._stuck = True, None

    def _end_piece(self) -> None:
        """Take note of a break that the source states before the next sample."""
        if self._started:
            if self._pending:
                self._confirm_jump()
            self._after_break, self._stuck = True, None

    def _begin_piece(self, stamp: float, sample: FloatArray) -> None:
        """Continue after a break that the source states; nothing was lost but what it lasted."""
        # The stamp after a break tells its length, also where the offset is another one.
        self._after_break = self._clock_was_reset = False
        expected = self._clock.time + self._clock.period
        if not expected - GAP_S <= stamp <= expected + LONGEST_GAP_S:
            self._reset_clock(stamp, sample)
            return
        self.counters.lost += max(round((stamp - expected) / self._clock.period), 0)
        self._start_next_segment(max(stamp, expected), sample)

    def _begin(self, stamp: float, sample: FloatArray, period: float | None = None) -> None:
        self._clock.start(stamp, period)
        self._started = True
        self._grid_writer.put(stamp, sample)

    def _start_next_segment(self, stamp: float, sample: FloatArray) -> None:
        """End the segment before ``stamp`` and start the next one there."""
        self.counters.gaps += 1
        self._grid_writer.cut(stamp)
        self._begin(stamp, sample, self._clock.period)

    def _reset_clock(self, stamp: float, sample: FloatArray) -> None:
        """Continue after a clock reset; where the stamps cannot be, the true pause is unknown."""
        self.counters.clock_resets += 1
        expected = self._clock.time + self._clock.period
        if expected - GAP_S < stamp <= expected + LONGEST_GAP_S:
            self._start_next_segment(max(stamp, expected), sample)
            return
        self._rebase += expected - stamp
        self._start_next_segment(expected, sample)

    def _bridge(self, stamp: float, steps: int, sample: FloatArray, *, late: bool = False) -> None:
        """Advance by ``steps`` samples, all but the last of which are lost."""
        clock = self._clock
        start = clock.time
        stop = clock.advance(steps) if late else clock.update(stamp, steps)
        self.counters.lost += max(steps - 1, 0)
        self._grid_writer.bridge(start, stop, steps, sample)

    # --- stamps only --------------------------------------------------------------------------

    def _add_by_stamp(self, waiting: PendingSample) -> None:
        """Add the next sample of a stream without a counter."""
        stamp, sample, missing = waiting
        if not self._started:
            self._begin(stamp, sample)
            return
        if self._after_break:
            self._begin_piece(stamp, sample)
            return
        if self._clock_was_reset:
            self._clock_was_reset = False
            self._reset_clock(stamp, sample)
            return
        if stamp == self._stuck:
            self.counters.stuck_clock += 1
            return
        self._stuck = None
        clock, pending = self._clock, self._pending
        residual = clock.residual(stamp, 1 + len(pending))
        limit = max(self._floor_s, 5.0 * clock.jitter, 0.5 * clock.period)
        jumps = missing is not None and abs(missing) > 0.5
        if not pending and abs(residual) < limit and not jumps:
            self._grid_writer.put(clock.update(stamp), sample)
            return
        pending.add(waiting, near=abs(residual) < 0.5 * limit)
        if pending.n_back == self._return_n:
            self._release_late()
        elif self._small_loss():
            self._resolve_pending()
        elif len(pending) >= self._confirm_n:
            self._judge_pending(residual)

    def _small_loss(self) -> bool:
        """Return whether clean stamps have shown a small loss for long enough to confirm it."""
        pending = self._pending
        small = 0.5 < abs(pending.total) < self._floor_s / self._clock.period
        return pending.clean and small and pending.advanced_s >= CONFIRM_LOSS_S

    def _release_late(self) -> None:
        """Release samples that were only late: the stamps returned to the line."""
        if self._pending.clean:
            self._resolve_pending()
            return
        self.counters.late += len(self._pending) - self._pending.n_back
        clock = self._clock
        for stamp, sample, _ in self._pending.clear():
            usual_delay = abs(clock.residual(stamp)) < SMALL_JUMP_S
            self._grid_writer.put(clock.update(stamp) if usual_delay else clock.advance(), sample)

    def _judge_pending(self, residual: float) -> None:
        """Decide after a while off the line: stuck clock, still returning, or a jump."""
        n_waiting, sfreq = len(self._pending), self.spec.sfreq
        recent = self._pending.newest(self._confirm_n)
        if min(recent) == max(recent):
            if n_waiting >= STUCK_S * sfreq + 1:
                self.counters.stuck_clock += n_waiting
                self._stuck = recent[-1]
                self._pending.clear()
            return
        # Delayed samples arrive faster than they were recorded until they have caught up.
        half_pace = 0.5 * (len(recent) - 1) * self._clock.period
        coming_back = residual > 0 and recent[-1] - recent[0] < half_pace
        small = abs(residual) < SMALL_JUMP_S and n_waiting < CONFIRM_SMALL_S * sfreq
        if not (coming_back or small) or n_waiting >= CATCH_UP_S * sfreq:
            self._confirm_jump()

    def _confirm_jump(self) -> None:
        """Handle stamps that stay off the line: a gap or a clock reset."""
        if self._pending.clean and abs(self._pending.total) > 0.5:
            self._resolve_pending()
            return
        first = self._pending.extrapolated_start(self._clock.period, self._confirm_n // 2)
        samples = self._pending.clear()
        shift = self._jump_to(first, samples[0].sample)
        for waiting in samples[1:]:
            self._add_by_stamp(waiting._replace(stamp=waiting.stamp + shift))

    def _resolve_pending(self) -> None:
        """Resolve pending samples with clean stamps, sample by sample: late, lost or a gap."""
        classified = list(self._pending.classify())
        self._pending.clear()
        shift = 0.0
        for (stamp, sample, _), n_missing, missing, late in classified:
            period = self._clock.period
            if abs(n_missing) * period < self._floor_s:
                self.counters.late += late
                self._bridge(stamp + shift, 1 + n_missing, sample, late=late)
            else:
                first = self._clock.time + (1 + missing) * period
                shift += self._jump_to(first, sample)

    def _jump_to(self, first: float, sample: FloatArray) -> float:
        """Start a segment at ``first`` (a gap) or right after the last one (a clock reset).

        Returns
        -------
        float
            Seconds to add to the stamps that come after this one.
        """
        expected = self._clock.time + self._clock.period
        if expected <= first <= expected + RESET_S:
            self.counters.lost += max(round((first - expected) / self._clock.period), 1)
            self._start_next_segment(first, sample)
            return 0.0
        self.counters.clock_resets += 1
        self._rebase += expected - first
        self._start_next_segment(expected, sample)
        return expected - first

    # --- stamps and a counter -----------------------------------------------------------------

    def _add_by_counter(self, stamp: float, steps: int, sample: FloatArray) -> None:
        """Add the next sample of a device with a counter; stamps only correct the line."""
        if not self._started:
            self._begin(stamp, sample)
            return
        clock = self._clock
        self._sample_counter.add_stamp(stamp)
        if self._after_break:
            self._begin_piece(stamp, sample)
            return
        if self._sample_counter.n_same > STUCK_S * self.spec.sfreq:
            # The clock is stuck, so only the counter is used.
            stamp = clock.time + steps * clock.period
            self.counters.stuck_clock += 1
        jump_s = steps * clock.period
        late_s = stamp - clock.time - jump_s
        restarted = jump_s >= GAP_S and abs(late_s) > TRUST_COUNTER_S
        if self._clock_was_reset or steps < 0 or jump_s > RESET_S or restarted:
            self._clock_was_reset = False
            self._reset_clock(stamp, sample)
        elif (steps - 1) * clock.period >= GAP_S:
            self.counters.lost += steps - 1
            # The counter says how much is lost; the line, not the late stamp, says when.
            self._start_next_segment(clock.time + jump_s, sample)
        else:
            self._bridge(stamp, steps, sample)
