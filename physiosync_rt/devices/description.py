"""Define the device YAML: streams, channels, units, counters and BrainFlow settings."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from physiosync_rt.datatypes import Modality, StreamSpec
from physiosync_rt.errors import UserError
from physiosync_rt.formats.metadata import listed
from physiosync_rt.formats.units import to_canonical
from physiosync_rt.utils.resources import find_config
from physiosync_rt.utils.yaml_config import read_yaml

DROP: Final = "drop"
COUNTER: Final = "counter"
UNKNOWN: Final = "?"
"""Placeholder of a generated description that the user must replace."""

Positions = Literal["measured", "standard", "assumed"]
"""Source of the electrode positions: digitized on this head, from the cap, or assumed."""


class _Described(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _unquoted(value: object) -> object:
    """Convert names that YAML 1.1 read as numbers back to text."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Name = Annotated[str, BeforeValidator(_unquoted), Field(min_length=1)]


class Match(_Described):
    """Globs that a stream must all match, ignoring case."""

    name: str = "*"
    type: str = "*"
    source_id: str = "*"

    def fits(self, spec: StreamSpec) -> bool:
        """Return whether a stream matches."""
        pairs = ((self.name, spec.name), (self.type, spec.stype), (self.source_id, spec.source_id))
        return all(fnmatchcase(value.lower(), glob.lower()) for glob, value in pairs)


class CounterDescription(_Described):
    """Description of a sample counter channel.

    Attributes
    ----------
    modulo : int
        The counter runs from 0 to ``modulo - 1``.
    step : int
        Increment per sample.
    """

    modulo: int = Field(gt=1)
    step: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _divides(self) -> CounterDescription:
        if self.modulo % self.step:
            raise ValueError(f"a counter of {self.modulo} values cannot grow by {self.step}")
        return self


class StreamDescription(_Described):
    """Description of one stream of the device.

    Attributes
    ----------
    match : Match
        Which stream is described.
    modality : Modality
    channels : tuple of str
        One entry per channel in the stream's order: an electrode or lead name, ``drop``, or
        ``counter``. The stream must have exactly as many channels.
    pick : tuple of str
        Instead of ``channels``, for a stream that labels its channels: the labels to keep.
    unit : str
        Unit of the samples where the stream does not state it.
    scale : float
        Factor on the samples: the unit per count of raw numbers, or the correction for a stream
        that states a wrong unit.
    sfreq : float, optional
        True rate in Hz where the stream declares a wrong one.
    counter : CounterDescription, optional
        Of the ``counter`` channel.
    positions : str
        Source of the electrode positions.
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

    @field_validator("modality", "unit", "scale", "sfreq", mode="before")
    @classmethod
    def _known(cls, value: object, info: ValidationInfo) -> object:
        if value == UNKNOWN:
            raise ValueError(f"`{info.field_name}` is still `{UNKNOWN}`: replace it")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> StreamDescription:
        if UNKNOWN in self.channels:
            raise ValueError(f"a channel is still `{UNKNOWN}`: replace it")
        if bool(self.channels) == bool(self.pick):
            raise ValueError("give either `channels` (by position) or `pick` (by label)")
        n_counters = self.channels.count(COUNTER)
        if n_counters != (self.counter is not None):
            raise ValueError(
                "a `counter` channel needs the `counter:` field with its modulo, and vice versa"
            )
        kept = self.kept
        if not kept:
            raise ValueError("all channels are dropped; keep at least one")
        if len(set(kept)) != len(kept):
            raise ValueError(f"duplicate channel names in {', '.join(kept)}")
        if self.unit and to_canonical(self.modality, self.unit) is None:
            raise ValueError(f"{self.unit!r} is not a known unit of {self.modality}")
        return self

    @property
    def kept(self) -> tuple[str, ...]:
        """Names of the kept channels, in order."""
        return self.pick or tuple(c for c in self.channels if c not in (DROP, COUNTER))

    def fits(self, spec: StreamSpec) -> bool:
        """Return whether this describes a stream: it matches and has the described channels."""
        if not self.match.fits(spec):
            return False
        if self.channels:
            return spec.n_chans == len(self.channels)
        have = {name.lower() for name in spec.ch_names}
        return all(label.lower() in have for label in self.pick)


class BrainFlowSettings(_Described):
    """BrainFlow connection settings; the fields are those of its ``BrainFlowInputParams``."""

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
    """A device: its display name, its streams, and how BrainFlow connects to it."""

    name: str = Field(min_length=1)
    streams: tuple[StreamDescription, ...] = ()
    brainflow: BrainFlowSettings | None = None

    @model_validator(mode="after")
    def _not_empty(self) -> Device:
        if not self.streams and self.brainflow is None:
            raise ValueError("describe at least one stream or give the `brainflow:` settings")
        return self

    def describe(self, spec: StreamSpec) -> StreamDescription | None:
        """Find the description of a stream of one modality; None where there is none.

        Raises
        ------
        UserError
            As `describe_all`.
        """
        return next(iter(self.describe_all(spec)), None)

    def describe_all(self, spec: StreamSpec) -> tuple[StreamDescription, ...]:
        """Find the descriptions of a stream that carries several modalities.

        Returns
        -------
        tuple of StreamDescription
            The first that fits for each modality; empty where none matches.

        Raises
        ------
        UserError
            The stream matches, but has other channels than described.
        """
        found: dict[Modality, StreamDescription] = {}
        for stream in self.streams:
            if stream.fits(spec):
                found.setdefault(stream.modality, stream)
        if found:
            return tuple(found.values())
        matching = [s for s in self.streams if s.match != Match() and s.match.fits(spec)]
        if matching:
            expected = " or ".join(
                f"{len(s.channels)} channels" if s.channels else f"channels {listed(s.pick)}"
                for s in matching
            )
            raise UserError(
                f"stream {spec.name!r} has {spec.n_chans} channels ({listed(spec.ch_names)}), "
                f"but {self.name} is described with {expected}; fix `channels` in its description"
            )
        return ()


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
