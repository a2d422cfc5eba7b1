"""Read CSV files of wearables: Shimmer (ConsensysPRO) and Muse (Mind Monitor)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
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
from physiosync_rt.formats.base import Format, as_samples, convert, unique_names
from physiosync_rt.formats.table import effective_rate, nominal_rate, numbers, read_lines
from physiosync_rt.formats.units import to_canonical

# The rates that Consensys offers, all divisions of 32768 Hz.
_SHIMMER_RATES = (1.0, 10.24, 51.2, 102.4, 128.0, 204.8, 256.0, 512.0, 1024.0)
_SHIMMER_DEVICE = re.compile(r"^Shimmer_\w{4}_")
_MUSE_RATES = (220.0, 256.0)
_MUSE_RAW = "RAW_"


def read_shimmer(path: Path) -> Recording:
    """Read a calibrated Shimmer export.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Recording
        Skin conductance as GSR in µS (from the resistance where conductance was not
        exported), ECG leads in mV, everything else as ``OTHER``.

    Raises
    ------
    UserError
        There is no UNIX time column, or there are no samples.
    """
    lines = [line.rstrip("\r\n") for line in read_lines(path)]
    delimiter = lines[0].strip('"').removeprefix("sep=")[:1] or ";"
    titles = [_SHIMMER_DEVICE.sub("", t.strip()) for t in lines[1].split(delimiter)]
    units = [unit.strip() for unit in lines[2].split(delimiter)]
    rows = [line.split(delimiter) for line in lines[3:] if line.strip()]
    stamp = next((i for i, t in enumerate(titles) if t.startswith("Timestamp_Unix")), None)
    if stamp is None or not rows:
        raise UserError(
            f"{path.name} has {'no samples' if stamp is not None else 'no Timestamp_Unix column'}; "
            "export it again with Unix timestamps"
        )
    columns = [i for i, title in enumerate(titles) if title and i != stamp]
    values = numbers(rows, [stamp, *columns])
    milliseconds = values[:, 0]
    times = (milliseconds - milliseconds[0]) * 1e-3
    sfreq = nominal_rate(times, _SHIMMER_RATES) or effective_rate(times)
    by_title = {titles[column]: values[:, i + 1] for i, column in enumerate(columns)}
    stated = {titles[column]: units[column] for column in columns}
    gsr = [t for t in by_title if t.startswith("GSR_Skin_Conductance")]
    gsr = gsr or [t for t in by_title if t.startswith("GSR_Skin_Resistance")]
    ecg = [t for t in by_title if t.startswith("ECG_") and stated[t] in ("mV", "uV")]
    used = {*gsr, *ecg}
    chosen = (
        (Modality.GSR, gsr[:1]),
        (Modality.ECG, ecg),
        (Modality.OTHER, [t for t in by_title if t not in used]),
    )
    streams = tuple(
        _shimmer_stream(modality, group, by_title, stated, times, sfreq)
        for modality, group in chosen
        if group
    )
    return Recording(streams=streams, start_utc=float(milliseconds[0]) * 1e-3, path=path)


def _shimmer_stream(
    modality: Modality,
    group: list[str],
    by_title: dict[str, FloatArray],
    stated: dict[str, str],
    times: FloatArray,
    sfreq: float,
) -> RecordedStream:
    raw = np.stack([by_title[title] for title in group], axis=1)
    conversions = [to_canonical(modality, stated[title]) for title in group]
    known = [conversion for conversion in conversions if conversion is not None]
    samples = convert(raw, known) if len(known) == len(group) else as_samples(raw)
    spec = StreamSpec(
        name=f"Shimmer {modality}",
        modality=modality,
        ch_names=unique_names(title.removesuffix("_CAL") for title in group),
        sfreq=sfreq,
        unit=UNITS[modality] if len(known) == len(group) else "",
        stype=modality.value,
    )
    return RecordedStream(spec, samples, times)


def read_mind_monitor(path: Path) -> Recording:
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
        The file has no raw EEG, which Mind Monitor does not write by default.
    """
    lines = read_lines(path)
    titles = [title.strip() for title in lines[0].split(",")]
    raw = [i for i, title in enumerate(titles) if title.startswith(_MUSE_RAW)]
    if not raw:
        raise UserError(
            f"{path.name} contains band powers but no raw EEG; set Mind Monitor's recording "
            "interval to Constant and record again"
        )
    rows = [line.split(",") for line in lines[1:] if line.strip()]
    seconds = np.array([_local_seconds(row[0]) for row in rows])
    sampled = np.array([len(row) > raw[-1] and row[raw[0]] != "" for row in rows])
    if not sampled.any():
        raise UserError(f"{path.name} contains no EEG samples; record again")
    kept = [row for row, is_sample in zip(rows, sampled, strict=True) if is_sample]
    zero = float(seconds[sampled][0])
    times = seconds[sampled] - zero
    spec = StreamSpec(
        name="Muse",
        modality=Modality.EEG,
        ch_names=unique_names(titles[i].removeprefix(_MUSE_RAW) for i in raw),
        sfreq=nominal_rate(times, _MUSE_RATES, 0.1) or effective_rate(times),
        unit=UNITS[Modality.EEG],
        stype="EEG",
    )
    stream = RecordedStream(spec, as_samples(numbers(kept, raw)), times)
    # Rows without samples have an event in their last cell.
    events = [
        (float(second) - zero, row[-1].strip())
        for second, row, is_sample in zip(seconds, rows, sampled, strict=True)
        if not is_sample and row[-1].strip()
    ]
    markers: tuple[RecordedMarkers, ...] = ()
    if events:
        stamps, labels = zip(*events, strict=True)
        markers = (RecordedMarkers("Muse events", np.array(stamps), tuple(labels)),)
    return Recording(
        streams=(stream,),
        markers=markers,
        start_utc=zero,
        path=path,
        notes=("Mind Monitor writes local time without a time zone; UTC was assumed",),
    )


def _local_seconds(text: str) -> float:
    return datetime.fromisoformat(text.strip()).replace(tzinfo=UTC).timestamp()


SHIMMER = Format(
    name="Shimmer CSV",
    suffixes=(".csv",),
    matches=lambda _, head: (
        head.lstrip(b'\xef\xbb\xbf"').startswith(b"sep=") and b"Shimmer" in head[:200]
    ),
    read=read_shimmer,
)
MIND_MONITOR = Format(
    name="Mind Monitor CSV",
    suffixes=(".csv",),
    matches=lambda _, head: head.startswith(b"TimeStamp,") and b"Delta_TP9" in head,
    read=read_mind_monitor,
)
