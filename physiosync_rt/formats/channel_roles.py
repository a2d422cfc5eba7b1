"""Tell what each channel of a stream measures: by its own type, its unit and its label."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from physiosync_rt.datatypes import Modality
from physiosync_rt.formats.base import modality_of
from physiosync_rt.formats.electrode_labels import electrode_of, is_pair, parse_label
from physiosync_rt.formats.units import to_canonical

NOT_A_SIGNAL = re.compile(
    r"time.?stamp|counter|^cnt|^n?seq|interpolate|marker|batter|trigger|stim|status|package|packet"
    r"|sample|^acc|accel|gyro|^mag[ _-]?[xyz]|^temp|^ppg|^bvp|^resp|^[hv]?eog|^emg",
    re.IGNORECASE,
)
"""Labels of channels that devices send beside their signals."""

NUMBERED = re.compile(r"(ch|chan|channel|eeg)?[\s_-]*\d+", re.IGNORECASE)
"""Labels that number the channels of an EEG and do not name electrodes."""

_TRIGGER_TYPES = {"stim", "trig", "trigger", "triggers", "marker", "markers", "event", "events"}
_TRIGGER_LABEL = re.compile(
    r"(trg|trig|triggers?|stim|sti|(hardware)?markers?|events?)[ _-]?\d*", re.IGNORECASE
)
_NO_TYPE = {"", "signal", "signals", "data", "raw", "analog", "analogue", "voltage", "bio"}
"""Channel types that do not tell what a channel measures."""


_OTHER_STREAMS = re.compile(
    r"ppg|bvp|acc|gyro|mag|imu|orient|quat|temp|resp|emg|eog|gaze|eye|mocap|motion|audio|video"
    r"|marker|event|emotion|mouse|keyboard|battery|telemetr|metrics|quality|band.?power|fft|focus",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Role:
    """What a channel is: of a modality, or ``OTHER``, which may be a trigger channel."""

    modality: Modality
    is_trigger: bool = False


_TRIGGER = Role(Modality.OTHER, is_trigger=True)


def channel_roles(stype: str, channels: Sequence[Mapping[str, str]]) -> tuple[Role, ...]:
    """Return the role of every channel of a stream.

    Parameters
    ----------
    stype : str
        Type of the stream, which may be empty or an address.
    channels : sequence of mapping
        ``label``, ``unit`` and ``type`` of every channel, where stated.

    Notes
    -----
    A channel's own type comes first, but many programs call all channels EEG: a label or unit of
    another kind is believed. Without a type, the unit and the label tell, then the stream's type.
    Where all channels have one type that is not known, as in a stream of raw counts, it tells
    nothing.
    """
    n_electrodes = sum(electrode_of(c.get("label", "").strip()) != "" for c in channels)
    types = {c.get("type", "").strip().lower() for c in channels}
    one_type = len(types) == 1 and modality_of(stype) is not Modality.OTHER
    return tuple(_role(stype, c, n_electrodes, type_tells=not one_type) for c in channels)


def may_carry_signals(stype: str) -> bool:
    """Return whether a stream of this type may carry EEG, GSR or ECG: any but of another kind."""
    return modality_of(stype) is not Modality.OTHER or not _OTHER_STREAMS.search(stype)


def is_trigger_label(label: str) -> bool:
    """Return whether a label is that of a trigger channel: ``TRG``, ``STI 014``, ``Trigger``."""
    return _TRIGGER_LABEL.fullmatch(label) is not None


def label_modality(label: str) -> Modality:
    """Return the modality that a label names: ``ECG0``, ``EDA1``, ``Cz``; else ``OTHER``."""
    modality = parse_label(label).modality
    if modality in (Modality.GSR, Modality.ECG):
        return modality
    return Modality.EEG if electrode_of(label) or is_pair(label) else Modality.OTHER


def _role(stype: str, channel: Mapping[str, str], n_electrodes: int, *, type_tells: bool) -> Role:
    label, unit, word = (channel.get(key, "").strip() for key in ("label", "unit", "type"))
    own = modality_of(word)
    if own in (Modality.GSR, Modality.ECG):
        return Role(own)
    if own is Modality.OTHER and type_tells:
        if word.lower() in _TRIGGER_TYPES:
            return _TRIGGER
        if word.lower() not in _NO_TYPE:
            return Role(Modality.OTHER)
    if is_trigger_label(label):
        return _TRIGGER
    named = label_modality(label)
    if named in (Modality.GSR, Modality.ECG) and (not unit or to_canonical(named, unit)):
        return Role(named)
    if named is Modality.OTHER and NOT_A_SIGNAL.search(label):
        return Role(Modality.OTHER)
    if _is_conductance(unit):
        return Role(Modality.GSR)
    if own is Modality.EEG:
        return Role(own)
    of_stream = modality_of(stype)
    if of_stream is not Modality.OTHER:
        return Role(of_stream)
    in_volts = bool(unit) and to_canonical(Modality.EEG, unit) is not None
    if named is Modality.EEG and (in_volts or (not stype.strip() and n_electrodes > 1)):
        return Role(Modality.EEG)
    return Role(Modality.OTHER)


def _is_conductance(unit: str) -> bool:
    """Return whether a unit can only be skin conductance: siemens, in words."""
    conversion = to_canonical(Modality.GSR, unit) if unit else None
    in_volts = unit and to_canonical(Modality.EEG, unit) is not None
    return conversion is not None and not conversion.inverse and not in_volts
