"""Read CSV files of ``muselsl record``.

One file holds one kind of stream: a column ``timestamps``, the stream's channels, and in older
versions a column for each channel of a marker stream. The stamps are those of LSL, of which
muselsl's own streams have UNIX time. Source: ``muselsl/record.py`` of
https://github.com/alexandrebarachant/muse-lsl.
"""

from __future__ import annotations

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
from physiosync_rt.formats.base import (
    Format,
    as_samples,
    is_electrode,
    numbered_markers,
    unique_names,
)
from physiosync_rt.formats.rates import effective_rate, nominal_rate
from physiosync_rt.formats.separators import find_separator, split_rows
from physiosync_rt.formats.table import read_table
from physiosync_rt.formats.text import decode, read_text

_STAMPS: Final = "timestamps"
_MARKER: Final = "Marker"
# EEG of the models, acceleration and gyroscope, and PPG.
_RATES: Final = (256.0, 220.0, 64.0, 52.0)


def read(path: Path) -> Recording:
    """Read a file of ``muselsl record``.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Recording
        The electrodes as ``Muse`` in µV, other channels as ``OTHER``, markers where there are.

    Raises
    ------
    UserError
        There are no samples.
    """
    file = read_text(path)
    titles = _titles(path, file.lines[0])
    n_columns = len(titles)
    table = read_table(file, first=1, n_columns=n_columns)
    if not table.rows:
        raise UserError(f"{path.name} contains titles but no samples; record again")
    values = table.numbers(range(n_columns))
    finite = values[np.isfinite(values[:, 0]), 0]
    zero = float(finite[0]) if len(finite) else 0.0
    times = values[:, 0] - zero
    sfreq = nominal_rate(finite, _RATES) or effective_rate(finite)
    rest = [i for i in range(1, n_columns) if not titles[i].startswith(_MARKER)]
    eeg = [i for i in rest if is_electrode(titles[i])]
    other = [i for i in rest if i not in eeg]
    streams = []
    for name, modality, columns in (("Muse", Modality.EEG, eeg), ("Muse OTHER", None, other)):
        if columns:
            kind = modality or Modality.OTHER
            names = unique_names(titles[i] for i in columns)
            spec = StreamSpec(name, kind, names, sfreq, UNITS[kind], kind.value)
            streams.append(RecordedStream(spec, as_samples(values[:, columns]), times))
    return Recording(
        streams=tuple(streams),
        markers=_markers(titles, values, times),
        start_utc=zero if zero > 1e9 else None,
        path=path,
        notes=tuple(table.notes),
    )


def _titles(path: Path, line: str) -> list[str]:
    (titles,) = split_rows([line], find_separator(path.name, [line]))
    return [title for title in titles or () if title]


def _markers(
    titles: list[str], values: FloatArray, times: FloatArray
) -> tuple[RecordedMarkers, ...]:
    return tuple(
        markers
        for i, title in enumerate(titles)
        if title.startswith(_MARKER)
        for markers in numbered_markers(title, values[:, i], times)
    )


def _matches(_: Path, head: bytes) -> bool:
    return decode(head).lstrip('"').startswith(_STAMPS)


FORMAT = Format(name="muselsl CSV", suffixes=(".csv",), matches=_matches, read=read)
