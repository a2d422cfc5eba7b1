"""Words on what is missing in a row: a target, and what lowers the confidence."""

from __future__ import annotations

from physiosync_rt.datatypes import Absence, Prediction
from physiosync_rt.utils.translation import tr


def why_absent(row: Prediction | None, column: str) -> str:
    """Return why a row has no probability for a target, in a few words.

    Empty where it has one, and where the whole row is withheld, whose reason the headline says.

    Parameters
    ----------
    row : Prediction or None
    column : str
        ``valence`` or ``arousal``.
    """
    absence = row.absent.get(column) if row else None
    if row is None or absence is None or absence is Absence.WITHHELD:
        return ""
    if absence is Absence.NO_TARGET:
        return tr("not a target of this bundle")
    if absence is Absence.LOW_CONFIDENCE:
        return tr("not sure enough")
    used = tr(" and ").join(part.upper() for part in row.modalities.split("+"))
    return tr("{used} alone cannot tell it").format(used=used or tr("what is left"))


def certainty_text(row: Prediction | None) -> str:
    """Return what the confidence of a row is the product of, as far as it lowers it.

    Empty where nothing does, or there is no confidence.
    """
    if row is None or row.certainty is None:
        return ""
    made_of = row.certainty
    factors = (
        (made_of.quality, tr("signal quality")),
        (made_of.electrodes, tr("electrodes measured")),
        (made_of.coverage, tr("a signal missing")),
    )
    lowered = [f"× {share:.2f} {what}" for share, what in factors if share < 0.995]
    answer = tr("{p} answer").format(p=f"{made_of.answer:.2f}")
    return " ".join([answer, *lowered]) if lowered else ""
