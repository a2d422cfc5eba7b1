"""State on disk that is whole or not there, and that belongs to one configuration."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from physiosync_rt.errors import UserError

State = dict[str, Any]


def fingerprint(*parts: object) -> str:
    """Short hash of everything that shaped a run; parts are plain containers."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def write_atomically(path: Path, write: Callable[[Path], None]) -> None:
    """Write a file under a temporary name beside it, then put it in its place.

    Parameters
    ----------
    path : Path
        Its folder is made when it is not there.
    write : callable
        Writes the file whose path it is given.

    Raises
    ------
    UserError
        The disk is full or the folder cannot be written; what was there before is untouched.
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Not mkstemp, whose files nobody else may read.
        temporary = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
        write(temporary)
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    except (OSError, RuntimeError) as error:
        # Torch reports a full disk as a RuntimeError of its own.
        detail = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise UserError(
            f"{path} cannot be written ({detail}); make room or choose another --out, "
            "then go on with --resume"
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def save_state(path: Path, state: State) -> None:
    """Write tensors in plain containers as a whole or not at all (see `write_atomically`)."""
    write_atomically(path, lambda where: torch.save(state, where))


def load_state(path: Path, belongs_to: str) -> State | None:
    """Read what `save_state` wrote for the same fingerprint.

    Returns
    -------
    dict or None
        None where there is no file.

    Raises
    ------
    UserError
        The file cannot be read, or was written by another configuration.
    """
    if not path.is_file():
        return None
    try:
        state: State = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds for a file that is not its own
        raise UserError(f"{path} cannot be read; remove it to start this stage again") from error
    if state.get("fingerprint") != belongs_to:
        raise UserError(
            f"{path} was written by another configuration; use that one, or another --out"
        )
    return state
