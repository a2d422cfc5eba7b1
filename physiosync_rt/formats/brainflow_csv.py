"""Read BrainFlow's CSV files: numbers between tabs, without column titles."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from physiosync_rt.datatypes import (
    UNITS,
    FloatArray,
    Modality,
    RecordedStream,
    Recording,
    StreamSpec,
)
from physiosync_rt.errors import UserError
from physiosync_rt.formats.base import Format, as_samples, numbered_markers
from physiosync_rt.formats.counter_unwrapper import unwrap_counter
from physiosync_rt.formats.numerals import find_numerals
from physiosync_rt.formats.rates import effective_rate
from physiosync_rt.formats.separators import find_separator, split_rows
from physiosync_rt.formats.table import read_table
from physiosync_rt.formats.text import decode, read_text

_MUSE = ("TP9", "AF7", "AF8", "TP10")
_CYTON = ("Fp1", "Fp2", "C3", "C4", "P7", "P8", "O1", "O2")
_DAISY = (*_CYTON, "F7", "F8", "F3", "F4", "T7", "T8", "P3", "P4")
_SYNTHETIC = (
    *("Fz", "C3", "Cz", "C4", "Pz", "PO7", "Oz", "PO8"),
    *("F5", "F7", "F3", "F1", "F2", "F4", "F6", "F8"),
)


@dataclass(frozen=True, slots=True)
class _Board:
    """Column layout of a board; negative indices count from the end."""

    name: str
    n_columns: int
    sfreq: float
    names: tuple[str, ...]
    first: int = 1
    modality: Modality = Modality.EEG
    counter_step: int = 0
    stamp: int = -2
    marker: int = -1


# From BrainFlow's board descriptors, version 5.23.
_BOARDS = (
    _Board("SYNTHETIC_BOARD", 32, 250.0, _SYNTHETIC, counter_step=1),
    _Board("CYTON_BOARD", 24, 250.0, _CYTON, counter_step=1),
    _Board("CYTON_DAISY_BOARD", 32, 125.0, _DAISY, counter_step=2),
    _Board("GANGLION_BOARD", 15, 200.0, ("ch1", "ch2", "ch3", "ch4")),
    _Board("UNICORN_BOARD", 19, 250.0, ("Fz", "C3", "Cz", "C4", "Pz", "PO7", "Oz", "PO8"), first=0),
    _Board("CROWN_BOARD", 12, 256.0, ("CP3", "C3", "F5", "PO3", "PO4", "F6", "C4", "CP4")),
    _Board("MUSE_2_BOARD", 8, 256.0, _MUSE),
    _Board("MUSE_2016_BOARD", 7, 256.0, _MUSE),
    _Board("MUSE_S_ATHENA_BOARD", 11, 256.0, _MUSE),
    _Board("EMOTIBIT_BOARD", 8, 15.0, ("EDA",), modality=Modality.GSR, stamp=4, marker=5),
)
_MODULO = 256


def read(path: Path) -> Recording:
    """Read a file written by BrainFlow's file streamer or ``DataFilter.write_file``.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Recording
        EEG in µV, or EDA in µS; nonzero values of the marker column as markers. Rows that were
        written twice stay, so that the aligner counts them.

    Raises
    ------
    UserError
        Number of columns and rate fit no known board.
    """
    table = read_table(read_text(path))
    values = table.numbers(range(table.n_columns))
    board = _find_board(path, values)
    table.notes.append(
        f"the file does not name its board: assumed {board.name} by columns and rate"
    )
    counter = None
    if board.counter_step and np.all((values[:, 0] >= 0) & (values[:, 0] < _MODULO)):
        raw = np.rint(values[:, 0]).astype(np.int64)
        stamps = values[:, board.stamp]
        counter, order = unwrap_counter(raw, stamps, board.sfreq, _MODULO, board.counter_step)
        if not np.array_equal(order, np.arange(len(raw))):
            table.notes.append("samples were out of order; the package number put them in order")
            values = values[order]
    stamps = values[:, board.stamp]
    times = stamps - stamps[0]
    spec = StreamSpec(
        name=f"{board.name} {board.modality}",
        modality=board.modality,
        ch_names=board.names,
        sfreq=board.sfreq,
        unit=UNITS[board.modality],
        stype=board.modality.value,
        source_id=f"brainflow-{board.name}".lower(),
    )
    samples = as_samples(values[:, board.first : board.first + len(board.names)])
    return Recording(
        streams=(RecordedStream(spec, samples, times, counter=counter),),
        markers=numbered_markers("markers", values[:, board.marker], times),
        start_utc=float(stamps[0]),
        path=path,
        notes=tuple(table.notes),
    )


def _find_board(path: Path, values: FloatArray) -> _Board:
    """Find the board by its number of columns and, where several have it, by the nearest rate."""
    n_columns = values.shape[1]
    candidates = [board for board in _BOARDS if board.n_columns == n_columns]
    rated = [
        (abs(_rate(values, board) / board.sfreq - 1.0), board)
        for board in candidates
        if values[0, board.stamp] > 1e9
    ]
    if not rated:
        known = ", ".join(f"{board.name} ({board.n_columns})" for board in _BOARDS)
        raise UserError(
            f"{path.name} has {n_columns} columns, which no supported board has; "
            f"supported boards (columns): {known}"
        )
    off, board = min(rated, key=lambda item: item[0])
    if off > 0.25:
        raise UserError(
            f"{path.name} has the columns of {board.name} but runs at "
            f"{_rate(values, board):.1f} Hz instead of {board.sfreq:g} Hz; "
            "it is from another board or has lost most of its samples"
        )
    return board


def _rate(values: FloatArray, board: _Board) -> float:
    """Return the rate of the rows, each counted once, however often it was written."""
    stamps = values[:, board.stamp]
    if (np.diff(stamps) < 0).any():
        stamps = np.sort(np.unique(values, axis=0)[:, board.stamp])
    return effective_rate(stamps)


def _is_brainflow(path: Path, head: bytes) -> bool:
    lines = decode(head).splitlines()[:1]
    try:
        (row,) = split_rows(lines, find_separator(path.name, lines))
        numerals = find_numerals(row or (), likely=",")
        values = [numerals.number(cell) for cell in row or ()]
    except (ValueError, UserError):
        return False
    return len(values) >= min(b.n_columns for b in _BOARDS) and any(v > 1e9 for v in values)


FORMAT = Format(
    name="BrainFlow CSV",
    suffixes=(".csv", ".tsv", ".txt"),
    matches=_is_brainflow,
    read=read,
)
