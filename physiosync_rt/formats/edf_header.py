"""Read the header of an EDF, EDF+ or BDF file, with what is odd in it.

References
----------
.. [1] Kemp et al., European data format 'plus' (EDF+), Clinical Neurophysiology 114, 2003;
   https://www.edfplus.info/specs/
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from physiosync_rt.errors import UserError
from physiosync_rt.formats.channels import channels_note

BDF_MAGIC = b"\xffBIOSEMI"


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal of the header.

    Attributes
    ----------
    label, unit, prefilter : str
        As stated.
    gain, offset : float
        From a stored number to ``unit``.
    n_per_record : int
        Samples in a data record.
    start : int
        Index of the first of them in a data record.
    dead : bool
        The header gives it no samples, or no range, so that its numbers mean nothing.
    """

    label: str
    unit: str
    prefilter: str
    gain: float
    offset: float
    n_per_record: int
    start: int
    dead: bool

    @property
    def is_annotation(self) -> bool:
        """Whether it holds annotations in place of samples."""
        return self.label in ("EDF Annotations", "BDF Annotations")


@dataclass(frozen=True, slots=True)
class Header:
    """The header.

    Attributes
    ----------
    signals : tuple of Signal
    n_bytes : int
        Where the data records begin.
    n_records : int
        -1 where the recorder did not come to state it.
    record_s : float
        Length of a data record in seconds.
    start_utc : float or None
    is_discontinuous : bool
        Data records may be apart (EDF+D).
    sample_bytes : int
    notes : tuple of str
        What is odd in it and how it was read.
    """

    signals: tuple[Signal, ...]
    n_bytes: int
    n_records: int
    record_s: float
    start_utc: float | None
    is_discontinuous: bool
    sample_bytes: int
    notes: tuple[str, ...]

    @property
    def record_samples(self) -> int:
        """Samples of all signals in a data record."""
        return sum(s.n_per_record for s in self.signals)


def read_header(path: Path) -> Header:
    """Read the header of a file.

    Raises
    ------
    UserError
        It is not valid.
    """
    with path.open("rb") as file:
        fixed = file.read(256)
        try:
            n_signals = int(fixed[252:256])
            n_bytes = int(fixed[184:192])
            n_records = int(fixed[236:244])
            duration = fixed[244:252].decode("latin-1").strip()
            record_s = _number(duration)
        except ValueError as error:
            raise UserError(
                f"{path.name} has no valid EDF header ({error}); it is damaged or not an EDF file"
            ) from error
        table = file.read(256 * n_signals).decode("latin-1")
    if n_signals < 1 or len(table) < 256 * n_signals or not record_s >= 0:
        raise UserError(f"{path.name} has no valid EDF header; it is damaged or was cut off")
    signals = _signals(table, n_signals)
    if record_s == 0 and not all(signal.is_annotation for signal in signals):
        raise UserError(
            f"{path.name} has no valid EDF header: its data records last 0 s; it is damaged"
        )
    notes = []
    if "," in duration:
        notes.append(f"the header writes the length of a data record {duration!r}: {record_s:g} s")
    if dead := [s.label for s in signals if s.dead]:
        notes.append(
            channels_note(dead, "no range or no samples in the header (switched off); left out")
        )
    return Header(
        signals=signals,
        n_bytes=n_bytes,
        n_records=n_records,
        record_s=record_s,
        start_utc=_start_utc(fixed),
        is_discontinuous=fixed[192:197] in (b"EDF+D", b"BDF+D"),
        sample_bytes=3 if fixed[:8] == BDF_MAGIC else 2,
        notes=tuple(notes),
    )


def _signals(table: str, n_signals: int) -> tuple[Signal, ...]:
    def column(offset: int, width: int) -> list[str]:
        first = offset * n_signals
        return [
            table[first + i * width : first + (i + 1) * width].strip() for i in range(n_signals)
        ]

    counts = [int(text) for text in column(216, 8)]
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    ranges = zip(column(104, 8), column(112, 8), column(120, 8), column(128, 8), strict=True)
    return tuple(
        _signal(label, unit, prefilter, scale, count, int(start))
        for label, unit, prefilter, scale, count, start in zip(
            column(0, 16), column(96, 8), column(136, 80), ranges, counts, starts, strict=True
        )
    )


def _signal(
    label: str, unit: str, prefilter: str, scale: tuple[str, ...], count: int, start: int
) -> Signal:
    try:
        low, high, digital_low, digital_high = map(_number, scale)
    except ValueError:
        # Nobody reads the range of annotations, so some writers leave it blank.
        low = high = digital_low = digital_high = 0.0
    annotation = label in ("EDF Annotations", "BDF Annotations")
    if digital_high == digital_low or high == low or count == 0:
        return Signal(label, unit, prefilter, 0.0, 0.0, count, start, dead=not annotation)
    gain = (high - low) / (digital_high - digital_low)
    offset = low - gain * digital_low
    return Signal(label, unit, prefilter, gain, offset, count, start, dead=False)


def _number(text: str) -> float:
    """Read a number of the header, which some programs write with a decimal comma."""
    value = float(text.replace(",", "."))
    if not np.isfinite(value):
        raise ValueError(f"{text!r} is NaN or infinite")
    return value


def _start_utc(fixed: bytes) -> float | None:
    """Return the start as UNIX time; None where it is invalid or anonymized.

    EDF states local time without a time zone; UTC is assumed, as in MNE.
    """
    text = fixed[168:184].decode("latin-1")
    found = re.fullmatch(r"(\d\d).(\d\d).(\d\d)(\d\d).(\d\d).(\d\d)", text)
    if found is None:
        return None
    day, month, year, hour, minute, second = map(int, found.groups())
    if (hour, minute, second) == (0, 0, 0):
        # Exactly midnight is what anonymization tools write.
        return None
    try:
        # EDF's two-digit years mean 1985 to 2084.
        full_year = year + (1900 if year >= 85 else 2000)
        return datetime(full_year, month, day, hour, minute, second, tzinfo=UTC).timestamp()
    except ValueError:
        return None
