"""Read one input in a child that is forked from a loaded parent, with limits of time and memory."""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import re
import resource
import select
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from physiosync_rt.errors import LONGEST_LINE, UserError

CPU_S = 10
WALL_S = 40.0
"""On a busy computer, a child that does not wait needs a multiple of its own time."""

MEMORY_MIB = 600

_FILE_EVENTS = frozenset(
    {
        *("shutil.rmtree", "os.remove", "os.rmdir", "os.rename", "os.chmod", "os.symlink"),
        *("os.link", "os.truncate", "os.mkdir"),
    }
)
_CODE_EVENTS = _FILE_EVENTS | {
    *("os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.kill"),
    *("subprocess.Popen", "socket.connect", "socket.bind"),
}
_TEMPORARY = f"{tempfile.gettempdir()}{os.sep}"
_CODE_EXIT = 66
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC

Outcome = dict[str, Any]


def in_child(work: Callable[[], Outcome]) -> Outcome:
    """Run ``work`` in a child; what ends it otherwise becomes an outcome of its own.

    Parameters
    ----------
    work : callable
        Returns plain containers with at least ``outcome``.

    Returns
    -------
    dict
        Of ``work``; or ``outcome`` is ``refused`` (a sentence), ``traceback``, ``memory``,
        ``hang``, ``crash`` or ``code``, with a ``detail``.
    """
    receiver, sender = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(receiver)
        _child(work, sender)
    os.close(sender)
    answer, in_time = _answer(receiver, time.monotonic() + WALL_S)
    os.close(receiver)
    if not in_time:
        os.kill(child, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if not in_time or -status in (signal.SIGXCPU, signal.SIGALRM):
        return {"outcome": "hang", "detail": f"more than {CPU_S} s of work"}
    if status == _CODE_EXIT:
        return {"outcome": "code", "detail": answer.decode("utf-8", "replace")}
    if status != 0:
        return {"outcome": "crash", "detail": f"ended with {status}"}
    outcome: Outcome = json.loads(answer)
    return outcome


def _answer(receiver: int, deadline: float) -> tuple[bytes, bool]:
    """Read what the child writes until it ends; whether it did in time."""
    answer = b""
    while (left := deadline - time.monotonic()) > 0:
        if not select.select([receiver], [], [], left)[0]:
            break
        block = os.read(receiver, 1 << 16)
        if not block:
            return answer, True
        answer += block
    return answer, False


def _child(work: Callable[[], Outcome], sender: int) -> None:
    """Work under limits and end the process, whatever happens."""
    status = 1
    try:
        faulthandler.disable()
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S + 1))
        most = _data_bytes() + (MEMORY_MIB << 20)
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
        sys.dont_write_bytecode = True
        sys.addaudithook(lambda event, args: _watch(event, args, sender))
        # A forked child has none of the threads that its parent's torch computed with, and would
        # wait for them until its time is up.
        torch.set_num_threads(1)
        os.write(sender, json.dumps(_outcome(work)).encode())
        status = 0
    finally:
        os._exit(status)


def _data_bytes() -> int:
    found = re.search(r"VmData:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) << 10


def _outcome(work: Callable[[], Outcome]) -> Outcome:
    try:
        return work()
    except UserError as error:
        if _lacked_memory(error):
            return {"outcome": "memory", "detail": str(error)}
        said = str(error)
        if "Traceback" in said or max(map(len, said.split("\n"))) > LONGEST_LINE + 50:
            return {"outcome": "traceback", "detail": f"not a sentence: {said[:300]}"}
        return {"outcome": "refused", "detail": said}
    except BaseException as error:  # noqa: BLE001 - that is what is looked for
        if _lacked_memory(error):
            return {"outcome": "memory", "detail": repr(error)[:300]}
        frames = traceback.extract_tb(error.__traceback__)
        where = next((f for f in reversed(frames) if "physiosync" in f.filename), frames[-1])
        place = f"{Path(where.filename).name}:{where.lineno}"
        return {"outcome": "traceback", "detail": f"{place} {error!r}"[:300]}


def _lacked_memory(error: BaseException | None) -> bool:
    """Whether memory ran out anywhere on the way to this error."""
    while error is not None:
        if isinstance(error, MemoryError) or "allocate memory" in str(error)[:500]:
            return True
        error = error.__cause__ or error.__context__
    return False


def _watch(event: str, args: tuple[Any, ...], sender: int) -> None:
    """End the process where an input makes it do more than read; temporary files may be written."""
    writes = event == "open" and isinstance(args[2], int) and bool(args[2] & _WRITES)
    if not (writes or event in _CODE_EVENTS):
        return
    temporary = bool(args) and _place(event, args).startswith(_TEMPORARY)
    if (writes or event in _FILE_EVENTS) and (temporary or args[0] in (os.devnull, None)):
        return
    os.write(sender, f"{event} {args!r}"[:500].encode())
    os._exit(_CODE_EXIT)


def _place(event: str, args: tuple[Any, ...]) -> str:
    """Return the path that an event is about, which may be relative to an open folder."""
    path = Path(str(args[0]))
    if event.startswith("os.") and isinstance(args[-1], int) and not path.is_absolute():
        with contextlib.suppress(OSError):
            return str(Path(f"/proc/self/fd/{args[-1]}").readlink() / path)
    return str(path)
