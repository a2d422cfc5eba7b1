"""Apply a device description to streams and recordings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from physiosync_rt.datatypes import (
    UNITS,
    Chunk,
    IntArray,
    Modality,
    RecordedStream,
    Recording,
    SampleArray,
    StreamSpec,
)
from physiosync_rt.devices.description import COUNTER, Device, StreamDescription
from physiosync_rt.errors import UserError
from physiosync_rt.formats.counter_unwrapper import CounterUnwrapper
from physiosync_rt.formats.findings import with_findings
from physiosync_rt.formats.units import to_canonical


class StreamMapper:
    """Mapper that applies a stream's description to its chunks.

    Parameters
    ----------
    description : StreamDescription
    spec : StreamSpec
        The stream by its own metadata.

    Attributes
    ----------
    spec : StreamSpec
        The mapped stream: electrode names, canonical unit, true rate.
    positions : str
        ``measured``, ``standard`` or ``assumed``.

    Raises
    ------
    UserError
        Neither the stream nor the description states a unit, or the unit does not fit the
        modality.
    """

    def __init__(self, description: StreamDescription, spec: StreamSpec) -> None:
        self.positions = description.positions
        modality = description.modality
        stated = spec.unit or description.unit
        conversion = to_canonical(modality, stated)
        if modality is not Modality.OTHER and conversion is None:
            raise UserError(
                f"stream {spec.name!r} is described as {modality} but its unit is "
                f"{stated or 'unknown'}; add `unit:` to the description, for example "
                f"{UNITS[modality]}"
            )
        self._conversion = None if spec.unit == UNITS[modality] else conversion
        self._scale = description.scale
        self._columns, counter_at = _columns(description, spec)
        self.spec = replace(
            spec,
            modality=modality,
            ch_names=description.kept,
            sfreq=description.sfreq or spec.sfreq,
            unit=UNITS[modality],
        )
        self._counter_at = counter_at
        self._unwrapper = None
        if description.counter is not None:
            if self.spec.sfreq <= 0:
                raise UserError(
                    f"stream {spec.name!r} has a sample counter but declares no rate; add "
                    "`sfreq:` to the description"
                )
            counter = description.counter
            self._unwrapper = CounterUnwrapper(counter.modulo, counter.step, self.spec.sfreq)
        self._waiting: list[Chunk] = []

    def map(self, chunk: Chunk) -> tuple[Chunk, ...]:
        """Map the next chunk.

        Returns
        -------
        tuple of Chunk
            Samples that are ready; a doubtful counter holds samples back, usually for half a
            second. ``Chunk.counter`` counts samples and never wraps.
        """
        if self._unwrapper is None:
            return (self._mapped(chunk, chunk.counter),)
        self._waiting.append(chunk)
        raw = np.rint(np.nan_to_num(chunk.samples[:, self._counter_at])).astype(np.int64)
        counts: list[int] = []
        for value, stamp in zip(raw.tolist(), chunk.timestamps.tolist(), strict=True):
            counts.extend(self._unwrapper.push(value, stamp))
        return self._release(counts)

    def flush(self) -> tuple[Chunk, ...]:
        """Return the held samples at the end of the stream."""
        return () if self._unwrapper is None else self._release(self._unwrapper.flush())

    def _release(self, counts: list[int]) -> tuple[Chunk, ...]:
        """Return the oldest held samples, one for each count."""
        out = []
        while counts:
            chunk = self._waiting.pop(0)
            n_ready = min(len(counts), len(chunk))
            if n_ready < len(chunk):
                self._waiting.insert(0, _cut(chunk, slice(n_ready, None)))
            if n_ready:
                ready, counts = counts[:n_ready], counts[n_ready:]
                counter = np.asarray(ready, dtype=np.int64)
                out.append(self._mapped(_cut(chunk, slice(n_ready)), counter))
        return tuple(out)

    def _mapped(self, chunk: Chunk, counter: IntArray | None) -> Chunk:
        samples: SampleArray = chunk.samples[:, self._columns]
        if self._scale != 1.0:
            samples = samples * np.float32(self._scale)
        if self._conversion is not None:
            samples = self._conversion(samples).astype(np.float32)
        return Chunk(self.spec.name, samples, chunk.timestamps, chunk.clock_offset, counter)


def mapper_for(device: Device | None, spec: StreamSpec) -> StreamMapper | None:
    """Return the mapper of a described stream; None where it is not described.

    Raises
    ------
    UserError
        The description does not fit the stream.
    """
    description = device.describe(spec) if device else None
    return StreamMapper(description, spec) if description else None


def map_recording(device: Device, recording: Recording) -> Recording:
    """Apply a device description to a recording.

    Streams without a description are unchanged; assumed positions are noted.

    Raises
    ------
    UserError
        No stream of the recording is described, or a description does not fit.
    """
    streams, found = [], False
    notes = list(recording.notes)
    for stream in recording.streams:
        mapper = mapper_for(device, stream.spec)
        if mapper is None:
            streams.append(stream)
            continue
        found = True
        streams.append(_map_stream(mapper, stream))
        # The description states the unit that the reader did not know.
        if stream.unit_note in notes:
            notes.remove(stream.unit_note)
        if mapper.positions == "assumed" and mapper.spec.modality is Modality.EEG:
            notes.append(f"electrode positions of {stream.spec.name!r} are assumed ({device.name})")
    if not found:
        names = ", ".join(f"{s.spec.name!r} ({s.spec.n_chans} ch)" for s in recording.streams)
        raise UserError(
            f"{device.name} describes no stream of {recording.path or 'the recording'}, which has "
            f"{names or 'none'}; fix `match` in the description"
        )
    mapped = replace(recording, streams=tuple(streams), notes=tuple(notes))
    return with_findings(mapped, before=recording)


def _map_stream(mapper: StreamMapper, stream: RecordedStream) -> RecordedStream:
    whole = Chunk(stream.spec.name, stream.samples, stream.timestamps, counter=stream.counter)
    chunks = [*mapper.map(whole), *mapper.flush()]
    counters = [chunk.counter for chunk in chunks if chunk.counter is not None]
    empty = np.empty((0, mapper.spec.n_chans), dtype=np.float32)
    return replace(
        stream,
        spec=mapper.spec,
        samples=np.concatenate([empty, *(chunk.samples for chunk in chunks)]),
        counter=np.concatenate(counters) if counters else None,
        unit_note="",
    )


def _columns(description: StreamDescription, spec: StreamSpec) -> tuple[list[int], int]:
    """Return the columns to keep, in the order of their names, and the counter's (or -1)."""
    if description.pick:
        labels = [name.lower() for name in spec.ch_names]
        return [labels.index(label.lower()) for label in description.pick], -1
    kept = [i for i, name in enumerate(description.channels) if name in description.kept]
    return kept, description.channels.index(COUNTER) if description.counter else -1


def _cut(chunk: Chunk, part: slice) -> Chunk:
    counter = None if chunk.counter is None else chunk.counter[part]
    return Chunk(
        chunk.stream, chunk.samples[part], chunk.timestamps[part], chunk.clock_offset, counter
    )
