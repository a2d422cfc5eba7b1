"""From what an LSL or XDF stream says of itself to a `StreamSpec` and samples that go with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from physiosync_rt.datatypes import UNITS, FloatArray, IntArray, Modality, SampleArray, StreamSpec
from physiosync_rt.formats.base import as_samples, convert, modality_of, unique_names
from physiosync_rt.formats.units import Conversion, stream_conversions

COUNTER_TYPE = "sample_counter"
"""Type of a channel by which we ourselves send or store `RecordedStream.counter`: it counts
samples and never wraps. Counters of devices have other names; a device file says what they are.
"""

COUNTER_LIMIT = 1 << 24
"""Float32 samples hold whole numbers below this."""


@dataclass(frozen=True, slots=True)
class StreamLayout:
    """What is in a stream, and how to take it out of its raw samples.

    Attributes
    ----------
    spec : StreamSpec
        The stream without its counter channel; ``unit`` is empty where it is not known.
    unit_words : tuple of str
        Unit of each channel of ``spec`` as stated, empty where nothing is stated.
    conversions : tuple of Conversion or None
        To the canonical unit; None where it is not known or the modality has none.
    columns : tuple of int
        Places of the channels of ``spec`` in a raw sample.
    counter : int or None
        Place of the sample counter in a raw sample.
    """

    spec: StreamSpec
    unit_words: tuple[str, ...]
    conversions: tuple[Conversion, ...] | None
    columns: tuple[int, ...]
    counter: int | None

    def split(self, raw: FloatArray | SampleArray) -> tuple[SampleArray, IntArray | None]:
        """Take samples and counter out of raw samples.

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
    """Make sense of a stream's metadata.

    Parameters
    ----------
    name, stype, source_id, host : str
        As declared.
    sfreq : float
        Nominal rate in Hz, 0 when irregular.
    channels : sequence of mapping
        ``label``, ``unit`` and ``type`` of every channel, as far as they are stated.
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
    """Modality by stream type; where there is none, by what all channels agree on."""
    if stype.strip():
        return modality_of(stype)
    by_channel = {modality_of(c.get("type", "")) for c in channels}
    return by_channel.pop() if len(by_channel) == 1 else Modality.OTHER
