"""Children of the program: safe from the working directory, and heard when they die.

Each runs this Python with ``-P``: a person's own ``models.py`` or ``signal.py`` in the folder where
they work is not imported in place of a module that the child needs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import IO, Any, Final, Self

from physiosync_rt.errors import UserError

_TAIL_BYTES: Final = 8192
_LOOK_S: Final = 0.1
_END_S: Final = 5.0


class Child:
    """A process that runs beside this one: started as a context, ended by its id.

    Parameters
    ----------
    name : str
        As a sentence calls it, such as ``the demo's player``.
    arguments : sequence of str
        For the interpreter: ``-c CODE`` or ``-m MODULE ...``.
    env : mapping, optional
        Its environment; this process's own by default.
    """

    def __init__(
        self, name: str, arguments: Sequence[str], env: Mapping[str, str] | None = None
    ) -> None:
        self._name = name
        self._arguments = tuple(arguments)
        self._env = env
        self._resources = ExitStack()
        self._process: subprocess.Popen[bytes] | None = None
        self._killed = False

    def __enter__(self) -> Self:
        # A file takes whatever the child says; a pipe that nobody reads would fill and block it.
        self._stderr: IO[bytes] = self._resources.enter_context(tempfile.TemporaryFile())
        self._process = subprocess.Popen(  # noqa: S603
            _command(self._arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._stderr,
            env=_environment(self._env),
            # In a group of its own, so that Ctrl-C ends the run first and the child after it.
            start_new_session=True,
        )
        return self

    def check(self) -> None:
        """Raise what the child said last where it has died by itself.

        Raises
        ------
        UserError
            It ended with another exit code than 0, and not because of `kill`.
        """
        if self._process is None or self._killed or not self._process.poll():
            return
        self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(self._stderr.tell() - _TAIL_BYTES, 0))
        said = self._stderr.read().decode("utf-8", "replace")
        raise UserError(f"{self._name} died: {_last_line(said, self._process.returncode)}")

    def kill(self) -> None:
        """End it as a crash does: without a word to anybody."""
        if self._process is not None:
            self._killed = True
            self._process.kill()
            self._process.wait()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(_END_S)
            except subprocess.TimeoutExpired:
                self.kill()
        self._resources.close()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a probe said: the JSON object it printed last, or in ``error`` why there is none."""

    values: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""


def ask(
    arguments: Sequence[str],
    timeout: float,
    env: Mapping[str, str] | None = None,
    beside: Child | None = None,
) -> Answer:
    """Run Python with these arguments and read the JSON object that it prints last.

    Parameters
    ----------
    arguments : sequence of str
        For the interpreter: ``-c CODE`` or ``-m MODULE ...``.
    timeout : float
        Seconds, after which the process is ended.
    env : mapping, optional
        Its environment; this process's own by default.
    beside : Child, optional
        Another process that the answer depends on: when it dies, that is the answer.
    """
    try:
        process = subprocess.Popen(  # noqa: S603
            _command(arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=_environment(env),
        )
    except OSError as error:
        return Answer(error=str(error))
    with process:
        try:
            stdout, stderr = _communicate(process, timeout, beside)
        except subprocess.TimeoutExpired:
            process.kill()
            return Answer(error=f"no answer within {timeout:g} s")
        except UserError as error:
            process.kill()
            return Answer(error=str(error))
        except BaseException:
            process.kill()
            raise
    try:
        values = json.loads(stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        return Answer(error=_last_line(stderr, process.returncode))
    return Answer(values) if isinstance(values, dict) else Answer(error=f"it said {values!r}")


def _communicate(
    process: subprocess.Popen[str], timeout: float, beside: Child | None
) -> tuple[str, str]:
    """Wait for a process to end, with a look at the other one now and then."""
    deadline = time.monotonic() + timeout
    while True:
        if beside is not None:
            beside.check()
        left = deadline - time.monotonic()
        try:
            return process.communicate(timeout=max(min(left, _LOOK_S), 0.0))
        except subprocess.TimeoutExpired:
            if left <= 0:
                raise


def _command(arguments: Sequence[str]) -> list[str]:
    # Warnings would stand in the place of the last line, which says why a child died.
    return [sys.executable, "-P", "-W", "ignore", *arguments]


def _environment(env: Mapping[str, str] | None) -> dict[str, str]:
    """Make the working directory no place for modules, in children of the child either."""
    made = dict(os.environ if env is None else env)
    made["PYTHONSAFEPATH"] = "1"
    places = made.get("PYTHONPATH", "").split(os.pathsep)
    # An empty entry, as `PYTHONPATH=$PYTHONPATH:here` leaves it, means the working directory.
    made["PYTHONPATH"] = os.pathsep.join(p for p in places if p not in ("", os.curdir))
    return made


def _last_line(said: str, returncode: int) -> str:
    lines = said.strip().splitlines()
    return (
        lines[-1].removeprefix("physiosync: ") if lines else f"the process ended with {returncode}"
    )
