"""Look into MATLAB files without loading their arrays."""

from __future__ import annotations

from pathlib import Path


def is_matlab(head: bytes) -> bool:
    """Return whether a file begins as MATLAB files since version 5 do."""
    return head.startswith(b"MATLAB ")


def matlab_variables(path: Path) -> list[tuple[str, tuple[int, ...], str]]:
    """Return name, shape and class of every variable; empty where the file cannot be listed.

    A file of version 7.3 is HDF5, which scipy does not read, and a damaged one ends anywhere.
    """
    from scipy.io import whosmat

    try:
        return whosmat(path)
    except Exception:  # noqa: BLE001 - on a damaged file scipy raises nearly any exception
        return []
