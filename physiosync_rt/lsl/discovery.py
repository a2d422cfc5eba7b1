"""Finding LSL streams: who is in sight, and everything that they say of themselves."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from physiosync_rt.datatypes import StreamSpec
from physiosync_rt.lsl.config import configure
from physiosync_rt.lsl.info import is_marker, layout

if TYPE_CHECKING:
    import pylsl

# One pass asks neighbours by multicast, then known peers; on a network that takes a second.
_FIRST_PASS_S, _LONGEST_PASS_S = 0.25, 1.0


def resolve(
    timeout: float, enough: Callable[[list[pylsl.StreamInfo]], bool] | None = None
) -> list[pylsl.StreamInfo]:
    """List the streams in sight.

    Parameters
    ----------
    timeout : float
        Seconds to look; several passes are made, as slow devices miss some of them.
    enough : callable, optional
        Given the streams found so far, says that no further pass is needed.

    Returns
    -------
    list of pylsl.StreamInfo
        Each outlet once. They are incomplete: see `full_info`.
    """
    import pylsl

    found: dict[str, pylsl.StreamInfo] = {}
    deadline = time.monotonic() + timeout
    pass_s = _FIRST_PASS_S
    while True:
        left = deadline - time.monotonic()
        # A wait of 0.1 s makes liblsl block for 5 s; from 0.2 s on it keeps its word.
        for info in pylsl.resolve_streams(wait_time=min(max(left, 0.2), pass_s)):
            found.setdefault(info.uid(), info)
        pass_s = min(2 * pass_s, _LONGEST_PASS_S)
        streams = list(found.values())
        if time.monotonic() >= deadline or (enough is not None and enough(streams)):
            return streams


def full_info(info: pylsl.StreamInfo, timeout: float = 2.0) -> pylsl.StreamInfo:
    """Ask a stream for its complete description.

    Raises
    ------
    TimeoutError, pylsl.util.LostError
        It did not answer: what a resolver sees may have gone the next moment.
    """
    import pylsl

    return pylsl.StreamInlet(info, recover=False).info(timeout=timeout)


@dataclass(frozen=True, slots=True)
class SeenStream:
    """A stream in sight, as `physiosync streams` prints it.

    Attributes
    ----------
    spec : StreamSpec
    unit_words : tuple of str
        As the stream states them, per channel.
    marker : bool
        True for a stream of text.
    uid : str
        Of this very outlet; a new one after each restart.
    """

    spec: StreamSpec
    unit_words: tuple[str, ...]
    marker: bool
    uid: str


def find(timeout: float = 2.0) -> list[SeenStream]:
    """List the streams in sight with what they say of themselves, sorted by name.

    Parameters
    ----------
    timeout : float
        Seconds to look, before each stream is asked for its description.
    """
    import pylsl

    seen = []
    for info in resolve(timeout):
        try:
            complete = full_info(info)
        except (TimeoutError, pylsl.util.LostError):
            continue
        made = layout(complete)
        seen.append(SeenStream(made.spec, made.unit_words, is_marker(info), info.uid()))
    return sorted(seen, key=lambda stream: (stream.spec.name, stream.spec.source_id))


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
