"""Align ordinary samples in one loop, because a call per step and sample costs most of the time.

Ordinary samples make up more than 99 % of a healthy stream: their stamp is near the fitted line
and nothing is pending before them. `FastLoop` does for them what `StreamAligner` and its parts do,
with the same arithmetic in the same order, so the results are equal to the last bit; tests compare
the two on random and real streams. It changes nothing for a sample that is not ordinary and
leaves it to the aligner.
"""

# The loop is the second half of the classes whose state it advances, so it reads their insides.
# ruff: noqa: SLF001

from __future__ import annotations

from math import isnan, nan, sqrt

from physiosync_rt.align.clock_model import LEAST_VARIANCE, MIN_LIMIT_S, ClockModel
from physiosync_rt.align.duplicates import Duplicates
from physiosync_rt.align.grid_writer import GridWriter
from physiosync_rt.align.loss_detector import (
    CLEAN_SHARE,
    MEMORY_N,
    OFF_SHARE,
    OFF_STEP,
    RATE_SLACK,
    SAME_STEP,
    LossDetector,
)
from physiosync_rt.align.offset_tracker import clipped
from physiosync_rt.align.rate import N_STEPS, OFF_RATE, RateMeter
from physiosync_rt.align.sample_counter import SampleCounter
from physiosync_rt.align.stats import Counters
from physiosync_rt.align.thresholds import (
    GAP_S,
    RATE_KNOWN_JITTERS,
    RATE_KNOWN_S,
    RESET_S,
    STUCK_S,
    TRUST_COUNTER_S,
)
from physiosync_rt.datatypes import FloatArray


class FastLoop:
    """Loop over the ordinary samples of one stream; advances the state of the aligner's parts.

    Parameters
    ----------
    sfreq : float
        Nominal rate in Hz.
    floor_s : float
        Smallest limit of a stamp's distance from the line, in seconds.
    counters : Counters
    clock : ClockModel
    duplicates : Duplicates
    loss_detector : LossDetector
    rate : RateMeter
    sample_counter : SampleCounter
    grid_writer : GridWriter
    """

    def __init__(
        self,
        sfreq: float,
        floor_s: float,
        *,
        counters: Counters,
        clock: ClockModel,
        duplicates: Duplicates,
        loss_detector: LossDetector,
        rate: RateMeter,
        sample_counter: SampleCounter,
        grid_writer: GridWriter,
    ) -> None:
        self._stuck_n = STUCK_S * sfreq
        self._floor_s = floor_s
        self._counters = counters
        self._clock = clock
        self._duplicates = duplicates
        self._loss_detector = loss_detector
        self._rate = rate
        self._sample_counter = sample_counter
        self._grid_writer = grid_writer

    def run(  # noqa: C901 - one loop is the purpose
        self,
        stamps: list[float],
        values: FloatArray,
        numbers: list[int] | None,
        *,
        samples: FloatArray,
        at: int,
        stop: int,
        rebase: float,
    ) -> int:
        """Add samples from ``at`` on, up to ``stop`` or the first one that is not ordinary.

        Parameters
        ----------
        stamps : list of float, length n_samples
            In seconds from the anchor.
        values : array, shape (n_samples, n_channels)
            Samples without NaN, as `NonFiniteFilter` returns them.
        numbers : list of int, length n_samples, or None
            The device's sample counter.
        samples : array, shape (n_samples, n_channels)
            The same with NaN where a sample has no value.
        at, stop : int
            From ``at`` up to ``stop`` stamps are finite and the first channel has values.
        rebase : float
            Seconds to add to the stamps after clock resets.

        Returns
        -------
        int
            Index of the first sample that was not added; ``stop`` where all were.
        """
        # The state moves into local names, the fastest that Python has, and back below.
        writer = self._grid_writer
        latest, least_step = writer.newest, 0.1 * writer._period
        times: list[float] = []

        clock, tracker = self._clock, self._clock._offset_tracker
        time, period, n = clock._time, clock.period, clock.n
        variance, jitter_variance, offset = clock._variance, clock._jitter_variance, tracker.offset
        gains, n_gains, nominal = clock._gains, len(clock._gains), clock._nominal_period
        (k0, k1), n_settled = gains[-1], 2.0 / clock._jitter_rate
        shortest, longest, jitter_rate = clock._shortest, clock._longest, clock._jitter_rate
        tracks = clock._tracks_offset

        memory = self._duplicates
        newest = memory._newest

        loss = self._loss_detector
        head = nan if loss._head is None else loss._head
        step_s, n_packet, n_steps = loss._period, loss._n_packet, loss._n_steps
        share, clean, was_off = loss._share, loss.clean, loss._was_off
        most_off = OFF_SHARE if clean else CLEAN_SHARE

        meter = self._rate
        bin_s, bin_now, n_bin = meter._bin_s, meter._bin, meter._count
        meter_stamp, meter_packet, meter_steps = meter._stamp, meter._n_packet, meter._steps
        measures_steps, n_meter_steps = len(meter_steps) < N_STEPS, len(meter_steps)

        numbering = self._sample_counter
        number, same, n_same = numbering._newest, numbering.stamp, numbering.n_same

        if memory.is_empty or bin_now is None or writer.waits:
            return at
        # Earlier than this no bin ends, whatever the rounding.
        quiet_s = (bin_now + 1) * bin_s * (1.0 - 1e-9)
        if numbers is None and (isnan(head) or tracks == clean):
            return at
        # Between these periods the rate is not off, whatever the rounding.
        short = nominal * (1.0 - OFF_RATE) * (1.0 + 1e-9)
        long = nominal * (1.0 + OFF_RATE) * (1.0 - 1e-9)
        floor_s, n_off_rate, i = self._floor_s, 0, at
        remembered = counted = at
        for i in range(at, stop):
            stamp = stamps[i]
            if stamp <= newest:
                # What it may repeat must be known by now.
                memory.add_run(stamps[remembered:i], values[remembered:i])
                remembered = i
                if memory.is_repeat(stamp, values[i]):
                    break
            mapped = stamp + rebase

            if numbers is None:
                # `LossDetector.add`: the stamp's step from packet to packet.
                step = (stamp - head) / step_s
                new_packet = not 0.0 <= step < SAME_STEP
                if new_packet:
                    missing = step - n_packet
                    n_mean = n_steps + 1 if n_steps < MEMORY_N else MEMORY_N
                    slack = RATE_SLACK * n_packet
                    if slack < OFF_STEP:
                        slack = OFF_STEP
                    if -slack <= missing <= slack:
                        off, factor = False, 1.0 + missing / n_packet / n_mean
                        next_share = share - share / n_mean
                    else:
                        off = missing < 0 or abs(missing - round(missing)) > OFF_STEP
                        factor, next_share = 1.0, share + ((off and not was_off) - share) / n_mean
                        if clean and abs(missing) > 0.5:
                            break
                    if (next_share < most_off) != clean:
                        break
                # `StreamAligner._add_by_stamp`: near the line?
                residual = mapped - (time + offset + period)
                if not -floor_s < residual < floor_s:
                    limit = max(5.0 * sqrt(jitter_variance), 0.5 * period)
                    if not -limit < residual < limit:
                        break
                if new_packet:
                    step_s *= factor
                    share, head, n_packet, was_off = next_share, stamp, 1, off
                    n_steps += 1
                else:
                    n_packet += 1
            else:
                # `StreamAligner._add_by_counter`: the next number?
                if number is None or numbers[i] != number + 1 or period > RESET_S:
                    break
                if period >= GAP_S and abs(mapped - (time + offset) - period) > TRUST_COUNTER_S:
                    break
                n_now = n_same + 1 if mapped == same else 0
                if n_now > self._stuck_n:
                    break
                number, same, n_same = numbers[i], mapped, n_now

            # `StreamAligner.off_rate`, before this sample changes it.
            if not short < period < long and abs(period / nominal - 1.0) > OFF_RATE:
                known_s = max(RATE_KNOWN_S, RATE_KNOWN_JITTERS * sqrt(jitter_variance))
                n_off_rate += n * nominal >= known_s

            # `ClockModel.update`
            predicted = time + period
            residual = mapped - predicted
            limit = 5.0 * sqrt(variance) if variance > LEAST_VARIANCE else MIN_LIMIT_S
            bounded = residual if -limit <= residual <= limit else clipped(residual, limit)
            beside = clipped(residual - offset, limit) if offset else bounded
            if n <= n_gains:
                k0, k1 = gains[n - 1]
            if tracks:
                tracker.add(mapped, 1, (predicted, period), k0, limit)
                offset = tracker.offset
            time = predicted + k0 * bounded
            period += k1 * bounded
            if period < shortest or period > longest:
                period = min(max(period, shortest), longest)
            rate = jitter_rate if n > n_settled else max(jitter_rate, 1.0 / (n + 1))
            variance += rate * (bounded * bounded - variance)
            jitter_variance += rate * (beside * beside - jitter_variance)
            n += 1

            # `GridWriter.put`
            fitted, least = time + offset, latest + least_step
            latest = fitted if fitted >= least else least
            times.append(latest)

            # `Duplicates.add`; all that rise above what was there before are added at the end.
            if stamp > newest:
                newest = stamp
            else:
                memory.add(stamp, values[i])
                remembered = i + 1

            # `RateMeter.add`
            if measures_steps:
                if stamp == meter_stamp:
                    meter_packet += 1
                else:
                    if n_meter_steps < N_STEPS and meter_packet:
                        meter_steps.append((stamp - meter_stamp) / meter_packet)
                        n_meter_steps += 1
                    meter_stamp, meter_packet = stamp, 1
            if stamp >= quiet_s and stamp // bin_s > bin_now:
                meter.end_bin(n_bin + i - counted)
                bin_now, n_bin, counted = int(stamp // bin_s), 0, i
                quiet_s = (bin_now + 1) * bin_s * (1.0 - 1e-9)
        else:
            i = stop

        if not measures_steps:
            for stamp in stamps[at:i]:
                meter_packet = meter_packet + 1 if stamp == meter_stamp else 1
                meter_stamp = stamp
        memory.add_run(stamps[remembered:i], values[remembered:i])
        if times:
            writer.put_run(times, samples[at:i])
        clock._time, clock.period, clock.n = time, period, n
        clock._variance, clock._jitter_variance = variance, jitter_variance
        if numbers is None:
            loss._head, loss._period, loss._share, loss._was_off = head, step_s, share, was_off
            loss._n_packet, loss._n_steps = n_packet, n_steps
        meter._bin, meter._count = bin_now, n_bin + i - counted
        meter._stamp, meter._n_packet = meter_stamp, meter_packet
        numbering._newest, numbering.stamp, numbering.n_same = number, same, n_same
        self._counters.received += i - at
        self._counters.off_rate += n_off_rate
        return i
