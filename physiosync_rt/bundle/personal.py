"""What the card of a bundle says that was calibrated to one person."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from physiosync_rt.bundle.own_recording import Fingerprint
from physiosync_rt.utils.yaml_config import FrozenModel

PROVEN: Final = 0.05
"""Largest p of a calibration that counts."""


class Calibration(FrozenModel):
    """What calibration to one person brought, on blocks of the recording that were left out.

    Attributes
    ----------
    before, after : float
        Balanced accuracy of the parent and of the calibrated model, by blocks.
    gain_low, gain_high : float
        By how much the probability of the truth rose in either class.
    p, smallest_p : float
        Of the smaller of the two gains, by a permutation of before and after within blocks, and
        the smallest that so many blocks can reach.
    blocks : tuple of int
        Number of blocks, of low and of high.
    """

    before: float
    after: float
    gain_low: float
    gain_high: float
    p: float = Field(ge=0, le=1)
    smallest_p: float = Field(ge=0, le=1)
    blocks: tuple[int, int]

    @property
    def helped(self) -> bool:
        """Whether more is right than before, and surely not by chance, in neither class less."""
        return self.after > self.before and self.p <= PROVEN

    def __str__(self) -> str:
        return (
            f"{self.before:.2f} before, {self.after:.2f} after ({self.after - self.before:+.2f}, "
            f"p {self.p:.2g}, at best {self.smallest_p:.2g} with {sum(self.blocks)} blocks)"
        )


class Personal(FrozenModel):
    """Whom a bundle was calibrated to: one person, from one recording.

    Attributes
    ----------
    parent, parent_hash : str
        Name and hash of the bundle that was calibrated.
    rest_s, labelled_s : float
        Seconds of rest and of labelled data.
    brought : dict of str to Calibration
        By target.
    recording : Fingerprint
        Of the recording, to say "no proof" where the bundle is used on it.
    """

    parent: str
    parent_hash: str
    rest_s: float
    labelled_s: float
    brought: dict[str, Calibration]
    recording: Fingerprint
