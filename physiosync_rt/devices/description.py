"""The description of a device, as it is written in YAML."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from physiosync_rt.datatypes import Modality, StreamSpec
from physiosync_rt.errors import UserError
from physiosync_rt.formats.units import to_canonical
from physiosync_rt.utils.resources import configs_dir, find_config
from physiosync_rt.utils.yaml_config import read_yaml

DROP: Final = "drop"
COUNTER: Final = "counter"
OPEN: Final = "?"
"""Stands in a description where somebody still has to say what a thing is."""

Positions = Literal["measured", "standard", "assumed"]
"""How the electrode names are known: digitised on this head, by the cap, or by habit."""


class _Described(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _unquoted(value: object) -> object:
    """YAML 1.1 reads some plain words as booleans or numbers; a channel name is always text."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Name = Annotated[str, BeforeValidator(_unquoted), Field(min_length=1)]


class Match(_Described):
    """Globs that a stream must fit, all of them, in any case; empty fits everything."""

    name: str = "*"
    type: str = "*"
    source_id: str = "*"

    def fits(self, spec: StreamSpec) -> bool:
        """Say whether a stream is the one that is meant."""
        pairs = ((self.name, spec.name), (self.type, spec.stype), (self.source_id, spec.source_id))
        return all(fnmatchcase(value.lower(), glob.lower()) for glob, value in pairs)


class CounterDescription(_Described):
    """A channel that counts samples.

    Attributes
    ----------
    modulo : int
        The counter runs from 0 to ``modulo - 1``.
    step : int
        How much it grows from one sample to the next.
    """

    modulo: int = Field(gt=1)
    step: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _divides(self) -> CounterDescription:
        if self.modulo % self.step:
            raise ValueError(f"a counter of {self.modulo} values cannot grow by {self.step}")
        return self


class StreamDescription(_Described):
    """What one stream of the device is.

    Attributes
    ----------
    match : Match
        Which stream is meant.
    modality : Modality
    channels : tuple of str
        One entry per channel in the stream's order: an electrode or lead name, ``drop``, or
        ``counter``. The stream must have exactly as many channels.
    pick : tuple of str
        In place of ``channels``, for a stream that labels its channels: the labels to keep.
    unit : str
        Unit of the samples where the stream itself does not say it.
    scale : float
        Multiplies the samples first: the unit's share per count of raw numbers, or the mend for
        a stream that states a wrong unit.
    sfreq : float, optional
        True rate in Hz where the stream declares a wrong one.
    counter : CounterDescription, optional
        Of the ``counter`` channel.
    positions : str
        How the electrode names are known.
    """

    match: Match = Match()
    modality: Modality
    channels: tuple[Name, ...] = ()
    pick: tuple[Name, ...] = ()
    unit: str = ""
    scale: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    sfreq: float | None = Field(default=None, gt=0)
    counter: CounterDescription | None = None
    positions: Positions = "standard"

    @field_validator("modality", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @model_validator(mode="after")
    def _consistent(self) -> StreamDescription:
        if OPEN in (self.unit, *self.channels):
            where = "`unit`" if self.unit == OPEN else "a channel"
            raise ValueError(f"{where} is still `{OPEN}`: write what it is")
        if bool(self.channels) == bool(self.pick):
            raise ValueError("say either `channels` (by position) or `pick` (by label)")
        n_counters = self.channels.count(COUNTER)
        if n_counters != (self.counter is not None):
            raise ValueError(
                "a `counter` channel and the `counter:` field with its modulo go together"
            )
        kept = self.kept
        if not kept:
            raise ValueError("no channel is left to use")
        if len(set(kept)) != len(kept):
            raise ValueError(f"a channel is named twice in {', '.join(kept)}")
        if self.unit and to_canonical(self.modality, self.unit) is None:
            raise ValueError(f"{self.unit!r} is no unit of {self.modality} that is known here")
        return self

    @property
    def kept(self) -> tuple[str, ...]:
        """Names of the channels that are left, in order."""
        return self.pick or tuple(c for c in self.channels if c not in (DROP, COUNTER))

    def fits(self, spec: StreamSpec) -> bool:
        """Say whether this describes a stream: it matches and has the channels that are named."""
        if not self.match.fits(spec):
            return False
        if self.channels:
            return spec.n_chans == len(self.channels)
        have = {name.lower() for name in spec.ch_names}
        return all(label.lower() in have for label in self.pick)


class BrainFlowSettings(_Described):
    """How BrainFlow reaches the board; the fields are those of its ``BrainFlowInputParams``."""

    board: str = Field(min_length=1)
    serial_port: str = ""
    mac_address: str = ""
    serial_number: str = ""
    ip_address: str = ""
    ip_port: int = Field(default=0, ge=0)
    timeout: int = Field(default=0, ge=0)
    other_info: str = ""
    file: str = ""
    master_board: str = ""


class Device(_Described):
    """A device: a name for people, its streams, and how BrainFlow reaches it."""

    name: str = Field(min_length=1)
    streams: tuple[StreamDescription, ...] = ()
    brainflow: BrainFlowSettings | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Device:
        if not self.streams and self.brainflow is None:
            raise ValueError("describe at least one stream or say how BrainFlow reaches the board")
        return self

    def describe(self, spec: StreamSpec) -> StreamDescription | None:
        """Find the description of a stream; None where it says nothing about it.

        Raises
        ------
        UserError
            The stream is the one that is meant, but has other channels than described.
        """
        for stream in self.streams:
            if stream.fits(spec):
                return stream
        meant = [s for s in self.streams if s.match != Match() and s.match.fits(spec)]
        if meant:
            expected = " or ".join(
                f"{len(s.channels)} channels" if s.channels else f"channels {', '.join(s.pick)}"
                for s in meant
            )
            raise UserError(
                f"stream {spec.name!r} has {spec.n_chans} channels ({', '.join(spec.ch_names)}), "
                f"but {self.name} is described with {expected}; mend `channels` in its description"
            )
        return None


def load_device(name: str | Path) -> Device:
    """Read a device description.

    Parameters
    ----------
    name : str or Path
        A path, or the name of a shipped description (``openbci-cyton-daisy``).

    Raises
    ------
    UserError
        There is no such file, or it does not describe a device.
    """
    return read_yaml(find_config("devices", name), Device)


def shipped_for(specs: Sequence[StreamSpec]) -> list[str]:
    """Names of the shipped descriptions that mean one of these streams by its name or type."""
    found = []
    for path in sorted((configs_dir() / "devices").glob("*.yaml")):
        streams = load_device(path).streams
        if any(s.match != Match() and s.fits(spec) for s in streams for spec in specs):
            found.append(path.stem)
    return found


def device_template(spec: StreamSpec) -> str:
    """Write the description to fill in for a stream whose channels have no electrode names."""
    modality = "EEG" if spec.modality is Modality.OTHER else spec.modality.value
    unit = "" if spec.unit else "    unit: microvolts        # microvolts, microsiemens, kohm ...\n"
    names = "".join(
        f"      - Fp1             # channel {i}: its electrode, `drop`, or `counter`\n"
        if i == 1
        else f"      - drop            # channel {i}\n"
        for i in range(1, spec.n_chans + 1)
    )
    return (
        f"name: My device\n"
        f"streams:\n"
        f'  - match: {{name: "{spec.name}", type: "{spec.stype or "*"}"}}\n'
        f"    modality: {modality}\n"
        f"{unit}"
        f"    positions: assumed      # measured, standard or assumed\n"
        f"    channels:\n{names}"
    )
