"""Judge whether amplitudes can be those of EEG, GSR or ECG in the stated unit.

Files, live streams and `streams --assist` are judged alike. A unit mistake is a power of a
thousand; noise, a detached electrode and a flat signal are none, so only what no electrode and no
amplifier produces is named.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from physiosync_rt.datatypes import UNITS, FloatArray, Modality, SampleArray, StreamSpec

PLAUSIBLE = {Modality.EEG: (1.0, 200.0), Modality.GSR: (0.01, 100.0), Modality.ECG: (0.02, 5.0)}
"""Physiological range in µV rms, µS and mV rms."""

MEASURES = {Modality.EEG: "rms", Modality.GSR: "in the middle", Modality.ECG: "rms"}
"""What `amplitude` is, after the number and the unit."""


class _Limits(NamedTuple):
    """Limits in the canonical unit: below and above them it cannot be the signal.

    Between ``doubtful`` and ``high`` it may be mains hum or drift on an open input, up to what an
    amplifier can put out; it cannot be where most of it is in the band of the signal itself.
    """

    low: float
    doubtful: float
    high: float


_LIMITS = {
    Modality.EEG: _Limits(0.05, 5e3, 2e5),
    Modality.ECG: _Limits(5e-4, 20.0, 200.0),
    Modality.GSR: _Limits(1e-4, 1e3, 1e3),
}
_STORED = {
    1e-6: ("micro", ""),
    1e-3: ("micro", "milli"),
    1e3: ("milli", "micro"),
    1e6: ("", "micro"),
}
"""Usual mistakes by the factor that corrects them: what the samples are, and are stored as."""

_BAND = (1.0, 45.0)
_IN_BAND = 0.7
"""Least share of the rms that lies in the band, for a signal that is not hum or drift."""

_N_LEVELS = 16
"""A second with fewer different values is flat but for the last bits of the converter."""

_ROUNDING = 1e-6
"""Share of a float32 sample that is not known."""

_N_SECONDS = 60
"""Seconds of a recording that are judged, spread over its length."""


_ignored = np.errstate(over="ignore", invalid="ignore")


@_ignored
def seconds_of(samples: FloatArray | SampleArray, sfreq: float) -> FloatArray:
    """Return whole seconds spread over a signal, without their linear trends.

    Parameters
    ----------
    samples : array, shape (n_samples, n_channels)
    sfreq : float
        In Hz.

    Returns
    -------
    float64 array, shape (n_seconds, n_per_second, n_channels)
        At most 60 s.
    """
    n = max(round(sfreq), 2)
    whole = samples[: len(samples) // n * n].reshape(-1, n, samples.shape[1])
    if len(whole) > _N_SECONDS:
        whole = whole[np.linspace(0, len(whole) - 1, _N_SECONDS).astype(int)]
    seconds = whole.astype(np.float64)
    time = np.linspace(-1.0, 1.0, n)[:, None]
    x = seconds - seconds.mean(axis=1, keepdims=True)
    out: FloatArray = x - time * (x * time).sum(axis=1, keepdims=True) / (time**2).sum()
    # A ramp or a constant leaves rounding errors, which are not a small signal.
    rounding = _ROUNDING * np.abs(seconds).max(axis=1, keepdims=True)
    out[np.broadcast_to(np.abs(out).max(axis=1, keepdims=True) <= rounding, out.shape)] = 0.0
    return out


def amplitude(modality: Modality, samples: FloatArray | SampleArray, sfreq: float) -> float:
    """Return the amplitude of a signal: detrended rms (EEG, ECG) or median (GSR).

    Parameters
    ----------
    modality : Modality
    samples : array, shape (n_samples, n_channels)
        In the canonical unit.
    sfreq : float
        In Hz.

    Returns
    -------
    float
        Median over whole seconds and channels; NaN where nothing is finite.
    """
    if modality is Modality.GSR:
        finite = samples[np.isfinite(samples)].astype(np.float64)
        return float(np.median(finite)) if len(finite) else float("nan")
    return _median_rms(seconds_of(samples, sfreq))


def is_plausible(modality: Modality, value: float) -> bool:
    """Return whether an `amplitude` is in the physiological range."""
    low, high = PLAUSIBLE[modality]
    return low <= value <= high


def fitting_factors(modality: Modality, value: float) -> list[float]:
    """Return the powers of a thousand that make an `amplitude` plausible."""
    return [factor for factor in _STORED if is_plausible(modality, value * factor)]


def amplitude_problem(spec: StreamSpec, samples: FloatArray | SampleArray) -> str:
    """Name an amplitude that cannot be the signal in its unit, in one sentence.

    Parameters
    ----------
    spec : StreamSpec
    samples : array, shape (n_samples, n_channels)
        In ``spec.unit``: a recording, or the first seconds of a live stream.

    Returns
    -------
    str
        Empty where the amplitude is possible, where nothing was measured, and where no unit is
        known.
    """
    modality = spec.modality
    if modality is Modality.OTHER or not spec.unit or not spec.sfreq > 0 or not len(samples):
        return ""
    value = _impossible(modality, samples, spec.sfreq)
    if value is None:
        return ""
    low, high = PLAUSIBLE[modality]
    unit, measure = UNITS[modality], MEASURES[modality]
    said = (
        f"stream {spec.name!r}: {_plain(value)} {unit} {measure} cannot be {modality} "
        f"({low:g} to {high:g} {unit})"
    )
    factors = fitting_factors(modality, value)
    if not factors:
        return (
            f"{said}, and no usual unit fits; find out the sender's scale and state it as "
            "`scale:` in a device YAML"
        )
    base = "siemens" if modality is Modality.GSR else "volts"
    meant, stored = (prefix + base for prefix in _STORED[factors[0]])
    scale = f"`scale: {_short(factors[0])}`"
    return (
        f"{said}; the samples look like {meant} stored as {stored}, which {scale} in a device YAML "
        "corrects"
    )


def _impossible(
    modality: Modality, samples: FloatArray | SampleArray, sfreq: float
) -> float | None:
    """Return the amplitude that cannot be; None where it can."""
    limits = _LIMITS[modality]
    if modality is Modality.GSR:
        level = amplitude(modality, samples, sfreq)
        finite = samples[np.isfinite(samples)]
        moves = len(finite) > 0 and float(np.ptp(finite)) > 0
        return level if moves and (0 < level < limits.low or level > limits.high) else None
    seconds = seconds_of(samples, sfreq)
    moving = seconds[:, :, (seconds != 0).any(axis=(0, 1))]
    value = _median_rms(moving, moving=True)
    if value > limits.high:
        return value
    if value > limits.doubtful:
        return value if _share_in_band(moving, sfreq) > _IN_BAND else None
    if value < limits.low and _n_levels(moving) >= _N_LEVELS:
        return value
    return None


@_ignored
def _median_rms(seconds: FloatArray, *, moving: bool = False) -> float:
    """Return the median rms over seconds and channels, if asked without those at rest."""
    rms = np.sqrt((seconds**2).mean(axis=1))
    rms = rms[np.isfinite(rms) & ((rms > 0) | (not moving))]
    return float(np.median(rms)) if rms.size else float("nan")


@_ignored
def _share_in_band(seconds: FloatArray, sfreq: float) -> float:
    """Return the median share of the rms between 1 and 45 Hz, where neither hum nor drift is."""
    n = seconds.shape[1]
    power = np.abs(np.fft.rfft(seconds * np.hanning(n)[:, None], axis=1)) ** 2
    hz = np.fft.rfftfreq(n, 1.0 / sfreq)
    total = power.sum(axis=1)
    inside = power[:, (hz >= _BAND[0]) & (hz <= _BAND[1])].sum(axis=1)
    share = np.sqrt(inside[total > 0] / total[total > 0])
    share = share[np.isfinite(share)]
    return float(np.median(share)) if share.size else 0.0


@_ignored
def _n_levels(seconds: FloatArray) -> float:
    """Return how many different values a channel has in a second, in the median."""
    counts = [len(np.unique(np.diff(x[:, i]))) for x in seconds for i in range(x.shape[1])]
    return float(np.median(counts)) if counts else 0.0


def _short(factor: float) -> str:
    """Return a power of ten as a YAML file has it: 1e-6 or 1000."""
    return f"{factor:g}".replace("e-0", "e-").replace("e+0", "e")


def _plain(value: float) -> str:
    """Return a number with three digits, as a person writes it: 31,000,000 or 0.0123."""
    if value >= 1000:
        digits = int(np.floor(np.log10(value))) - 2
        return f"{round(value / 10**digits) * 10**digits:,.0f}"
    return f"{value:.3g}"
