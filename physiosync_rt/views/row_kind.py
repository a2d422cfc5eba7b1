"""How much a past row is worth: from all signals or one, sure or not."""

from __future__ import annotations

from dataclasses import dataclass

from physiosync_rt.bundle.unsure_zone import side
from physiosync_rt.datatypes import Prediction, Reason


@dataclass(frozen=True, slots=True)
class RowKind:
    """What a target of a row rests on.

    Attributes
    ----------
    single : bool
        It was predicted from one modality, because another was missing.
    unsure : bool
        Its probability is near one half.
    """

    single: bool = False
    unsure: bool = False


def row_kind(row: Prediction, column: str, margin: float) -> RowKind:
    """Return the kind of a row for a target.

    Parameters
    ----------
    row : Prediction
    column : str
        ``valence`` or ``arousal``.
    margin : float
        Distance from one half within which a probability is unsure.
    """
    p = row.valence if column == "valence" else row.arousal
    single = row.reason in (Reason.NO_PPS, Reason.NO_EEG)
    return RowKind(single, p is not None and side(p, margin) is None)
