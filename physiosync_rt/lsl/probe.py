"""Record a few seconds of the available LSL streams, to write a device description."""

from __future__ import annotations

import time

import numpy as np

from physiosync_rt.datatypes import Chunk, Modality, StreamSpec
from physiosync_rt.devices.assist import StreamExcerpt
from physiosync_rt.errors import UserError
from physiosync_rt.lsl.discovery import resolve
from physiosync_rt.lsl.info import is_marker
from physiosync_rt.lsl.inlet import SignalInlet
from physiosync_rt.sources.selection import describe, matches


def listen(query: str | None, seconds: float, timeout: float) -> list[StreamExcerpt]:
    """Record the EEG, GSR and ECG streams, or the requested stream.

    Parameters
    ----------
    query : str or None
        Name, type or source_id; None selects every stream of type EEG, GSR or ECG, or else the
        only one available.
    seconds : float
        How long to record.
    timeout : float
        How long to search for streams, in seconds.

    Raises
    ------
    UserError
        There is no such stream, or it sends no samples.
    """
    inlets = _inlets(query, timeout)
    try:
        for inlet in inlets:
            inlet.open(check_clock=False)
        chunks: dict[int, list[Chunk]] = {i: [] for i in range(len(inlets))}
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for i, inlet in enumerate(inlets):
                chunks[i] += inlet.drain(0.05)
    finally:
        for inlet in inlets:
            inlet.close()
    return [_excerpt(inlet.spec, chunks[i], seconds) for i, inlet in enumerate(inlets)]


def _inlets(query: str | None, timeout: float) -> list[SignalInlet]:
    import pylsl

    inlets = []
    for info in resolve(timeout):
        if is_marker(info):
            continue
        try:
            inlets.append(SignalInlet(info, None))
        except (TimeoutError, pylsl.util.LostError):
            # A resolved stream may have ended in the meantime.
            continue
    known = [i for i in inlets if i.spec.modality is not Modality.OTHER]
    if query is not None:
        chosen = [i for i in inlets if matches(i.spec, query)]
    else:
        chosen = known or (inlets if len(inlets) == 1 else [])
    if not chosen:
        asked = f"matches {query!r}" if query else "has the type EEG, GSR or ECG"
        raise UserError(
            f"no stream {asked}; {describe([i.spec for i in inlets])}; choose one with --stream"
        )
    return sorted(chosen, key=lambda i: (i.spec.modality, i.spec.name))


def _excerpt(spec: StreamSpec, chunks: list[Chunk], seconds: float) -> StreamExcerpt:
    if not chunks:
        raise UserError(
            f"stream {spec.name!r} sent no samples for {seconds:g} s; start its measurement and "
            "try again"
        )
    stamps = np.concatenate([chunk.timestamps for chunk in chunks])
    span = float(stamps.max() - stamps.min())
    sfreq = (len(stamps) - 1) / span if span > 0 else spec.sfreq
    return StreamExcerpt(spec, np.concatenate([chunk.samples for chunk in chunks]), sfreq)
