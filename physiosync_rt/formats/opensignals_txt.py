"""Read text files of OpenSignals, for BITalino and biosignalsplux.

Three lines that begin with ``#``, the second of them JSON with one entry for each device, then
numbers between tabs: a sequence number, digital lines, and the channels. Values are those of the
converter, unless the file was exported otherwise, and no unit is stated. Sources: the maker's
https://support.pluxbiosignals.com/knowledge-base/opensignals-sensor-file-specifications-txt-format/
and its samples at https://github.com/BITalinoWorld/revolution-sample-data.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

from physiosync_rt.datatypes import (
    FloatArray,
    IntArray,
    Modality,
    RecordedStream,
    Recording,
    StreamSpec,
)
from physiosync_rt.errors import UserError
from physiosync_rt.formats.base import Format, as_samples, modality_of, unique_names
from physiosync_rt.formats.table import read_table
from physiosync_rt.formats.text import decode, read_text

_MARK: Final = "# OpenSignals Text File Format"
_MOST_HZ: Final = 1e5
_N_LETTERS: Final = 3
"""Sensors are called EDA, EDABITREV, ECGBITREV and so on."""


def read(path: Path) -> Recording:
    """Read a file of OpenSignals.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Recording
        For each device one stream of each kind of sensor, without a unit. Samples are as evenly
        spaced as their sequence numbers.

    Raises
    ------
    UserError
        The header is not one of OpenSignals, or there are no samples.
    """
    file = read_text(path)
    devices = _header(path, file.lines)
    first = next((i for i, line in enumerate(file.lines) if not line.startswith("#")), 3)
    n_columns = [len(_columns(device)) for device in devices]
    table = read_table(file, first=first, n_columns=sum(n_columns))
    if not table.rows:
        what = f"no line of the {sum(n_columns)} columns that it declares"
        raise UserError(
            f"{path.name} contains {what if table.notes else 'a header but no samples'}; take the "
            "file as OpenSignals wrote it"
        )
    values = table.numbers(range(table.n_columns))
    streams: list[RecordedStream] = []
    stop = 0
    for device, n in zip(devices, n_columns, strict=True):
        start, stop = stop, stop + n
        streams += _streams(device, values[:, start:stop], several=len(devices) > 1)
    notes = (
        *(stream.unit_note for stream in streams if stream.unit_note),
        "OpenSignals writes local time without a time zone; UTC was assumed",
    )
    return Recording(
        streams=tuple(streams),
        start_utc=_start(devices[0]),
        path=path,
        notes=(*table.notes, *notes),
    )


def _header(path: Path, lines: list[str]) -> list[dict[str, Any]]:
    """Return what the header says of each device."""
    try:
        found = json.loads(lines[1].lstrip("# "))
        devices = list(found.values())
        rates = [float(each["sampling rate"]) for each in devices if _columns(each)]
        usable = len(rates) > 0 and all(0 < rate < _MOST_HZ for rate in rates)
    except (IndexError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        usable = False
    if not usable:
        raise UserError(
            f"{path.name}: the second line does not describe the devices as OpenSignals does; "
            "take the file as OpenSignals wrote it"
        )
    return devices


def _columns(device: dict[str, Any]) -> list[str]:
    """Return the titles of a device's columns, which older versions do not state."""
    labels = [str(label) for label in device["label"]]
    digital = [f"IO{i + 1}" for i in range(len(device.get("digital IO", ())))]
    return [str(title) for title in device.get("column", ())] or ["nSeq", *digital, *labels]


def _streams(device: dict[str, Any], values: FloatArray, *, several: bool) -> list[RecordedStream]:
    labels = [str(label) for label in device["label"]]
    sensors = [str(sensor) for sensor in device.get("sensor", ())]
    kinds = [modality_of(sensor[:_N_LETTERS]) for sensor in sensors]
    kinds += [Modality.OTHER] * (len(labels) - len(kinds))
    sfreq = float(device["sampling rate"])
    counter = _counter(values[:, 0])
    times = (np.arange(len(values)) if counter is None else counter) / sfreq
    name = str(device.get("device name", "OpenSignals")) if several else "OpenSignals"
    channels = values[:, values.shape[1] - len(labels) :]
    streams = []
    for kind in dict.fromkeys(kinds):
        at = [i for i, each in enumerate(kinds[: len(labels)]) if each is kind]
        spec = StreamSpec(
            name=f"{name} {kind}",
            modality=kind,
            ch_names=unique_names(labels[i] for i in at),
            sfreq=sfreq,
            stype=kind.value,
        )
        note = ""
        if kind is not Modality.OTHER:
            note = (
                f"{spec.name}: OpenSignals does not state a unit; export converted values and "
                "state their unit in a device description"
            )
        samples = as_samples(channels[:, at])
        streams.append(RecordedStream(spec, samples, times, counter=counter, unit_note=note))
    return streams


def _counter(sequence: FloatArray) -> IntArray | None:
    """Return the samples' numbers; None where the sequence does not count samples.

    It has 4 bits or more, by the device. One of 4 bits cannot tell 1 lost sample from 17.
    """
    if len(sequence) < 2 or not np.all((sequence >= 0) & (sequence < 2**32)):
        return None
    raw = np.rint(sequence).astype(np.int64)
    modulo = 1 << int(raw.max()).bit_length()
    steps = np.diff(raw) % modulo
    if np.median(steps) != 1:
        return None
    return np.concatenate([[0], np.cumsum(steps)])


def _start(device: dict[str, Any]) -> float | None:
    try:
        year, month, day = (int(part) for part in str(device["date"]).split("-"))
        hour, minute, second = (float(part) for part in str(device["time"]).split(":"))
        date = datetime(year, month, day, tzinfo=UTC)
    except (KeyError, ValueError):
        return None
    return date.timestamp() + 3600 * hour + 60 * minute + second


FORMAT = Format(
    name="OpenSignals text",
    suffixes=(".txt",),
    matches=lambda _, head: decode(head).startswith(_MARK),
    read=read,
)
