"""Where a probability is too close to one half to name a class.

A network says P(high) with an error of its own, the calibration error of its held-out scores. A
probability that is closer to one half than that error may lie on either side of it: a coin toss,
to which no word of an emotion belongs.
"""

from __future__ import annotations

import math
from typing import Literal

Side = Literal["high", "low"]

DEFAULT_MARGIN = 0.1
"""Margin of a bundle whose card states neither a margin nor how well it is calibrated."""

MOST_MARGIN = 0.45
"""Largest margin, of a bundle whose probabilities are hardly to be believed."""

_DIGITS = 6
"""Digits of a probability in the CSV, by which a row and its reader agree."""


def distance(p: float) -> float:
    """Return how far a probability is from one half, as the CSV writes it."""
    return round(abs(round(p, _DIGITS) - 0.5), _DIGITS)


def side(p: float | None, margin: float = 0.0) -> Side | None:
    """Return the side of one half on which a probability lies; None within the margin.

    Parameters
    ----------
    p : float or None
        P(high); None and NaN are on no side.
    margin : float
        A probability at exactly this distance from one half lies outside the unsure zone.
    """
    if p is None or math.isnan(p) or distance(p) < margin:
        return None
    return "high" if round(p, _DIGITS) >= 0.5 else "low"


def quadrant(valence: float | None, arousal: float | None, margin: float = 0.0) -> str:
    """Return ``HVHA``, ``HVLA``, ``LVHA`` or ``LVLA``, by these two probabilities alone.

    Empty where one is missing or within the margin.
    """
    sides = side(valence, margin), side(arousal, margin)
    if None in sides:
        return ""
    high_valence, high_arousal = (each == "high" for each in sides)
    return ("HV" if high_valence else "LV") + ("HA" if high_arousal else "LA")
