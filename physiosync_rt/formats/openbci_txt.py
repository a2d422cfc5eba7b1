"""Read text files of the OpenBCI GUI, in its layouts since version 1.

Before version 5 there are no column titles: the sample index, the channels in µV, mostly three
axes of acceleration, and from version 2 on the time of day and then UNIX time as well. The header
begins to declare the number of channels with version 2. The logger of OpenBCI_Python writes the
same with the seconds since its start in front.

Sources: `DataLogging` and `DataWriterODF` of https://github.com/OpenBCI/OpenBCI_GUI, and
`OutputFile` of https://github.com/openbci-archive.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

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
from physiosync_rt.formats.base import Format, as_samples, numbered_markers, unique_names
from physiosync_rt.formats.counter_unwrapper import unwrap_counter
from physiosync_rt.formats.numerals import Numerals
from physiosync_rt.formats.separators import split_rows
from physiosync_rt.formats.table import Table, read_table
from physiosync_rt.formats.text import TextFile, decode, read_text

_N_CHANS = re.compile(r"%\s*Number of channels\s*=\s*(\d+)", re.IGNORECASE)
_SFREQ = re.compile(r"%\s*Sample Rate\s*=\s*(\d+(?:[.,]\d+)?)", re.IGNORECASE)
_SECONDS_FIRST = re.compile(r"%\s*First Column\s*=\s*Time in sec", re.IGNORECASE)
_TIME_OF_DAY = re.compile(r"(?:.*\s)?(\d{1,2}):(\d{2}):(\d{2}(?:[.,]\d+)?)")
_COUNTER_MODULO: Final = 256
_BOARD_CHANNELS: Final = (4, 8, 16)
# The Cyton counts every sample, with the Daisy every second one; the Ganglion (4 channels) counts
# radio packets of two samples, which is not a sample counter.
_N_CHANS_WITH_COUNTER: Final = (8, 16)
_DAY_S: Final = 86400.0


@dataclass(frozen=True, slots=True)
class _Layout:
    """Column indices; None where a layout does not have the column."""

    index: int
    eeg: tuple[int, ...]
    accel: tuple[int, ...]
    timestamp: int | None
    time_of_day: int | None
    marker: int | None


@dataclass(frozen=True, slots=True)
class _Index:
    """The sample counter: its values, shape (n_samples,), and its step from sample to sample."""

    raw: IntArray
    step: int


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
        The header lacks the rate, the number of channels cannot be told, or there are no samples.
    """
    file = read_text(path)
    header = [line.lstrip('"') for line in file.lines if line.lstrip('"').startswith("%")]
    sfreq = _declared_rate(path, header)
    declared = next((int(m[1]) for m in map(_N_CHANS.match, header) if m), None)
    table, titles = _table(file)
    if not table.rows:
        raise UserError(f"{path.name} contains a header but no samples; record again")
    if titles:
        layout = _layout_by_titles(titles)
    else:
        has_seconds = any(_SECONDS_FIRST.match(line) for line in header)
        layout = _legacy_layout(table.rows[0], declared, has_seconds=has_seconds)
    n_chans = len(layout.eeg)
    if n_chans == 0 or declared not in (n_chans, None):
        raise UserError(
            f"{path.name} declares {declared or 'not its number of'} channels, which does not "
            f"match its {table.n_columns} columns; take the file as the OpenBCI GUI wrote it"
        )
    index = _index(table, layout)
    start_utc, times = _times(table, layout, sfreq, index)
    counter, order = None, np.arange(len(times))
    if index is not None:
        counter, order = unwrap_counter(index.raw, times, sfreq, _COUNTER_MODULO, index.step)
        if not np.array_equal(order, np.arange(len(times))):
            table.notes.append("samples were out of order; the sample index put them in order")
    times = times[order]
    spec = StreamSpec(
        name="obci_eeg",
        modality=Modality.EEG,
        ch_names=tuple(f"ch{i + 1}" for i in range(n_chans)),
        sfreq=sfreq,
        unit=UNITS[Modality.EEG],
        stype="EEG",
    )
    eeg = as_samples(table.numbers(layout.eeg)[order])
    streams = [RecordedStream(spec, eeg, times, counter=counter)]
    if layout.accel:
        names = unique_names(f"accel_{axis}" for axis in "xyz"[: len(layout.accel)])
        about = StreamSpec("obci_accel", Modality.OTHER, names, sfreq, stype="ACC")
        samples = as_samples(table.numbers(layout.accel)[order])
        streams.append(RecordedStream(about, samples, times, counter=counter))
    markers: tuple[RecordedMarkers, ...] = ()
    if layout.marker is not None:
        values = table.numbers([layout.marker])[order, 0]
        markers = numbered_markers("obci_markers", values, times)
    return Recording(
        streams=tuple(streams),
        markers=markers,
        start_utc=start_utc,
        path=path,
        notes=tuple(table.notes),
    )


def _declared_rate(path: Path, header: list[str]) -> float:
    found = next((m for m in map(_SFREQ.match, header) if m), None)
    if found is None:
        raise UserError(
            f"{path.name} does not declare its sample rate; an OpenBCI recording begins with a "
            "line such as '%Sample Rate = 250.0 Hz', add it"
        )
    sfreq = float(found[1].replace(",", "."))
    if sfreq <= 0:
        raise UserError(
            f"{path.name} declares a sample rate of {sfreq:g} Hz; write the board's rate in its "
            "header (Cyton 250, with Daisy 125, Ganglion 200)"
        )
    return sfreq


def _table(file: TextFile) -> tuple[Table, list[str]]:
    """Return the rows, and the titles in lower case where there are any."""
    first = next(
        (i for i, line in enumerate(file.lines) if line.strip('" ') and "%" not in line[:2]),
        len(file.lines),
    )
    head = file.lines[first : first + 1]
    if not head or not head[0].lstrip('"').lower().startswith("sample index"):
        return read_table(file, first=first), []
    separator = next(sign for sign in ("\t", ";", ",") if sign in head[0])
    (row,) = split_rows(head, separator)
    titles = [title.lower() for title in row or ()]
    while titles and not titles[-1]:
        titles.pop()
    return read_table(file, first=first + 1, n_columns=len(titles)), titles


def _layout_by_titles(titles: list[str]) -> _Layout:
    """Return the layout since GUI 5, which has column titles."""

    def starting(word: str) -> tuple[int, ...]:
        return tuple(i for i, title in enumerate(titles) if title.startswith(word))

    return _Layout(
        index=0,
        eeg=starting("exg channel"),
        accel=starting("accel channel")[:3],
        timestamp=titles.index("timestamp") if "timestamp" in titles else None,
        time_of_day=next(iter(starting("timestamp (formatted)")), None),
        marker=next(iter(starting("marker")), None),
    )


def _legacy_layout(row: list[str], n_chans: int | None, *, has_seconds: bool) -> _Layout:
    """Return the layout before GUI 5, by what stands in its last columns."""
    index, stop = int(has_seconds), len(row)
    timestamp = 0 if has_seconds else None
    time_of_day = next((i for i in (stop - 1, stop - 2) if _TIME_OF_DAY.fullmatch(row[i])), None)
    if time_of_day is not None:
        timestamp = stop - 1 if time_of_day == stop - 2 else timestamp
        stop = time_of_day
    elif _is_unix_ms(row[-1]):
        timestamp = stop = stop - 1
    n_between = stop - index - 1
    if n_chans is None:
        # Acceleration has three axes, so that no two boards have as many columns.
        n_chans = next((n for n in _BOARD_CHANNELS if n_between in (n, n + 3)), 0)
    has_accel = n_between >= n_chans + 3
    eeg = range(index + 1, index + 1 + n_chans) if n_between >= n_chans else range(0)
    accel = range(eeg.stop, eeg.stop + 3) if has_accel and n_chans else range(0)
    return _Layout(index, tuple(eeg), tuple(accel), timestamp, time_of_day, None)


def _is_unix_ms(cell: str) -> bool:
    try:
        return Numerals().number(cell) > 1e11
    except ValueError:
        return False


def _times(
    table: Table, layout: _Layout, sfreq: float, index: _Index | None
) -> tuple[float | None, FloatArray]:
    """Return the UNIX time of the first sample, and the stamps in seconds from it."""
    if layout.timestamp is not None:
        stamps = table.numbers([layout.timestamp])[:, 0]
        zero = _first_finite(stamps)
        # GUI versions write s or ms; seconds since 1970 stay below 1e11 until the year 5138.
        scale = 1e-3 if zero > 1e11 else 1.0
        start = zero * scale
        return start if start > 1e9 else None, (stamps - zero) * scale
    if layout.time_of_day is not None:
        table.notes.append(
            "the file contains the time of day and no date, so when it was recorded is not known"
        )
        seconds = _seconds_of_days([row[layout.time_of_day] for row in table.rows])
        return None, seconds - _first_finite(seconds)
    table.notes.append("the file contains no time stamps; samples are assumed to be evenly spaced")
    if index is None:
        return None, np.arange(len(table.rows)) / sfreq
    # What is lost has taken its time. Without stamps a step by half a cycle or more goes back.
    cycle = _COUNTER_MODULO // index.step
    steps = np.diff(index.raw, prepend=index.raw[:1]) % _COUNTER_MODULO // index.step
    return None, np.cumsum(np.where(steps > cycle // 2, 0, steps)) / sfreq


def _first_finite(stamps: FloatArray) -> float:
    finite = stamps[np.isfinite(stamps)]
    return float(finite[0]) if len(finite) else 0.0


def _seconds_of_days(cells: list[str]) -> FloatArray:
    """Return times of day as seconds that go on beyond midnight."""
    seconds = np.full(len(cells), np.nan)
    for i, cell in enumerate(cells):
        if found := _TIME_OF_DAY.fullmatch(cell):
            hours, minutes, rest = found.groups()
            seconds[i] = 3600 * int(hours) + 60 * int(minutes) + float(rest.replace(",", "."))
    known = np.isfinite(seconds)
    days = np.cumsum(np.rint(-np.diff(seconds[known], prepend=seconds[known][:1]) / _DAY_S))
    seconds[known] += _DAY_S * days
    return seconds


def _index(table: Table, layout: _Layout) -> _Index | None:
    """Return the board's sample counter; None where the index counts other things."""
    index = table.numbers([layout.index])[:, 0]
    if len(layout.eeg) not in _N_CHANS_WITH_COUNTER or len(index) < 2:
        return None
    if not np.all((index >= 0) & (index < _COUNTER_MODULO)):
        return None
    raw = np.rint(index).astype(np.int64)
    steps, counts = np.unique(np.diff(raw) % _COUNTER_MODULO, return_counts=True)
    step = int(steps[counts.argmax()])
    if step not in (1, 2):
        table.notes.append(f"the sample index mostly steps by {step}; it was not used as a counter")
        return None
    return _Index(raw, step)


FORMAT = Format(
    name="OpenBCI text",
    suffixes=(".txt",),
    matches=lambda _, head: decode(head).lstrip('"').startswith("%OpenBCI"),
    read=read,
)
