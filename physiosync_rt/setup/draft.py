"""A first draft of what a stream's channels are: from descriptions, labels and samples."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from physiosync_rt.datatypes import UNITS, Modality, StreamSpec
from physiosync_rt.devices import Device, load_device, part_mappers
from physiosync_rt.devices.assist import ChannelProposal, likely_modality, propose_channels
from physiosync_rt.devices.assist_units import StreamExcerpt, plausible_units
from physiosync_rt.devices.channel_uses import (
    SIGNALS,
    ChannelUse,
    SignalUnit,
    describe_channels,
    uses_of,
)
from physiosync_rt.devices.description import (
    COUNTER,
    DROP,
    UNKNOWN,
    CounterDescription,
    Positions,
)
from physiosync_rt.errors import UserError
from physiosync_rt.formats.base import is_electrode
from physiosync_rt.formats.stamp_rate import nearest_rate
from physiosync_rt.preprocess.montage import canonical, known_electrodes
from physiosync_rt.setup.sight import Offered, Sight
from physiosync_rt.sources.validate import open_points
from physiosync_rt.utils.translation import tr
from physiosync_rt.views.wording import unit_text

_TEN_TEN = re.compile(r"(N|Fp|AF|F|FT|FC|T|C|TP|CP|P|PO|O|I)(z|\d{1,2})")


@dataclass(frozen=True, slots=True)
class DraftRow:
    """One channel: what the stream calls it, what it may be (None where nothing tells), and why."""

    label: str
    use: ChannelUse | None
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person begins with who says what the channels are.

    Attributes
    ----------
    stream : Offered
    rows : tuple of DraftRow
    units : dict of Modality to SignalUnit
    hints : dict of Modality to str
        What the samples say of the unit.
    sfreq : float or None
        Rate to state, where the stream declares none or a wrong one.
    positions : str
    counter : CounterDescription or None
    note : str
        Where the draft comes from.
    electrodes : tuple of str
        Names to complete.
    """

    stream: Offered
    rows: tuple[DraftRow, ...]
    units: Mapping[Modality, SignalUnit] = field(default_factory=dict)
    hints: Mapping[Modality, str] = field(default_factory=dict)
    sfreq: float | None = None
    positions: Positions = "assumed"
    counter: CounterDescription | None = None
    note: str = ""
    electrodes: tuple[str, ...] = ()


def make_draft(sight: Sight, stream: Offered) -> Draft:
    """Draft the channels of a stream; listens to it for some seconds where it is live.

    Raises
    ------
    UserError
        It sends nothing.
    """
    excerpts = sight.excerpts(stream) if sight.excerpts else []
    evidence = _from_samples(stream, excerpts)
    for name in (sight.device, *sight.fitting):
        if not name:
            continue
        device = load_device(name)
        try:
            described = device.describe_all(stream.whole)
            uses = uses_of(device, stream.whole)
        except UserError:
            continue
        if described:
            rows = tuple(
                DraftRow(row.label, use, row.comment)
                for row, use in zip(evidence.rows, uses, strict=True)
            )
            return Draft(
                stream,
                rows,
                {d.modality: SignalUnit(d.unit, d.scale) for d in described},
                evidence.hints,
                described[0].sfreq or evidence.sfreq,
                next((d.positions for d in described if d.modality is Modality.EEG), "standard"),
                next((d.counter for d in described if d.counter), None),
                tr(
                    "Filled in from the description “{name}”. Change what is different on your "
                    "head."
                ).format(name=device.name),
                evidence.electrodes,
            )
    return evidence


def device_of(
    name: str,
    stream: Offered,
    uses: Sequence[ChannelUse],
    units: Mapping[Modality, SignalUnit],
    *,
    sfreq: float | None,
    positions: Positions,
    counter: CounterDescription | None,
) -> Device:
    """Describe a stream, and check that it can be used so.

    Raises
    ------
    UserError
        Something is missing or does not fit.
    """
    for use in uses:
        if use.modality is Modality.EEG and canonical(use.name) not in known_electrodes():
            said = tr(
                "“{name}” is not an electrode of the 10-20 or 10-10 system; correct it or choose "
                "“not used”"
            )
            raise UserError(said.format(name=use.name))
    device = describe_channels(
        name, stream.whole, uses, units, sfreq=sfreq, positions=positions, counter=counter
    )
    for modality in SIGNALS:
        if not any(use.modality is modality for use in uses):
            continue
        unit = units.get(modality, SignalUnit()).unit
        stated = _stated(stream, modality, uses)
        if not (unit or stated):
            said = tr("the stream does not state the unit of its {signal}; choose it")
            raise UserError(said.format(signal=modality))
    for mapper in part_mappers(device, stream.parts):
        if points := open_points(mapper.spec) if mapper.spec.modality in SIGNALS else []:
            said = tr("{what} is still missing").format(what=tr(" and ").join(points))
            raise UserError(said)
    return device


def _stated(stream: Offered, modality: Modality, uses: Sequence[ChannelUse]) -> str:
    """Return the unit that a stream states for a modality's channels, as far as it is known."""
    units = stream.parts[0][1].units
    found = {units[i] for i, use in enumerate(uses) if use.modality is modality}
    return UNITS[modality] if found == {UNITS[modality]} else ""


def _from_samples(stream: Offered, excerpts: Sequence[StreamExcerpt]) -> Draft:
    rows = [DraftRow(label, ChannelUse()) for label in stream.whole.ch_names]
    units: dict[Modality, SignalUnit] = {}
    hints: dict[Modality, str] = {}
    counter = None
    sfreq = None
    for excerpt in excerpts:
        modality = likely_modality(excerpt.spec)
        columns = excerpt.carrier.columns if excerpt.carrier else range(excerpt.spec.n_chans)
        # Where nothing tells what it measures, electrodes are the most that is asked.
        for i, found in zip(
            columns,
            propose_channels(modality if modality in SIGNALS else Modality.EEG, excerpt),
            strict=True,
        ):
            counter = counter or found.counter
            rows[i] = DraftRow(
                stream.whole.ch_names[i], _use(found.entry, modality), _comment(found)
            )
        sfreq = sfreq or _rate(excerpt)
        if modality in SIGNALS:
            units[modality] = SignalUnit()
            hints[modality] = _unit_hint(modality, excerpt)
    labelled = all(is_electrode(row.label) for row in rows if row.use and row.use.name != DROP)
    return Draft(
        stream,
        tuple(rows),
        units,
        hints,
        sfreq,
        "standard" if labelled else "assumed",
        counter,
        "",
        tuple(name for name in known_electrodes().values() if _TEN_TEN.fullmatch(name)),
    )


def _use(entry: str, modality: Modality) -> ChannelUse | None:
    if entry == UNKNOWN:
        return None
    if entry in (DROP, COUNTER):
        return ChannelUse(Modality.OTHER, entry)
    return ChannelUse(modality if modality in SIGNALS else Modality.EEG, entry)


def _comment(found: ChannelProposal) -> str:
    """Return what shows what a channel is; where nothing does, whether it is flat."""
    if found.entry != UNKNOWN:
        return found.comment
    return tr("flat while listened to") if found.is_flat else ""


def _rate(excerpt: StreamExcerpt) -> float | None:
    """Return the measured rate where the declared one is missing or wrong by a tenth."""
    declared, measured = excerpt.spec.sfreq, excerpt.sfreq
    wrong = declared <= 0 or abs(measured / declared - 1.0) >= 0.1
    return nearest_rate(measured) if wrong and measured > 0 else None


def _unit_hint(modality: Modality, excerpt: StreamExcerpt) -> str:
    spec: StreamSpec = excerpt.spec
    if spec.unit:
        return tr("stated by the stream: {unit}").format(unit=unit_text(spec.unit))
    fitting = plausible_units(modality, excerpt)
    if fitting:
        units = tr(" or ").join(
            f"{word} ({value:.3g} {unit_text(UNITS[modality])})" for word, value in fitting.items()
        )
        return tr("by its size: {units}").format(units=units)
    if not len(excerpt.samples):
        return ""
    return tr("none of the usual units fits the size of the samples")
