"""Read CSV exports of Shimmer devices (Consensys and ConsensysPRO).

A first line may name the separator; then come titles, units and rows. A title is the name of the
device, which its owner chooses, the sensor, and ``CAL`` or ``RAW``. Source: the Consensys user
guide of https://www.shimmersensing.com.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

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
from physiosync_rt.formats.base import Format, as_samples, convert, unique_names
from physiosync_rt.formats.metadata import listed
from physiosync_rt.formats.rates import effective_rate, nominal_rate
from physiosync_rt.formats.separators import find_separator, split_rows
from physiosync_rt.formats.table import read_table
from physiosync_rt.formats.text import decode, read_text
from physiosync_rt.formats.units import to_canonical

_STAMP: Final = "Timestamp_Unix"
# The rates that Consensys offers, all divisions of 32768 Hz.
_RATES: Final = (1.0, 10.24, 51.2, 102.4, 128.0, 204.8, 256.0, 512.0, 1024.0)


@dataclass(frozen=True, slots=True)
class _Device:
    """Columns of one device; they have a clock of their own.

    Attributes
    ----------
    name : str
        What its titles begin with.
    stamp : int
        Column of the UNIX time in ms.
    columns : dict of str to int
        All others by their titles without the device's name.
    """

    name: str
    stamp: int
    columns: dict[str, int]


def read(path: Path) -> Recording:
    """Read a calibrated Shimmer export of one device or several.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Recording
        Skin conductance as GSR in µS (from the resistance where conductance was not
        exported), ECG leads in mV, everything else as ``OTHER``; of several devices each with its
        own stamps, in streams that bear the device's name.

    Raises
    ------
    UserError
        There is no UNIX time column, or there are no samples.
    """
    file = read_text(path)
    at = _title_line(file.lines)
    assert at is not None, "the format matches"
    separator = find_separator(path.name, file.lines[at : at + 1])
    titles = split_rows(file.lines[at : at + 1], separator)[0] or []
    while not titles[-1]:
        titles.pop()
    n_columns = len(titles)
    units = split_rows(file.lines[at + 1 : at + 2], separator, n_columns)
    table = read_table(file, first=at + 2, n_columns=n_columns, separator=separator)
    devices = _devices(titles)
    if not devices or not table.rows:
        raise UserError(
            f"{path.name} has {'no samples' if devices else f'no {_STAMP} column'}; "
            "export it again with Unix timestamps"
        )
    stated = dict(zip(titles, (units and units[0]) or [""] * n_columns, strict=True))
    values = table.numbers(range(n_columns))
    streams: list[RecordedStream] = []
    ms = values[:, [device.stamp for device in devices]]
    zero = np.nanmin(ms) if np.isfinite(ms).any() else 0.0
    for device in devices:
        label = f"{device.name} " if len(devices) > 1 else "Shimmer "
        part = {title: values[:, column] for title, column in device.columns.items()}
        about = {title: stated.get(titles[c], "") for title, c in device.columns.items()}
        streams += _streams(label, part, about, (values[:, device.stamp] - zero) * 1e-3)
    notes = (*table.notes, *_left_out(titles, devices))
    return Recording(streams=tuple(streams), start_utc=float(zero) * 1e-3, path=path, notes=notes)


def _title_line(lines: list[str]) -> int | None:
    """Return the index of the titles; None where there are none of a Shimmer."""
    for at, line in enumerate(lines[:3]):
        if "Timestamp_" in line and line.count("_CAL") + line.count("_RAW") > 1:
            return at
    return None


def _devices(titles: list[str]) -> list[_Device]:
    """Tell the devices apart by the names before their time columns."""
    names = {title.split(_STAMP)[0]: i for i, title in enumerate(titles) if _STAMP in title}
    columns: dict[str, dict[str, int]] = {name: {} for name in names}
    for i, title in enumerate(titles):
        # One name may begin with another.
        owner = max((name for name in names if title.startswith(name)), key=len, default=None)
        if title and owner is not None and i not in names.values():
            columns[owner][title.removeprefix(owner)] = i
    return [_Device(name.rstrip("_"), names[name], columns[name]) for name in names]


def _left_out(titles: list[str], devices: list[_Device]) -> list[str]:
    """Name the columns of devices that have no column of time."""
    owned = {column for device in devices for column in (device.stamp, *device.columns.values())}
    left_out = [title for i, title in enumerate(titles) if title and i not in owned]
    if not left_out:
        return []
    return [f"columns of no device with a {_STAMP} column were left out: {listed(left_out)}"]


def _streams(
    label: str, columns: dict[str, FloatArray], units: dict[str, str], times: FloatArray
) -> list[RecordedStream]:
    """Return the streams of one device; rows in which it has nothing are another device's."""
    there = np.isfinite(times)
    for values in columns.values():
        there |= np.isfinite(values)
    times = times[there]
    known = times[np.isfinite(times)]
    sfreq = nominal_rate(known, _RATES) or effective_rate(known)
    gsr = [title for title in columns if title.startswith("GSR_Skin_Conductance")]
    gsr = gsr or [title for title in columns if title.startswith("GSR_Skin_Resistance")]
    ecg = [t for t in columns if t.startswith("ECG_") and units[t] in ("mV", "uV")]
    used = {*gsr, *ecg}
    chosen = (
        (Modality.GSR, gsr[:1]),
        (Modality.ECG, ecg),
        (Modality.OTHER, [title for title in columns if title not in used]),
    )
    streams = []
    for modality, group in chosen:
        if not group:
            continue
        raw = np.stack([columns[title][there] for title in group], axis=1)
        conversions = [to_canonical(modality, units[title]) for title in group]
        stated = [conversion for conversion in conversions if conversion is not None]
        is_known = len(stated) == len(group)
        spec = StreamSpec(
            name=f"{label}{modality}",
            modality=modality,
            ch_names=unique_names(title.removesuffix("_CAL") for title in group),
            sfreq=sfreq,
            unit=UNITS[modality] if is_known else "",
            stype=modality.value,
        )
        samples = convert(raw, stated) if is_known else as_samples(raw)
        streams.append(RecordedStream(spec, samples, times))
    return streams


FORMAT = Format(
    name="Shimmer CSV",
    suffixes=(".csv",),
    matches=lambda _, head: _title_line(decode(head).splitlines()) is not None,
    read=read,
)
