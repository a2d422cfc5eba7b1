"""Markers of a recording on the time of its EEG, those of a BIDS table beside it included."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final

from physiosync_rt.datatypes import Recording
from physiosync_rt.errors import UserError
from physiosync_rt.formats.clocks import corrected, zero_time
from physiosync_rt.formats.text import read_text
from physiosync_training.draft.stretches import Event

_TEXT_COLUMNS: Final = ("trial_type", "value", "event", "stim_file")


def events_of(recording: Recording) -> list[Event]:
    """Return all markers in seconds from the first EEG sample.

    Markers of a ``..._events.tsv`` beside a BIDS recording take the place of the file's own.

    Raises
    ------
    UserError
        That table cannot be read.
    """
    if recording.path is not None and (table := bids_events(recording.path)) is not None:
        return read_bids_events(table)
    zero = zero_time(recording)
    return [
        Event(t - zero, text)
        for markers in recording.markers
        for t, text in zip(corrected(markers).tolist(), markers.labels, strict=True)
    ]


def bids_events(path: Path) -> Path | None:
    """Return the table of events of a BIDS recording, where there is one."""
    stem, underscore, _ = path.stem.rpartition("_")
    table = path.with_name(f"{stem}_events.tsv")
    return table if underscore and table.is_file() else None


def read_bids_events(path: Path) -> list[Event]:
    """Read a BIDS table of events: onset, duration and what happened, ratings where it has them.

    Raises
    ------
    UserError
        It has no column ``onset``, or an onset is not a number.
    """
    lines = [line.split("\t") for line in read_text(path).lines if line.strip()]
    header = lines[0] if lines else []
    if "onset" not in header:
        raise UserError(f"{path.name}, line 1: there is no column onset; add it, or move the file")
    events = []
    for number, cells in enumerate(lines[1:], 2):
        row = dict(zip(header, cells, strict=False))
        onset = _number(row["onset"])
        if not math.isfinite(onset):
            raise UserError(
                f"{path.name}, line {number}: onset is {row['onset']!r}, expected a number"
            )
        words = [row[name] for name in _TEXT_COLUMNS if row.get(name, "n/a") not in ("n/a", "")]
        ratings = [
            f"{name}={row[name]}"
            for name in ("valence", "arousal")
            if math.isfinite(_number(row.get(name, "n/a")))
        ]
        duration = _number(row.get("duration", "n/a"))
        text = " ".join([*words[:1], *ratings])
        events.append(Event(onset, text, duration if math.isfinite(duration) else 0.0))
    return events


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
