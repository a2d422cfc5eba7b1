"""Discover LSL streams and read their metadata."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from physiosync_rt.datatypes import StreamSpec
from physiosync_rt.formats.limits import rate_problem
from physiosync_rt.formats.stated_parts import MOST_CHANNELS
from physiosync_rt.lsl.config import configure
from physiosync_rt.lsl.info import is_marker, layout
from physiosync_rt.sources.selection import distinct_queries

if TYPE_CHECKING:
    import pylsl

# A pass queries by multicast, then known peers, which takes a second on a network.
_FIRST_PASS_S, _LONGEST_PASS_S = 0.25, 1.0


def resolve(
    timeout: float, enough: Callable[[list[pylsl.StreamInfo]], bool] | None = None
) -> list[pylsl.StreamInfo]:
    """List the available streams.

    Parameters
    ----------
    timeout : float
        Seconds to search; several passes are made, because slow devices miss some of them.
    enough : callable, optional
        Returns for the streams found so far whether the search can end.

    Returns
    -------
    list of pylsl.StreamInfo
        Each outlet once; one without channels or with more than 20,000, or whose announcement
        cannot be read, is left out.
        They are incomplete: see `full_info`.
    """
    import pylsl

    found: dict[str, pylsl.StreamInfo] = {}
    deadline = time.monotonic() + timeout
    pass_s = _FIRST_PASS_S
    while True:
        left = deadline - time.monotonic()
        # A wait of 0.1 s makes liblsl block for 5 s; from 0.2 s on it returns in time.
        for info in pylsl.resolve_streams(wait_time=min(max(left, 0.2), pass_s)):
            # An announcement that liblsl cannot read has no channels either.
            if 0 < info.channel_count() <= MOST_CHANNELS:
                found.setdefault(info.uid(), info)
        pass_s = min(2 * pass_s, _LONGEST_PASS_S)
        streams = list(found.values())
        if time.monotonic() >= deadline or (enough is not None and enough(streams)):
            return streams


def full_info(info: pylsl.StreamInfo, timeout: float = 2.0) -> pylsl.StreamInfo:
    """Request a stream's complete description; one of an impossible rate is left as it is.

    Raises
    ------
    pylsl.util.TimeoutError, pylsl.util.LostError
        It did not respond: a resolved stream may have ended in the meantime.
    """
    import pylsl

    if rate_problem(info.nominal_srate()):
        # An inlet takes memory for seconds of it at once.
        return info
    return pylsl.StreamInlet(info, recover=False).info(timeout=timeout)


@dataclass(frozen=True, slots=True)
class SeenStream:
    """An available stream, or the part of one modality of it, as `physiosync streams` prints it.

    Attributes
    ----------
    spec : StreamSpec
    unit_words : tuple of str
        Units as stated by the stream, per channel.
    marker : bool
        True for a marker stream.
    uid : str
        Of this outlet; a new one after each restart.
    query : str
        What ``--eeg`` and ``--pps`` choose it by.
    """

    spec: StreamSpec
    unit_words: tuple[str, ...]
    marker: bool
    uid: str
    query: str = ""


def find(timeout: float = 2.0) -> list[SeenStream]:
    """List the available streams with their metadata, sorted by name.

    Parameters
    ----------
    timeout : float
        Seconds to search, before each stream is asked for its description.
    """
    seen = []
    for info in resolve(timeout):
        try:
            complete = full_info(info)
        except RuntimeError:
            # All of pylsl's errors are; a resolved stream may have ended in the meantime.
            continue
        stream = layout(complete)
        if is_marker(info):
            seen.append(SeenStream(stream.whole, stream.unit_words, True, info.uid()))
            continue
        for part in stream.parts:
            words = tuple(stream.unit_words[i] for i in part.carrier.columns)
            seen.append(SeenStream(part.spec, words, False, info.uid()))
    queries = distinct_queries([(stream.spec, stream.uid) for stream in seen])
    named = [replace(stream, query=q) for stream, q in zip(seen, queries, strict=True)]
    return sorted(named, key=lambda stream: (stream.spec.name, stream.spec.source_id))


def list_streams(timeout: float = 2.0, *, local: bool = False) -> list[SeenStream]:
    """List the LSL streams in sight, as ``physiosync streams`` does.

    Parameters
    ----------
    timeout : float
        Seconds to look.
    local : bool
        Look on this computer only. LSL reads this once in a process, before its first use.

    Raises
    ------
    UserError
        LSL is in use with another configuration.
    """
    configure(local=local)
    return find(timeout)
