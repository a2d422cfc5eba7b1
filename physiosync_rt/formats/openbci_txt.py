"""Read text files of the OpenBCI GUI, in the layouts before and since version 5."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from physiosync_rt.datatypes import (
    UNITS,
    FloatArray,
    IntArray,
    Modality,
    RecordedMarkers,
    RecordedStream,
    Recording,
    StreamSpec,
)
from physiosync_rt.errors import UserError
from physiosync_rt.formats.base import Format, as_samples, unique_names
from physiosync_rt.formats.table import numbers, read_lines, read_rows, unwrap_counter

_N_CHANS = re.compile(r"%\s*Number of channels\s*=\s*(\d+)", re.IGNORECASE)
_SFREQ = re.compile(r"%\s*Sample Rate\s*=\s*([\d.]+)", re.IGNORECASE)
_COUNTER_MODULO = 256
# The Cyton counts every sample, with the Daisy every second one; the Ganglion (4 channels) counts
# radio packets of two samples, which is not a sample counter.
_N_CHANS_WITH_COUNTER = (8, 16)


@dataclass(frozen=True, slots=True)
class _Layout:
    """Column indices; None where a layout does not have the column."""

    eeg: tuple[int, ...]
    accel: tuple[int, ...]
    timestamp: int | None
    marker: int | None


def read(path: Path) -> Recording:
    """Read a recording of the OpenBCI GUI.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Recording
        The stream ``obci_eeg`` in µV with the board's sample counter unwrapped, the accelerometer
        as ``OTHER``, and markers. The file does not contain electrode names: channels are called
        ``ch1`` and so on until a device YAML names them.

    Raises
    ------
    UserError
        The header lacks the rate or the number of channels, or there are no samples.
    """
    lines = read_lines(path)
    header = [line for line in lines if line.startswith("%")]
    n_chans, sfreq = _parse_header(path, header)
    body = [line for line in lines if line.strip() and not line.startswith("%")]
    titles: list[str] = []
    if body and body[0].lower().startswith("sample index"):
        titles = [title.strip().lower() for title in body[0].split(",")]
        body = body[1:]
    rows, n_bad = read_rows(body, ",")
    if not rows:
        raise UserError(f"{path.name} contains a header but no samples; record again")
    notes = [f"{n_bad} lines of wrong length were dropped"] if n_bad else []
    layout = _layout_by_titles(titles) if titles else _legacy_layout(n_chans, len(rows[0]))
    n_needed = max((*layout.eeg, *layout.accel, layout.timestamp or 0)) + 1
    if len(layout.eeg) != n_chans or len(rows[0]) < n_needed:
        raise UserError(
            f"{path.name} declares {n_chans} channels, which does not match its "
            f"{len(rows[0])} columns; it was edited or is damaged"
        )
    start_utc, times = _times(rows, layout, sfreq, notes)
    counter = _counter(rows, times, sfreq, n_chans, notes)
    spec = StreamSpec(
        name="obci_eeg",
        modality=Modality.EEG,
        ch_names=tuple(f"ch{i + 1}" for i in range(n_chans)),
        sfreq=sfreq,
        unit=UNITS[Modality.EEG],
        stype="EEG",
    )
    streams = [RecordedStream(spec, as_samples(numbers(rows, layout.eeg)), times, counter=counter)]
    if layout.accel:
        names = unique_names(f"accel_{axis}" for axis in "xyz"[: len(layout.accel)])
        about = StreamSpec("obci_accel", Modality.OTHER, names, sfreq, stype="ACC")
        samples = as_samples(numbers(rows, layout.accel))
        streams.append(RecordedStream(about, samples, times, counter=counter))
    return Recording(
        streams=tuple(streams),
        markers=_markers(rows, layout, times),
        start_utc=start_utc,
        path=path,
        notes=tuple(notes),
    )


def _parse_header(path: Path, header: list[str]) -> tuple[int, float]:
    n_chans = next((m for m in map(_N_CHANS.match, header) if m), None)
    sfreq = next((m for m in map(_SFREQ.match, header) if m), None)
    if n_chans is None or sfreq is None:
        raise UserError(
            f"{path.name} does not declare its number of channels and sample rate; "
            "an OpenBCI recording starts with them"
        )
    return int(n_chans[1]), float(sfreq[1])


def _layout_by_titles(titles: list[str]) -> _Layout:
    """Return the layout since GUI 5, which has column titles."""

    def starting(word: str) -> tuple[int, ...]:
        return tuple(i for i, title in enumerate(titles) if title.startswith(word))

    return _Layout(
        eeg=starting("exg channel"),
        accel=starting("accel channel")[:3],
        timestamp=titles.index("timestamp") if "timestamp" in titles else None,
        marker=next(iter(starting("marker")), None),
    )


def _legacy_layout(n_chans: int, n_columns: int) -> _Layout:
    """Return the layout before GUI 5: index, channels, accelerometer, time of day, UNIX ms."""
    has_time = n_columns >= n_chans + 3
    accel = tuple(range(n_chans + 1, n_chans + 4)) if n_columns >= n_chans + 6 else ()
    return _Layout(
        eeg=tuple(range(1, n_chans + 1)),
        accel=accel,
        timestamp=n_columns - 1 if has_time else None,
        marker=None,
    )


def _times(
    rows: list[list[str]], layout: _Layout, sfreq: float, notes: list[str]
) -> tuple[float | None, FloatArray]:
    """Return the UNIX time of the first sample, and the stamps in seconds from it."""
    if layout.timestamp is None:
        notes.append("the file contains no time stamps; samples are assumed to be evenly spaced")
        return None, np.arange(len(rows)) / sfreq
    stamps = numbers(rows, [layout.timestamp])[:, 0]
    # GUI versions write s or ms; seconds since 1970 stay below 1e11 until the year 5138.
    scale = 1e-3 if stamps[0] > 1e11 else 1.0
    return float(stamps[0] * scale), (stamps - stamps[0]) * scale


def _counter(
    rows: list[list[str]], times: FloatArray, sfreq: float, n_chans: int, notes: list[str]
) -> IntArray | None:
    """Return the board's unwrapped sample counter; None where its index counts other things."""
    raw = np.rint(numbers(rows, [0])[:, 0]).astype(np.int64)
    if n_chans not in _N_CHANS_WITH_COUNTER or len(raw) < 2 or raw.max() >= _COUNTER_MODULO:
        return None
    steps, counts = np.unique(np.diff(raw) % _COUNTER_MODULO, return_counts=True)
    step = int(steps[counts.argmax()])
    if step not in (1, 2):
        notes.append(f"the sample index mostly steps by {step}; it was not used as a counter")
        return None
    return unwrap_counter(raw, times, sfreq, _COUNTER_MODULO, step)


def _markers(
    rows: list[list[str]], layout: _Layout, times: FloatArray
) -> tuple[RecordedMarkers, ...]:
    if layout.marker is None:
        return ()
    values = numbers(rows, [layout.marker])[:, 0]
    at = np.flatnonzero(np.nan_to_num(values))
    if len(at) == 0:
        return ()
    labels = tuple(f"{values[i]:g}" for i in at)
    return (RecordedMarkers("obci_markers", times[at], labels),)


FORMAT = Format(
    name="OpenBCI text",
    suffixes=(".txt",),
    matches=lambda _, head: head.lstrip(b"\xef\xbb\xbf").startswith(b"%OpenBCI"),
    read=read,
)
