"""From ratings to classes: high or low, and the four quadrants, as released and as meant.

DEAP rates from 1 to 9 and calls 5 and above high, DREAMER scores 1 to 5 and calls 3 and above
high. Source: the labels of PhysioSync's released preprocessing (arXiv 2504.17163).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

DEAP_THRESHOLD: Final = 5.0
DREAMER_THRESHOLD: Final = 3.0

QUADRANT: Final = "quadrant"
"""Target whose classes are the four quadrants, in the order of `QUADRANT_NAMES`."""

QUADRANT_NAMES: Final = ("HVHA", "LVHA", "HVLA", "LVLA")
"""The classes of `quadrants` by their numbers."""


def high(ratings: npt.ArrayLike, threshold: float) -> npt.NDArray[np.bool_]:
    """Tell which ratings are high; a rating at the threshold is.

    Parameters
    ----------
    ratings : array_like of numbers, any shape
        Small unsigned integers, as MATLAB files hold them, are as good as floats.
    threshold : float
        `DEAP_THRESHOLD` or `DREAMER_THRESHOLD`.

    Raises
    ------
    ValueError
        A rating is NaN or infinite.
    """
    values = np.asarray(ratings, dtype=np.float64)
    if not np.isfinite(values).all():
        raise ValueError("rating: NaN or infinite; leave such trials out before labelling")
    return values >= threshold


def quadrants(
    valence: npt.ArrayLike, arousal: npt.ArrayLike, threshold: float
) -> npt.NDArray[np.int64]:
    """Number the quadrants: 0 high both, 1 high arousal only, 2 high valence only, 3 low both.

    They agree with `high` everywhere. DREAMER's released labels are these.

    Parameters
    ----------
    valence, arousal : array_like of numbers, the same shape
    threshold : float

    Returns
    -------
    int64 array, of that shape
    """
    return 2 * (~high(arousal, threshold)) + (~high(valence, threshold)).astype(np.int64)


def deap_quadrants_released(
    valence: npt.ArrayLike, arousal: npt.ArrayLike
) -> npt.NDArray[np.int64]:
    """Number DEAP's quadrants as the released code does.

    Its last rule says "5 or below" where "below 5" is meant, and overwrites those before it: a
    trial rated exactly 5 on one scale and 5 or below on the other counts as low on both, against
    its binary labels.
    """
    out = quadrants(valence, arousal, DEAP_THRESHOLD)
    both_at_most = (np.asarray(valence) <= DEAP_THRESHOLD) & (np.asarray(arousal) <= DEAP_THRESHOLD)
    return np.where(both_at_most, 3, out)
