"""Apply a device description to streams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from physiosync_rt.datatypes import (
    UNITS,
    Carrier,
    Chunk,
    IntArray,
    Modality,
    SampleArray,
    StreamSpec,
)
from physiosync_rt.devices.description import COUNTER, Device, StreamDescription
from physiosync_rt.errors import UserError
from physiosync_rt.formats.base import convert
from physiosync_rt.formats.counter_unwrapper import CounterUnwrapper
from physiosync_rt.formats.metadata import part_name
from physiosync_rt.formats.units import Conversion, to_canonical


class StreamMapper:
    """Mapper that applies a stream's description to its chunks.

    Parameters
    ----------
    description : StreamDescription
    spec : StreamSpec
        The whole stream by its own metadata.
    units : sequence of str, optional
        Unit of each channel, as in `Carrier`; by default all have the stream's.

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

    def __init__(
        self, description: StreamDescription, spec: StreamSpec, units: Sequence[str] | None = None
    ) -> None:
        self.positions = description.positions
        modality = description.modality
        self._scale = description.scale
        self._columns, counter_at = _columns(description, spec)
        units = (spec.unit,) * spec.n_chans if units is None else units
        self._conversions = _conversions(description, spec, [units[i] for i in self._columns])
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
        if self._conversions:
            samples = convert(samples, self._conversions)
        return Chunk(self.spec.name, samples, chunk.timestamps, chunk.clock_offset, counter)


class PartSelector:
    """Selector of the channels that a stream itself states to be of one modality.

    Parameters
    ----------
    spec : StreamSpec
    columns : sequence of int
        Its channels in the whole stream.
    """

    positions = "standard"

    def __init__(self, spec: StreamSpec, columns: Sequence[int]) -> None:
        self.spec = spec
        self._columns = list(columns)

    def map(self, chunk: Chunk) -> tuple[Chunk, ...]:
        """Return the part of the next chunk of the whole stream."""
        everything = self._columns == list(range(chunk.samples.shape[1]))
        samples = chunk.samples if everything else chunk.samples[:, self._columns]
        return (replace(chunk, stream=self.spec.name, samples=samples),)

    def flush(self) -> tuple[Chunk, ...]:
        """Return nothing: no sample is held."""
        return ()


def mapper_for(device: Device | None, spec: StreamSpec) -> StreamMapper | None:
    """Return the mapper of a described stream; None where it is not described.

    Raises
    ------
    UserError
        The description does not fit the stream.
    """
    description = device.describe(spec) if device else None
    return StreamMapper(description, spec) if description else None


def part_mappers(
    device: Device | None, parts: Sequence[tuple[StreamSpec, Carrier]]
) -> list[StreamMapper | PartSelector]:
    """Return how a stream is split: as the device describes it, else as it says itself.

    Parameters
    ----------
    device : Device or None
    parts : sequence of (StreamSpec, Carrier)
        The stream's parts by its own metadata, all of one carrier.

    Returns
    -------
    list of StreamMapper or PartSelector
        For the samples of the whole stream. One per described modality; where descriptions pick
        channels by label, the stream's own parts of other modalities stay beside them.

    Raises
    ------
    UserError
        A description does not fit the stream.
    """
    whole, units = parts[0][1].spec, parts[0][1].units
    descriptions = device.describe_all(whole) if device else ()
    described = [StreamMapper(d, whole, units) for d in descriptions]
    modalities = {mapper.spec.modality for mapper in described}
    by_position = any(description.channels for description in descriptions)
    own = [
        PartSelector(spec, carrier.columns)
        for spec, carrier in parts
        if not described
        or not (by_position or spec.modality is Modality.OTHER or spec.modality in modalities)
    ]
    mappers: list[StreamMapper | PartSelector] = [*described, *own]
    if described:
        for mapper in mappers:
            name = part_name(whole.name, mapper.spec.modality, len(mappers))
            mapper.spec = replace(mapper.spec, name=name)
    return mappers


def _conversions(
    description: StreamDescription, spec: StreamSpec, units: Sequence[str]
) -> list[Conversion]:
    """Return the conversion of every kept channel; empty where none needs one.

    A unit that the stream states comes before that of the description.
    """
    modality = description.modality
    if modality is Modality.OTHER:
        return []
    found = []
    for unit in units:
        own = to_canonical(modality, unit)
        conversion = own or to_canonical(modality, description.unit)
        if conversion is None:
            raise UserError(
                f"stream {spec.name!r} is described as {modality} but its unit is "
                f"{unit or 'unknown'}; add `unit:` to the description, for example "
                f"{UNITS[modality]}"
            )
        found.append(conversion)
    return [] if all(unit == UNITS[modality] for unit in units) else found


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
