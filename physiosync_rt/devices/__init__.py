"""Describe devices: electrodes, units, sample counters and rates that their streams do not state.

Many devices do not name the electrode of a channel, send their sample counter as a channel, or
measure resistance instead of conductance. A YAML file in ``configs/devices/`` states this once,
for live streams and for recordings.
"""

from physiosync_rt.devices.description import (
    BrainFlowSettings,
    CounterDescription,
    Device,
    Match,
    StreamDescription,
    device_template,
    load_device,
    shipped_for,
)
from physiosync_rt.devices.mapping import StreamMapper, map_recording, mapper_for

__all__ = [
    "BrainFlowSettings",
    "CounterDescription",
    "Device",
    "Match",
    "StreamDescription",
    "StreamMapper",
    "device_template",
    "load_device",
    "map_recording",
    "mapper_for",
    "shipped_for",
]
