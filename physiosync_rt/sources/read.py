"""Read the files of one session, as the command line and ``physiosync_rt.read`` take them."""

from __future__ import annotations

from pathlib import Path

from physiosync_rt.datatypes import Recording
from physiosync_rt.devices import Device, load_device, map_recording
from physiosync_rt.errors import UserError
from physiosync_rt.formats import registry
from physiosync_rt.formats.join import Join
from physiosync_rt.formats.session import one_session


def read(
    *paths: Path | str,
    subject: str | None = None,
    device: Device | Path | str | None = None,
    join: Join | str | None = None,
) -> Recording:
    """Read one file, or several as one session, and apply a device description.

    Parameters
    ----------
    *paths : Path or str
        Files or folders of any format that `formats.registry` knows.
    subject : str, optional
        Whose recording, where a file holds several people's.
    device : Device, Path or str, optional
        A device description, its YAML file, or the name of a shipped one.
    join : {"clock", "turn", "together"}, optional
        How several files are placed in time, see `formats.placement.place`.

    Returns
    -------
    Recording
        With raw stamps and samples in µV, µS or mV.

    Raises
    ------
    UserError
        A file cannot be read or holds several people, the files do not go together, or the
        description does not fit.

    Examples
    --------
    >>> import physiosync_rt as ps
    >>> ps.read("eeg.edf", "gsr.csv", join="together")  # doctest: +SKIP
    """
    placing = None if join is None else _join(join)
    described = device if isinstance(device, Device | None) else load_device(device)
    recording = one_session([registry.read(path, subject) for path in paths], placing)
    return recording if described is None else map_recording(described, recording)


def _join(name: Join | str) -> Join:
    try:
        return Join(name)
    except ValueError:
        raise UserError(
            f"join={name!r} is not a way to place files; choose {', '.join(Join)}"
        ) from None
