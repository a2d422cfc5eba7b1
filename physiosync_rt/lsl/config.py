"""Configure LSL: for this computer only, or for the network; without log messages.

liblsl reads its configuration once, when it is loaded; call these functions before.
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
# Machine scope alone finds other processes of this computer unreliably, so it is also named as a
# peer. The session id separates two sets of streams on one computer. Short round-trip times make
# liblsl repeat its queries soon, which finds all streams at once. liblsl has 32 ports, so a few
# programs with many streams hide all others; sessions therefore have ports of their own.
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
# Where liblsl searches for a configuration, besides LSLAPICFG.
_OWN_CONFIGS = ("lsl_api.cfg", "~/lsl_api/lsl_api.cfg", "/etc/lsl_api/lsl_api.cfg")
DEFAULT_SESSION = "default"
"""Default session; its streams use liblsl's default ports."""

_DEFAULT_PORTS, _SESSION_PORTS, _FIRST_SESSION_PORT, _N_SESSIONS = (16572, 32), 128, 17000, 120


def use_loopback(session: str = DEFAULT_SESSION) -> Path:
    """Restrict LSL of this process and its children to this computer.

    Nothing is announced to the network or queried there. liblsl cannot bind to the loopback
    interface only, though: another computer that knows the ports can connect to an outlet, unless
    a firewall blocks it.

    Parameters
    ----------
    session : str
        Only streams of the same session find each other. Ignored where a parent process has
        called this function already: its session is kept.

    Returns
    -------
    Path
        The active configuration file, also in the environment as ``LSLAPICFG``.

    Raises
    ------
    RuntimeError
        liblsl has been loaded with another configuration.
    """
    current = Path(os.environ.get("LSLAPICFG", ""))
    if current.is_file() and current.read_text(encoding="utf-8").startswith(_LOOPBACK_HEAD):
        return current
    if "pylsl" in sys.modules:
        raise RuntimeError("use_loopback() must be called before pylsl is imported")
    base_port, n_ports = _DEFAULT_PORTS
    if session != DEFAULT_SESSION:
        nth = zlib.crc32(session.encode()) % _N_SESSIONS
        base_port, n_ports = _FIRST_SESSION_PORT + nth * _SESSION_PORTS, _SESSION_PORTS
    config = _LOOPBACK_CONFIG.format(session=session, base_port=base_port, n_ports=n_ports)
    return _activate(config)


def configure(*, local: bool) -> None:
    """Choose LSL's configuration for a command, before liblsl is loaded.

    Parameters
    ----------
    local : bool
        Restrict LSL to this computer, see `use_loopback`. Otherwise the user's own configuration
        is used, or else liblsl's default without its log messages.

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
        _activate(_QUIET_CONFIG)


def _activate(config: str) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="physiosync-lsl-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / "lsl_api.cfg"
    path.write_text(config, encoding="utf-8")
    os.environ["LSLAPICFG"] = str(path)
    return path
