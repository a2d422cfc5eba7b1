"""Find the shipped descriptions that fit a stream."""

from __future__ import annotations

from collections.abc import Sequence

from physiosync_rt.datatypes import Carrier, StreamSpec
from physiosync_rt.devices.description import Device, Match, load_device
from physiosync_rt.devices.mapping import StreamMapper, part_mappers
from physiosync_rt.devices.recorded import own_carrier
from physiosync_rt.errors import UserError
from physiosync_rt.utils.resources import configs_dir


def shipped_for(specs: Sequence[StreamSpec], carriers: Sequence[Carrier | None] = ()) -> list[str]:
    """Return the names of shipped descriptions by which one of these streams can be used.

    Parameters
    ----------
    specs : sequence of StreamSpec
    carriers : sequence of Carrier or None
        The stream that carries each, where it is a part of one.
    """
    whole = [
        (spec, carrier or own_carrier(spec))
        for spec, carrier in zip(specs, carriers or [None] * len(specs), strict=True)
    ]
    return [
        path.stem
        for path in sorted((configs_dir() / "devices").glob("*.yaml"))
        if any(_serves(load_device(path), *part) for part in whole)
    ]


def _serves(device: Device, spec: StreamSpec, carrier: Carrier) -> bool:
    """Return whether a description fits a stream and leaves nothing open."""
    if not any(s.match != Match() and s.fits(carrier.spec) for s in device.streams):
        return False
    try:
        mappers = part_mappers(device, [(spec, carrier)])
    except UserError:
        return False
    return all(m.spec.unit and m.spec.sfreq for m in mappers if isinstance(m, StreamMapper))
