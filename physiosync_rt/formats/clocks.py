"""Convert raw time stamps to the recorder's clock with the measured clock offsets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from physiosync_rt.datatypes import (
    BoolArray,
    FloatArray,
    Modality,
    RecordedMarkers,
    RecordedStream,
    Recording,
)

LARGEST_S = 1e13
"""Stamps beyond this are not times in seconds: their floats are further apart than samples."""

SAME_HOST_S = 1e-3
"""Offsets below this are measurement noise of a single clock and count as 0."""

_RESET_S = 1.0
"""A backward step of the sender's clock, or a step of its offset, too large for drift."""


def sample_offsets(timestamps: FloatArray, clock_offsets: FloatArray) -> FloatArray:
    """Return the clock offset of every sample.

    Parameters
    ----------
    timestamps : float64 array, shape (n_samples,)
        Raw stamps on the sender's clock, in the file's order.
    clock_offsets : float64 array, shape (n_measurements, 2)
        Time of each measurement on the sender's clock and the offset to add to its stamps.

    Returns
    -------
    float64 array, shape (n_samples,)
        The last offset measured at or before each sample (the first one where there is none), so
        that a live stream and its recording are corrected alike. After a reset of the sender's
        clock, only measurements between the same two resets are used.
    """
    if len(clock_offsets) == 0 or np.all(np.abs(clock_offsets[:, 1]) < SAME_HOST_S):
        return np.zeros(len(timestamps))
    times, values = clock_offsets[:, 0], clock_offsets[:, 1]
    resets = (np.diff(times) < 0) | (np.abs(np.diff(values)) > _RESET_S)
    starts = np.concatenate([[0], np.flatnonzero(resets) + 1, [len(times)]])
    segments = [slice(a, b) for a, b in pairwise(starts)]
    # Distance in time from every sample to every segment; 0 inside.
    distance = np.stack(
        [
            np.maximum(np.maximum(times[s][0] - timestamps, timestamps - times[s][-1]), 0.0)
            for s in segments
        ]
    )
    nearest = distance.argmin(axis=0)
    offsets = np.empty(len(timestamps))
    for i, segment in enumerate(segments):
        here = nearest == i
        last = np.searchsorted(times[segment], timestamps[here], side="right") - 1
        offsets[here] = values[segment][np.maximum(last, 0)]
    return offsets


def corrected(stream: RecordedStream | RecordedMarkers) -> FloatArray:
    """Return a stream's stamps on the recorder's clock, shape (n_samples,), in file order."""
    return stream.timestamps + sample_offsets(stream.timestamps, stream.clock_offsets)


def unstamped(name: str, n: int | None = None) -> str:
    """Say that samples of a stream have no usable time stamp; ``n`` of them, where it is known."""
    how_many = "samples" if n is None else f"{n} samples"
    return (
        f"{name}: {how_many} have a NaN or infinite time stamp, or one beyond {LARGEST_S:g} s; "
        "they were dropped"
    )


def is_time(stamps: FloatArray) -> BoolArray:
    """Return which stamps can be times in seconds: not NaN, infinite, or beyond `LARGEST_S`."""
    with np.errstate(invalid="ignore"):
        usable: BoolArray = np.abs(stamps) < LARGEST_S
    return usable


def stamped(recording: Recording) -> Recording:
    """Drop samples and markers whose time stamps cannot be times; note the samples' number."""
    streams, notes = [], []
    for stream in recording.streams:
        finite = is_time(stream.timestamps)
        if finite.all():
            streams.append(stream)
            continue
        notes.append(unstamped(stream.spec.name, int((~finite).sum())))
        counter = None if stream.counter is None else stream.counter[finite]
        streams.append(
            replace(
                stream,
                samples=stream.samples[finite],
                timestamps=stream.timestamps[finite],
                counter=counter,
            )
        )
    markers = tuple(map(_stamped_markers, recording.markers))
    return replace(
        recording, streams=tuple(streams), markers=markers, notes=(*recording.notes, *notes)
    )


def _stamped_markers(markers: RecordedMarkers) -> RecordedMarkers:
    finite = is_time(markers.timestamps)
    if finite.all():
        return markers
    labels = tuple(label for label, ok in zip(markers.labels, finite, strict=True) if ok)
    return replace(markers, timestamps=markers.timestamps[finite], labels=labels)


def zero_time(recording: Recording) -> float:
    """Return the time that ``start_utc`` and `Segment` refer to, on the recorder's clock.

    It is the time in seconds of the first EEG sample, or without EEG of the first sample of the
    stream that began first. First means first in the file: after a clock reset, stamps may be
    smaller.
    """
    timed = _timed(recording)
    eeg = [s for s in recording.of(Modality.EEG) if len(s.timestamps)]
    return float(min(corrected(s)[0] for s in eeg or timed))


def moved_start(
    start_utc: float | None, streams: Sequence[RecordedStream], first: float
) -> float | None:
    """Return the UNIX time of the first EEG sample where a file begins with a break.

    Parameters
    ----------
    start_utc : float or None
        Of the file's first sample.
    streams : sequence of RecordedStream
        Without the samples in breaks.
    first : float
        Stamp of the file's first sample in seconds.
    """
    timed = tuple(stream for stream in streams if len(stream.timestamps))
    if start_utc is None or not timed:
        return start_utc
    return start_utc + zero_time(Recording(timed)) - first


def span(recording: Recording) -> tuple[float, float]:
    """Return the times of the first and last sample; of the markers where there are no samples."""
    times = [corrected(s) for s in _timed(recording)]
    return float(min(t.min() for t in times)), float(max(t.max() for t in times))


def _timed(recording: Recording) -> list[RecordedStream] | list[RecordedMarkers]:
    """Streams that hold samples, or markers where there are none."""
    streams = [s for s in recording.streams if len(s.timestamps)]
    return streams or [m for m in recording.markers if len(m.timestamps)]
