"""Group the channels of a clinical file into streams of one modality and one rate each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from physiosync_rt.datatypes import (
    UNITS,
    BoolArray,
    FloatArray,
    Modality,
    RecordedStream,
    StreamSpec,
)
from physiosync_rt.formats.base import as_samples, unique_names
from physiosync_rt.formats.breaks import Break, between, break_note, inside, merged, resumptions
from physiosync_rt.formats.electrode_labels import is_ear, parse_label
from physiosync_rt.formats.units import to_canonical

_N_SHARED = 3
"""So many differences to the same electrode make it the common reference."""


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


class _Findings:
    """Notes on channels; what holds for many of them becomes one note."""

    def __init__(self) -> None:
        self._of: dict[str, list[str]] = {}
        self._units: set[str] = set()

    def add(self, label: str, what: str) -> None:
        self._of.setdefault(what, []).append(label)

    def add_unit(self, label: str, what: str) -> None:
        self._units.add(what)
        self.add(label, what)

    def notes(self) -> list[str]:
        return [channels_note(labels, what) for what, labels in self._of.items()]

    def unit_note(self, labels: Sequence[str]) -> str:
        """Return the one note on units of these channels; empty where there are several."""
        concerned = [what for what in self._units if set(labels) & set(self._of[what])]
        return channels_note(self._of[concerned[0]], concerned[0]) if len(concerned) == 1 else ""


def channels_note(labels: Sequence[str], what: str) -> str:
    """Return a note on one channel or many: ``channels 'Fp1', 'Fz': no unit is stated``."""
    noun = "channel" if len(labels) == 1 else "channels"
    return f"{noun} {', '.join(map(repr, labels))}: {what}"


def group_streams(
    channels: Sequence[Channel], notes: list[str], breaks: Sequence[Break] = ()
) -> tuple[RecordedStream, ...]:
    """Group channels into streams.

    Parameters
    ----------
    channels : sequence of Channel
        Channels of equal rate have equal stamps.
    notes : list of str
        Findings are appended here.
    breaks : sequence of Break
        Interruptions that the file states. Their samples are left out; in a break of some
        channels alone, these are NaN.

    Returns
    -------
    tuple of RecordedStream
        One per modality and rate, in file order and in the canonical unit. Channels that cannot
        be used (one reference against another, EOG, triggers, unknown units) are in streams of
        modality ``OTHER``.
    """
    findings = _Findings()
    blanked = [_blanked(channel, breaks) for channel in channels]
    referred = _without_common_reference([_named(channel) for channel in blanked], findings)
    groups: dict[tuple[Modality, float], list[Channel]] = {}
    for channel in referred:
        known = _converted(channel, findings)
        groups.setdefault((known.modality or Modality.OTHER, known.sfreq), []).append(known)
    notes += findings.notes()
    modalities = [modality for modality, _ in groups]
    spans = [(float(c.times[0]), float(c.times[-1])) for c in channels if len(c.times)]
    first, last = (min(s[0] for s in spans), max(s[1] for s in spans)) if spans else (0.0, 0.0)
    whole = merged(each for each in between(breaks, first, last) if not each.ch_names)
    streams = []
    for (modality, sfreq), group in groups.items():
        name = modality.value if modalities.count(modality) == 1 else f"{modality}-{sfreq:g}Hz"
        stream = _stream(name, modality, group, whole, notes)
        unit_note = findings.unit_note([channel.label for channel in group])
        streams.append(replace(stream, unit_note=unit_note))
    eeg = [stream for stream in streams if stream.spec.modality is Modality.EEG]
    if len(eeg) > 1:
        notes.append(_rates_note(eeg))
    if whole:
        notes.append(break_note(whole, first))
    return tuple(streams)


def _stream(
    name: str,
    modality: Modality,
    group: Sequence[Channel],
    breaks: Sequence[Break],
    notes: list[str],
) -> RecordedStream:
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
        sfreq=group[0].sfreq,
        unit=UNITS[modality] if known else "",
        stype=modality.value,
    )
    samples = as_samples(np.stack([channel.values for channel in group], axis=1))
    kept: BoolArray = ~inside(group[0].times, spec.sfreq, breaks)
    times = group[0].times[kept]
    return RecordedStream(
        spec,
        samples if kept.all() else samples[kept],
        times,
        breaks=resumptions(times, breaks),
    )


def _rates_note(streams: Sequence[RecordedStream]) -> str:
    listed = ", ".join(
        f"{s.spec.name!r} ({s.spec.n_chans} electrodes)"
        for s in sorted(streams, key=lambda s: -s.spec.n_chans)
    )
    most = max(streams, key=lambda s: s.spec.n_chans).spec.name
    return (
        f"the EEG channels have {len(streams)} different rates and are {len(streams)} streams: "
        f"{listed}; a run uses one of them, choose with --eeg {most}"
    )


def _blanked(channel: Channel, breaks: Sequence[Break]) -> Channel:
    """Return the channel with NaN where a break of some channels concerns it."""
    own = merged(each for each in breaks if channel.label in each.ch_names)
    if not own:
        return channel
    values = channel.values.copy()
    values[inside(channel.times, channel.sfreq, own)] = np.nan
    return replace(channel, values=values)


# --- names ------------------------------------------------------------------------------------


def _named(channel: Channel) -> tuple[Channel, str]:
    """Return the channel with its modality and plain name, and the electrode it is against."""
    modality, name, against = parse_label(channel.label)
    if modality is None:
        modality = channel.modality or Modality.OTHER
    return replace(channel, label=name, modality=modality), against


def _without_common_reference(
    named: Sequence[tuple[Channel, str]], findings: _Findings
) -> list[Channel]:
    """Take the name of a common reference from the labels, and set lone pairs apart.

    Where all electrodes were measured against one scalp electrode (``Fp1-Cz``, ``F3-Cz`` ...) it
    is the reference. Other differences of two electrodes are bipolar; where most of the file is, it
    stays one stream, which is refused for that reason.
    """
    pairs = [(c, against) for c, against in named if against and not is_ear(against)]
    alone = [c for c, against in named if c.modality is Modality.EEG and not against]
    common = {against.upper() for _, against in pairs}
    shared = len(common) == 1 and len(pairs) >= _N_SHARED
    out = []
    for channel, against in named:
        if not against:
            out.append(channel)
        elif is_ear(against):
            findings.add(channel.label, "a reference against another; kept as OTHER")
            out.append(replace(channel, modality=Modality.OTHER))
        elif shared:
            findings.add(channel.label, f"recorded against {against}, the common reference")
            out.append(replace(channel, label=re.split(r"\s*[-:]", channel.label)[0]))
        elif len(alone) >= len(pairs):
            findings.add(channel.label, "the difference of two electrodes (bipolar); kept as OTHER")
            out.append(replace(channel, modality=Modality.OTHER))
        else:
            out.append(channel)
    return out


# --- units ------------------------------------------------------------------------------------


def _converted(channel: Channel, findings: _Findings) -> Channel:
    """Return the channel in the canonical unit, or as ``OTHER`` where its unit is not known."""
    modality = channel.modality or Modality.OTHER
    if modality is Modality.OTHER:
        return channel
    if len(channel.values) and np.ptp(channel.values) == 0:
        findings.add(channel.label, "the same value throughout (flat or saturated)")
    conversion = to_canonical(modality, channel.unit)
    if conversion is not None:
        return replace(channel, values=conversion(channel.values), unit=UNITS[modality])
    stated = f"unit {channel.unit!r} is not of {modality}" if channel.unit else "no unit is stated"
    findings.add_unit(channel.label, f"{stated}; kept as OTHER")
    return replace(channel, modality=Modality.OTHER)
