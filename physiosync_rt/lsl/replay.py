"""Replay a recording as live LSL streams on one clock with original timing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from physiosync_rt.datatypes import (
    BoolArray,
    FloatArray,
    IntArray,
    RecordedMarkers,
    RecordedStream,
    Recording,
    SampleArray,
    StreamSpec,
)
from physiosync_rt.errors import UserError
from physiosync_rt.formats.clocks import corrected, zero_time
from physiosync_rt.formats.metadata import COUNTER_LIMIT
from physiosync_rt.lsl.faults import FaultPlan
from physiosync_rt.lsl.info import END_MARKER, make_info, make_marker_info

if TYPE_CHECKING:
    import pylsl

TICK_S = 0.02
"""Approximate length of the sent chunks."""

SETTLE_S = 1.0
"""Delay after the last new consumer, so that all of them receive the first sample."""

DRAIN_S = 2.0
"""Longest time that outlets stay open after the end, so that consumers get all samples."""

LOOP_GAP_S = 1.0
"""Pause between two rounds of a loop, because the signal is not continuous there."""

_RESET_S = 1.0
_LONGEST_PAUSE_S = 3600.0

ProgressCallback = Callable[[float, float], None]


@dataclass(frozen=True, slots=True)
class _Track:
    """Samples of one outlet; stamps and sending times in seconds from the replay's start."""

    spec: StreamSpec
    samples: SampleArray
    times: FloatArray
    due: FloatArray
    counter: IntArray | None


@dataclass(frozen=True, slots=True)
class _Markers:
    """Markers of the marker outlet, in order of time."""

    times: FloatArray
    labels: tuple[str, ...]


class Replayer:
    """Player of a recording as LSL streams.

    Parameters
    ----------
    recording : Recording
        For several files of one session see `formats.session.one_session`.
    speed : float
        Recorded seconds per second. Stamps keep the recording's spacing at any speed.
    loop : bool
        Start again at the end, until stopped.
    prefix : str
        Prefix of every stream name.
    start, stop : float, optional
        Part to play, in seconds from the first EEG sample.
    wait : bool
        Wait for a consumer before the first sample.
    faults : FaultPlan, optional
        Faults to inject.
    on_progress : callable, optional
        Called with played and total recorded seconds, a few times a second.

    Raises
    ------
    UserError
        The speed is not positive, there are no samples between ``start`` and ``stop``, or a fault
        is for a stream that does not exist.

    Notes
    -----
    ``run`` blocks; ``stop`` may be called from any thread. The stream ``<prefix>markers`` always
    exists and ends with the marker ``physiosync:end``. A known sample counter of the device is
    sent as an additional channel (see `formats.metadata.COUNTER_TYPE`).
    """

    def __init__(
        self,
        recording: Recording,
        *,
        speed: float = 1.0,
        loop: bool = False,
        prefix: str = "",
        start: float | None = None,
        stop: float | None = None,
        wait: bool = True,
        faults: FaultPlan | None = None,
        on_progress: ProgressCallback | None = None,
    ) -> None:
        if not (speed > 0 and np.isfinite(speed)):
            raise UserError(f"invalid speed {speed:g}: expected a number above 0")
        self._speed, self._loop, self._wait = speed, loop, wait
        self._on_progress = on_progress
        self._stopping = threading.Event()
        zero = zero_time(recording)
        window = (
            -np.inf if start is None else zero + start,
            np.inf if stop is None else zero + stop,
        )
        cut = [c for c in (_cut(s, window) for s in recording.streams) if c is not None]
        if not cut:
            name = recording.path.name if recording.path else "the recording"
            where = [f"from {start:g} s" if start is not None else ""]
            where += [f"to {stop:g} s" if stop is not None else ""]
            length_s = max((stream.duration_s for stream in recording.streams), default=0.0)
            raise UserError(
                f"{name} has no samples {' '.join(filter(None, where))}; the times count from the "
                f"first EEG sample, and it lasts {length_s:.0f} s"
            )
        # The first in file order, because after a clock reset stamps may be smaller.
        origin = min(float(times[0]) for _, times in cut)
        if faults is not None:
            faults.check(stream.spec for stream, _ in cut)
        stem = recording.path.stem if recording.path else "recording"
        self._tracks = [_track(s, times - origin, prefix, stem, faults) for s, times in cut]
        self.duration = max(float(track.due[-1]) for track in self._tracks if len(track.due))
        """Recorded seconds from the first sample to the last."""
        self._markers = _merge_markers(recording.markers, origin, self.duration, window)
        self._marker_name = f"{prefix}markers"
        self._marker_id = f"physiosync-replay:{stem}:{self._marker_name}"

    @property
    def specs(self) -> tuple[StreamSpec, ...]:
        """The streams that are sent, without markers."""
        return tuple(track.spec for track in self._tracks)

    @property
    def marker_name(self) -> str:
        """Name of the marker stream."""
        return self._marker_name

    def stop(self) -> None:
        """End the replay soon; consumers still receive the end marker."""
        self._stopping.set()

    def run(self) -> None:
        """Play to the end, or until stopped."""
        # liblsl is loaded this late so that the caller can choose its configuration first.
        import pylsl

        outlets = [
            pylsl.StreamOutlet(make_info(t.spec, speed=self._speed, counter=t.counter is not None))
            for t in self._tracks
        ]
        marker_info = make_marker_info(self._marker_name, self._marker_id, speed=self._speed)
        marker_outlet = pylsl.StreamOutlet(marker_info)
        all_outlets = [*outlets, marker_outlet]
        if self._wait:
            self._wait_for_consumers(all_outlets)
        begin = pylsl.local_clock()
        end = begin
        try:
            while not self._stopping.is_set():
                end = begin + self._play_round(outlets, marker_outlet, begin)
                if not self._loop:
                    break
                begin = end + LOOP_GAP_S
        finally:
            marker_outlet.push_sample([END_MARKER], end)
            self._drain(all_outlets)

    def _wait_for_consumers(self, outlets: Sequence[pylsl.StreamOutlet]) -> None:
        """Wait until `SETTLE_S` after the last consumer connected, or until stopped."""
        connected = [False] * len(outlets)
        newest: float | None = None
        while newest is None or time.monotonic() - newest < SETTLE_S:
            now = [bool(outlet.have_consumers()) for outlet in outlets]
            if any(new and not old for new, old in zip(now, connected, strict=True)):
                newest = time.monotonic()
            connected = now
            if self._stopping.wait(TICK_S):
                return

    def _play_round(
        self, outlets: Sequence[pylsl.StreamOutlet], marker_outlet: pylsl.StreamOutlet, begin: float
    ) -> float:
        """Send everything once, stamped ``begin`` plus recorded seconds; return the played ones."""
        sent = [0] * len(self._tracks)
        n_text = 0
        clock_start = time.monotonic()
        last_report = -np.inf
        played = 0.0
        while not self._stopping.is_set():
            now = time.monotonic()
            played = (now - clock_start) * self._speed
            for i, (track, outlet) in enumerate(zip(self._tracks, outlets, strict=True)):
                stop = int(np.searchsorted(track.due, played, side="right"))
                _push(outlet, track, slice(sent[i], stop), begin)
                sent[i] = stop
            while n_text < len(self._markers.labels) and self._markers.times[n_text] <= played:
                stamp = begin + float(self._markers.times[n_text])
                marker_outlet.push_sample([self._markers.labels[n_text]], stamp)
                n_text += 1
            done = all(n == len(t.due) for n, t in zip(sent, self._tracks, strict=True))
            if self._on_progress and (done or now - last_report > 0.25):
                self._on_progress(min(played, self.duration), self.duration)
                last_report = now
            if done and n_text == len(self._markers.labels):
                break
            self._stopping.wait(TICK_S)
        return min(played, self.duration)

    def _drain(self, outlets: Sequence[pylsl.StreamOutlet]) -> None:
        """Wait until the consumers have disconnected, for `DRAIN_S` at most."""
        deadline = time.monotonic() + DRAIN_S
        while time.monotonic() < deadline and any(o.have_consumers() for o in outlets):
            time.sleep(TICK_S)


def _push(outlet: pylsl.StreamOutlet, track: _Track, part: slice, begin: float) -> None:
    if part.start == part.stop:
        return
    samples: SampleArray = track.samples[part]
    if track.counter is not None:
        counter = track.counter[part, np.newaxis].astype(np.float32)
        samples = np.concatenate([samples, counter], axis=1)
    outlet.push_chunk(samples, (begin + track.times[part]).tolist())


def _cut(
    stream: RecordedStream, window: tuple[float, float]
) -> tuple[RecordedStream, FloatArray] | None:
    """Cut a stream to a window of corrected times and return both; None if empty."""
    times = corrected(stream)
    inside: BoolArray = (times >= window[0]) & (times < window[1])
    if not inside.any():
        return None
    part = replace(
        stream,
        samples=stream.samples[inside],
        timestamps=stream.timestamps[inside],
        counter=None if stream.counter is None else stream.counter[inside],
    )
    return part, times[inside]


def _track(
    stream: RecordedStream, times: FloatArray, prefix: str, stem: str, faults: FaultPlan | None
) -> _Track:
    """Schedule one stream whose stamps count from the start of the replay."""
    name = prefix + stream.spec.name
    source_id = f"physiosync-replay:{stem}:{name}"
    spec = replace(stream.spec, name=name, source_id=source_id)
    counter = stream.counter
    if counter is not None:
        counter = counter - counter[0]
        if counter.max() >= COUNTER_LIMIT or counter.min() < 0:
            counter = None
    samples, due = stream.samples, due_times(times, spec.sfreq)
    if faults is not None:
        kept, times, due = faults.of(stream.spec).apply(spec.name, times, due)
        samples = samples[kept]
        counter = None if counter is None else counter[kept]
    return _Track(spec, samples, times, due, counter)


def _merge_markers(
    markers: Sequence[RecordedMarkers],
    origin: float,
    duration: float,
    window: tuple[float, float],
) -> _Markers:
    """Merge the markers of all streams in order of time; those outside the signals are dropped.

    A marker that is hours away from every signal was stamped with a wrong clock.
    """
    found: list[tuple[float, str]] = []
    for one in markers:
        for stamp, label in zip(corrected(one).tolist(), one.labels, strict=True):
            if window[0] <= stamp < window[1] and 0 <= stamp - origin <= duration:
                found.append((stamp - origin, label))
    found.sort(key=lambda item: item[0])
    times = np.array([stamp for stamp, _ in found], dtype=np.float64)
    return _Markers(times, tuple(label for _, label in found))


def due_times(times: FloatArray, sfreq: float) -> FloatArray:
    """Return when each sample is sent, in file order.

    Parameters
    ----------
    times : float64 array, shape (n_samples,)
        Stamps in seconds.
    sfreq : float
        Nominal rate in Hz; 0 when irregular.

    Returns
    -------
    float64 array, shape (n_samples,)
        Never decreasing: a sample whose stamp steps back is sent with the previous one. A step
        too large for a pause (a clock reset) takes one period.
    """
    steps = np.diff(times)
    resets = (steps < -_RESET_S) | (steps > _LONGEST_PAUSE_S)
    steps[resets] = 1.0 / sfreq if sfreq > 0 else 0.0
    due: FloatArray = np.maximum.accumulate(
        np.concatenate([times[:1], times[0] + np.cumsum(steps)])
    )
    return due
