"""Write small EDF files, also odd ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np

Signals = list[tuple[str, str | bytes, np.ndarray]]
RANGE = (-3276.8, 3276.7, -32768, 32767)


def write_edf(
    path: Path,
    signals: Signals,
    *,
    reserved: str = "",
    clock: str = "10.15.30",
    duration: str = "1",
    n_records: int | None = None,
    ranges: dict[str, tuple[object, ...]] | None = None,
) -> None:
    """Write records of ``duration``; each signal is (label, unit, int16 (n_records, n)).

    Digital 10 is 1 of the unit, where ``ranges`` does not state (low, high, digital low, digital
    high) of a label.
    """
    stored = len(signals[0][2])
    n = len(signals)
    head = _field(0, 8) + _field("X", 80) + _field("X", 80) + _field("01.02.20" + clock, 16)
    head += _field(256 * (n + 1), 8) + _field(reserved, 44)
    head += _field(stored if n_records is None else n_records, 8)
    head += _field(duration, 8) + _field(n, 4)
    limits = [(ranges or {}).get(label, RANGE) for label, _, _ in signals]
    columns: list[tuple[list[object], int]] = [
        ([label for label, _, _ in signals], 16),
        ([""] * n, 80),
        ([unit for _, unit, _ in signals], 8),
        *(([limit[i] for limit in limits], 8) for i in range(4)),
        ([""] * n, 80),
        ([values.shape[1] for _, _, values in signals], 8),
        ([""] * n, 32),
    ]
    head += b"".join(_field(value, width) for values, width in columns for value in values)
    body = b"".join(
        values[i].astype("<i2").tobytes() for i in range(stored) for _, _, values in signals
    )
    path.write_bytes(head + body)


def tal(text: bytes, n_bytes: int = 40) -> np.ndarray:
    """Return annotations as the samples that hold them."""
    return np.frombuffer(text.ljust(n_bytes, b"\0"), dtype="<i2")


def onsets(*texts: bytes, step: float = 1.0) -> np.ndarray:
    """Return an annotation signal whose records state their times, with more annotations."""
    return np.stack(
        [tal(f"+{i * step:g}".encode() + b"\x14\x14\0" + text, 80) for i, text in enumerate(texts)]
    )


def _field(value: object, width: int) -> bytes:
    data = value if isinstance(value, bytes) else str(value).encode("latin-1")
    return data.ljust(width)
