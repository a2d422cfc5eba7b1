"""Read CSV files of Mind Monitor, an app for Muse headbands.

Its maker describes them at https://mind-monitor.com.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np

from physiosync_rt.datatypes import (
    UNITS,
    FloatArray,
    Modality,
    RecordedMarkers,
    RecordedStream,
    Recording,
    StreamSpec,
)
from physiosync_rt.errors import UserError
from physiosync_rt.formats.base import Format, as_samples, unique_names
from physiosync_rt.formats.rates import effective_rate, nominal_rate
from physiosync_rt.formats.separators import find_separator, split_rows
from physiosync_rt.formats.table import Table, read_table
from physiosync_rt.formats.text import decode, read_text

_RATES: Final = (220.0, 256.0)
_RAW: Final = "RAW_"
_LEAST_HZ: Final = 100.0
"""With any other setting than Constant the app writes two rows a second at most."""


def read(path: Path) -> Recording:
    """Read a Muse recording of Mind Monitor.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Recording
        The raw EEG in µV as ``Muse``, and events (blinks, jaw clenches, markers) as markers.

    Raises
    ------
    UserError
        The file has no raw EEG at its full rate, which Mind Monitor does not write by default.
    """
    file = read_text(path)
    separator = find_separator(path.name, file.lines[:1])
    titles = split_rows(file.lines[:1], separator)[0] or []
    raw = [i for i, title in enumerate(titles) if title.startswith(_RAW)]
    if not raw:
        raise UserError(
            f"{path.name} contains band powers but no raw EEG; set Mind Monitor's recording "
            "interval to Constant and record again"
        )
    # The last column holds events; rows of samples end before it.
    table = read_table(file, first=1, n_columns=len(titles), n_optional=1)
    seconds = _seconds(table)
    has_event = np.array([bool(row[-1]) for row in table.rows], dtype=bool)
    sampled = np.array([row[raw[0]] != "" for row in table.rows], dtype=bool)
    sampled &= np.isfinite(seconds)
    if not sampled.any():
        raise UserError(f"{path.name} contains no EEG samples; record again")
    zero = float(seconds[sampled][0])
    times = seconds[sampled] - zero
    _check_rate(path, times)
    spec = StreamSpec(
        name="Muse",
        modality=Modality.EEG,
        ch_names=unique_names(titles[i].removeprefix(_RAW) for i in raw),
        sfreq=nominal_rate(times, _RATES, 0.1) or effective_rate(times),
        unit=UNITS[Modality.EEG],
        stype="EEG",
    )
    stream = RecordedStream(spec, as_samples(table.numbers(raw)[sampled]), times)
    # Rows without samples have an event in their last cell.
    events = np.flatnonzero(~sampled & has_event & np.isfinite(seconds))
    markers: tuple[RecordedMarkers, ...] = ()
    if len(events):
        labels = tuple(table.rows[i][-1] for i in events)
        markers = (RecordedMarkers("Muse events", seconds[events] - zero, labels),)
    return Recording(
        streams=(stream,),
        markers=markers,
        start_utc=zero,
        path=path,
        notes=(
            "Mind Monitor writes local time without a time zone; UTC was assumed",
            *table.notes,
        ),
    )


def _check_rate(path: Path, times: FloatArray) -> None:
    """Refuse the slow settings, which keep one sample in a hundred or fewer."""
    rate = effective_rate(times)
    if 0 < rate < _LEAST_HZ:
        raise UserError(
            f"{path.name} keeps {rate:.2g} Hz of the headband's 256 Hz; set Mind Monitor's "
            "recording interval to Constant and record again"
        )


def _seconds(table: Table) -> FloatArray:
    """Return the UNIX time of every row; NaN where it is not a time, which is noted."""
    seconds = np.full(len(table.rows), np.nan)
    for i, row in enumerate(table.rows):
        try:
            seconds[i] = datetime.fromisoformat(row[0]).replace(tzinfo=UTC).timestamp()
        except ValueError:
            continue
    if n_odd := int(np.isnan(seconds).sum()):
        table.notes.append(f"{n_odd} lines have no time such as 2021-03-10 22:41:01.738; left out")
    return seconds


def _matches(_: Path, head: bytes) -> bool:
    title = decode(head).split("\n", 1)[0]
    return title.lstrip('"').startswith("TimeStamp") and "Delta_TP9" in title


FORMAT = Format(name="Mind Monitor CSV", suffixes=(".csv",), matches=_matches, read=read)
