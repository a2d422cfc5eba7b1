"""How well everybody is told by logits, each person counting once."""

from __future__ import annotations

from typing import Final

import numpy as np

from physiosync_rt.datatypes import FloatArray, IntArray

_GUESS: Final = 0.5


def by_person(logit: FloatArray, truth: IntArray, subject: IntArray, n_people: int) -> FloatArray:
    """Balanced accuracy of everybody, shape (n_people,); a window without an answer is a guess.

    Parameters
    ----------
    logit : array, shape (n,)
        NaN where there is no answer.
    truth, subject : int arrays, shape (n,)
    n_people : int
        Who has no windows, or of one class only, has NaN.
    """
    right = np.where(np.isfinite(logit), (logit > 0) == truth, _GUESS)
    out = np.full(n_people, np.nan)
    for person in np.unique(subject):
        shares = [right[(subject == person) & (truth == k)] for k in (0, 1)]
        if all(len(share) for share in shares):
            out[person] = np.mean([share.mean() for share in shares])
    return out
