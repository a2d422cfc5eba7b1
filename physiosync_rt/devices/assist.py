"""Write a device description of a stream: from its metadata and, where there are any, its samples.

All that the stream tells is kept. Nothing is guessed: what neither metadata nor samples show is
asked; without an answer it stays a ``?``, which `load_device` rejects.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from glob import escape

import numpy as np

from physiosync_rt.datatypes import Carrier, Modality, StreamSpec
from physiosync_rt.devices.assist_units import Ask, StreamExcerpt, quoted, rate_lines, unit_lines
from physiosync_rt.devices.description import COUNTER, DROP, UNKNOWN, CounterDescription
from physiosync_rt.devices.evidence import (
    find_counter,
    is_increasing,
)
from physiosync_rt.formats.base import is_electrode
from physiosync_rt.formats.channel_roles import NOT_A_SIGNAL
from physiosync_rt.formats.electrode_labels import is_biosemi
from physiosync_rt.utils.translation import tr

_NUMBERED = re.compile(r"(ch|chan|channel|eeg|gsr|ecg)?[\s_-]*\d+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A device YAML, and what is still missing in it (empty when it can be used)."""

    text: str
    open: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChannelProposal:
    """What a channel is by its label or its samples.

    Attributes
    ----------
    entry : str
        A name, ``drop``, ``counter``, or ``?`` where nothing tells.
    comment : str
        Why, for a person.
    counter : CounterDescription, optional
        Of a sample counter.
    is_flat : bool
        Whether an unknown channel has not changed while it was measured.
    by_name : bool
        Whether it is dropped for its name alone.
    """

    entry: str
    comment: str
    counter: CounterDescription | None = None
    is_flat: bool = False
    by_name: bool = False


def propose(excerpts: list[StreamExcerpt], ask: Ask | None = None) -> Proposal:
    """Write the description of a device.

    Parameters
    ----------
    excerpts : list of StreamExcerpt
        Its streams.
    ask : callable, optional
        Asks the user; without it, unknown fields stay ``?``.
    """
    text = f"name: {quoted(excerpts[0].whole.name)}\nstreams:\n"
    missing: list[str] = []
    for each in excerpts:
        part, questions = _stream(each, ask)
        text += part
        missing += [f"stream {each.spec.name!r}: {question}" for question in questions]
    return Proposal(text, tuple(missing))


def device_template(spec: StreamSpec, parts: Sequence[tuple[StreamSpec, Carrier]] = ()) -> str:
    """Write the description of a stream from its metadata alone, as far as they tell.

    Parameters
    ----------
    spec : StreamSpec
    parts : sequence of (StreamSpec, Carrier)
        All parts of the stream that carries it, where it is one of several.
    """
    signals = [(part, carrier) for part, carrier in parts if part.modality is not Modality.OTHER]
    known: Sequence[tuple[StreamSpec, Carrier | None]] = signals or [(spec, None)]
    return propose(
        [
            StreamExcerpt(part, np.empty((0, part.n_chans), np.float32), part.sfreq, carrier)
            for part, carrier in known
        ]
    ).text


def _stream(excerpt: StreamExcerpt, ask: Ask | None) -> tuple[str, list[str]]:
    spec = excerpt.spec
    missing: list[str] = []
    modality = likely_modality(spec)
    if modality is Modality.OTHER:
        modality = _ask_modality(spec, ask)
    lines = [_match(excerpt.whole)]
    if modality is Modality.OTHER:
        missing += ["its modality", "its unit"]
        lines.append(f'  modality: "{UNKNOWN}"  # EEG, GSR or ECG')
        lines.append(f'  unit: "{UNKNOWN}"  # microvolts, microsiemens, kohm ...')
    else:
        lines.append(f"  modality: {modality}")
    channels = propose_channels(modality, excerpt)
    if ask is not None and any(c.entry == UNKNOWN for c in channels):
        channels = _ask_electrodes(spec, channels, ask)
    n_open = sum(c.entry == UNKNOWN for c in channels)
    if n_open:
        missing.append(f"the electrodes of {n_open} channels")
    kept = [i for i, c in enumerate(channels) if c.entry not in (DROP, COUNTER)]
    if modality is not Modality.OTHER and kept:
        lines_of_unit, question = unit_lines(
            modality, replace(excerpt, samples=excerpt.samples[:, kept]), ask
        )
        lines += lines_of_unit
        missing += question
    lines_of_rate, question = rate_lines(excerpt)
    lines += lines_of_rate
    missing += question
    lines += _channel_lines(excerpt, modality, channels)
    return "".join(f"  {line}\n" for line in lines), missing


def _match(spec: StreamSpec) -> str:
    words = {"name": quoted(escape(spec.name)), "type": quoted(escape(spec.stype) or "*")}
    if spec.source_id:
        words["source_id"] = quoted(escape(spec.source_id))
    return f"- match: {{{', '.join(f'{key}: {word}' for key, word in words.items())}}}"


def _ask_modality(spec: StreamSpec, ask: Ask | None) -> Modality:
    while ask is not None:
        word = ask(f"What does {spec.name!r} measure, EEG, GSR or ECG?").strip().upper()
        if word in ("EEG", "GSR", "ECG"):
            return Modality(word)
    return Modality.OTHER


# --- channels ---------------------------------------------------------------------------------


def likely_modality(spec: StreamSpec) -> Modality:
    """Return what a stream measures by its own words, or by the names of its electrodes."""
    if spec.modality is Modality.OTHER and sum(map(is_electrode, spec.ch_names)) > 1:
        return Modality.EEG
    return spec.modality


def propose_channels(modality: Modality, excerpt: StreamExcerpt) -> list[ChannelProposal]:
    """Propose what each channel of a stream is, as far as labels and samples tell."""
    channels = [_role(modality, excerpt, i) for i in range(excerpt.spec.n_chans)]
    if all(c.entry in (DROP, COUNTER) for c in channels):
        # The names are those of another system, such as E1 to E128.
        channels = [_asked(c) for c in channels]
    return channels


def _role(modality: Modality, excerpt: StreamExcerpt, i: int) -> ChannelProposal:
    """Find a channel's role from its label or, where that is unknown, from its samples."""
    label = excerpt.spec.ch_names[i]
    named = not (_NUMBERED.fullmatch(label) or is_biosemi(label, excerpt.spec.ch_names))
    if modality is Modality.EEG and named and is_electrode(label):
        return ChannelProposal(label, tr("as labelled"))
    told = excerpt.spec.modality is modality and excerpt.spec.unit
    if told and modality is not Modality.EEG and not NOT_A_SIGNAL.search(label):
        # Skin conductance may rise for as long as it is listened to.
        return ChannelProposal(label, tr("as labelled"))
    x = excerpt.samples[:, i].astype(np.float64)
    counter = find_counter(x)
    if counter is not None:
        said = tr("counts to {last} in steps of {step}")
        counts = said.format(last=counter.modulo - 1, step=counter.step)
        return ChannelProposal(COUNTER, counts, counter)
    if named and NOT_A_SIGNAL.search(label):
        said = tr("{label}: not a physiological signal")
        return ChannelProposal(DROP, said.format(label=label))
    if is_increasing(x):
        return ChannelProposal(DROP, tr("only increases: a clock or a long counter"))
    if modality in (Modality.GSR, Modality.ECG):
        return ChannelProposal(
            label if named else f"{modality}{i + 1}", tr("as labelled") if named else ""
        )
    if named:
        said = tr("{label}: not an electrode of the 10-20 system")
        return ChannelProposal(DROP, said.format(label=label), by_name=True)
    is_flat = bool(len(x)) and bool(np.ptp(x) == 0)
    flat = "; flat while measured" if is_flat else ""
    comment = f"electrode, `{DROP}` or `{COUNTER}`{flat}"
    return ChannelProposal(UNKNOWN, comment, is_flat=is_flat)


def _asked(channel: ChannelProposal) -> ChannelProposal:
    """Return a channel to ask for where it was dropped for its name alone."""
    return replace(channel, entry=UNKNOWN) if channel.by_name else channel


def _ask_electrodes(
    spec: StreamSpec, channels: list[ChannelProposal], ask: Ask
) -> list[ChannelProposal]:
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
        ChannelProposal(answered[i], "as answered") if i in answered else channel
        for i, channel in enumerate(channels)
    ]


def _channel_lines(
    excerpt: StreamExcerpt, modality: Modality, channels: list[ChannelProposal]
) -> list[str]:
    spec, whole = excerpt.spec, excerpt.whole
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
        picked = ", ".join(quoted(c.entry) for c in channels if c.entry != DROP)
        return [*lines, f"  pick: [{picked}]{comment}"]
    lines.append("  channels:")
    columns = excerpt.carrier.columns if excerpt.carrier else tuple(range(len(channels)))
    of_part = dict(zip(columns, channels, strict=True))
    for i, label in enumerate(whole.ch_names):
        channel = of_part.get(i) or ChannelProposal(DROP, f"{label}: not {modality}")
        # A description has one counter; further ones are dropped.
        extra = channel.counter is not None and channel.counter is not counters[0]
        entry = DROP if extra else channel.entry
        comment = f": {channel.comment}" if channel.comment else ""
        lines.append(f"    - {quoted(entry)}  # channel {i + 1}{comment}")
    return lines
