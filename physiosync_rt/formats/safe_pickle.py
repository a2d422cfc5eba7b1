"""Unpickling that builds numpy arrays and plain containers, and runs nothing else."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from physiosync_rt.errors import UserError


def _latin1_bytes(text: str, encoding: str = "latin1") -> bytes:
    """Stand in for ``_codecs.encode``, by which Python 3 writes bytes into old pickles."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"text in {encoding!r}")
    return text.encode("latin1")


_RECONSTRUCT: Final[Callable[..., Any]] = np.empty(0).__reduce__()[0]  # type: ignore[assignment]

_ADMITTED: Final[dict[tuple[str, str], Callable[..., Any]]] = {
    ("numpy.core.multiarray", "_reconstruct"): _RECONSTRUCT,
    ("numpy._core.multiarray", "_reconstruct"): _RECONSTRUCT,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("_codecs", "encode"): _latin1_bytes,
}


class _ArraysOnly(pickle.Unpickler):
    """Looks every name up in a short table; what is not there is refused by name."""

    def find_class(self, module: str, name: str) -> Callable[..., Any]:
        try:
            return _ADMITTED[module, name]
        except KeyError:
            raise _RefusedError(f"{module}.{name}") from None


class _RefusedError(pickle.UnpicklingError):
    """A pickle asks for something that is neither an array nor a plain container."""


def load_arrays(path: Path) -> object:
    """Load a pickle of arrays and plain containers, written by Python 2 or 3.

    Parameters
    ----------
    path : Path

    Returns
    -------
    object
        Dicts, lists, tuples, numbers, strings and numpy arrays.

    Raises
    ------
    UserError
        The file asks for anything else (nothing of it is run), is cut off, or is no pickle.
    """
    try:
        with path.open("rb") as file:
            return _ArraysOnly(file, encoding="latin1").load()
    except _RefusedError as error:
        raise UserError(
            f"{path.name} asks to run {error}, where a file of recordings holds arrays only; "
            "nothing was run, do not trust this file and take it from its source again"
        ) from error
    except OSError as error:
        raise UserError(f"{path} cannot be opened: {error.strerror}") from error
    except Exception as error:
        # A damaged pickle can raise nearly anything from any opcode.
        raise UserError(
            f"{path.name} cannot be read: it is cut off, damaged or no pickle; take another copy"
        ) from error
