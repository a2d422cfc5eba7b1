"""Read FIF files with MNE."""

from __future__ import annotations

import gzip
import struct
import warnings
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import IO, Any

import numpy as np

from physiosync_rt.datatypes import FloatArray, Modality, RecordedMarkers, Recording
from physiosync_rt.errors import UserError
from physiosync_rt.formats.base import Format, modality_of
from physiosync_rt.formats.breaks import Break, annotated_break
from physiosync_rt.formats.channels import Channel, group_streams
from physiosync_rt.formats.clocks import moved_start
from physiosync_rt.formats.stated_parts import FIF_MAGIC, check_fif
from physiosync_rt.formats.trigger_channels import split_triggers

# MNE's internal units of the channel types used here.
_MNE_UNITS = {Modality.EEG: "V", Modality.ECG: "V", Modality.GSR: "S", Modality.OTHER: ""}

# FIF's numbers of the tag that begins a block, and of the blocks that hold something else.
_BLOCK_START = 104
_RAW_BLOCKS = {102, 112}
_OTHER_BLOCKS = {
    373: "epochs",
    104: "evoked responses (averages)",
    355: "a covariance matrix",
    374: "an ICA",
    352: "a forward solution",
    351: "a source space",
    310: "a head model (BEM)",
    313: "projection vectors",
}


def read(path: Path) -> Recording:
    """Read a FIF file.

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
        The file holds something else than a continuous recording, or a part of it is missing.
    """
    # MNE takes a second to load, so only readers of these files import it.
    import mne

    if held := _held_instead(path):
        raise UserError(
            f"{path.name} holds {held}, not a continuous recording; give the raw "
            "recording that it was made from (MNE saves it as ..._raw.fif)"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            raw = mne.io.read_raw_fif(path, preload=True, verbose="ERROR")
        except FileNotFoundError as error:
            missing = Path(str(error.filename or error)).name
            raise UserError(
                f"{path.name}: {missing} is missing beside it; copy all files of the recording"
            ) from error
        except Exception as error:
            if not check_fif(path):
                raise
            raise UserError(
                f"{path.name} was cut off or is damaged, and MNE cannot read the rest of it; "
                "take another copy"
            ) from error
    notes: list[str] = []
    times: FloatArray = np.asarray(raw.times, dtype=np.float64)
    channels = []
    for name, kind, row in zip(raw.ch_names, raw.get_channel_types(), raw.get_data(), strict=True):
        modality = modality_of(kind)
        unit = _MNE_UNITS[modality]
        channels.append(Channel(name, float(raw.info["sfreq"]), unit, row, times, modality))
    signals, triggers = split_triggers(channels)
    streams = group_streams(signals, notes, _breaks(raw))
    start = raw.info["meas_date"]
    start_utc = None if start is None else start.astimezone(UTC).timestamp() + raw.first_time
    return Recording(
        streams=streams,
        markers=(*annotation_markers(raw), *triggers),
        start_utc=moved_start(start_utc, streams, 0.0),
        path=path,
        history=applied_filters(raw),
        notes=tuple(notes),
    )


def annotation_markers(raw: Any) -> tuple[RecordedMarkers, ...]:
    """Turn annotations into markers, in seconds from the first sample."""
    if len(raw.annotations) == 0:
        return ()
    labels = tuple(map(str, raw.annotations.description))
    return (RecordedMarkers("annotations", _onsets(raw), labels),)


def _onsets(raw: Any) -> FloatArray:
    """Return the onsets of the annotations in seconds from the first sample."""
    first = raw.first_time if raw.annotations.orig_time is not None else 0.0
    onsets: FloatArray = np.asarray(raw.annotations.onset, dtype=np.float64) - first
    return onsets


def _breaks(raw: Any) -> list[Break]:
    """Return the breaks that annotations state; MNE annotates what a FIF file skips, too."""
    annotations = raw.annotations
    named = getattr(annotations, "ch_names", None)
    found = []
    for i, onset in enumerate(_onsets(raw)):
        own = tuple(named[i]) if named is not None else ()
        text, duration = str(annotations.description[i]), float(annotations.duration[i])
        found.append(annotated_break(text, float(onset), duration, own))
    return [each for each in found if each is not None]


def applied_filters(raw: Any) -> tuple[str, ...]:
    """Return the filters that were applied according to the file."""
    highpass, lowpass = raw.info["highpass"], raw.info["lowpass"]
    nyquist = raw.info["sfreq"] / 2
    done = []
    if highpass > 0:
        done.append(f"high-pass {highpass:g} Hz")
    if lowpass < nyquist:
        done.append(f"low-pass {lowpass:g} Hz")
    return tuple(done)


# --- what a FIF file holds --------------------------------------------------------------------


def _held_instead(path: Path) -> str:
    """Return what a file holds in place of a recording; empty where it may hold one."""
    with gzip.open(path) if path.name.endswith(".gz") else path.open("rb") as file:
        blocks = set(_blocks(file))
    if blocks & _RAW_BLOCKS and 373 not in blocks:
        return ""
    return next((words for block, words in _OTHER_BLOCKS.items() if block in blocks), "")


def _blocks(file: IO[bytes] | gzip.GzipFile) -> Iterator[int]:
    """Return the kinds of the blocks of a FIF file, from the tags that begin them."""
    at = 0
    while len(head := file.read(16)) == 16:
        kind, _, size, following = struct.unpack(">iiii", head)
        if kind == _BLOCK_START and size == 4:
            yield struct.unpack(">i", file.read(4))[0]
        before, at = at, following if following > 0 else at + 16 + size
        if following < 0 or at <= before:
            return
        file.seek(at)


def _parts(path: Path) -> list[Path]:
    """List the files that a long recording was split into."""
    import mne

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        raw = mne.io.read_raw_fif(path, preload=False, verbose="ERROR")
    return [path, *(Path(name) for name in raw.filenames[1:] if name is not None)]


FORMAT = Format(
    name="FIF",
    suffixes=(".fif", ".fif.gz"),
    matches=lambda _, head: head.startswith(FIF_MAGIC),
    read=read,
    parts=_parts,
)
