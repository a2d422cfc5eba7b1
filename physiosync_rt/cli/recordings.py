"""Recordings as the commands take them: several files, one session, a device's description."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from physiosync_rt.bundle.card import Card
from physiosync_rt.datatypes import Recording
from physiosync_rt.devices import Device, map_recording
from physiosync_rt.formats.join import Join
from physiosync_rt.formats.registry import read
from physiosync_rt.formats.session import one_session


def load_session(
    paths: Sequence[Path],
    device: Device | None = None,
    subject: str | None = None,
    join: Join | None = None,
) -> Recording:
    """Read files as one session and apply a device description.

    Parameters
    ----------
    paths : sequence of Path
    device : Device, optional
    subject : str, optional
        Whose recording, where a file holds several people's.
    join : Join, optional
        How several files are placed in time, see `formats.placement.place`.

    Raises
    ------
    UserError
        A file cannot be read, holds several people, the files do not go together, or the
        description does not fit.
    """
    recording = one_session([read(path, subject) for path in paths], join)
    return map_recording(device, recording) if device else recording


def wants(card: Card) -> str:
    """What a bundle wants of a recording, for a sentence."""
    pps = f" and {card.pps.modality}" if card.pps else ""
    return f"bundle {card.name} wants EEG of {card.eeg.n_chans} electrodes{pps}"
