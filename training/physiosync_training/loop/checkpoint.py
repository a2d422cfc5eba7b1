"""Atomic checkpoints of one configuration."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from physiosync_rt.bundle.tensor_file import TensorFileError, load_tensors
from physiosync_rt.errors import UserError
from physiosync_rt.utils.atomic import READ_ERRORS, WRITE_ERRORS, atomic_file, reason_of
from physiosync_training.loop.provenance import code_version

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
    with writes_to(path), atomic_file(path) as fresh:
        write(fresh)


@contextmanager
def writes_to(path: Path) -> Iterator[None]:
    """Say plainly when a file or folder of a run cannot be written.

    Raises
    ------
    UserError
        The disk is full or the folder cannot be written.
    """
    try:
        yield
    except WRITE_ERRORS as error:
        raise UserError(
            f"{path} cannot be written ({reason_of(error)}); make room or choose another --out, "
            "then go on with --resume"
        ) from error


def stamp(belongs_to: str) -> dict[str, str]:
    """What a file carries, so that it is never taken for another run's."""
    return {"fingerprint": belongs_to, "made_by": code_version()}


def check_stamp(path: Path, found: Mapping[str, Any], belongs_to: str) -> None:
    """Refuse a file of another configuration, of other data, or of another training code.

    Raises
    ------
    UserError
        Names the file and which of them it is.
    """
    maker = found.get("made_by", "an earlier version")
    here = code_version()
    if maker != here:
        raise UserError(
            f"{path} was made by {maker}, and this is {here}; go on with what it was made "
            "by, or train again with another --out"
        )
    if found.get("fingerprint") != belongs_to:
        raise UserError(
            f"{path} was written by another configuration or from other data (windows that "
            "another version prepared are other data); use those, or another --out"
        )


def save_state(path: Path, state: State, belongs_to: str) -> None:
    """Write tensors in plain containers as a whole or not at all (see `write_atomically`)."""

    def write(where: Path) -> None:
        # Torch's own files do not tell why they cannot be written.
        with where.open("wb") as file:
            torch.save(stamp(belongs_to) | state, file)

    write_atomically(path, write)


def load_state(path: Path, belongs_to: str) -> State | None:
    """Read what `save_state` wrote for the same fingerprint.

    Returns
    -------
    dict or None
        None where there is no file.

    Raises
    ------
    UserError
        The file cannot be read, or is another run's (see `check_stamp`).
    """
    if not path.is_file():
        return None
    fix = "remove it to start this stage again"
    try:
        state: State = load_tensors(path)
    except TensorFileError as error:
        raise UserError(f"{path} cannot be read; {fix} ({error})") from error
    if not isinstance(state, dict):
        raise UserError(f"{path} cannot be read; {fix} (it holds no state)")
    check_stamp(path, state, belongs_to)
    return state


def save_weights(
    path: Path, state: Mapping[str, Tensor], belongs_to: str, info: Mapping[str, str] | None = None
) -> None:
    """Write weights (safetensors) as a whole or not at all, with what there is to say of them."""
    whole = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    metadata = {**stamp(belongs_to), **(info or {})}
    write_atomically(path, lambda where: save_file(whole, where, metadata))


def weights_info(path: Path, belongs_to: str) -> dict[str, str] | None:
    """What `save_weights` said of weights of the same fingerprint; None where there are none.

    Raises
    ------
    UserError
        The file cannot be read, or is another run's (see `check_stamp`).
    """
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as stored:
            found: dict[str, str] = stored.metadata() or {}
    except READ_ERRORS as error:
        raise UserError(f"{path} cannot be read; remove it to start this stage again") from error
    check_stamp(path, found, belongs_to)
    return found


def load_weights(path: Path) -> dict[str, Tensor]:
    """Read what `save_weights` wrote.

    Raises
    ------
    UserError
        The file is missing or cannot be read.
    """
    try:
        return load_file(path)
    except READ_ERRORS as error:
        raise UserError(
            f"{path} cannot be read; remove {path.parent} to train this part again"
        ) from error
