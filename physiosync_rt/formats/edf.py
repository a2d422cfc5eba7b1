"""Read EDF, EDF+ and BDF files.

MNE is not used here, because it resamples all channels to the highest rate, supports only volts,
and treats a discontinuous EDF+D file as continuous.

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
from typing import Any

import numpy as np
import numpy.typing as npt

from physiosync_rt.datatypes import FloatArray, RecordedMarkers, Recording
from physiosync_rt.errors import UserError
from physiosync_rt.formats.base import Format
from physiosync_rt.formats.channels import Channel, group_streams

_Records = npt.NDArray[np.signedinteger[Any]]
_BDF_MAGIC = b"\xffBIOSEMI"


@dataclass(frozen=True, slots=True)
class _Signal:
    """One signal of the header; ``start`` is its index in a data record."""

    label: str
    unit: str
    prefilter: str
    gain: float
    offset: float
    n_per_record: int
    start: int

    @property
    def is_annotation(self) -> bool:
        return self.label in ("EDF Annotations", "BDF Annotations")


@dataclass(frozen=True, slots=True)
class _Header:
    signals: tuple[_Signal, ...]
    n_bytes: int
    n_records: int
    record_s: float
    start_utc: float | None
    reserved: str
    sample_bytes: int

    @property
    def record_samples(self) -> int:
        return sum(s.n_per_record for s in self.signals)


def read(path: Path) -> Recording:
    """Read an EDF, EDF+ or BDF file.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Recording
        One stream per modality and rate, every channel at the rate it was recorded with.
        Annotations become the markers ``annotations``. Stamps count seconds from the start.

    Raises
    ------
    UserError
        The header is not valid, or there are no data.
    """
    header = _read_header(path)
    records, notes = _read_records(path, header)
    onsets, markers = _annotations(header, records)
    channels = []
    for signal in header.signals:
        if signal.is_annotation:
            continue
        stop = signal.start + signal.n_per_record
        # The rate may be fractional where a record is several seconds long.
        sfreq = signal.n_per_record / header.record_s
        digital: FloatArray = records[:, signal.start : stop].astype(np.float64)
        values = digital * signal.gain + signal.offset
        times = onsets[:, np.newaxis] + np.arange(signal.n_per_record) / sfreq
        channels.append(Channel(signal.label, sfreq, signal.unit, values.ravel(), times.ravel()))
    streams = group_streams(channels, notes)
    if header.start_utc is None:
        notes.append("the start time in the header is blank or anonymized")
    history = sorted({s.prefilter for s in header.signals if s.prefilter.strip(" ?")})
    return Recording(
        streams=streams,
        markers=markers,
        start_utc=header.start_utc,
        path=path,
        history=tuple(history),
        notes=tuple(notes),
    )


def _read_header(path: Path) -> _Header:
    with path.open("rb") as file:
        fixed = file.read(256)
        try:
            n_signals = int(fixed[252:256])
            n_bytes = int(fixed[184:192])
            n_records = int(fixed[236:244])
            record_s = float(fixed[244:252])
        except ValueError as error:
            raise UserError(
                f"{path.name} has no valid EDF header ({error}); it is damaged or not an EDF file"
            ) from error
        table = file.read(256 * n_signals).decode("latin-1")
    if n_signals < 1 or len(table) < 256 * n_signals or not record_s > 0:
        raise UserError(f"{path.name} has no valid EDF header; it is damaged or was cut off")

    def column(offset: int, width: int) -> list[str]:
        first = offset * n_signals
        return [
            table[first + i * width : first + (i + 1) * width].strip() for i in range(n_signals)
        ]

    counts = [int(text) for text in column(216, 8)]
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    signals = []
    for label, unit, prefilter, scale, count, start in zip(
        column(0, 16),
        column(96, 8),
        column(136, 80),
        zip(column(104, 8), column(112, 8), column(120, 8), column(128, 8), strict=True),
        counts,
        starts,
        strict=True,
    ):
        low, high, digital_low, digital_high = (float(text.replace(",", ".")) for text in scale)
        if digital_high == digital_low:
            raise UserError(f"{path.name}: channel {label!r} has no digital range in the header")
        gain = (high - low) / (digital_high - digital_low)
        signals.append(
            _Signal(label, unit, prefilter, gain, low - gain * digital_low, count, int(start))
        )
    return _Header(
        signals=tuple(signals),
        n_bytes=n_bytes,
        n_records=n_records,
        record_s=record_s,
        start_utc=_start_utc(fixed),
        reserved=fixed[192:236].decode("latin-1").strip(),
        sample_bytes=3 if fixed[:8] == _BDF_MAGIC else 2,
    )


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


def _read_records(path: Path, header: _Header) -> tuple[_Records, list[str]]:
    """Read all data records as integers, shape (n_records, record_samples), and notes on damage."""
    record_bytes = header.record_samples * header.sample_bytes
    raw = np.fromfile(path, dtype=np.uint8, offset=header.n_bytes)
    n_whole = len(raw) // record_bytes
    notes = []
    if n_whole == 0:
        raise UserError(f"{path.name} has a header but no complete data record; it was cut off")
    if header.n_records > n_whole:
        notes.append(f"the file was cut off: {n_whole} of {header.n_records} records were read")
    elif header.n_records > 0:
        n_whole = header.n_records
    raw = raw[: n_whole * record_bytes]
    if header.sample_bytes == 2:
        return raw.view("<i2").reshape(n_whole, -1), notes
    triples = raw.reshape(-1, 3).astype(np.int32)
    values = triples[:, 0] | (triples[:, 1] << 8) | (triples[:, 2] << 16)
    signed = np.where(values >= 1 << 23, values - (1 << 24), values)
    return signed.reshape(n_whole, -1), notes


def _annotations(
    header: _Header, records: _Records
) -> tuple[FloatArray, tuple[RecordedMarkers, ...]]:
    """Return every record's onset in seconds, shape (n_records,), and the annotation markers."""
    onsets: FloatArray = np.arange(len(records), dtype=np.float64) * header.record_s
    record_onsets: list[float] = []
    found: list[tuple[float, str]] = []
    signals = [s for s in header.signals if s.is_annotation]
    for n_signal, signal in enumerate(signals):
        block = records[:, signal.start : signal.start + signal.n_per_record]
        for row in block:
            if header.sample_bytes == 2:
                text = row.astype("<i2").tobytes()
            else:
                text = row.astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
            for j, tal in enumerate(filter(None, text.split(b"\x00"))):
                onset_text, *labels = tal.split(b"\x14")
                onset = float(onset_text.split(b"\x15")[0])
                if n_signal == 0 and j == 0:
                    # The first annotation is the record's onset.
                    record_onsets.append(onset)
                found += [(onset, label.decode("utf-8", "replace")) for label in labels if label]
    if header.reserved.startswith(("EDF+D", "BDF+D")) and len(record_onsets) == len(onsets):
        onsets = np.array(record_onsets)
    elif record_onsets:
        # In a continuous file only the first onset is needed; the others are rounded.
        onsets += record_onsets[0]
    if not found:
        return onsets, ()
    found.sort(key=lambda item: item[0])
    times = np.array([onset for onset, _ in found])
    return onsets, (RecordedMarkers("annotations", times, tuple(text for _, text in found)),)


FORMAT = Format(
    name="EDF/BDF",
    suffixes=(".edf", ".bdf", ".rec"),
    matches=lambda _, head: head.startswith((b"0       ", _BDF_MAGIC)),
    read=read,
)
