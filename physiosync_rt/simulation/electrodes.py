"""Electrode positions of the 10-10 system, as directions from the center of the head.

The simulation does not import MNE, so the positions of MNE's standard 10-05 template
(BSD-3-Clause) are copied here, rounded to a millimeter.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from physiosync_rt.datatypes import FloatArray
from physiosync_rt.errors import UserError

_CENTER_MM = np.array([0.0, -17.0, 0.0])

_POSITIONS_MM = """\
Fp1 -29 84 -7 | Fpz 0 88 -2 | Fp2 30 85 -7 | AF9 -49 64 -48 | AF7 -55 69 -11 | AF5 -45 73 6
AF3 -34 77 21 | AF1 -18 80 33 | AFz 0 81 35 | AF2 20 80 33 | AF4 36 78 22 | AF6 47 74 6
AF8 56 70 -11 | AF10 50 64 -48 | F9 -70 42 -50 | F7 -70 42 -11 | F5 -64 48 17 | F3 -50 53 42
F1 -27 57 60 | Fz 0 59 66 | F2 30 58 60 | F4 52 54 41 | F6 68 50 16 | F8 73 44 -12
F10 72 42 -50 | FT9 -84 15 -50 | FT7 -81 14 -11 | FC5 -77 19 24 | FC3 -60 23 56 | FC1 -34 26 80
FCz 0 27 89 | FC2 35 26 79 | FC4 62 24 56 | FC6 80 20 24 | FT8 82 15 -11 | FT10 84 14 -51
T9 -86 -16 -48 | T7 -84 -16 -9 | C5 -80 -14 29 | C3 -65 -12 64 | C1 -36 -10 90 | Cz 0 -9 100
C2 38 -10 88 | C4 67 -11 64 | C6 83 -13 29 | T8 85 -15 -9 | T10 86 -16 -48 | TP9 -86 -47 -46
TP7 -85 -46 -7 | CP5 -80 -47 31 | CP3 -64 -47 66 | CP1 -36 -47 91 | CPz 0 -47 99 | CP2 38 -47 91
CP4 67 -47 66 | CP6 83 -46 31 | TP8 86 -46 -7 | TP10 86 -47 -46 | P9 -73 -74 -41 | P7 -72 -73 -2
P5 -67 -76 28 | P3 -53 -79 56 | P1 -29 -81 75 | Pz 0 -81 83 | P2 32 -80 77 | P4 56 -79 57
P6 68 -76 28 | P8 73 -73 -3 | P10 74 -74 -41 | PO9 -55 -98 -35 | PO7 -55 -98 3 | PO5 -48 -99 22
PO3 -37 -101 37 | PO1 -19 -102 47 | POz 0 -102 51 | PO2 20 -102 46 | PO4 37 -101 36
PO6 50 -99 22 | PO8 56 -98 3 | PO10 55 -98 -36 | O1 -29 -112 9 | Oz 0 -115 15 | O2 30 -112 9
I1 -30 -115 -29 | Iz 0 -119 -23 | I2 30 -114 -29 | M1 -86 -45 -68 | M2 86 -45 -68
A1 -86 -25 -68 | A2 86 -25 -68
"""
"""Name, then x (right), y (front) and z (up) in millimeters."""

_OLD_NAMES = {"t3": "t7", "t4": "t8", "t5": "p7", "t6": "p8"}


@cache
def _directions() -> dict[str, FloatArray]:
    table = {}
    for entry in _POSITIONS_MM.replace("\n", " | ").split(" | "):
        if not entry.strip():
            continue
        name, *xyz = entry.split()
        offset = np.array([float(v) for v in xyz]) - _CENTER_MM
        table[name.lower()] = offset / np.linalg.norm(offset)
    return table


def directions(ch_names: tuple[str, ...]) -> FloatArray:
    """Return the unit vectors from the center of the head to each electrode.

    Parameters
    ----------
    ch_names : tuple of str
        10-10 names (or the older T3, T4, T5, T6), ignoring case.

    Returns
    -------
    float64 array, shape (n_chans, 3)

    Raises
    ------
    UserError
        A name is not in the 10-10 system.
    """
    table = _directions()
    found = []
    for name in ch_names:
        key = name.strip().lower()
        key = _OLD_NAMES.get(key, key)
        if key not in table:
            raise UserError(
                f"unknown electrode {name!r}: expected 10-10 names such as Fp1, AF7, Cz, TP10"
            )
        found.append(table[key])
    return np.array(found)


def angles_deg(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return the angles between unit vectors (n, 3) and (m, 3) in degrees, shape (n, m)."""
    return np.degrees(np.arccos(np.clip(a @ b.T, -1.0, 1.0)))
