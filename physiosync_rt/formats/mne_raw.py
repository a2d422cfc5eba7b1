"""Read FIF and BrainVision files with MNE."""

from __future__ import annotations

import re
import warnings
from datetime import UTC
from pathlib import Path
from typing import Any

import numpy as np

from physiosync_rt.datatypes import Modality, RecordedMarkers, Recording
from physiosync_rt.errors import UserError
from physiosync_rt.formats.base import Format, modality_of
from physiosync_rt.formats.channels import Channel, group_streams

_FIF_MAGIC = b"\x00\x00\x00\x64\x00\x00\x00\x1f"
_VHDR_MAGIC = (b"Brain Vision", b"BrainVision")
_VHDR_PARTS = re.compile(r"^\s*(?:DataFile|MarkerFile)\s*=\s*(.+?)\s*$", re.MULTILINE)

# MNE's internal units of the channel types used here.
_MNE_UNITS = {Modality.EEG: "V", Modality.ECG: "V", Modality.GSR: "S", Modality.OTHER: ""}


def read(path: Path) -> Recording:
    """Read a FIF or BrainVision file (for the latter, the ``.vhdr``).

    Parameters
    ----------
    path : Path

    Returns
    -------
    Recording
        One stream per modality; annotations as the markers ``annotations``. Stamps count seconds
        from the first sample.

    Raises
    ------
    UserError
        A file of a BrainVision recording is missing.
    """
    # MNE takes a second to load, so only readers of these files import it.
    import mne

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            raw = mne.io.read_raw(path, preload=True, verbose="ERROR")
        except FileNotFoundError as error:
            missing = Path(str(error.filename or error)).name
            raise UserError(
                f"{path.name}: {missing} is missing beside it; copy all files of the recording"
            ) from error
    notes: list[str] = []
    times = np.asarray(raw.times, dtype=np.float64)
    values = raw.get_data()
    channels = []
    for name, kind, row in zip(raw.ch_names, raw.get_channel_types(), values, strict=True):
        modality = modality_of(kind)
        unit = _MNE_UNITS[modality]
        channels.append(Channel(name, float(raw.info["sfreq"]), unit, row, times, modality))
    start = raw.info["meas_date"]
    return Recording(
        streams=group_streams(channels, notes),
        markers=_annotations(raw),
        start_utc=None if start is None else start.astimezone(UTC).timestamp() + raw.first_time,
        path=path,
        history=_history(raw),
        notes=tuple(notes),
    )


def _annotations(raw: Any) -> tuple[RecordedMarkers, ...]:
    """Turn annotations into markers, in seconds from the first sample."""
    annotations = raw.annotations
    if len(annotations) == 0:
        return ()
    first = raw.first_time if annotations.orig_time is not None else 0.0
    onsets = np.asarray(annotations.onset, dtype=np.float64) - first
    return (RecordedMarkers("annotations", onsets, tuple(map(str, annotations.description))),)


def _history(raw: Any) -> tuple[str, ...]:
    """Return the filters that were applied according to the file."""
    highpass, lowpass = raw.info["highpass"], raw.info["lowpass"]
    nyquist = raw.info["sfreq"] / 2
    done = []
    if highpass > 0:
        done.append(f"high-pass {highpass:g} Hz")
    if lowpass < nyquist:
        done.append(f"low-pass {lowpass:g} Hz")
    return tuple(done)


def _fif_parts(path: Path) -> list[Path]:
    """List the files that a long recording was split into."""
    import mne

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        raw = mne.io.read_raw_fif(path, preload=False, verbose="ERROR")
    return [path, *(Path(name) for name in raw.filenames[1:] if name is not None)]


def _brainvision_parts(path: Path) -> list[Path]:
    """List a header and the files of samples and markers that it names."""
    header = path.read_text(encoding="utf-8", errors="replace")
    names = [name.replace("$b", path.stem) for name in _VHDR_PARTS.findall(header)]
    return [path, *(path.parent / name for name in names)]


FIF = Format(
    name="FIF",
    suffixes=(".fif", ".fif.gz"),
    matches=lambda _, head: head.startswith(_FIF_MAGIC),
    read=read,
    parts=_fif_parts,
)
BRAINVISION = Format(
    name="BrainVision",
    suffixes=(".vhdr", ".ahdr"),
    matches=lambda _, head: head.startswith(_VHDR_MAGIC) and b"Header File" in head[:100],
    read=read,
    parts=_brainvision_parts,
)
