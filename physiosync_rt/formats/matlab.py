"""Read MATLAB files: what is in them, and arrays of numbers that are as large as expected."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from physiosync_rt.errors import UserError

_NUMBERS: Final = ("double", "single")
_N_NAMED: Final = 5


def is_matlab(head: bytes) -> bool:
    """Return whether a file begins as MATLAB files since version 5 do."""
    return head.startswith(b"MATLAB ")


def matlab_variables(path: Path) -> list[tuple[str, tuple[int, ...], str]]:
    """Return name, shape and class of every variable; empty where the file cannot be listed.

    A file of version 7.3 is HDF5, which scipy does not read, and a damaged one ends anywhere.
    """
    from scipy.io import whosmat

    try:
        return list(whosmat(path))
    except Exception:  # noqa: BLE001 - on a damaged file scipy raises nearly any exception
        return []


def load_numbers(path: Path, dimensions: Mapping[str, int], most: int) -> dict[str, Any]:
    """Load arrays of numbers, whose sizes are checked before.

    Parameters
    ----------
    path : Path
    dimensions : mapping of str to int
        Names of the arrays, and how many dimensions each has.
    most : int
        Numbers that an array may hold.

    Returns
    -------
    dict of str to array

    Raises
    ------
    UserError
        An array is missing, of another kind or too large, or the file is damaged.
    """
    from scipy.io import loadmat

    found = {name: (shape, kind) for name, shape, kind in matlab_variables(path)}
    missing = [name for name in dimensions if name not in found]
    if missing:
        names = ", ".join(list(found)[:_N_NAMED]) or "nothing that can be listed"
        raise UserError(
            f"{path.name} contains {names} and no {' or '.join(missing)}; take the file as the "
            "data set has it"
        )
    for name, n_dims in dimensions.items():
        shape, kind = found[name]
        if kind not in _NUMBERS or len(shape) != n_dims or math.prod(shape) > most:
            raise UserError(
                f"{path.name}: {name!r} is {kind} of shape {shape}, expected at most {most} "
                f"numbers in {n_dims} dimensions; take the file as the data set has it"
            )
    try:
        return dict(loadmat(path, variable_names=list(dimensions)))
    except Exception as error:
        # On a damaged file scipy raises nearly any exception, struct.error to MemoryError.
        raise UserError(
            f"{path.name} ends too early or is damaged ({type(error).__name__}); use another copy"
        ) from error
