"""Take the trigger channels of a clinical file for what they are: markers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from physiosync_rt.datatypes import FloatArray, RecordedMarkers
from physiosync_rt.formats.channel_roles import is_trigger_label
from physiosync_rt.formats.channels import Channel
from physiosync_rt.formats.triggers import TriggerReader

_STATUS = "status"
_STATUS_BITS = 0xFFFF
"""BioSemi's 24-bit status channel holds the trigger in its lowest 16 bits.

Source: https://www.biosemi.com/faq/trigger_signals.htm
"""


def split_triggers(
    channels: Sequence[Channel],
) -> tuple[list[Channel], tuple[RecordedMarkers, ...]]:
    """Split trigger channels from signals.

    Parameters
    ----------
    channels : sequence of Channel

    Returns
    -------
    signals : list of Channel
        The others. A channel that is only named like a trigger channel, but does not hold whole
        numbers, is among them.
    markers : tuple of RecordedMarkers
        One for each trigger channel with events; a label is the number that the level rises to.
    """
    signals: list[Channel] = []
    markers = []
    for channel in channels:
        levels = _levels(channel)
        if levels is None:
            signals.append(channel)
        elif found := TriggerReader().read(levels):
            at = [i for i, _ in found]
            labels = tuple(label for _, label in found)
            markers.append(RecordedMarkers(channel.label, channel.times[at], labels))
    return signals, tuple(markers)


def _levels(channel: Channel) -> FloatArray | None:
    """Return the levels of a trigger channel, shape (n_times,); None for another channel."""
    is_status = channel.label.strip().lower() == _STATUS
    if not (is_status or is_trigger_label(channel.label.strip())):
        return None
    values = channel.values
    if not np.array_equal(values, np.rint(values), equal_nan=True):
        return None
    if not is_status or not np.isfinite(values).all():
        return values
    levels: FloatArray = (values.astype(np.int64) & _STATUS_BITS).astype(np.float64)
    return levels
