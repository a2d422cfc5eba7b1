"""Measure the rate of time stamps, and find a device's nominal one."""

from __future__ import annotations

from collections.abc import Sequence

from physiosync_rt.datatypes import FloatArray


def effective_rate(timestamps: FloatArray) -> float:
    """Return the rate of the stamps in Hz; 0 with too few stamps or a stuck clock.

    Notes
    -----
    Measured over the whole length, because the samples of one packet may share a stamp.
    """
    duration = float(timestamps[-1] - timestamps[0]) if len(timestamps) > 1 else 0.0
    return (len(timestamps) - 1) / duration if duration > 0 else 0.0


def nominal_rate(
    timestamps: FloatArray, known: Sequence[float], tolerance: float = 0.05
) -> float | None:
    """Find the nearest of a device's rates, in Hz; None where none is near."""
    effective = effective_rate(timestamps)
    nearest = min(known, key=lambda sfreq: abs(sfreq - effective))
    return nearest if abs(nearest - effective) <= tolerance * nearest else None
