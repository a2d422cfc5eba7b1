"""Split what an LSL or XDF stream carries into streams of one modality, by its metadata."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from physiosync_rt.datatypes import (
    UNITS,
    Carrier,
    FloatArray,
    IntArray,
    Modality,
    SampleArray,
    StreamSpec,
)
from physiosync_rt.formats.base import as_samples, convert, unique_names
from physiosync_rt.formats.channel_roles import NUMBERED, Role, channel_roles
from physiosync_rt.formats.electrode_labels import electrode_of
from physiosync_rt.formats.units import Conversion, stream_conversions, to_canonical
from physiosync_rt.utils.plain_text import plain_text

COUNTER_TYPE = "sample_counter"
"""Type of the channel in which this program sends or stores `RecordedStream.counter`, a sample
count that never wraps. A device's own counter has another name, stated in its device YAML.
"""

COUNTER_LIMIT = 1 << 24
"""Float32 represents all whole numbers below this exactly."""

LEAST_SFREQ = 0.01
"""A declared rate below this, in Hz, does not tell the rate."""

_SHOWN = 12
_SAME = Conversion()


@dataclass(frozen=True, slots=True)
class StreamPart:
    """The channels of one modality of a stream, as a stream of their own.

    Attributes
    ----------
    spec : StreamSpec
        ``unit`` is empty where it is unknown.
    carrier : Carrier
        The whole stream, and which of its channels these are.
    """

    spec: StreamSpec
    carrier: Carrier

    def of(self, samples: SampleArray) -> SampleArray:
        """Return this part of the whole stream's samples, shape (n_samples, n_channels)."""
        columns = self.carrier.columns
        if columns == tuple(range(samples.shape[1])):
            return samples
        return np.ascontiguousarray(samples[:, list(columns)])


@dataclass(frozen=True, slots=True)
class StreamLayout:
    """Layout of a stream's raw samples: its parts, units, triggers and counter.

    Attributes
    ----------
    whole : StreamSpec
        All channels but the counter; of modality ``OTHER`` and without a unit where they differ.
    units : tuple of str
        As in `Carrier`.
    unit_words : tuple of str
        Stated unit of each channel of ``whole``, empty where none is stated.
    conversions : tuple of Conversion or None
        To the canonical unit; None where a channel is as recorded.
    parts : tuple of StreamPart
        One per modality. Channels without a modality are in a part of modality ``OTHER``.
    columns : tuple of int
        Indices of the channels of ``whole`` in a raw sample.
    triggers : tuple of int
        Indices of the trigger channels in a raw sample.
    counter : int or None
        Index of the sample counter in a raw sample.
    notes : tuple of str
        What a person should know about it, one sentence each.
    """

    whole: StreamSpec
    units: tuple[str, ...]
    unit_words: tuple[str, ...]
    conversions: tuple[Conversion | None, ...]
    parts: tuple[StreamPart, ...]
    columns: tuple[int, ...]
    triggers: tuple[int, ...]
    counter: int | None
    notes: tuple[str, ...]

    @property
    def has_signals(self) -> bool:
        """Whether a part is EEG, GSR or ECG."""
        return any(part.spec.modality is not Modality.OTHER for part in self.parts)

    def split(self, raw: FloatArray | SampleArray) -> tuple[SampleArray, IntArray | None]:
        """Split raw samples into samples and counter.

        Parameters
        ----------
        raw : array, shape (n_samples, n_raw_channels)
            Numbers of any type as the stream carries them.

        Returns
        -------
        samples : float32 array, shape (n_samples, n_channels)
            Of the whole stream, each channel in its entry of ``units``; see `StreamPart.of`.
        counter : int64 array, shape (n_samples,), or None
        """
        chosen = raw if self.counter is None else raw[:, list(self.columns)]
        counter = None
        if self.counter is not None:
            counter = np.rint(np.asarray(raw[:, self.counter], dtype=np.float64)).astype(np.int64)
        if all(conversion is None for conversion in self.conversions):
            return as_samples(chosen), counter
        return convert(chosen, [conversion or _SAME for conversion in self.conversions]), counter

    def at_rate(self, sfreq: float) -> StreamLayout:
        """Return the same layout with a measured rate, in Hz."""
        whole = replace(self.whole, sfreq=sfreq)
        parts = tuple(
            StreamPart(replace(p.spec, sfreq=sfreq), replace(p.carrier, spec=whole))
            for p in self.parts
        )
        return replace(self, whole=whole, parts=parts)


def stream_layout(
    name: str,
    stype: str,
    sfreq: float,
    channels: Sequence[Mapping[str, str]],
    *,
    n_chans: int | None = None,
    source_id: str = "",
    host: str = "",
) -> StreamLayout:
    """Derive the layout from a stream's metadata.

    Parameters
    ----------
    name, stype, source_id, host : str
        As declared.
    sfreq : float
        Nominal rate in Hz; 0 when irregular, and so is a rate that cannot be.
    channels : sequence of mapping
        ``label``, ``unit`` and ``type`` of every channel, where stated.
    n_chans : int, optional
        Channels of a sample, where the list may have another length; it is then not used.
    """
    notes: list[str] = []
    name, stype, source_id, host = stream_name(name), *map(plain_text, (stype, source_id, host))
    if n_chans is not None and len(channels) != n_chans:
        if channels:
            notes.append(
                f"stream {name!r} describes {len(channels)} channels and has {n_chans}; "
                "the descriptions are not used"
            )
        channels = [{}] * n_chans
    counters = [i for i, c in enumerate(channels) if c.get("type") == COUNTER_TYPE]
    counter = counters[0] if counters and len(channels) > 1 else None
    columns = tuple(i for i in range(len(channels)) if i != counter)
    kept = [{key: plain_text(word) for key, word in channels[i].items()} for i in columns]
    labels = [c.get("label", "").strip() for c in kept]
    if repeated := sorted({label for label in labels if label and labels.count(label) > 1}):
        notes.append(
            f"stream {name!r} has duplicate channel names ({listed(repeated)}); they were numbered"
        )
    whole = StreamSpec(
        name=name,
        modality=Modality.OTHER,
        ch_names=unique_names(label or f"ch{i + 1}" for i, label in enumerate(labels)),
        sfreq=sfreq if LEAST_SFREQ <= sfreq < math.inf else 0.0,
        stype=stype,
        source_id=source_id,
        host=host,
    )
    words = tuple(c.get("unit", "").strip() for c in kept)
    roles = channel_roles(stype, kept)
    modalities, conversions = _convertible(roles, words, whole.ch_names)
    units = tuple(
        word if conversion is None else UNITS[modality]
        for modality, conversion, word in zip(modalities, conversions, words, strict=True)
    )
    parts = _parts(whole, modalities, conversions, units)
    triggers: tuple[int, ...] = ()
    if len(parts) == 1:
        # Descriptions know the channels by their own labels.
        whole = replace(parts[0].spec, ch_names=whole.ch_names)
        parts = (replace(parts[0], carrier=replace(parts[0].carrier, spec=whole)),)
    else:
        triggers = tuple(columns[i] for i, role in enumerate(roles) if role.is_trigger)
        notes += _left_out(whole, modalities, roles, words)
    return StreamLayout(
        whole, units, words, conversions, parts, columns, triggers, counter, tuple(notes)
    )


def stream_name(text: str) -> str:
    """Return a stream's name as this program shows it; one without a name is ``stream``."""
    return plain_text(text.strip()) or "stream"


def _convertible(
    roles: Sequence[Role], words: Sequence[str], labels: Sequence[str]
) -> tuple[tuple[Modality, ...], tuple[Conversion | None, ...]]:
    """Find each channel's conversion; a channel that does not go with the others is ``OTHER``.

    A channel without a stated unit takes the unit of the other channels when those agree. Where
    none of a modality's channels can be converted, all of them stay: their unit is unknown.
    """
    modalities = [role.modality for role in roles]
    conversions: list[Conversion | None] = [None] * len(roles)
    for modality in (Modality.EEG, Modality.GSR, Modality.ECG):
        group = [i for i, of in enumerate(modalities) if of is modality]
        stated = [words[i] for i in group]
        agreed = stream_conversions(modality, stated)
        found = agreed or [to_canonical(modality, word) for word in stated]
        for i, conversion in zip(group, found, strict=True):
            conversions[i] = conversion
        odd = [i for i in group if conversions[i] is None]
        if len(odd) == len(group):
            odd = []
        if modality is Modality.EEG and sum(electrode_of(labels[i]) != "" for i in group) > 1:
            odd += [i for i in group if NUMBERED.fullmatch(labels[i])]
        for i in odd:
            modalities[i], conversions[i] = Modality.OTHER, None
    return tuple(modalities), tuple(conversions)


def _names(modality: Modality, labels: Sequence[str]) -> tuple[str, ...]:
    """Return plain names of electrodes, as of files: ``Fp1`` for ``EEG Fp1-Ref``."""
    if modality is not Modality.EEG:
        return tuple(labels)
    return unique_names(electrode_of(label) or label for label in labels)


def _parts(
    whole: StreamSpec,
    modalities: Sequence[Modality],
    conversions: Sequence[Conversion | None],
    units: tuple[str, ...],
) -> tuple[StreamPart, ...]:
    """Make one part per modality, in the order of their first channels, ``OTHER`` last."""
    found = sorted(dict.fromkeys(modalities), key=lambda m: m is Modality.OTHER)
    n_signals = sum(modality is not Modality.OTHER for modality in found)
    parts = []
    for modality in found:
        columns = tuple(i for i, of in enumerate(modalities) if of is modality)
        known = all(conversions[i] is not None for i in columns)
        spec = replace(
            whole,
            name=part_name(whole.name, modality, n_signals),
            modality=modality,
            ch_names=_names(modality, [whole.ch_names[i] for i in columns]),
            unit=UNITS[modality] if known else "",
        )
        parts.append(StreamPart(spec, Carrier(whole, units, columns)))
    return tuple(parts)


def part_name(name: str, modality: Modality, n_signals: int) -> str:
    """Name a part of a stream, of which ``n_signals`` are EEG, GSR or ECG.

    The only one keeps the stream's name, and so does a stream without any.
    """
    only = n_signals == (modality is not Modality.OTHER)
    return name if only else f"{name} {modality}"


def _left_out(
    whole: StreamSpec, modalities: Sequence[Modality], roles: Sequence[Role], words: Sequence[str]
) -> list[str]:
    """Say which channels belong to no modality, and which of them give markers."""
    names = [
        f"{label} ({word})" if word else label
        for label, word, modality, role in zip(
            whole.ch_names, words, modalities, roles, strict=True
        )
        if modality is Modality.OTHER and not role.is_trigger
    ]
    triggers = [label for label, r in zip(whole.ch_names, roles, strict=True) if r.is_trigger]
    said = [f"left out, not EEG, GSR or ECG: {listed(names)}"] if names else []
    said += [f"read as markers: {listed(triggers)}"] if triggers else []
    return [f"stream {whole.name!r}: {'; '.join(said)}"] if said else []


def listed(names: Sequence[str]) -> str:
    """List names in one line, the first of many."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
