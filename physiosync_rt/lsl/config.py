"""LSL's configuration: on this computer alone, or wherever the network reaches; always quiet.

liblsl reads it once, when it is loaded; the functions here come before.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
import zlib
from pathlib import Path

from physiosync_rt.errors import UserError

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


def configure(*, local: bool) -> None:
    """Choose LSL's configuration for a command, before liblsl is loaded.

    Parameters
    ----------
    local : bool
        Keep to this computer, see `use_loopback`. Otherwise a person's own configuration holds;
        where there is none it is liblsl's, without its messages among ours.

    Raises
    ------
    UserError
        liblsl has been loaded with another configuration.
    """
    if local:
        try:
            use_loopback()
        except RuntimeError as error:
            raise UserError(
                "LSL is in use in this process and looks at the network; start Python again and "
                "ask for local=True first"
            ) from error
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
