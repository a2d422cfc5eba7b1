"""A long course in as many points as can be seen, without hiding how far it reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from physiosync_rt.datatypes import BoolArray, FloatArray

MOST_POINTS: Final = 900
"""A line has no more points than this, about one for each pixel of a wide screen."""


@dataclass(frozen=True)
class Envelope:
    """A course in points, each of which stands for one row or for all rows of a short time.

    Attributes
    ----------
    x : float64 array, shape (n_points,)
        Seconds.
    middle, low, high : float64 array, shape (n_points,)
        Median, least and greatest value of the rows.
    follows : bool array, shape (n_points,)
        Whether nothing is missing between a point and the one before.
    step_s : float
        Seconds that a point stands for; 0 where it is one row.
    """

    x: FloatArray
    middle: FloatArray
    low: FloatArray
    high: FloatArray
    follows: BoolArray
    step_s: float


def envelope(
    t: FloatArray, values: FloatArray, among: BoolArray, hop_s: float, span_s: float
) -> Envelope:
    """Reduce a course to at most `MOST_POINTS` points.

    Parameters
    ----------
    t, values : float64 array, shape (n_rows,)
        Seconds in ascending order, and the value of each row; NaN where there is none.
    among : bool array, shape (n_rows,)
        Rows to look at.
    hop_s : float
        Seconds from row to row.
    span_s : float
        Seconds of the whole run, which decide how much time a point stands for, so that all
        courses of a run have the same points.
    """
    here = np.flatnonzero(among & np.isfinite(values))
    n_rows = len(t)
    if n_rows <= MOST_POINTS or span_s <= 0:
        x, middle = t[here], values[here]
        follows = np.diff(x, prepend=-np.inf) <= 1.5 * hop_s
        # Another kind of row may lie between two that are near each other.
        follows &= np.diff(here, prepend=-2) == 1
        return Envelope(x, middle, middle, middle, follows, 0.0)
    step = span_s / MOST_POINTS
    bins = np.minimum((t[here] / step).astype(np.int64), MOST_POINTS - 1)
    found, first = np.unique(bins, return_index=True)
    parts = np.split(values[here], first[1:])
    middle, low, high = (
        np.array([take(part) for part in parts]) if len(found) else np.empty(0)
        for take in (np.median, np.min, np.max)
    )
    # With rows further apart than points, neighbours are as far apart as rows are.
    near = max(1.0, np.ceil(hop_s / step))
    follows = np.diff(found, prepend=-1) <= near
    follows[:1] = False
    return Envelope((found + 0.5) * step, middle, low, high, follows, step)
