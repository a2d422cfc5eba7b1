"""A device description from what each channel of a stream is used as, and as YAML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from glob import escape
from pathlib import Path

import yaml
from pydantic import ValidationError

from physiosync_rt.datatypes import Modality, StreamSpec
from physiosync_rt.devices.description import (
    COUNTER,
    DROP,
    CounterDescription,
    Device,
    Match,
    Positions,
    StreamDescription,
)
from physiosync_rt.errors import UserError
from physiosync_rt.utils.atomic import atomic_file
from physiosync_rt.utils.translation import tr

SIGNALS = (Modality.EEG, Modality.GSR, Modality.ECG)


@dataclass(frozen=True, slots=True)
class ChannelUse:
    """What one channel is.

    Attributes
    ----------
    modality : Modality
        ``OTHER`` for a channel that is not used.
    name : str
        Its electrode or lead; ``counter`` for a sample counter, which has no modality.
    """

    modality: Modality = Modality.OTHER
    name: str = DROP


@dataclass(frozen=True, slots=True)
class SignalUnit:
    """Unit that the samples of a modality are in, where the stream does not state it, and scale."""

    unit: str = ""
    scale: float = 1.0


def describe_channels(
    name: str,
    whole: StreamSpec,
    uses: Sequence[ChannelUse],
    units: Mapping[Modality, SignalUnit],
    *,
    sfreq: float | None = None,
    positions: Positions = "standard",
    counter: CounterDescription | None = None,
) -> Device:
    """Describe a stream by what its channels are.

    Parameters
    ----------
    name : str
        Display name of the device.
    whole : StreamSpec
        The stream with all its channels.
    uses : sequence of ChannelUse
        One for each channel, in the stream's order.
    units : mapping of Modality to SignalUnit
    sfreq : float, optional
        True rate in Hz where the stream declares none or a wrong one.
    positions : str
        Source of the electrode positions.
    counter : CounterDescription, optional
        Of the channel that is used as ``counter``.

    Raises
    ------
    UserError
        Nothing is used, a name occurs twice, or a unit is not known.
    """
    match = Match(
        name=escape(whole.name),
        type=escape(whole.stype) or "*",
        source_id=escape(whole.source_id) or "*",
    )
    try:
        streams = tuple(
            StreamDescription(
                match=match,
                modality=modality,
                channels=tuple(_entry(use, modality) for use in uses),
                unit=units.get(modality, SignalUnit()).unit,
                scale=units.get(modality, SignalUnit()).scale,
                sfreq=sfreq,
                counter=counter if any(use.name == COUNTER for use in uses) else None,
                positions=positions if modality is Modality.EEG else "standard",
            )
            for modality in SIGNALS
            if any(use.modality is modality for use in uses)
        )
        if not streams:
            raise UserError(tr("no channel is used; say what at least one of them is"))
        return Device(name=name, streams=streams)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise UserError(str(first["msg"]).removeprefix("Value error, ")) from error


def uses_of(device: Device, whole: StreamSpec) -> tuple[ChannelUse, ...]:
    """Return what a description says of each channel of a stream.

    Raises
    ------
    UserError
        The stream matches, but has other channels than described.
    """
    uses = [ChannelUse()] * whole.n_chans
    labels = [label.lower() for label in whole.ch_names]
    for description in device.describe_all(whole):
        modality = description.modality
        for label in description.pick:
            uses[labels.index(label.lower())] = ChannelUse(modality, label)
        for i, entry in enumerate(description.channels):
            if entry == COUNTER:
                uses[i] = ChannelUse(Modality.OTHER, COUNTER)
            elif entry != DROP:
                uses[i] = ChannelUse(modality, entry)
    return tuple(uses)


def device_yaml(device: Device) -> str:
    """Return a description as YAML that `load_device` reads as the same."""
    content = device.model_dump(mode="json", exclude_defaults=True)
    text: str = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
    return text


def save_device(device: Device, path: Path) -> None:
    """Write a description to a YAML file, in a folder that is made where it is missing.

    Raises
    ------
    UserError
        The file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file(path) as fresh:
            fresh.write_text(device_yaml(device), encoding="utf-8")
    except OSError as error:
        said = tr("{path} cannot be written: {reason}; choose another place")
        raise UserError(said.format(path=path, reason=error.strerror)) from error


def _entry(use: ChannelUse, modality: Modality) -> str:
    if use.name == COUNTER:
        return COUNTER
    return use.name if use.modality is modality else DROP
