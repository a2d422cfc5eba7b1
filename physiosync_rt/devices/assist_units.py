"""Write what a device description says of a stream's unit and rate."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from physiosync_rt.datatypes import UNITS, Carrier, Modality, SampleArray, StreamSpec
from physiosync_rt.devices.description import UNKNOWN
from physiosync_rt.formats.amplitudes import (
    MEASURES,
    PLAUSIBLE,
    amplitude,
    fitting_factors,
    is_plausible,
)
from physiosync_rt.formats.stamp_rate import nearest_rate
from physiosync_rt.formats.units import to_canonical

Ask = Callable[[str], str]
"""Asks the user a question and returns the answer."""

CANDIDATES = {
    Modality.EEG: ("microvolts", "millivolts", "volts", "nanovolts"),
    Modality.GSR: ("microsiemens", "siemens", "nanosiemens", "kohm", "ohm", "megaohm"),
    Modality.ECG: ("millivolts", "microvolts", "volts"),
}
"""Units that devices send, the most common one first."""

_WORDS = {Modality.EEG: "microvolts", Modality.GSR: "microsiemens", Modality.ECG: "millivolts"}
_SILENT = "not stated by the stream"


@dataclass(frozen=True, slots=True)
class StreamExcerpt:
    """A few seconds of a stream, or of the part of one modality of it.

    Attributes
    ----------
    spec : StreamSpec
        As the stream describes itself.
    samples : float32 array, shape (n_samples, n_channels)
        In ``spec.unit``, or as received where that is empty; without samples, only its metadata
        tell.
    sfreq : float
        Measured rate in Hz.
    carrier : Carrier, optional
        The whole stream, where this is a part of it.
    """

    spec: StreamSpec
    samples: SampleArray
    sfreq: float
    carrier: Carrier | None = None

    @property
    def whole(self) -> StreamSpec:
        """The stream that carries it."""
        return self.carrier.spec if self.carrier else self.spec

    @property
    def stated(self) -> str:
        """The units that its channels state, where they are not known."""
        if self.spec.unit or self.carrier is None:
            return ""
        words = (self.carrier.units[i] for i in self.carrier.columns)
        return ", ".join(dict.fromkeys(filter(None, words)))


def unit_lines(
    modality: Modality, excerpt: StreamExcerpt, ask: Ask | None
) -> tuple[list[str], list[str]]:
    """Return the lines on unit and scale, and what is still missing of them."""
    samples = excerpt.samples.astype(np.float64)
    low, high = PLAUSIBLE[modality]
    unit, measure = UNITS[modality], MEASURES[modality]
    if not len(samples):
        if excerpt.spec.unit:
            return [f"  unit: {_WORDS[modality]}  # as stated"], []
        return [f'  unit: "{UNKNOWN}"  # {_not_stated(excerpt)}'], ["its unit"]
    if excerpt.spec.unit:
        value = amplitude(modality, samples, excerpt.sfreq)
        line = f"  unit: {_WORDS[modality]}  # as stated; {value:.3g} {unit} {measure}"
        if is_plausible(modality, value):
            return [line], []
        doubt = f"implausible: expected {low:g} to {high:g} {unit}"
        hint = "".join(f", {f:g} would fit" for f in fitting_factors(modality, value))
        if ask is None:
            open_line = f'  scale: "{UNKNOWN}"  # 1 if only the contact was bad{hint}'
            return [f"{line}, {doubt}", open_line], ["whether its stated unit is correct"]
        factor = _number(
            ask,
            f"{excerpt.spec.name!r} has {value:.3g} {unit} {measure}, {doubt}. "
            f"Factor on its samples (1 if only the contact was bad{hint})",
        )
        return [line, f"  scale: {factor:g}  # as answered"], []
    amplitudes = plausible_units(modality, excerpt)
    fitting = [f"{word} ({value:.3g} {unit})" for word, value in amplitudes.items()]
    hint = f"plausible: {', '.join(fitting)}" if fitting else "none of the usual units is plausible"
    if np.array_equal(samples, np.rint(samples)):
        hint += "; whole numbers, perhaps raw counts: then `scale:` is the unit per count"
    if ask is None:
        return [f'  unit: "{UNKNOWN}"  # {_not_stated(excerpt)}; {hint}'], ["its unit"]
    return _ask_unit(modality, excerpt.spec, hint, ask), []


def plausible_units(modality: Modality, excerpt: StreamExcerpt) -> dict[str, float]:
    """Return the units in which the samples are as large as such signals are.

    Returns
    -------
    dict of str to float
        The amplitude in the modality's own unit, by the unit's word; empty without samples.
    """
    samples = excerpt.samples.astype(np.float64)
    if not len(samples):
        return {}
    amplitudes = {
        word: amplitude(modality, conversion(samples), excerpt.sfreq)
        for word in CANDIDATES[modality]
        if (conversion := to_canonical(modality, word)) is not None
    }
    return {word: value for word, value in amplitudes.items() if is_plausible(modality, value)}


def _not_stated(excerpt: StreamExcerpt) -> str:
    stated = excerpt.stated
    return f"the stream states {stated!r}, which is not known" if stated else _SILENT


def _ask_unit(modality: Modality, spec: StreamSpec, hint: str, ask: Ask) -> list[str]:
    while True:
        word = ask(f"Unit of {spec.name!r}, or `counts` for raw numbers ({hint})").strip()
        if word.lower() == "counts":
            share = _number(ask, f"{_WORDS[modality]} per count of {spec.name!r}")
            return [f"  unit: {_WORDS[modality]}", f"  scale: {share:g}  # per count, as answered"]
        if to_canonical(modality, word) is not None:
            return [f"  unit: {quoted(word)}  # as answered"]


def _number(ask: Ask, question: str) -> float:
    while True:
        try:
            value = float(ask(question))
        except ValueError:
            continue
        if value > 0 and np.isfinite(value):
            return value


def rate_lines(excerpt: StreamExcerpt) -> tuple[list[str], list[str]]:
    """Return a line on the rate where the declared one is not right, and what is missing of it."""
    declared, measured = excerpt.spec.sfreq, excerpt.sfreq
    if declared == measured == 0:
        return [f'  sfreq: "{UNKNOWN}"  # in Hz; {_SILENT}'], ["its rate"]
    if measured <= 0 or (declared > 0 and abs(measured / declared - 1.0) < 0.1):
        return [], []
    stated = f"{declared:g} Hz" if declared else "none"
    line = f"  sfreq: {nearest_rate(measured):g}  # declared: {stated}; measured {measured:.1f} Hz"
    return [line], []


def quoted(text: str) -> str:
    """Quote text where YAML would read it as something else."""
    return (
        text
        if re.fullmatch(r"[A-Za-z][A-Za-z0-9]+", text)
        else '"' + text.replace("\\", r"\\").replace('"', r"\"") + '"'
    )
