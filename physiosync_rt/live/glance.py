"""Where the people of a group stand, for a list of all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from physiosync_rt.bundle.card import Meaning
from physiosync_rt.datatypes import Prediction


class MemberPhase(StrEnum):
    """Where a person of a group stands."""

    COMING = "coming"
    """Their streams are being looked for."""
    RUNNING = "running"
    ENDED = "ended"
    """Their source has ended, or the group has."""
    FAILED = "failed"
    """An error ended their run, which the others do not notice."""


@dataclass(frozen=True, slots=True)
class Glance:
    """A person of a group in short, for a list of all.

    Attributes
    ----------
    name : str
    phase : MemberPhase
    error : str
        Why their streams are not there yet, or what ended their run.
    rows : tuple of Prediction
        The newest ones, oldest first.
    n_rows, n_valid : int
    pps_name : str
        Modality of the peripheral stream; empty where the run has none.
    margin : float
        Of the bundle.
    meaning : mapping of str to Meaning
        What a target stands for, where it is not an emotion.
    """

    name: str
    phase: MemberPhase
    error: str = ""
    rows: tuple[Prediction, ...] = ()
    n_rows: int = 0
    n_valid: int = 0
    pps_name: str = ""
    margin: float = 0.0
    meaning: Mapping[str, Meaning] = field(default_factory=dict)
