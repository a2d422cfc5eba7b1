"""Convert the metadata of an LSL or XDF stream to a `StreamSpec`, and its samples to match."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from physiosync_rt.datatypes import UNITS, FloatArray, IntArray, Modality, SampleArray, StreamSpec
from physiosync_rt.formats.base import as_samples, convert, modality_of, unique_names
from physiosync_rt.formats.units import Conversion, stream_conversions

COUNTER_TYPE = "sample_counter"
"""Type of the channel in which this program sends or stores `RecordedStream.counter`, a sample
count that never wraps. A device's own counter has another name, stated in its device YAML.
"""

COUNTER_LIMIT = 1 << 24
"""Float32 represents all whole numbers below this exactly."""


@dataclass(frozen=True, slots=True)
class StreamLayout:
    """Layout of a stream's raw samples: channels, units and counter.

    Attributes
    ----------
    spec : StreamSpec
        The stream without its counter channel; ``unit`` is empty where unknown.
    unit_words : tuple of str
        Stated unit of each channel of ``spec``, empty where none is stated.
    conversions : tuple of Conversion or None
        To the canonical unit; None where the unit is unknown or the modality has none.
    columns : tuple of int
        Indices of the channels of ``spec`` in a raw sample.
    counter : int or None
        Index of the sample counter in a raw sample.
    """

    spec: StreamSpec
    unit_words: tuple[str, ...]
    conversions: tuple[Conversion, ...] | None
    columns: tuple[int, ...]
    counter: int | None

    def split(self, raw: FloatArray | SampleArray) -> tuple[SampleArray, IntArray | None]:
        """Split raw samples into samples and counter.

        Parameters
        ----------
        raw : array, shape (n_samples, n_raw_channels)
            Numbers of any type as the stream carries them.

        Returns
        -------
        samples : float32 array, shape (n_samples, n_channels)
            In ``spec.unit``.
        counter : int64 array, shape (n_samples,), or None
        """
        chosen = raw if self.counter is None else raw[:, list(self.columns)]
        counter = None
        if self.counter is not None:
            counter = np.rint(np.asarray(raw[:, self.counter], dtype=np.float64)).astype(np.int64)
        if self.conversions is None:
            return as_samples(chosen), counter
        return convert(chosen, self.conversions), counter


def stream_layout(
    name: str,
    stype: str,
    sfreq: float,
    channels: Sequence[Mapping[str, str]],
    *,
    source_id: str = "",
    host: str = "",
) -> StreamLayout:
    """Derive the layout from a stream's metadata.

    Parameters
    ----------
    name, stype, source_id, host : str
        As declared.
    sfreq : float
        Nominal rate in Hz, 0 when irregular.
    channels : sequence of mapping
        ``label``, ``unit`` and ``type`` of every channel, where stated.
    """
    counters = [i for i, c in enumerate(channels) if c.get("type") == COUNTER_TYPE]
    counter = counters[0] if counters and len(channels) > 1 else None
    columns = tuple(i for i in range(len(channels)) if i != counter)
    kept = [channels[i] for i in columns]
    modality = _modality(stype, kept)
    unit_words = tuple(c.get("unit", "").strip() for c in kept)
    conversions = stream_conversions(modality, unit_words)
    labels = (c.get("label", "").strip() or f"ch{i + 1}" for i, c in enumerate(kept))
    spec = StreamSpec(
        name=name,
        modality=modality,
        ch_names=unique_names(labels),
        sfreq=sfreq,
        unit=UNITS[modality] if conversions else "",
        stype=stype,
        source_id=source_id,
        host=host,
    )
    return StreamLayout(spec, unit_words, conversions, columns, counter)


def _modality(stype: str, channels: Sequence[Mapping[str, str]]) -> Modality:
    """Return the modality by stream type, or else by the type that all channels share."""
    if stype.strip():
        return modality_of(stype)
    by_channel = {modality_of(c.get("type", "")) for c in channels}
    return by_channel.pop() if len(by_channel) == 1 else Modality.OTHER
