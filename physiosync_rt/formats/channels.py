"""Group the channels of a clinical file into streams of one modality and one rate each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from physiosync_rt.datatypes import UNITS, FloatArray, Modality, RecordedStream, StreamSpec
from physiosync_rt.formats.base import as_samples, is_electrode, modality_of, unique_names
from physiosync_rt.formats.units import to_canonical

# EDF+ writes the type before the name: "EEG Fp1-Ref", "ECG ECG1".
_PREFIXED = re.compile(
    r"(?P<type>EEG|ECG|EKG|EOG|EMG|GSR|EDA|REF_EEG|DIG|RESP|TEMP)[ _](?P<name>.+)", re.IGNORECASE
)
_COMMON_REFERENCE = re.compile(r"-(ref|le|avg|car)$", re.IGNORECASE)
_REFERENCES_ONLY = re.compile(r"[AM][12]-[AM][12]", re.IGNORECASE)
_BIOSEMI = re.compile(r"[A-I]\d{1,2}")
_ECG = re.compile(r"(?<![a-z])(ecg|ekg)", re.IGNORECASE)
_GSR = re.compile(r"(?<![a-z])(gsr|eda|scl|scr)(?![a-z])|skin.?conduct", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel of a file.

    Attributes
    ----------
    label, unit : str
        As stated in the file.
    sfreq : float
        Rate in Hz.
    values, times : float64 array, shape (n_times,)
        Samples in ``unit`` and their stamps in seconds.
    modality : Modality or None
        As stated in the file; None where only the label tells.
    """

    label: str
    sfreq: float
    unit: str
    values: FloatArray
    times: FloatArray
    modality: Modality | None = None


def group_streams(channels: Sequence[Channel], notes: list[str]) -> tuple[RecordedStream, ...]:
    """Group channels into streams.

    Parameters
    ----------
    channels : sequence of Channel
        Channels of equal rate have equal stamps.
    notes : list of str
        Findings are appended here.

    Returns
    -------
    tuple of RecordedStream
        One per modality and rate, in file order and in the canonical unit. Channels that cannot
        be used (one reference against another, EOG, triggers, unknown units) are in streams of
        modality ``OTHER``.
    """
    groups: dict[tuple[Modality, float], list[Channel]] = {}
    for channel in channels:
        classified = _classify(channel, notes)
        key = (classified.modality or Modality.OTHER, classified.sfreq)
        groups.setdefault(key, []).append(classified)
    modalities = [modality for modality, _ in groups]
    streams = []
    for (modality, sfreq), group in groups.items():
        name = modality.value if modalities.count(modality) == 1 else f"{modality}-{sfreq:g}Hz"
        labels = [channel.label for channel in group]
        if len(set(labels)) < len(labels):
            duplicates = ", ".join(sorted({label for label in labels if labels.count(label) > 1}))
            notes.append(
                f"stream {name!r} has duplicate channel names ({duplicates}); they were numbered"
            )
        known = all(channel.unit for channel in group) and modality is not Modality.OTHER
        spec = StreamSpec(
            name=name,
            modality=modality,
            ch_names=unique_names(labels),
            sfreq=sfreq,
            unit=UNITS[modality] if known else "",
            stype=modality.value,
        )
        samples = as_samples(np.stack([channel.values for channel in group], axis=1))
        streams.append(RecordedStream(spec, samples, group[0].times))
    return tuple(streams)


def _classify(channel: Channel, notes: list[str]) -> Channel:
    """Return the channel with its modality and plain name, converted where its unit is known."""
    modality, name = _parse_label(channel.label)
    if modality is None:
        modality = channel.modality or Modality.OTHER
    if modality is Modality.EEG and _REFERENCES_ONLY.fullmatch(name):
        notes.append(f"channel {name!r} is a reference against another; kept as OTHER")
        modality = Modality.OTHER
    if modality is Modality.OTHER:
        return replace(channel, label=name, modality=modality)
    conversion = to_canonical(modality, channel.unit)
    if conversion is not None:
        values = conversion(channel.values)
        return replace(channel, label=name, modality=modality, values=values, unit=UNITS[modality])
    stated = f"unit {channel.unit!r} is not of {modality}" if channel.unit else "no unit is stated"
    notes.append(f"channel {name!r}: {stated}; kept as OTHER")
    return replace(channel, label=name, modality=Modality.OTHER)


def _parse_label(label: str) -> tuple[Modality | None, str]:
    """Return the modality by label (None if unknown) and the name without type and reference.

    ``ECG`` and ``GSR`` in a name override the file's type: many writers declare all as EEG.
    """
    found = _PREFIXED.fullmatch(label)
    name = _COMMON_REFERENCE.sub("", found["name"] if found else label).strip()
    if _ECG.search(label):
        return Modality.ECG, name
    if _GSR.search(label):
        return Modality.GSR, name
    if found:
        return modality_of(found["type"]), name
    if is_electrode(name) or _BIOSEMI.fullmatch(name):
        return Modality.EEG, name
    return None, label
