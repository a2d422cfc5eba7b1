"""Record a few seconds of the available LSL streams, to write a device description."""

from __future__ import annotations

import time

import numpy as np

from physiosync_rt.datatypes import Chunk, Modality
from physiosync_rt.devices.assist_units import StreamExcerpt
from physiosync_rt.errors import UserError
from physiosync_rt.formats.metadata import StreamPart
from physiosync_rt.lsl.clock_correction import no_answer
from physiosync_rt.lsl.discovery import resolve
from physiosync_rt.lsl.info import is_marker
from physiosync_rt.lsl.inlet import SignalInlet
from physiosync_rt.sources.selection import describe, distinct_queries, matches


def listen(query: str | None, seconds: float, timeout: float) -> list[StreamExcerpt]:
    """Record the streams that carry EEG, GSR or ECG, or the requested stream, one part each.

    Parameters
    ----------
    query : str or None
        Name, type, source_id, ``NAME@HOST`` or uid; None selects every stream that carries EEG,
        GSR or ECG, or else the only one available.
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
        chunks: dict[tuple[int, str], list[Chunk]] = {}
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for i, inlet in enumerate(inlets):
                for chunk in inlet.drain(0.05):
                    chunks.setdefault((i, chunk.stream), []).append(chunk)
    finally:
        for inlet in inlets:
            inlet.close()
    return [
        _excerpt(part, chunks.get((i, part.spec.name), []), seconds)
        for i, inlet in enumerate(inlets)
        for part in inlet.layout.parts
        if part.spec.modality is not Modality.OTHER or not inlet.layout.has_signals
    ]


def _inlets(query: str | None, timeout: float) -> list[SignalInlet]:
    inlets = []
    for info in resolve(timeout):
        if is_marker(info):
            continue
        try:
            inlets.append(SignalInlet(info, None))
        except no_answer():
            # A resolved stream may have ended in the meantime.
            continue
    known = [inlet for inlet in inlets if inlet.layout.has_signals]
    if query is not None:
        chosen = [i for i in inlets if matches(i.layout.whole, query, i.info.uid())]
    else:
        chosen = known or (inlets if len(inlets) == 1 else [])
    if not chosen:
        asked = f"matches {query!r}" if query else "carries EEG, GSR or ECG"
        names = [(inlet.layout.whole, str(inlet.info.uid())) for inlet in inlets]
        one = f"; choose one with --stream, as {distinct_queries(names)[0]!r}" if inlets else ""
        raise UserError(f"no stream {asked}; {describe([spec for spec, _ in names])}{one}")
    return sorted(chosen, key=lambda i: (i.layout.parts[0].spec.modality, i.layout.whole.name))


def _excerpt(part: StreamPart, chunks: list[Chunk], seconds: float) -> StreamExcerpt:
    spec = part.spec
    if not chunks:
        raise UserError(
            f"stream {spec.name!r} sent no samples for {seconds:g} s; start its measurement and "
            "try again"
        )
    stamps = np.concatenate([chunk.timestamps for chunk in chunks])
    span = float(stamps.max() - stamps.min())
    sfreq = (len(stamps) - 1) / span if span > 0 else spec.sfreq
    samples = np.concatenate([chunk.samples for chunk in chunks])
    return StreamExcerpt(spec, samples, sfreq, part.carrier)
