"""What each electrode of a bundle is made of at present: measured, interpolated or bad."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from physiosync_rt.datatypes import BoolArray
from physiosync_rt.preprocess.montage import Montage


class ElectrodeState(StrEnum):
    """Where the signal of one of the bundle's electrodes comes from."""

    MEASURED = "measured"
    """The stream measures it, and it is good."""
    INTERPOLATED = "interpolated"
    """The stream does not have it: it is made of the electrodes that are there."""
    BAD = "bad"
    """The stream has it, and it is bad at present: made of the good ones, where enough are left."""
    SILENT = "silent"
    """The stream has it, and the newest second has no signal that could be judged."""


@dataclass(frozen=True, slots=True)
class Electrode:
    """One electrode of a bundle.

    Attributes
    ----------
    name : str
        As the bundle calls it.
    state : ElectrodeState
    fault : str
        Why it is bad, as `physiosync_rt.preprocess.bad_channels.FAULTS` has it; else empty.
    """

    name: str
    state: ElectrodeState
    fault: str = ""


def electrodes_of(
    montage: Montage, bad: BoolArray, faults: Mapping[int, str], *, seen: bool
) -> tuple[Electrode, ...]:
    """Say what each electrode of the bundle is made of, in the bundle's order.

    Parameters
    ----------
    montage : Montage
    bad : bool array, shape (n_stream,)
        Channels of the stream that are bad at present.
    faults : mapping of int to str
        What is wrong with them.
    seen : bool
        Whether there is a whole second of signal to judge them by.
    """
    found = []
    for name in montage.wanted:
        at = montage.index_of(name)
        if at is None:
            found.append(Electrode(name, ElectrodeState.INTERPOLATED))
        elif not seen:
            found.append(Electrode(name, ElectrodeState.SILENT))
        elif bad[at]:
            found.append(Electrode(name, ElectrodeState.BAD, faults.get(at, "")))
        else:
            found.append(Electrode(name, ElectrodeState.MEASURED))
    return tuple(found)
