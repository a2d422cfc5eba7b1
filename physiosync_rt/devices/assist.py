"""Write a device description from a live stream: from its metadata and its samples.

Nothing is guessed. What neither metadata nor samples show is asked; without an answer it stays a
``?``, which `load_device` rejects.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from glob import escape

import numpy as np

from physiosync_rt.datatypes import UNITS, Modality, SampleArray, StreamSpec
from physiosync_rt.devices.description import COUNTER, DROP, UNKNOWN, CounterDescription
from physiosync_rt.devices.evidence import find_counter, is_increasing, nearest_rate
from physiosync_rt.formats.amplitudes import (
    MEASURES,
    PLAUSIBLE,
    amplitude,
    fitting_factors,
    is_plausible,
)
from physiosync_rt.formats.base import is_electrode
from physiosync_rt.formats.electrode_labels import is_biosemi
from physiosync_rt.formats.units import to_canonical

Ask = Callable[[str], str]
"""Asks the user a question and returns the answer."""

_CANDIDATES = {
    Modality.EEG: ("microvolts", "millivolts", "volts", "nanovolts"),
    Modality.GSR: ("microsiemens", "siemens", "nanosiemens", "kohm", "ohm", "megaohm"),
    Modality.ECG: ("millivolts", "microvolts", "volts"),
}
_WORDS = {Modality.EEG: "microvolts", Modality.GSR: "microsiemens", Modality.ECG: "millivolts"}
_NUMBERED = re.compile(r"(ch|chan|channel|eeg|gsr|ecg)?[\s_-]*\d+", re.IGNORECASE)
_NO_SIGNAL = re.compile(
    r"time.?stamp|counter|interpolate|marker|battery|trigger|stim|status|package|sample", re.I
)


@dataclass(frozen=True, slots=True)
class StreamExcerpt:
    """A few seconds of a stream.

    Attributes
    ----------
    spec : StreamSpec
        As the stream describes itself.
    samples : float32 array, shape (n_samples, n_channels)
        In ``spec.unit``, or as received where that is empty.
    sfreq : float
        Measured rate in Hz.
    """

    spec: StreamSpec
    samples: SampleArray
    sfreq: float


@dataclass(frozen=True, slots=True)
class Proposal:
    """A device YAML, and what is still missing in it (empty when it can be used)."""

    text: str
    open: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Channel:
    entry: str
    comment: str
    counter: CounterDescription | None = None


def propose(excerpts: list[StreamExcerpt], ask: Ask | None = None) -> Proposal:
    """Write the description of a device.

    Parameters
    ----------
    excerpts : list of StreamExcerpt
        Its streams.
    ask : callable, optional
        Asks the user; without it, unknown fields stay ``?``.
    """
    text = f"name: {_quoted(excerpts[0].spec.name)}\nstreams:\n"
    missing: list[str] = []
    for each in excerpts:
        part, questions = _stream(each, ask)
        text += part
        missing += [f"stream {each.spec.name!r}: {question}" for question in questions]
    return Proposal(text, tuple(missing))


def _stream(excerpt: StreamExcerpt, ask: Ask | None) -> tuple[str, list[str]]:
    spec = excerpt.spec
    missing: list[str] = []
    modality = spec.modality
    if modality is Modality.OTHER and sum(map(is_electrode, spec.ch_names)) > 1:
        modality = Modality.EEG
    elif modality is Modality.OTHER:
        modality = _ask_modality(spec, ask)
    lines = [
        f'- match: {{name: {_quoted(escape(spec.name))}, type: "{escape(spec.stype) or "*"}"}}'
    ]
    if modality is Modality.OTHER:
        missing.append("its modality")
        lines.append(f'  modality: "{UNKNOWN}"  # EEG, GSR or ECG')
    else:
        lines.append(f"  modality: {modality}")
    channels = [_role(modality, excerpt, i) for i in range(spec.n_chans)]
    if ask is not None and any(c.entry == UNKNOWN for c in channels):
        channels = _ask_electrodes(spec, channels, ask)
    n_open = sum(c.entry == UNKNOWN for c in channels)
    if n_open:
        missing.append(f"the electrodes of {n_open} channels")
    kept = [i for i, c in enumerate(channels) if c.entry not in (DROP, COUNTER)]
    if modality is not Modality.OTHER and kept:
        unit_lines, question = _unit(
            modality, replace(excerpt, samples=excerpt.samples[:, kept]), ask
        )
        lines += unit_lines
        missing += question
    lines += _rate(excerpt)
    lines += _channel_lines(spec, modality, channels)
    return "".join(f"  {line}\n" for line in lines), missing


def _ask_modality(spec: StreamSpec, ask: Ask | None) -> Modality:
    while ask is not None:
        word = ask(f"What does {spec.name!r} measure, EEG, GSR or ECG?").strip().upper()
        if word in ("EEG", "GSR", "ECG"):
            return Modality(word)
    return Modality.OTHER


# --- channels ---------------------------------------------------------------------------------


def _role(modality: Modality, excerpt: StreamExcerpt, i: int) -> _Channel:
    """Find a channel's role from its label or, where that is unknown, from its samples."""
    label = excerpt.spec.ch_names[i]
    named = not (_NUMBERED.fullmatch(label) or is_biosemi(label, excerpt.spec.ch_names))
    if modality is Modality.EEG and named and is_electrode(label):
        return _Channel(label, "as labelled")
    x = excerpt.samples[:, i].astype(np.float64)
    counter = find_counter(x)
    if counter is not None:
        return _Channel(
            COUNTER, f"counts to {counter.modulo - 1} in steps of {counter.step}", counter
        )
    if named and _NO_SIGNAL.search(label):
        return _Channel(DROP, f"{label}: not a physiological signal")
    if is_increasing(x):
        return _Channel(DROP, "only increases: a clock or a long counter")
    if modality in (Modality.GSR, Modality.ECG):
        return _Channel(label if named else f"{modality}{i + 1}", "as labelled" if named else "")
    if named:
        return _Channel(DROP, f"{label}: not an electrode of the 10-20 system")
    flat = "; flat while measured" if len(x) and np.ptp(x) == 0 else ""
    return _Channel(UNKNOWN, f"electrode, `{DROP}` or `{COUNTER}`{flat}")


def _ask_electrodes(spec: StreamSpec, channels: list[_Channel], ask: Ask) -> list[_Channel]:
    """Ask for the electrodes of all unknown channels in one question."""
    open_at = [i for i, c in enumerate(channels) if c.entry == UNKNOWN]
    which = ", ".join(str(i + 1) for i in open_at)
    while True:
        words = (
            ask(f"Electrodes of {spec.name!r}, channels {which}, in order (`{DROP}` for none)")
            .replace(",", " ")
            .split()
        )
        names = [word for word in words if word != DROP]
        wrong = [name for name in names if not is_electrode(name)]
        if len(words) == len(open_at) and not wrong and len(set(names)) == len(names) > 0:
            break
    answered = dict(zip(open_at, words, strict=True))
    return [
        _Channel(answered[i], "as answered") if i in answered else channel
        for i, channel in enumerate(channels)
    ]


def _channel_lines(spec: StreamSpec, modality: Modality, channels: list[_Channel]) -> list[str]:
    counters = [c.counter for c in channels if c.counter is not None]
    labelled = all(c.entry in (DROP, spec.ch_names[i]) for i, c in enumerate(channels))
    lines = []
    if modality is Modality.EEG:
        known = "standard" if labelled else "assumed"
        lines.append(f"  positions: {known}  # measured, standard or assumed")
    if counters:
        lines.append(f"  counter: {{modulo: {counters[0].modulo}, step: {counters[0].step}}}")
    if labelled and modality is not Modality.OTHER:
        # Channels picked by label also fit device versions that send more channels.
        dropped = [spec.ch_names[i] for i, c in enumerate(channels) if c.entry == DROP]
        comment = f"  # dropped: {', '.join(dropped)}" if dropped else ""
        picked = ", ".join(_quoted(c.entry) for c in channels if c.entry != DROP)
        return [*lines, f"  pick: [{picked}]{comment}"]
    lines.append("  channels:")
    for i, channel in enumerate(channels):
        # A description has one counter; further ones are dropped.
        extra = channel.counter is not None and channel.counter is not counters[0]
        entry = DROP if extra else channel.entry
        comment = f": {channel.comment}" if channel.comment else ""
        lines.append(f"    - {_quoted(entry)}  # channel {i + 1}{comment}")
    return lines


# --- units and rate ---------------------------------------------------------------------------


def _unit(
    modality: Modality, excerpt: StreamExcerpt, ask: Ask | None
) -> tuple[list[str], list[str]]:
    """Return the lines on unit and scale, and what is still missing of them."""
    samples = excerpt.samples.astype(np.float64)
    low, high = PLAUSIBLE[modality]
    unit, measure = UNITS[modality], MEASURES[modality]
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
    amplitudes = {
        word: amplitude(modality, conversion(samples), excerpt.sfreq)
        for word in _CANDIDATES[modality]
        if (conversion := to_canonical(modality, word)) is not None
    }
    fitting = [
        f"{word} ({value:.3g} {unit})"
        for word, value in amplitudes.items()
        if is_plausible(modality, value)
    ]
    hint = f"plausible: {', '.join(fitting)}" if fitting else "none of the usual units is plausible"
    if np.array_equal(samples, np.rint(samples)):
        hint += "; whole numbers, perhaps raw counts: then `scale:` is the unit per count"
    if ask is None:
        return [f'  unit: "{UNKNOWN}"  # not stated by the stream; {hint}'], ["its unit"]
    return _ask_unit(modality, excerpt.spec, hint, ask), []


def _ask_unit(modality: Modality, spec: StreamSpec, hint: str, ask: Ask) -> list[str]:
    while True:
        word = ask(f"Unit of {spec.name!r}, or `counts` for raw numbers ({hint})").strip()
        if word.lower() == "counts":
            share = _number(ask, f"{_WORDS[modality]} per count of {spec.name!r}")
            return [f"  unit: {_WORDS[modality]}", f"  scale: {share:g}  # per count, as answered"]
        if to_canonical(modality, word) is not None:
            return [f"  unit: {_quoted(word)}  # as answered"]


def _number(ask: Ask, question: str) -> float:
    while True:
        try:
            value = float(ask(question))
        except ValueError:
            continue
        if value > 0 and np.isfinite(value):
            return value


def _rate(excerpt: StreamExcerpt) -> list[str]:
    """Return a line on the rate where the measured one differs from the declared one."""
    declared, measured = excerpt.spec.sfreq, excerpt.sfreq
    if measured <= 0 or (declared > 0 and abs(measured / declared - 1.0) < 0.1):
        return []
    stated = f"{declared:g} Hz" if declared else "none"
    return [
        f"  sfreq: {nearest_rate(measured):g}  # declared: {stated}; measured {measured:.1f} Hz"
    ]


def _quoted(text: str) -> str:
    """Quote text where YAML would read it as something else."""
    return (
        text
        if re.fullmatch(r"[A-Za-z][A-Za-z0-9]+", text)
        else '"' + text.replace('"', r"\"") + '"'
    )
