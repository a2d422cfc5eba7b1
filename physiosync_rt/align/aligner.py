"""One stream onto the grid: faults are recognised and counted, the rest is resampled."""

from __future__ import annotations

import math
from dataclasses import asdict

import numpy as np

from physiosync_rt.align.clock_model import ClockModel
from physiosync_rt.align.duplicates import Duplicates
from physiosync_rt.align.grid_writer import GridWriter
from physiosync_rt.align.loss_detector import LossDetector
from physiosync_rt.align.nonfinite import NonFiniteFilter
from physiosync_rt.align.pending import PendingSamples, Suspect
from physiosync_rt.align.rate import OFF_RATE, RateMeter
from physiosync_rt.align.sample_counter import SampleCounter
from physiosync_rt.align.stats import Counters, StreamStats
from physiosync_rt.align.thresholds import (
    CATCH_UP_S,
    CONFIRM_LOSS_S,
    CONFIRM_S,
    CONFIRM_SMALL_S,
    CONSTANT_S,
    GAP_S,
    OFFSET_RESET_S,
    RESET_S,
    RETURN_N,
    SLACK_S,
    SMALL_JUMP_S,
    TRUST_COUNTER_S,
)
from physiosync_rt.datatypes import BoolArray, Chunk, FloatArray, GridChunk, StreamSpec

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
    needed : bool array, shape (n_channels,), optional
        Channels without whose value a sample counts as missing; without any, none is there.

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
    reset, in which case the stream goes on where it was). Where stamps are clean
    (`LossDetector`), a step by whole periods opens one too, and shorter losses are counted and
    bridged. Stamps that stand still place nothing: their samples are counted and left out.
    Where the device counts its samples, the counter decides what is missing and stamps only
    steer the line.
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
        self._clock_set = False
        self._started = False
        self._stuck: float | None = None
        self._stamp, self._n_same = 0.0, 0

    @property
    def delay_s(self) -> float:
        """Look-ahead of the resampler in seconds."""
        return self._grid_writer.resampler.kernel.half_width_s

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
        """Measured rate in Hz; the nominal one until some seconds have been seen."""
        if self._clock.rate_known:
            return 1.0 / self._clock.period
        return self._rate.rate or self.spec.sfreq

    @property
    def rate(self) -> RateMeter:
        """Rates that the stamps show, by the samples received and by most of their steps."""
        return self._rate

    @property
    def off_rate(self) -> bool:
        """Whether the rate is known to be more than 1 % off the declared one."""
        return self._clock.rate_known and abs(self._clock.excess) > OFF_RATE

    @property
    def drift_ppm(self) -> float | None:
        """How much longer than declared a sample lasts, None in a stretch's first 30 s."""
        return self._clock.drift_ppm

    @property
    def stuck(self) -> bool:
        """Whether the stamps stand still at present."""
        return self._stuck is not None or self._n_same > CONSTANT_S * self.spec.sfreq

    @property
    def stats(self) -> StreamStats:
        """Counts, rate, jitter and drift as they are now."""
        return StreamStats(
            **asdict(self.counters),
            sfreq_effective=self.sfreq_effective,
            jitter_ms=1e3 * self.jitter_s,
            drift_ppm=self.drift_ppm,
            rate_is_off=self.off_rate,
            clock_is_stuck=self.stuck,
        )

    def push(self, chunk: Chunk) -> list[GridChunk]:
        """Take the next chunk of this stream; return the grid rows that became known."""
        for at in range(0, len(chunk), BLOCK):
            self._push_block(chunk, slice(at, at + BLOCK))
        return self._grid_writer.take()

    def _push_block(self, chunk: Chunk, block: slice) -> None:
        # Rounding to the nanosecond lets the same recording, replayed on another time base, make
        # the same decisions to the last bit in all but freak cases.
        mapped = chunk.timestamps[block] + (chunk.clock_offset - self._anchor)
        stamps = np.round(mapped, 9).tolist()
        samples, values = self._nonfinite(chunk.samples[block].astype(np.float64))
        counters = None if chunk.counter is None else chunk.counter[block].tolist()
        self._heed_offset(chunk.clock_offset)
        for i, stamp in enumerate(stamps):
            self.counters.received += 1
            self.counters.off_rate += self.off_rate
            if not math.isfinite(stamp):
                self.counters.nonfinite += 1
                continue
            known = self._duplicates.has(stamp, values[i])
            if counters is not None:
                # A counter that goes forward outranks what looks the same.
                steps = self._sample_counter.steps(counters[i], known=known)
                if steps is None:
                    continue
                self._take_counted(stamp + self._rebase, steps, samples[i])
            elif known:
                self.counters.duplicates += 1
                continue
            else:
                missing = self._loss_detector.add(stamp)
                self._clock.follow(unclean=not self._loss_detector.known)
                self._take(Suspect(stamp + self._rebase, samples[i], missing))
            self._duplicates.add(stamp, values[i])
            self._rate.add(stamp)
        self._grid_writer.flush()

    def _heed_offset(self, offset: float) -> None:
        """Note where the clock correction says that the sender's clock was set anew."""
        before, self._offset = self._offset, offset
        if before is None or not self._started or abs(offset - before) < OFFSET_RESET_S:
            return
        if self._pending:
            self._confirm_jump()
        self._clock_set, self._stuck = True, None

    def _begin(self, stamp: float, sample: FloatArray, period: float | None = None) -> None:
        self._clock.start(stamp, period)
        self._started = True
        self._grid_writer.put(stamp, sample)

    def _break(self, stamp: float, sample: FloatArray) -> None:
        """End the stretch before ``stamp`` and begin the next one there."""
        self.counters.gaps += 1
        self._grid_writer.cut(stamp)
        self._begin(stamp, sample, self._clock.period)

    def _set_clock(self, stamp: float, sample: FloatArray) -> None:
        """Go on after a reset; of a step back nothing tells how long it really took."""
        self.counters.clock_resets += 1
        expected = self._clock.time + self._clock.period
        if stamp > expected - GAP_S:
            self._break(max(stamp, expected), sample)
            return
        self._rebase += expected - stamp
        self._break(expected, sample)

    def _bridge(self, stamp: float, steps: int, sample: FloatArray, *, late: bool = False) -> None:
        """Go on by ``steps`` samples of which all but the last are lost."""
        clock = self._clock
        start = clock.time
        stop = clock.coast(steps) if late else clock.update(stamp, steps)
        self.counters.lost += max(steps - 1, 0)
        self._grid_writer.bridge(start, stop, steps, sample)

    # --- stamps only --------------------------------------------------------------------------

    def _take(self, suspect: Suspect) -> None:
        """Next sample of a stream without a counter: stamps are all there is."""
        stamp, sample, missing = suspect
        if not self._started:
            self._begin(stamp, sample)
            return
        if self._clock_set:
            self._clock_set = False
            self._set_clock(stamp, sample)
            return
        if stamp == self._stuck:
            self.counters.stuck_clock += 1
            return
        self._stuck = None
        clock, suspicion = self._clock, self._pending
        residual = clock.residual(stamp, 1 + len(suspicion))
        limit = max(self._floor_s, 5.0 * clock.jitter, 0.5 * clock.period)
        jumps = missing is not None and abs(missing) > 0.5
        if not suspicion and abs(residual) < limit and not jumps:
            self._grid_writer.put(clock.update(stamp), sample)
            return
        suspicion.add(suspect, near=abs(residual) < 0.5 * limit)
        if suspicion.n_back == self._return_n:
            self._clear_suspects()
        elif self._small_loss():
            self._settle()
        elif len(suspicion) >= self._confirm_n:
            self._judge_suspects(residual)

    def _small_loss(self) -> bool:
        """Whether clean stamps have told for long enough that some samples are missing."""
        suspicion = self._pending
        small = 0.5 < abs(suspicion.total) < self._floor_s / self._clock.period
        return suspicion.told and small and suspicion.advanced_s >= CONFIRM_LOSS_S

    def _clear_suspects(self) -> None:
        """The stamps came back to the line: the samples were late, none was lost."""
        if self._pending.told:
            self._settle()
            return
        self.counters.late += len(self._pending) - self._pending.n_back
        clock = self._clock
        for stamp, sample, _ in self._pending.clear():
            habit = abs(clock.residual(stamp)) < SMALL_JUMP_S
            self._grid_writer.put(clock.update(stamp) if habit else clock.coast(), sample)

    def _judge_suspects(self, residual: float) -> None:
        """Stamps have been away for a while: they stand still, are coming back, or have gone."""
        n_waiting, sfreq = len(self._pending), self.spec.sfreq
        recent = self._pending.newest(self._confirm_n)
        if min(recent) == max(recent):
            if n_waiting >= CONSTANT_S * sfreq + 1:
                self.counters.stuck_clock += n_waiting
                self._stuck = recent[-1]
                self._pending.clear()
            return
        # Samples that were held up come faster than they were taken, until they are up to date.
        half_pace = 0.5 * (len(recent) - 1) * self._clock.period
        coming_back = residual > 0 and recent[-1] - recent[0] < half_pace
        small = abs(residual) < SMALL_JUMP_S and n_waiting < CONFIRM_SMALL_S * sfreq
        if not (coming_back or small) or n_waiting >= CATCH_UP_S * sfreq:
            self._confirm_jump()

    def _confirm_jump(self) -> None:
        """The stamps run on beside the line: a gap, or a clock that was set anew."""
        if self._pending.told and abs(self._pending.total) > 0.5:
            self._settle()
            return
        first = self._pending.counted_back(self._clock.period, self._confirm_n // 2)
        suspects = self._pending.clear()
        shift = self._jump_to(first, suspects[0].sample)
        for suspect in suspects[1:]:
            self._take(suspect._replace(stamp=suspect.stamp + shift))

    def _settle(self) -> None:
        """Clean stamps tell sample by sample what was late, what is missing, and where."""
        judged = list(self._pending.judged())
        self._pending.clear()
        shift = 0.0
        for (stamp, sample, _), n_missing, missing, late in judged:
            period = self._clock.period
            if abs(n_missing) * period < self._floor_s:
                self.counters.late += late
                self._bridge(stamp + shift, 1 + n_missing, sample, late=late)
            else:
                first = self._clock.time + (1 + missing) * period
                shift += self._jump_to(first, sample)

    def _jump_to(self, first: float, sample: FloatArray) -> float:
        """Begin a stretch at ``first``, or, where no pause explains it, right where the last ended.

        Returns
        -------
        float
            Seconds to add to the stamps that come after this one.
        """
        expected = self._clock.time + self._clock.period
        if expected <= first <= expected + RESET_S:
            self.counters.lost += max(round((first - expected) / self._clock.period), 1)
            self._break(first, sample)
            return 0.0
        self.counters.clock_resets += 1
        self._rebase += expected - first
        self._break(expected, sample)
        return expected - first

    # --- stamps and a counter -----------------------------------------------------------------

    def _take_counted(self, stamp: float, steps: int, sample: FloatArray) -> None:
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
            self.counters.stuck_clock += 1
        jump_s = steps * clock.period
        late_s = stamp - clock.time - jump_s
        restarted = jump_s >= GAP_S and abs(late_s) > TRUST_COUNTER_S
        if self._clock_set or steps < 0 or jump_s > RESET_S or restarted:
            self._clock_set = False
            self._set_clock(stamp, sample)
        elif (steps - 1) * clock.period >= GAP_S:
            self.counters.lost += steps - 1
            # The counter says how much is missing; the line, not the late stamp, says when.
            self._break(clock.time + jump_s, sample)
        else:
            self._bridge(stamp, steps, sample)
