"""Join the streams of an XDF file that one device sent before and after a restart.

A recorder that does not know the new outlet as the old device writes a second stream. In a live run
the device continues its stream, with a gap (see `lsl.reconnect`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import chain, pairwise
from typing import Any

import numpy as np

from physiosync_rt.datatypes import FloatArray

_KIND = ("name", "type", "source_id", "channel_count", "channel_format", "nominal_srate", "desc")


def join_returned(streams: Sequence[dict[str, Any]], notes: list[str]) -> list[dict[str, Any]]:
    """Join streams of one identity that do not overlap in time.

    Parameters
    ----------
    streams : sequence of dict
        As pyxdf returns them.
    notes : list of str
        Each join is appended here.

    Returns
    -------
    list of dict
        In the file's order; a joined stream has the place of its first part.
    """
    groups: dict[object, list[dict[str, Any]]] = {}
    for i, stream in enumerate(streams):
        # Without samples there is nothing to join.
        key = _identity(stream["info"]) if len(stream["time_stamps"]) else i
        groups.setdefault(key, []).append(stream)
    out: list[dict[str, Any]] = []
    for group in groups.values():
        ordered = sorted(group, key=lambda stream: _span(stream)[0])
        pauses = [b[0] - a[1] for a, b in pairwise(map(_span, ordered))]
        if not pauses or not all(pause > 0 for pause in pauses):
            out += group
            continue
        out.append(_joined(ordered))
        notes.append(
            f"stream {group[0]['info']['name'][0]!r} was recorded in {len(group)} parts, because "
            f"its device came back after {', '.join(f'{pause:.1f}' for pause in pauses)} s; they "
            "are one stream with a gap"
        )
    return out


def _identity(info: Mapping[str, Any]) -> object:
    """Return what two parts of a stream have in common: also the computer, without a source_id."""
    host = () if info.get("source_id", [None])[0] else (str(info.get("hostname")),)
    return (*host, *(str(info.get(key)) for key in _KIND))


def _span(stream: Mapping[str, Any]) -> tuple[float, float]:
    """Return the first and last time on the recorder's clock, in seconds."""
    times = np.asarray(stream["time_stamps"])
    times = times[np.isfinite(times)]
    if not len(times):
        return math.nan, math.nan
    offset = float(np.median(stream["clock_values"])) if stream["clock_values"] else 0.0
    return float(times.min()) + offset, float(times.max()) + offset


def _joined(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Append the samples and the clock offsets of parts in order of time."""
    series = [part["time_series"] for part in parts]
    is_text = isinstance(series[0], list)
    return {
        **parts[0],
        "time_series": list(chain(*series)) if is_text else np.concatenate(series),
        "time_stamps": np.concatenate([part["time_stamps"] for part in parts]),
        "clock_times": [t for part in parts for t in part["clock_times"]],
        "clock_values": [v for part in parts for v in part["clock_values"]],
        "breaks": _breaks([part["time_stamps"] for part in parts]),
    }


def _breaks(stamps: Sequence[FloatArray]) -> list[float]:
    """Return the first stamp of every part but the first, on the sender's clock.

    A clock that was set back is none: the aligner knows it by its offset.
    """
    return [float(b[0]) for a, b in pairwise(stamps) if b[0] > a[-1]]
