"""What a source offers, and what a run would take of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from physiosync_rt.bundle.card import Card
from physiosync_rt.datatypes import Carrier, Modality, StreamSpec
from physiosync_rt.devices import Device, load_device, shipped_for
from physiosync_rt.devices.assist_units import StreamExcerpt
from physiosync_rt.errors import UserError
from physiosync_rt.setup.plan import AS_STATED, Plan
from physiosync_rt.sources.validate import open_points
from physiosync_rt.utils.translation import tr

Part = tuple[StreamSpec, Carrier]


@dataclass(frozen=True, slots=True)
class Offered:
    """A stream in sight as it is sent.

    Attributes
    ----------
    whole : StreamSpec
    parts : tuple of (StreamSpec, Carrier)
        One per modality, by its own metadata.
    specs : tuple of StreamSpec
        The same with the device description in use.
    serves : tuple of Modality
        What the run would take from it.
    query : str
        What it is chosen by.
    marker : bool
    """

    whole: StreamSpec
    parts: tuple[Part, ...]
    specs: tuple[StreamSpec, ...]
    serves: tuple[Modality, ...] = ()
    query: str = ""
    marker: bool = False

    def carries(self, modality: Modality) -> bool:
        """Whether it has a part of a modality."""
        return any(spec.modality is modality for spec in self.specs)


@dataclass(frozen=True, slots=True)
class Sight:
    """What a look at a source has found.

    Attributes
    ----------
    offered : tuple of Offered
    eeg, pps : StreamSpec or None
        What the run would use.
    device : str
        The description in use; empty for none.
    fitting : tuple of str
        Shipped descriptions that fit.
    problem : str
        Why no run can be made of it, and what to do; empty where one can.
    unclear : Offered or None
        The stream of which a person has to say what its channels are.
    notes : tuple of str
        What a person should know, in sentences.
    waiting : bool
        Whether time may solve the problem: a stream may still come.
    """

    offered: tuple[Offered, ...] = ()
    eeg: StreamSpec | None = None
    pps: StreamSpec | None = None
    device: str = ""
    fitting: tuple[str, ...] = ()
    problem: str = ""
    unclear: Offered | None = None
    notes: tuple[str, ...] = ()
    waiting: bool = False
    excerpts: Callable[[Offered], list[StreamExcerpt]] | None = field(default=None, compare=False)
    """Listens to a stream for a few seconds, to propose what its channels are."""


def device_in_use(plan: Plan, parts: Sequence[Part]) -> tuple[str, tuple[str, ...]]:
    """Return the description that a plan means for some streams, and the shipped ones that fit.

    A shipped one is only used unasked where it is the only one that fits and assumes no position.
    """
    parts = [part for part in parts if part[0].modality is Modality.EEG] or parts
    specs, carriers = [spec for spec, _ in parts], [carrier for _, carrier in parts]
    fitting = _fitting(tuple(specs), tuple(carriers))
    if plan.device == AS_STATED:
        return "", fitting
    if plan.device:
        return plan.device, fitting
    sure = [name for name in fitting if not _assumes(load_device(name), specs, carriers)]
    return (sure[0] if len(sure) == 1 == len(fitting) else ""), fitting


def open_device(name: str) -> Device | None:
    """Load a description; None for an empty name.

    Raises
    ------
    UserError
        There is no such file, or it does not describe a device.
    """
    return load_device(name) if name else None


def unclear_stream(offered: Sequence[Offered], wanted: Sequence[Modality]) -> Offered | None:
    """Return the first stream of a wanted modality that leaves something open."""
    for stream in offered:
        if any(spec.modality in wanted and open_points(spec) for spec in stream.specs):
            return stream
    return None


def say_unclear(stream: Offered, wanted: Sequence[Modality]) -> str:
    """Say what a stream leaves open, and what to do."""
    points = [
        point for spec in stream.specs if spec.modality in wanted for point in open_points(spec)
    ]
    missing = tr(" and ").join(dict.fromkeys(points)) or tr("what it measures")
    said = tr("“{stream}” does not state {missing}: say what its channels are")
    return said.format(stream=stream.whole.name, missing=missing)


def wanted_modalities(card: Card) -> tuple[Modality, ...]:
    """Return what a bundle takes."""
    return (card.eeg.modality, *((card.pps.modality,) if card.pps else ()))


def first_paragraph(error: UserError) -> str:
    """Return an error without the description that may follow it."""
    return str(error).split("\n\n")[0].removesuffix(", starting from")


@lru_cache(maxsize=64)
def _fitting(specs: tuple[StreamSpec, ...], carriers: tuple[Carrier, ...]) -> tuple[str, ...]:
    """Return the shipped descriptions that fit; all of them are read for it."""
    return tuple(shipped_for(specs, carriers)) if specs else ()


def _assumes(
    device: Device, specs: Sequence[StreamSpec], carriers: Sequence[Carrier | None]
) -> bool:
    """Whether a description assumes where the electrodes of one of these streams are."""
    for spec, carrier in zip(specs, carriers, strict=True):
        whole = carrier.spec if carrier else spec
        try:
            if any(found.positions == "assumed" for found in device.describe_all(whole)):
                return True
        except UserError:
            continue
    return False
