"""Describe devices: electrodes, units, sample counters and rates that their streams do not state.

Many devices do not name the electrode of a channel, send their sample counter as a channel, or
measure resistance instead of conductance. A YAML file in ``configs/devices/`` states this once,
for live streams and for recordings.
"""

from physiosync_rt.devices.assist import device_template
from physiosync_rt.devices.description import (
    BrainFlowSettings,
    CounterDescription,
    Device,
    Match,
    StreamDescription,
    load_device,
)
from physiosync_rt.devices.mapping import PartSelector, StreamMapper, mapper_for, part_mappers
from physiosync_rt.devices.recorded import map_recording
from physiosync_rt.devices.shipped import shipped_for

__all__ = [
    "BrainFlowSettings",
    "CounterDescription",
    "Device",
    "Match",
    "PartSelector",
    "StreamDescription",
    "StreamMapper",
    "device_template",
    "load_device",
    "map_recording",
    "mapper_for",
    "part_mappers",
    "shipped_for",
]
