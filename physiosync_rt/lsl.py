"""LSL metadata: what our streams say of themselves, and what other people's streams mean.

liblsl is loaded by the first function that needs it, so that `use_loopback` can come before.

References
----------
.. [1] https://github.com/sccn/xdf/wiki/Meta-Data (names of the fields)
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from physiosync_rt.datatypes import Modality, StreamSpec
from physiosync_rt.formats.metadata import COUNTER_TYPE, StreamLayout, stream_layout

if TYPE_CHECKING:
    import pylsl

UNIT_WORDS = {
    Modality.EEG: "microvolts",
    Modality.GSR: "microsiemens",
    Modality.ECG: "millivolts",
    Modality.OTHER: "",
}
"""How our outlets spell the canonical units."""

MANUFACTURER = "PhysioSync-RT"

END_MARKER = "physiosync:end"
"""Marker by which a replay says that nothing will follow."""

_LOOPBACK_HEAD = "; physiosync loopback"
# Machine scope alone finds other processes of this computer only now and then: naming it as a
# peer makes it sure. The session id keeps two sets of streams on one computer apart. On one
# computer an answer that takes a tenth of a second is late: asking again soon finds all at once.
# liblsl has 32 ports, so a few programs with many streams hide all others; sessions have their own.
_LOOPBACK_CONFIG = (
    _LOOPBACK_HEAD
    + """
[ports]
IPv6 = disable
BasePort = {base_port}
PortRange = {n_ports}
[multicast]
ResolveScope = machine
[lab]
KnownPeers = {{127.0.0.1}}
SessionID = {session}
[tuning]
MulticastMinRTT = 0.1
UnicastMinRTT = 0.15
[log]
level = -3
"""
)
_QUIET_CONFIG = "[log]\nlevel = -3\n"
# Where liblsl itself looks for a configuration, besides LSLAPICFG.
_OWN_CONFIGS = ("lsl_api.cfg", "~/lsl_api/lsl_api.cfg", "/etc/lsl_api/lsl_api.cfg")
DEFAULT_SESSION = "default"
"""Session of every program that names none; its streams keep to liblsl's usual ports."""

_USUAL_PORTS, _SESSION_PORTS, _FIRST_SESSION_PORT, _N_SESSIONS = (16572, 32), 128, 17000, 120
# One pass asks neighbours by multicast, then known peers; on a network that takes a second.
_FIRST_PASS_S, _LONGEST_PASS_S = 0.25, 1.0


def use_loopback(session: str = DEFAULT_SESSION) -> Path:
    """Have LSL of this process and its children find, and be found, on this computer alone.

    Nothing is announced to the network and nothing there is asked. liblsl cannot be told to listen
    on the loopback interface only, though: who knows its ports can connect to an outlet from
    elsewhere, unless a firewall is in the way.

    Parameters
    ----------
    session : str
        Only streams of the same session see each other. Ignored where a parent process has
        called this function already: its choice is kept.

    Returns
    -------
    Path
        The configuration in force, also in the environment as ``LSLAPICFG``.

    Raises
    ------
    RuntimeError
        liblsl has been loaded with another configuration.
    """
    current = Path(os.environ.get("LSLAPICFG", ""))
    if current.is_file() and current.read_text(encoding="utf-8").startswith(_LOOPBACK_HEAD):
        return current
    if "pylsl" in sys.modules:
        raise RuntimeError("use_loopback() has to be called before pylsl is imported")
    base_port, n_ports = _USUAL_PORTS
    if session != DEFAULT_SESSION:
        nth = zlib.crc32(session.encode()) % _N_SESSIONS
        base_port, n_ports = _FIRST_SESSION_PORT + nth * _SESSION_PORTS, _SESSION_PORTS
    config = _LOOPBACK_CONFIG.format(session=session, base_port=base_port, n_ports=n_ports)
    return _put_in_force(config)


def settle(*, local: bool) -> None:
    """Choose LSL's configuration for a command, before liblsl is loaded.

    Parameters
    ----------
    local : bool
        Keep to this computer, see `use_loopback`. Otherwise a person's own configuration holds;
        where there is none it is liblsl's, without its messages among ours.
    """
    if local:
        use_loopback()
        return
    own = "LSLAPICFG" in os.environ or any(Path(p).expanduser().is_file() for p in _OWN_CONFIGS)
    if not own and "pylsl" not in sys.modules:
        _put_in_force(_QUIET_CONFIG)


def _put_in_force(config: str) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="physiosync-lsl-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / "lsl_api.cfg"
    path.write_text(config, encoding="utf-8")
    os.environ["LSLAPICFG"] = str(path)
    return path


def make_info(spec: StreamSpec, *, speed: float = 1.0, counter: bool = False) -> pylsl.StreamInfo:
    """Describe an outlet for samples of a stream.

    Parameters
    ----------
    spec : StreamSpec
        ``source_id`` has to be stable over restarts: receivers reconnect by it.
    speed : float
        Recorded seconds per second, for a replay.
    counter : bool
        Append a channel for the sample counter.

    Returns
    -------
    pylsl.StreamInfo
        float32; labels, units and types in ``desc/channels``, the speed in ``desc/playback``.
    """
    import pylsl

    known = spec.modality is not Modality.OTHER
    stype = spec.modality.value if known else spec.stype
    n_chans = spec.n_chans + counter
    info = pylsl.StreamInfo(spec.name, stype, n_chans, spec.sfreq, "float32", spec.source_id)
    desc = info.desc()
    acquisition = desc.append_child("acquisition")
    acquisition.append_child_value("manufacturer", MANUFACTURER)
    channels = desc.append_child("channels")
    for ch_name in spec.ch_names:
        channel = channels.append_child("channel")
        channel.append_child_value("label", ch_name)
        channel.append_child_value("unit", UNIT_WORDS[spec.modality] if spec.unit else "")
        channel.append_child_value("type", stype)
    if counter:
        channel = channels.append_child("channel")
        channel.append_child_value("label", "counter")
        channel.append_child_value("type", COUNTER_TYPE)
    desc.append_child("playback").append_child_value("speed", repr(speed))
    return info


def make_marker_info(name: str, source_id: str, *, speed: float = 1.0) -> pylsl.StreamInfo:
    """Describe an outlet for text markers."""
    import pylsl

    info = pylsl.StreamInfo(name, "Markers", 1, pylsl.IRREGULAR_RATE, "string", source_id)
    desc = info.desc()
    desc.append_child("acquisition").append_child_value("manufacturer", MANUFACTURER)
    desc.append_child("playback").append_child_value("speed", repr(speed))
    return info


def layout(info: pylsl.StreamInfo) -> StreamLayout:
    """Make sense of a stream; its ``split`` turns raw samples into those of a `Chunk`.

    Parameters
    ----------
    info : pylsl.StreamInfo
        A complete one, as `full_info` returns it: what resolvers return names no channels.
    """
    return stream_layout(
        info.name(),
        info.type(),
        info.nominal_srate(),
        _channels(info),
        source_id=info.source_id(),
        host=info.hostname(),
    )


def describe(info: pylsl.StreamInfo) -> StreamSpec:
    """Tell what a stream is, from its complete info; a shorthand for ``layout(info).spec``."""
    return layout(info).spec


def declared_speed(info: pylsl.StreamInfo) -> float:
    """Read the recorded seconds per second that a replay declares; 1 for anything else."""
    text = info.desc().child("playback").child_value("speed")
    try:
        speed = float(text)
    except ValueError:
        return 1.0
    return speed if speed > 0 else 1.0


def is_marker(info: pylsl.StreamInfo) -> bool:
    """Tell whether a stream carries text."""
    import pylsl

    return bool(info.channel_format() == pylsl.cf_string)


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


def _channels(info: pylsl.StreamInfo) -> list[dict[str, str]]:
    """Read label, unit and type of every channel, empty where silent or miscounted."""
    n_chans = info.channel_count()
    found: list[dict[str, str]] = []
    node = info.desc().child("channels").child("channel")
    while not node.empty() and len(found) <= n_chans:
        found.append({key: node.child_value(key).strip() for key in ("label", "unit", "type")})
        node = node.next_sibling("channel")
    return found if len(found) == n_chans else [{} for _ in range(n_chans)]
