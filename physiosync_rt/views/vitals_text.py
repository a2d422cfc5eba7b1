"""Words on heart, skin and band powers: a number with its unit, or why there is none."""

from __future__ import annotations

import math
from dataclasses import dataclass

from physiosync_rt.datatypes import Modality, Reason
from physiosync_rt.live.vitals import BANDS, HEART_RATE, LEVEL, RESPONSES, Measure
from physiosync_rt.utils.translation import mark, tr
from physiosync_rt.views.wording import MISSING, reason_text

_AS_REST = 0.05
"""A ratio this near to 1 counts as at rest."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """How a quantity is called, and how it is printed."""

    word: str
    unit: str
    digits: int
    meaning: str


QUANTITIES: dict[str, Quantity] = {
    HEART_RATE: Quantity(
        mark("heart rate"),
        "/min",
        0,
        mark("Interquartile mean of the intervals between beats, over 30 s"),
    ),
    LEVEL: Quantity(mark("skin conductance"), "µS", 2, mark("Median of the level over 30 s")),
    RESPONSES: Quantity(
        mark("responses"),
        "/min",
        1,
        mark("Rises of skin conductance of at least 0.05 µS, over 30 s"),
    ),
    **{
        band: Quantity(
            band, "µV²", 1, mark("Power over the window, of the typical measured electrode")
        )
        for band in BANDS
    },
}
"""Words for each quantity, by its name."""

_RATES = (HEART_RATE, RESPONSES)
"""Quantities whose change from rest is a difference."""


def value_text(measure: Measure) -> str:
    """Return a quantity with its unit; a dash where it is not known."""
    if measure.value is None:
        return MISSING
    how = QUANTITIES[measure.name]
    digits = how.digits if measure.value < 100 else 0
    return f"{measure.value:.{digits}f} {how.unit}"


def change_text(measure: Measure) -> str:
    """Return the change from rest, as in ``+12 %``; empty where it is not known."""
    if measure.change is None:
        return ""
    if measure.name in _RATES:
        digits = QUANTITIES[measure.name].digits
        change = round(measure.change, digits)
        return f"{change:+.{digits}f}" if change else tr("as at rest")
    if abs(measure.change - 1) < _AS_REST:
        return tr("as at rest")
    if measure.change >= 2:
        return f"× {measure.change:.1f}"
    return f"{100 * (measure.change - 1):+.0f} %"


def why_unknown(measure: Measure, modality: Modality) -> str:
    """Return why a quantity is not known, in a few words; empty where it is."""
    if measure.value is not None:
        return ""
    if measure.reason is not Reason.WARMING_UP:
        return reason_text(measure.reason, modality.value)
    if measure.has_s < measure.need_s:
        left = math.ceil(measure.need_s - measure.has_s)
        return tr("in {n} s, if nothing is missing").format(n=left)
    return tr("too few clear beats") if measure.name == HEART_RATE else tr("warming up")
