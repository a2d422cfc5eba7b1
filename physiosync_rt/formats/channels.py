"""From the channels of a clinical file to streams of one modality and one rate each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from physiosync_rt.datatypes import UNITS, FloatArray, Modality, RecordedStream, StreamSpec
from physiosync_rt.formats.base import as_samples, is_electrode, modality_of, unique_names
from physiosync_rt.formats.units import to_canonical

# "EEG Fp1-Ref", "ECG ECG1": EDF+ writes the type in front of the name.
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
    """One channel as a file has it.

    Attributes
    ----------
    label, unit : str
        As stated in the file.
    sfreq : float
        Rate in Hz.
    values, times : float64 array, shape (n_times,)
        Samples in ``unit`` and their stamps in seconds.
    modality : Modality or None
        What the file says it is; None where only the label tells.
    """

    label: str
    sfreq: float
    unit: str
    values: FloatArray
    times: FloatArray
    modality: Modality | None = None


def group_streams(channels: Sequence[Channel], notes: list[str]) -> tuple[RecordedStream, ...]:
    """Sort channels into streams.

    Parameters
    ----------
    channels : sequence of Channel
        Channels of equal rate have equal stamps.
    notes : list of str
        What was noticed is appended here.

    Returns
    -------
    tuple of RecordedStream
        One per modality and rate, in the file's order, in the canonical unit. Channels that are
        no signal of a person (references against each other, EOG, triggers, unknown units) are
        in streams of modality ``OTHER``.
    """
    groups: dict[tuple[Modality, float], list[Channel]] = {}
    for channel in channels:
        sorted_in = _classify(channel, notes)
        key = (sorted_in.modality or Modality.OTHER, sorted_in.sfreq)
        groups.setdefault(key, []).append(sorted_in)
    modalities = [modality for modality, _ in groups]
    streams = []
    for (modality, sfreq), group in groups.items():
        name = modality.value if modalities.count(modality) == 1 else f"{modality}-{sfreq:g}Hz"
        labels = [channel.label for channel in group]
        if len(set(labels)) < len(labels):
            doubles = ", ".join(sorted({label for label in labels if labels.count(label) > 1}))
            notes.append(f"stream {name!r} names channels twice ({doubles}); they were numbered")
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
    """Channel with its modality and bare name, converted where its unit is known."""
    modality, name = _by_label(channel.label)
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
    stated = f"unit {channel.unit!r} is none of {modality}" if channel.unit else "no unit is stated"
    notes.append(f"channel {name!r}: {stated}; kept as OTHER")
    return replace(channel, label=name, modality=Modality.OTHER)


def _by_label(label: str) -> tuple[Modality | None, str]:
    """Modality that a label tells (None when it is silent) and the name without type and reference.

    ``ECG`` and ``GSR`` in a name outrank a file's typing: many writers type everything as EEG.
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
