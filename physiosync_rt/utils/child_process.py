"""Run a piece of Python in a process of its own: what crashes or hangs there does no harm here."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """What a probe said: the JSON object it printed last, or in ``error`` why there is none."""

    values: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""


def ask(arguments: Sequence[str], timeout: float, env: Mapping[str, str] | None = None) -> Answer:
    """Run Python with these arguments and read the JSON object that it prints last.

    Parameters
    ----------
    arguments : sequence of str
        For the interpreter: ``-c CODE`` or ``-m MODULE ...``.
    timeout : float
        Seconds, after which the process is ended.
    env : mapping, optional
        Its environment; this process's own by default.
    """
    try:
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-W", "ignore", *arguments],
            capture_output=True,
            text=True,
            timeout=timeout,
            env=None if env is None else dict(env),
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Answer(error=f"no answer within {timeout:g} s")
    except OSError as error:
        return Answer(error=str(error))
    lines = done.stdout.strip().splitlines()
    try:
        values = json.loads(lines[-1])
    except (IndexError, ValueError):
        said = done.stderr.strip().splitlines()
        return Answer(error=said[-1] if said else f"the process ended with {done.returncode}")
    return Answer(values) if isinstance(values, dict) else Answer(error=f"it said {values!r}")
