"""Apply a device description to a recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from physiosync_rt.datatypes import (
    Carrier,
    Chunk,
    Modality,
    RecordedStream,
    Recording,
    StreamSpec,
)
from physiosync_rt.devices.description import Device
from physiosync_rt.devices.mapping import PartSelector, StreamMapper, part_mappers
from physiosync_rt.errors import UserError
from physiosync_rt.formats.findings import with_findings


def map_recording(device: Device, recording: Recording) -> Recording:
    """Apply a device description to a recording.

    Streams without a description are unchanged; assumed positions are noted.

    Raises
    ------
    UserError
        No stream of the recording is described, or a description does not fit.
    """
    streams: list[RecordedStream] = []
    found = False
    notes = list(recording.notes)
    for parts in _carried(recording.streams):
        carriers = [(part.spec, part.carrier or own_carrier(part.spec)) for part in parts]
        mappers = part_mappers(device, carriers)
        if not any(isinstance(mapper, StreamMapper) for mapper in mappers):
            streams += parts
            continue
        found = True
        whole = _whole(parts, carriers)
        for mapper in mappers:
            streams.append(_map_stream(mapper, whole))
            if mapper.positions == "assumed" and mapper.spec.modality is Modality.EEG:
                name = mapper.spec.name
                notes.append(f"electrode positions of {name!r} are assumed ({device.name})")
        # The description states the unit that the reader did not know.
        notes = [note for note in notes if note not in {part.unit_note for part in parts}]
    if not found:
        names = ", ".join(f"{s.spec.name!r} ({s.spec.n_chans} ch)" for s in recording.streams)
        raise UserError(
            f"{device.name} describes no stream of {recording.path or 'the recording'}, which has "
            f"{names or 'none'}; fix `match` in the description"
        )
    mapped = replace(recording, streams=tuple(streams), notes=tuple(notes))
    return with_findings(mapped, before=recording)


def own_carrier(spec: StreamSpec) -> Carrier:
    """Return the carrier of a stream that is not a part of another."""
    return Carrier(spec, (spec.unit,) * spec.n_chans, tuple(range(spec.n_chans)))


def _carried(streams: Sequence[RecordedStream]) -> list[list[RecordedStream]]:
    """Group the parts of each stream as it was sent."""
    groups: dict[object, list[RecordedStream]] = {}
    for i, stream in enumerate(streams):
        carrier = stream.carrier
        key = i if carrier is None else (carrier.spec, len(stream.timestamps))
        groups.setdefault(key, []).append(stream)
    return list(groups.values())


def _whole(
    parts: Sequence[RecordedStream], carriers: Sequence[tuple[StreamSpec, Carrier]]
) -> RecordedStream:
    """Put the parts of a stream together again."""
    spec = carriers[0][1].spec
    if len(parts) == 1 and parts[0].spec.n_chans == spec.n_chans:
        return parts[0]
    samples = np.full((len(parts[0].timestamps), spec.n_chans), np.nan, dtype=np.float32)
    for part, (_, carrier) in zip(parts, carriers, strict=True):
        samples[:, list(carrier.columns)] = part.samples
    return replace(parts[0], spec=spec, samples=samples)


def _map_stream(mapper: StreamMapper | PartSelector, stream: RecordedStream) -> RecordedStream:
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
        carrier=None,
    )
