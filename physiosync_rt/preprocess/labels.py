"""Turn ratings into classes: high or low, and the four quadrants, as released and fixed.

Source: the labels of PhysioSync's released preprocessing (arXiv 2504.17163).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

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
        Lowest high rating, such as `formats.deap.DEAP_THRESHOLD`.

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


def quadrants_released(
    valence: npt.ArrayLike, arousal: npt.ArrayLike, threshold: float
) -> npt.NDArray[np.int64]:
    """Number the quadrants as the released code does for DEAP, with threshold 5.

    Its last rule says "5 or below" where "below 5" is meant, and overwrites those before it: a
    trial rated exactly 5 on one scale and 5 or below on the other counts as low on both, against
    its binary labels.

    Parameters
    ----------
    valence, arousal, threshold
        As in `quadrants`.
    """
    out = quadrants(valence, arousal, threshold)
    both_at_most = (np.asarray(valence) <= threshold) & (np.asarray(arousal) <= threshold)
    return np.where(both_at_most, 3, out)
