"""Measure the rates of streams that declare none, before they are used."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from physiosync_rt.errors import UserError

if TYPE_CHECKING:
    from physiosync_rt.lsl.inlet import SignalInlet

LISTEN_S = 2.5
"""How long the stamps of such a stream are observed, in seconds."""

_POLL_S = 0.05


def find_rates(inlets: Sequence[SignalInlet]) -> None:
    """Listen to the streams that state no rate; what they send meanwhile is kept for the run.

    A stream that sends nothing, or not regularly, stays without a rate.
    """
    listening = []
    for inlet in inlets:
        if inlet.needs_rate:
            try:
                inlet.start()
            except UserError:
                # It stays without a rate, which is said where it is chosen.
                continue
            listening.append(inlet)
    until = time.monotonic() + LISTEN_S
    while listening and time.monotonic() < until:
        time.sleep(_POLL_S)
        for inlet in listening:
            inlet.listen()
    for inlet in listening:
        inlet.find_rate()
