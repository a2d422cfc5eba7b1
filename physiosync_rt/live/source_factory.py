"""Make the source that a run asks for by its name: lsl, brainflow, file or simulated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from physiosync_rt.bundle.card import Card
from physiosync_rt.datatypes import Recording
from physiosync_rt.devices import BrainFlowSettings, Device, load_device
from physiosync_rt.errors import UserError
from physiosync_rt.formats.join import Join
from physiosync_rt.sources.base import Source, SourceKind
from physiosync_rt.sources.file import FileSource
from physiosync_rt.sources.read import read


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """What each kind of source can be told; it reads what concerns it.

    Attributes
    ----------
    eeg, pps : str, optional
        Name, type or source_id of a stream.
    device : Device, Path or str, optional
        Description of what unnamed and odd channels are, its YAML file, or a shipped one's name.
    board : BrainFlowSettings, optional
        For ``brainflow``, where the device does not say it.
    file : Recording, or sequence of Path or str
        For ``file``; several files are one session.
    subject, join
        As in `sources.read.read`.
    speed : float
        For ``file``: recorded seconds per second.
    seed : int
        For ``simulated``: which person.
    timeout : float
        For ``lsl``: seconds to look for the streams.
    own : bool
        For ``lsl``: whether other people's streams are in sight, as in `LslSource`.
    """

    eeg: str | None = None
    pps: str | None = None
    device: Device | Path | str | None = None
    board: BrainFlowSettings | None = None
    file: Recording | Sequence[Path | str] = ()
    subject: str | None = None
    join: Join | str | None = None
    speed: float = 1.0
    seed: int = 0
    timeout: float = 10.0
    own: bool = False


def make_source(kind: SourceKind, card: Card, options: SourceOptions) -> Source:
    """Make a source, not yet open.

    Parameters
    ----------
    kind : {"lsl", "brainflow", "simulated", "file"}
    card : Card
        Of the bundle that the source is for; a simulated person wears its electrodes.
    options : SourceOptions

    Raises
    ------
    UserError
        Kind and options do not go together, or a file cannot be read.
    """
    device = options.device
    if not isinstance(device, Device | None):
        device = load_device(device)
    if kind == "lsl":
        from physiosync_rt.lsl.source import LslSource

        return LslSource(
            options.eeg, options.pps, own=options.own, device=device, timeout=options.timeout
        )
    if kind == "brainflow":
        from physiosync_rt.brainflow.source import BrainFlowSource

        board = options.board or (device.brainflow if device else None)
        if board is None:
            raise UserError(
                "--source brainflow needs --board NAME (see `physiosync boards`) or a --device "
                "YAML with a brainflow section"
            )
        return BrainFlowSource(board, device)
    if kind == "file":
        return FileSource(_recording(options, device), speed=options.speed, wanted=wants(card))
    if kind == "simulated":
        from physiosync_rt.lsl.demo_player import person_stream
        from physiosync_rt.sources.simulated import SimulatedSource

        return SimulatedSource(person_stream(options.seed, card.eeg.ch_names))
    raise UserError(f"unknown source {kind!r}; choose {', '.join(get_args(SourceKind))}")


def wants(card: Card) -> str:
    """What a bundle wants of a recording, for a sentence."""
    pps = f" and {card.pps.modality}" if card.pps else ""
    return f"bundle {card.name} wants EEG of {card.eeg.n_chans} electrodes{pps}"


def _recording(options: SourceOptions, device: Device | None) -> Recording:
    if isinstance(options.file, Recording):
        return options.file
    if not options.file:
        raise UserError("--source file needs --file PATH")
    return read(*options.file, subject=options.subject, device=device, join=options.join)
