"""Write and read LSL stream metadata.

References
----------
.. [1] https://github.com/sccn/xdf/wiki/Meta-Data (names of the fields)
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from physiosync_rt.datatypes import Modality, StreamSpec
from physiosync_rt.formats.metadata import COUNTER_TYPE, StreamLayout, stream_layout
from physiosync_rt.formats.triggers import is_marker_stream

if TYPE_CHECKING:
    import pylsl

UNIT_WORDS = {
    Modality.EEG: "microvolts",
    Modality.GSR: "microsiemens",
    Modality.ECG: "millivolts",
    Modality.OTHER: "",
}
"""Spelling of the canonical units in our outlets."""

MANUFACTURER = "PhysioSync-RT"

END_MARKER = "physiosync:end"
"""Marker that ends a replay."""


def make_info(spec: StreamSpec, *, speed: float = 1.0, counter: bool = False) -> pylsl.StreamInfo:
    """Create the stream info of a signal outlet.

    Parameters
    ----------
    spec : StreamSpec
        ``source_id`` must be stable over restarts: receivers reconnect by it.
    speed : float
        Recorded seconds per second, for a replay.
    counter : bool
        Append a channel for the sample counter.

    Returns
    -------
    pylsl.StreamInfo
        float32; labels, units and types in ``desc/channels``, the speed in ``desc/playback``.
    """
    import pylsl

    known = spec.modality is not Modality.OTHER
    stype = spec.modality.value if known else spec.stype
    n_chans = spec.n_chans + counter
    info = pylsl.StreamInfo(spec.name, stype, n_chans, spec.sfreq, "float32", spec.source_id)
    desc = info.desc()
    acquisition = desc.append_child("acquisition")
    acquisition.append_child_value("manufacturer", MANUFACTURER)
    channels = desc.append_child("channels")
    for ch_name in spec.ch_names:
        channel = channels.append_child("channel")
        channel.append_child_value("label", ch_name)
        channel.append_child_value("unit", UNIT_WORDS[spec.modality] if spec.unit else "")
        channel.append_child_value("type", stype)
    if counter:
        channel = channels.append_child("channel")
        channel.append_child_value("label", "counter")
        channel.append_child_value("type", COUNTER_TYPE)
    desc.append_child("playback").append_child_value("speed", repr(speed))
    return info


def make_marker_info(name: str, source_id: str, *, speed: float = 1.0) -> pylsl.StreamInfo:
    """Create the stream info of a text marker outlet."""
    import pylsl

    info = pylsl.StreamInfo(name, "Markers", 1, pylsl.IRREGULAR_RATE, "string", source_id)
    desc = info.desc()
    desc.append_child("acquisition").append_child_value("manufacturer", MANUFACTURER)
    desc.append_child("playback").append_child_value("speed", repr(speed))
    return info


def layout(info: pylsl.StreamInfo) -> StreamLayout:
    """Return a stream's layout, which splits raw samples as those of an XDF file.

    Parameters
    ----------
    info : pylsl.StreamInfo
        A complete one, as from `full_info`: resolvers return infos without channels.
    """
    return stream_layout(
        info.name(),
        info.type().strip(),
        info.nominal_srate(),
        _channels(info),
        n_chans=info.channel_count(),
        source_id=info.source_id().strip(),
        host=info.hostname().strip(),
    )


def describe(info: pylsl.StreamInfo) -> tuple[StreamSpec, ...]:
    """Return the specs of what a stream carries, from its complete info: one per modality."""
    return tuple(part.spec for part in layout(info).parts)


def rough_spec(info: pylsl.StreamInfo) -> StreamSpec:
    """Return the spec that a resolver's incomplete info allows, for queries and descriptions."""
    return layout(info).whole


def declared_speed(info: pylsl.StreamInfo) -> float:
    """Read the speed of a replay in recorded seconds per second; 1 for any other stream."""
    text = info.desc().child("playback").child_value("speed")
    try:
        speed = float(text)
    except ValueError:
        return 1.0
    return speed if 0 < speed < math.inf else 1.0


def is_marker(info: pylsl.StreamInfo) -> bool:
    """Return whether a stream carries markers: text, or numbers of a marker type."""
    import pylsl

    return is_marker_stream(info.type(), is_text=info.channel_format() == pylsl.cf_string)


def _channels(info: pylsl.StreamInfo) -> list[dict[str, str]]:
    """Read label, unit and type of every described channel, of one more than there are at most."""
    n_chans = info.channel_count()
    found: list[dict[str, str]] = []
    node = info.desc().child("channels").child("channel")
    while not node.empty() and len(found) <= n_chans:
        found.append({key: node.child_value(key).strip() for key in ("label", "unit", "type")})
        node = node.next_sibling("channel")
    return found
