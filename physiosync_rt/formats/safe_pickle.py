"""Unpickle numpy arrays and plain containers without executing other code."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from physiosync_rt.errors import UserError


def _latin1_bytes(text: str, encoding: str = "latin1") -> bytes:
    """Replace ``_codecs.encode``, which Python 3 uses to write bytes into old pickles."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"text in {encoding!r}")
    return text.encode("latin1")


_RECONSTRUCT: Final[Callable[..., Any]] = np.empty(0).__reduce__()[0]  # type: ignore[assignment]

_ALLOWED: Final[dict[tuple[str, str], Callable[..., Any]]] = {
    ("numpy.core.multiarray", "_reconstruct"): _RECONSTRUCT,
    ("numpy._core.multiarray", "_reconstruct"): _RECONSTRUCT,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("_codecs", "encode"): _latin1_bytes,
}


class _ArraysOnly(pickle.Unpickler):
    """Unpickler with an allow-list; any other name raises an error."""

    def find_class(self, module: str, name: str) -> Callable[..., Any]:
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise _ForbiddenNameError(f"{module}.{name}") from None


class _ForbiddenNameError(pickle.UnpicklingError):
    """A pickle names something that is neither an array nor a plain container."""


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
        The file names anything else (which is not run), is truncated, or is not a pickle.
    """
    try:
        with path.open("rb") as file:
            return _ArraysOnly(file, encoding="latin1").load()
    except _ForbiddenNameError as error:
        raise UserError(
            f"{path.name}: the pickle tries to run {error}, but a recording contains only arrays; "
            "nothing was run, do not trust this file and download it from its source again"
        ) from error
    except OSError as error:
        raise UserError(f"{path} cannot be opened: {error.strerror}") from error
    except Exception as error:
        # A damaged pickle can raise nearly any exception from any opcode.
        raise UserError(
            f"{path.name} cannot be read: it is cut off, damaged or not a pickle; download it again"
        ) from error
