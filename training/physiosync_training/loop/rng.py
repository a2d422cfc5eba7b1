"""Random numbers that follow from what they are for, not from what was drawn before.

Every step, sample and fold has a key of its own, so that a resumed run and two processes draw the
same numbers.
"""

from __future__ import annotations

import numpy as np

from physiosync_rt.datatypes import IntArray


def sample_keys(seed: int, *ids: IntArray | int) -> IntArray:
    """Mix a seed and numbers that say which sample it is into one well-spread key each.

    Parameters
    ----------
    seed : int
    *ids : int or int array, shape (n,)
        For example row, version and modality; broadcast against each other.

    Returns
    -------
    int64 array, shape (n,)

    Notes
    -----
    SplitMix64 (Steele et al. 2014), one round for each number.
    """
    key = np.asarray(seed, dtype=np.int64).astype(np.uint64)
    with np.errstate(over="ignore"):
        for part in ids:
            key = key ^ np.asarray(part, dtype=np.int64).astype(np.uint64)
            key = key + np.uint64(0x9E3779B97F4A7C15)
            key = (key ^ (key >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            key = (key ^ (key >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            key = key ^ (key >> np.uint64(31))
    return np.atleast_1d(key.astype(np.int64))


def seed_of(seed: int, *ids: int) -> int:
    """`sample_keys` of one thing, as what a random generator can be seeded with."""
    return int(sample_keys(seed, *ids)[0] & 0x7FFFFFFF)
