"""Split the raw samples of one LSL stream into chunks of its parts, and markers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from physiosync_rt.datatypes import Chunk, Modality, StreamSpec
from physiosync_rt.devices import Device, StreamMapper, part_mappers
from physiosync_rt.formats.metadata import StreamLayout
from physiosync_rt.formats.triggers import TriggerReader
from physiosync_rt.sources.base import Marker


class StreamSplitter:
    """Splitter of a stream by its own metadata, or by its device description.

    Parameters
    ----------
    layout : StreamLayout
    device : Device or None

    Attributes
    ----------
    layout : StreamLayout
    notes : tuple of str
        What a person should know about the split; empty where a description decides it.

    Raises
    ------
    UserError
        The description does not fit the stream.
    """

    def __init__(self, layout: StreamLayout, device: Device | None) -> None:
        self.layout = layout
        self._device = device
        self._mappers = part_mappers(device, [(part.spec, part.carrier) for part in layout.parts])
        described = any(isinstance(mapper, StreamMapper) for mapper in self._mappers)
        self.notes = () if described else layout.notes
        self._names = {mapper.spec.name: mapper.spec.name for mapper in self._mappers}
        self._wanted = set(self._names)
        self._triggers = {column: TriggerReader() for column in layout.triggers}

    @property
    def specs(self) -> tuple[StreamSpec, ...]:
        """The parts that are wanted, by their names in this run."""
        return tuple(
            replace(mapper.spec, name=self._names[mapper.spec.name])
            for mapper in self._mappers
            if mapper.spec.name in self._wanted
        )

    @property
    def needs_rate(self) -> bool:
        """Whether a signal states no rate, neither itself nor in its description."""
        return any(
            m.spec.sfreq == 0 and m.spec.modality is not Modality.OTHER for m in self._mappers
        )

    def use(self, names: Iterable[str]) -> None:
        """Want only the parts of these names."""
        wanted = set(names)
        self._wanted = {own for own, name in self._names.items() if name in wanted}

    def rename(self, name: str, new: str) -> None:
        """Rename a part, to distinguish it from another stream with the same name."""
        self._names.update({own: new for own, now in self._names.items() if now == name})

    def again(self, layout: StreamLayout) -> StreamSplitter:
        """Return a splitter of a successor, with the same parts; its counter begins again."""
        splitter = StreamSplitter(layout, self._device)
        splitter._names, splitter._wanted = self._names, self._wanted
        return splitter

    def split(
        self, raw: np.ndarray, stamps: np.ndarray, offset: float
    ) -> tuple[list[Chunk], list[Marker]]:
        """Split raw samples, shape (n_samples, n_raw_channels), with their stamps and offset."""
        samples, counter = self.layout.split(raw)
        whole = Chunk(self.layout.whole.name, samples, stamps, offset, counter)
        chunks = [
            self._named(chunk)
            for mapper in self._mappers
            if mapper.spec.name in self._wanted
            for chunk in mapper.map(whole)
        ]
        markers = [
            Marker(float(stamps[i]), label, offset)
            for column, trigger in self._triggers.items()
            for i, label in trigger.read(raw[:, column])
        ]
        return chunks, sorted(markers, key=lambda marker: marker.timestamp)

    def flush(self) -> list[Chunk]:
        """Return the samples that doubtful counters hold back."""
        return [
            self._named(chunk)
            for mapper in self._mappers
            if mapper.spec.name in self._wanted
            for chunk in mapper.flush()
        ]

    def _named(self, chunk: Chunk) -> Chunk:
        return replace(chunk, stream=self._names[chunk.stream])
