"""Device descriptions: what the unnamed and odd channels of a stream are.

Many devices do not say which electrode a channel is, send their sample counter as a channel, or
measure resistance where conductance is wanted. A YAML file in ``configs/devices/`` says it for
them, once, and is used on live streams and recordings alike.
"""

from physiosync_rt.devices.counter import CounterUnwrapper
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
    "CounterUnwrapper",
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
