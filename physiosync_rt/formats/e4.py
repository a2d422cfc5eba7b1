"""Read sessions of the Empatica E4: a folder of CSV files, one per sensor.

Every file begins with its start as UNIX time and its rate in Hz. EDA is in µS.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

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
from physiosync_rt.formats.base import Format, as_samples
from physiosync_rt.formats.table import read_table
from physiosync_rt.formats.text import decode, read_text

_AXES = ("x", "y", "z")
# Channel names by sensor file.
_SENSORS = {
    "EDA.csv": ("EDA",),
    "BVP.csv": ("BVP",),
    "ACC.csv": _AXES,
    "TEMP.csv": ("TEMP",),
    "HR.csv": ("HR",),
}
_BEATS = "IBI.csv"
_LEADING = re.compile(r'"?(\d+(?:[.,]\d+)?)')


@dataclass(frozen=True, slots=True)
class _Sensor:
    name: str
    start_utc: float
    sfreq: float
    values: FloatArray


def read(path: Path) -> Recording:
    """Read a session of the Empatica E4.

    Parameters
    ----------
    path : Path
        The folder, or one sensor's file.

    Returns
    -------
    Recording
        EDA as GSR in µS; blood volume pulse, temperature, acceleration, heart rate and beat
        intervals as ``OTHER``; button presses as the markers ``tags``. Stamps count seconds from
        the earliest start.

    Raises
    ------
    UserError
        There is no sensor with samples, or a file does not follow the E4's layout.
    """
    files = [path] if path.is_file() else [path / name for name in _SENSORS]
    notes: list[str] = []
    sensors = []
    for file in files:
        if not file.is_file():
            continue
        sensor = _read_sensor(file, notes)
        if len(sensor.values):
            sensors.append(sensor)
        else:
            notes.append(f"{file.name} contains no samples; it was dropped")
    if not sensors:
        raise UserError(f"{path.name} contains no Empatica E4 samples; expected EDA.csv there")
    zero = min(sensor.start_utc for sensor in sensors)
    streams = [_stream(sensor, zero) for sensor in sensors]
    if path.is_dir():
        streams += _beat_intervals(path / _BEATS, zero, notes)
    first = sensors[0]
    lost = float(np.mean(first.values <= 0)) if first.name == "EDA" else 0.0
    if lost >= 0.001:
        notes.append(f"EDA is zero in {lost:.1%} of its samples: no contact")
    return Recording(
        streams=tuple(streams),
        markers=_tags(path, zero, notes) if path.is_dir() else (),
        start_utc=zero,
        path=path,
        notes=tuple(notes),
    )


def _read_sensor(file: Path, notes: list[str]) -> _Sensor:
    names = _SENSORS[file.name]
    table = read_table(read_text(file), n_columns=len(names))
    expected = "expected its start time, its rate and then numbers"
    if len(table.rows) < 2:
        what = "is empty" if not file.stat().st_size else "ends before its first sample"
        raise UserError(f"{file.name} of the Empatica E4 {what}; {expected}")
    try:
        values = table.numbers(range(len(names)))
    except UserError as error:
        raise UserError(f"{error}; of an Empatica E4 file are {expected}") from error
    start_utc, sfreq = values[0, 0], values[1, 0]
    if not 0 < sfreq < 1e4:
        raise UserError(
            f"{file.name} of the Empatica E4 declares a rate of {sfreq:g} Hz; {expected}"
        )
    notes += [f"{file.name}: {note}" for note in table.notes]
    return _Sensor(file.stem, float(start_utc), float(sfreq), values[2:])


def _stream(sensor: _Sensor, zero: float) -> RecordedStream:
    modality = Modality.GSR if sensor.name == "EDA" else Modality.OTHER
    spec = StreamSpec(
        name=sensor.name,
        modality=modality,
        ch_names=_SENSORS[f"{sensor.name}.csv"],
        sfreq=sensor.sfreq,
        unit=UNITS[modality],
        stype=sensor.name,
    )
    times = sensor.start_utc - zero + np.arange(len(sensor.values)) / sensor.sfreq
    return RecordedStream(spec, as_samples(sensor.values), times)


def _beat_intervals(file: Path, zero: float, notes: list[str]) -> list[RecordedStream]:
    """Read the beat intervals, an irregular stream; line 1 contains the start and a title."""
    if not file.is_file():
        return []
    text = read_text(file)
    table = read_table(text, first=1, n_columns=2)
    start = _leading_number(text.lines[0]) if text.lines else None
    if not table.rows or start is None:
        return []
    values = table.numbers([0, 1])
    notes += [f"{file.name}: {note}" for note in table.notes]
    spec = StreamSpec("IBI", Modality.OTHER, ("IBI",), 0.0, stype="IBI")
    times = start - zero + values[:, 0]
    return [RecordedStream(spec, as_samples(values[:, 1:]), times)]


def _tags(folder: Path, zero: float, notes: list[str]) -> tuple[RecordedMarkers, ...]:
    """Read the button presses; some data sets add the subject to the file name."""
    file = next((file for file in sorted(folder.glob("tags*.csv")) if file.is_file()), None)
    if file is None:
        return ()
    table = read_table(read_text(file), n_columns=1)
    if not table.rows:
        return ()
    times = table.numbers([0])[:, 0] - zero
    notes += [f"{file.name}: {note}" for note in table.notes]
    return (RecordedMarkers("tags", times, ("tag",) * len(times)),)


def _is_e4(path: Path, head: bytes) -> bool:
    if path.is_dir():
        return any((path / name).is_file() for name in _SENSORS)
    if path.name not in _SENSORS:
        return False
    stated = [_leading_number(line) for line in decode(head).splitlines()[:2]]
    if len(stated) < 2 or stated[0] is None or stated[1] is None:
        return False
    return stated[0] > 1e9 and 0 < stated[1] < 1e4


def _leading_number(line: str) -> float | None:
    found = _LEADING.match(line)
    return float(found[1].replace(",", ".")) if found else None


FORMAT = Format(
    name="Empatica E4 folder",
    suffixes=(".csv",),
    matches=_is_e4,
    read=read,
)
