"""Heart, skin and band powers at the newest row, as a view shows them: a number or why not."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from physiosync_rt.datatypes import Features, Modality, Prediction, Reason
from physiosync_rt.features import heart_rate, skin_conductance
from physiosync_rt.features.band_power import BANDS_HZ
from physiosync_rt.preprocess.electrode_states import Electrode, ElectrodeState

HEART_RATE: Final = heart_rate.HEART_RATE
LEVEL, _, RESPONSES, _ = skin_conductance.NAMES
BANDS: Final = tuple(BANDS_HZ)

_NEED_S: Final = {
    HEART_RATE: heart_rate.RATE_FROM_S,
    LEVEL: skin_conductance.LEVEL_FROM_S,
    RESPONSES: skin_conductance.RESPONSES_FROM_S,
}
_LOST: Final = (Reason.GAP, Reason.STALLED, Reason.NO_HEARTBEAT, Reason.LOW_QUALITY)


@dataclass(frozen=True, slots=True)
class Measure:
    """One quantity at the newest row.

    Attributes
    ----------
    name : str
        ``heart rate``, ``tonic level``, ``response rate`` or a band.
    value : float or None
        In 1/min, µS or µV²; None where it is not known.
    change : float or None
        Ratio to the person's rest for what has a scale (1 is as at rest), difference for rates;
        None where either is not known.
    reason : Reason
        Why it is not known; ``warming_up`` as long as it needs more seconds or more beats.
    need_s, has_s : float
        Seconds without a gap that it needs, and that there are.
    """

    name: str
    value: float | None
    change: float | None = None
    reason: Reason = Reason.NONE
    need_s: float = 0.0
    has_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Vitals:
    """What is known of the body beside the prediction.

    Attributes
    ----------
    modality : Modality or None
        Of the peripheral stream; None in a run without one.
    body : tuple of Measure
        Heart rate of an ECG; level and responses of skin conductance, of its first channel.
    bands : tuple of Measure
        Power of the typical electrode in each band: the geometric mean of those that are measured.
    n_electrodes : int
        How many these are.
    beats : tuple of float
        Heartbeats of the last seconds, in seconds from the first EEG sample; none unless a heart
        is seen.
    """

    modality: Modality | None = None
    body: tuple[Measure, ...] = ()
    bands: tuple[Measure, ...] = ()
    n_electrodes: int = 0
    beats: tuple[float, ...] = ()


def vitals_of(
    row: Prediction | None,
    modality: Modality | None,
    electrodes: Iterable[Electrode],
    beats: tuple[float, ...] = (),
) -> Vitals:
    """Return what the newest row knows of heart, skin and band powers.

    Parameters
    ----------
    row : Prediction or None
        None before the first; nothing is known then, and nothing said.
    modality : Modality or None
        Of the peripheral stream.
    electrodes : iterable of Electrode
    beats : tuple of float
        As in `Vitals`.
    """
    if row is None:
        return Vitals(modality)
    measured = [e.name for e in electrodes if e.state is ElectrodeState.MEASURED]
    return Vitals(
        modality,
        _body(row.pps_features, modality, row.pps_reason),
        _bands(row.eeg_features, measured, row.eeg_reason),
        len(measured),
        beats,
    )


def _body(
    features: Features | None, modality: Modality | None, reason: Reason
) -> tuple[Measure, ...]:
    if features is None or modality is None:
        return ()
    if modality is Modality.ECG:
        rate = _measure(features, HEART_RATE, HEART_RATE, reason)
        return (rate,)
    first = {name: _first(features.names, name) for name in (LEVEL, RESPONSES)}
    level = _measure(features, first[LEVEL], LEVEL, reason, is_log=True)
    return level, _measure(features, first[RESPONSES], RESPONSES, reason)


def _first(names: tuple[str, ...], wanted: str) -> str:
    """Return the name of a feature of the first channel, which several channels are named after."""
    return next(name for name in names if name == wanted or name.startswith(f"{wanted} "))


def _measure(
    features: Features, key: str, name: str, reason: Reason, *, is_log: bool = False
) -> Measure:
    at = features.names.index(key)
    value, change = float(features.values[at]), float(features.change[at])
    need_s, has_s = float(_NEED_S[name]), features.seconds
    if not math.isfinite(value):
        why = reason if reason in _LOST else Reason.WARMING_UP
        return Measure(name, None, None, why, need_s, has_s)
    as_shown = math.exp if is_log else float
    known = math.isfinite(change)
    return Measure(name, as_shown(value), as_shown(change) if known else None)


def _bands(features: Features | None, measured: list[str], reason: Reason) -> tuple[Measure, ...]:
    if features is None:
        return ()
    found = []
    for band in BANDS:
        at = [features.names.index(f"{band} {name}") for name in measured]
        value, change = _typical(features.values[at]), _typical(features.change[at])
        why = Reason.NONE
        if value is None:
            why = reason if reason in _LOST else Reason.WARMING_UP
        found.append(Measure(band, value, change, why))
    return tuple(found)


def _typical(logs: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float | None:
    """Return the geometric mean of what is known of some logarithms; None where nothing is."""
    finite = logs[np.isfinite(logs)]
    return float(np.exp(finite.mean())) if finite.size else None
