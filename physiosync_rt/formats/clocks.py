"""From raw stamps and clock measurements to stamps on the recorder's clock."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from physiosync_rt.datatypes import (
    FloatArray,
    Modality,
    RecordedMarkers,
    RecordedStream,
    Recording,
)

SAME_HOST_S = 1e-3
"""Offsets below this are what measuring one clock against itself gives; they count as 0."""

_RESET_S = 1.0
"""A step back of the sender's clock, or a step of its offset, that no drift explains."""


def sample_offsets(timestamps: FloatArray, clock_offsets: FloatArray) -> FloatArray:
    """Clock offset that holds for every sample.

    Parameters
    ----------
    timestamps : float64 array, shape (n_samples,)
        Raw stamps on the sender's clock, in the file's order.
    clock_offsets : float64 array, shape (n_measurements, 2)
        Time of each measurement on the sender's clock and the offset to add to its stamps.

    Returns
    -------
    float64 array, shape (n_samples,)
        For each sample the offset measured last at or before it (the first one before any), so
        that a stream read live and its recording are corrected alike. Where the sender's clock
        was set anew, only the measurements of the same stretch of that clock count.
    """
    if len(clock_offsets) == 0 or np.all(np.abs(clock_offsets[:, 1]) < SAME_HOST_S):
        return np.zeros(len(timestamps))
    times, values = clock_offsets[:, 0], clock_offsets[:, 1]
    resets = (np.diff(times) < 0) | (np.abs(np.diff(values)) > _RESET_S)
    starts = np.concatenate([[0], np.flatnonzero(resets) + 1, [len(times)]])
    stretches = [slice(a, b) for a, b in pairwise(starts)]
    # Distance in time from every sample to every stretch; 0 inside.
    distance = np.stack(
        [
            np.maximum(np.maximum(times[s][0] - timestamps, timestamps - times[s][-1]), 0.0)
            for s in stretches
        ]
    )
    nearest = distance.argmin(axis=0)
    offsets = np.empty(len(timestamps))
    for i, stretch in enumerate(stretches):
        here = nearest == i
        last = np.searchsorted(times[stretch], timestamps[here], side="right") - 1
        offsets[here] = values[stretch][np.maximum(last, 0)]
    return offsets


def corrected(stream: RecordedStream | RecordedMarkers) -> FloatArray:
    """Stamps of a stream on the recorder's clock, shape (n_samples,), in the file's order."""
    return stream.timestamps + sample_offsets(stream.timestamps, stream.clock_offsets)


def stamped(recording: Recording) -> Recording:
    """Leave out the samples that bear no time, with a note of how many they were."""
    streams, notes = [], []
    for stream in recording.streams:
        finite = np.isfinite(stream.timestamps)
        if finite.all():
            streams.append(stream)
            continue
        notes.append(
            f"{stream.spec.name}: {int((~finite).sum())} samples bear a timestamp that is no "
            "number; they are left out"
        )
        counter = None if stream.counter is None else stream.counter[finite]
        streams.append(
            replace(
                stream,
                samples=stream.samples[finite],
                timestamps=stream.timestamps[finite],
                counter=counter,
            )
        )
    if not notes:
        return recording
    return replace(recording, streams=tuple(streams), notes=(*recording.notes, *notes))


def zero_time(recording: Recording) -> float:
    """Time that ``start_utc`` and `Segment` refer to, on the recorder's clock, in seconds.

    It is the first EEG sample; where there is no EEG, the first sample of the stream that began
    first. First is first in the file: a smaller stamp may lie behind a reset of the clock.
    """
    timed = _timed(recording)
    eeg = [s for s in recording.of(Modality.EEG) if len(s.timestamps)]
    return float(min(corrected(s)[0] for s in eeg or timed))


def span(recording: Recording) -> tuple[float, float]:
    """First and last sample on the recorder's clock in seconds; markers count where alone."""
    times = [corrected(s) for s in _timed(recording)]
    return float(min(t.min() for t in times)), float(max(t.max() for t in times))


def _timed(recording: Recording) -> list[RecordedStream] | list[RecordedMarkers]:
    """Streams that hold samples, or markers where there are none."""
    streams = [s for s in recording.streams if len(s.timestamps)]
    return streams or [m for m in recording.markers if len(m.timestamps)]
