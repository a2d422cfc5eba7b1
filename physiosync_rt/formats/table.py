"""Parse text tables of device software: rows, columns, counters and rates."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from physiosync_rt.datatypes import FloatArray, IntArray

_STEADY_S = 1.0


def read_rows(lines: Sequence[str], delimiter: str) -> tuple[list[list[str]], int]:
    """Split lines into cells.

    Parameters
    ----------
    lines : sequence of str
        Data lines, without header.
    delimiter : str

    Returns
    -------
    rows : list of list of str
        Cells without surrounding blanks; all rows are as long as the first.
    n_bad : int
        Dropped lines of a different length; a truncated file ends within a line.
    """
    rows = [[cell.strip() for cell in line.split(delimiter)] for line in lines if line.strip()]
    if not rows:
        return [], 0
    whole = [row for row in rows if len(row) == len(rows[0])]
    return whole, len(rows) - len(whole)


def numbers(rows: Sequence[Sequence[str]], columns: Sequence[int]) -> FloatArray:
    """Convert cells to numbers; an empty cell becomes NaN.

    Returns
    -------
    float64 array, shape (n_rows, n_columns)

    Raises
    ------
    ValueError
        A cell is not a number.
    """
    cells = [[row[c] or "nan" for c in columns] for row in rows]
    return np.array(cells, dtype=np.float64).reshape(len(rows), len(columns))


def read_lines(path: Path) -> list[str]:
    """Read the lines of a text file; invalid UTF-8 is replaced."""
    return path.read_text(encoding="utf-8-sig", errors="replace").splitlines()


def effective_rate(timestamps: FloatArray) -> float:
    """Return the rate of the stamps in Hz; 0 with too few stamps or a stuck clock.

    Notes
    -----
    Measured over the whole length, because the samples of one packet may share a stamp.
    """
    duration = float(timestamps[-1] - timestamps[0]) if len(timestamps) > 1 else 0.0
    return (len(timestamps) - 1) / duration if duration > 0 else 0.0


def nominal_rate(
    timestamps: FloatArray, known: Sequence[float], tolerance: float = 0.05
) -> float | None:
    """Find the nearest of a device's rates, in Hz; None where none is near."""
    effective = effective_rate(timestamps)
    nearest = min(known, key=lambda sfreq: abs(sfreq - effective))
    return nearest if abs(nearest - effective) <= tolerance * nearest else None


def unwrap_counter(
    raw: IntArray, timestamps: FloatArray, sfreq: float, modulo: int, step: int = 1
) -> IntArray:
    """Unwrap a sample counter.

    Parameters
    ----------
    raw : int64 array, shape (n_samples,)
        Raw counter of the device.
    timestamps : float64 array, shape (n_samples,)
        Seconds, possibly in bursts.
    sfreq : float
        Nominal rate in Hz.
    modulo, step : int
        Value at which the counter wraps, and its increment per sample.

    Returns
    -------
    int64 array, shape (n_samples,)
        From 0, never decreasing. A repeated sample repeats its count.

    Notes
    -----
    A one-byte counter cannot tell 1 lost sample from 257, so elapsed time decides. A stamp may
    also be late without a loss, but then the stamps of the next second catch up; after a loss
    they do not.
    """
    cycle = modulo // step
    steps = np.diff(raw, prepend=raw[:1]) % modulo // step
    count = np.cumsum(steps)
    lateness = timestamps - count / sfreq
    n_ahead = max(int(_STEADY_S * sfreq), 1)
    padded = np.concatenate([lateness, np.full(n_ahead, lateness[-n_ahead:].min())])
    steady = np.lib.stride_tricks.sliding_window_view(padded, n_ahead + 1).min(axis=1)
    jumps = np.diff(steady, prepend=steady[:1])
    cycles = np.rint(jumps * sfreq / cycle).astype(np.int64)
    unwrapped: IntArray = np.maximum.accumulate(count + np.cumsum(cycles) * cycle)
    return unwrapped
