"""Every requirement of a run, checked before it starts, in words on what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from physiosync_rt.bundle.card import CARD, WEIGHTS, Card, find_bundle, read_card
from physiosync_rt.datatypes import Modality, StreamSpec
from physiosync_rt.errors import UserError
from physiosync_rt.preprocess.montage import Montage, pick_channels
from physiosync_rt.setup.sight import Sight
from physiosync_rt.sources.validate import find_problem
from physiosync_rt.utils.translation import tr

N_NAMED = 6
"""So many electrodes are named."""


class State(StrEnum):
    """How a requirement stands."""

    OK = "ok"
    WARNING = "warning"
    """The run can start; a person should know this."""
    MISSING = "missing"
    WAITING = "waiting"
    """Missing, and time may bring it."""


class Fix(StrEnum):
    """What the window can do about a check."""

    NONE = ""
    MAP = "map"
    """Say what the channels are."""
    BUNDLE = "bundle"
    """Take another bundle, which is named."""


@dataclass(frozen=True, slots=True)
class Check:
    """One requirement.

    Attributes
    ----------
    key : str
        ``bundle``, ``source``, ``electrodes``, ``peripheral``, ``files``, ``disk``.
    state : State
    title, text : str
        What it is about, and how it stands: what is missing and what to do.
    fix : Fix
    fix_name : str
        The bundle that would fit.
    """

    key: str
    state: State
    title: str
    text: str
    fix: Fix = Fix.NONE
    fix_name: str = ""

    @property
    def passes(self) -> bool:
        """Whether a run may start."""
        return self.state in (State.OK, State.WARNING)


def check_bundle(name: str) -> tuple[Card | None, Check]:
    """Read a bundle's card; return it with the check."""
    title = tr("Model")
    try:
        path = find_bundle(name)
        card = read_card(path)
        if not (path / WEIGHTS).is_file():
            return None, Check(
                "bundle",
                State.MISSING,
                title,
                tr(
                    "{folder} holds {card} and no {weights}: take another copy of the bundle"
                ).format(folder=path, card=CARD, weights=WEIGHTS),
            )
    except UserError as error:
        return None, Check("bundle", State.MISSING, title, str(error))
    simulated = tr("; trained on simulated people, so it says nothing of a real person")
    return card, Check(
        "bundle",
        State.WARNING if card.simulated else State.OK,
        title,
        f"{card.title}{simulated if card.simulated else ''}",
    )


def check_sight(sight: Sight, card: Card, others: tuple[str, ...] = ()) -> list[Check]:
    """Check what a source offers against a bundle.

    Parameters
    ----------
    sight : Sight
    card : Card
    others : tuple of str
        Bundles to recommend where this one does not fit.
    """
    if sight.eeg is None or sight.problem:
        state = State.WAITING if sight.waiting else State.MISSING
        fix = Fix.MAP if sight.unclear is not None else Fix.NONE
        return [
            Check("source", state, tr("Signals"), sight.problem or tr("No EEG is in sight"), fix)
        ]
    used = tr(" and ").join(_named(spec) for spec in (sight.eeg, sight.pps) if spec is not None)
    checks = [
        Check("source", State.OK, tr("Signals"), used),
        _check_electrodes(sight.eeg, card, others),
    ]
    if card.pps is not None:
        checks.append(_check_peripheral(sight, card))
    return checks


def fits(spec: StreamSpec, card: Card) -> bool:
    """Whether a bundle takes an EEG stream."""
    try:
        Montage(spec.ch_names, card.eeg.ch_names, card.eeg.min_electrodes)
    except UserError:
        return False
    return True


def _check_electrodes(eeg: StreamSpec, card: Card, others: tuple[str, ...]) -> Check:
    title = tr("Electrodes")
    wanted = card.eeg
    try:
        montage = Montage(eeg.ch_names, wanted.ch_names, wanted.min_electrodes, f"“{card.title}”")
    except UserError as error:
        better = next((name for name in others if fits(eeg, _card(name))), "")
        return Check(
            "electrodes",
            State.MISSING,
            title,
            str(error),
            Fix.BUNDLE if better else Fix.NONE,
            better,
        )
    missing = montage.interpolated
    n_measured = wanted.n_chans - len(missing)
    unused = sum(not used for used in montage.used)
    left = tr("; {n} of the stream's channels not used").format(n=unused) if unused else ""
    if not missing:
        said = tr("All {n} electrodes measured{left}")
        return Check("electrodes", State.OK, title, said.format(n=wanted.n_chans, left=left))
    n_more = len(missing) - N_NAMED
    said = tr(
        "{n} of {of} electrodes measured; {names}{more} interpolated, so the confidence is "
        "lowered to {share}{left}"
    ).format(
        n=n_measured,
        of=wanted.n_chans,
        names=", ".join(missing[:N_NAMED]),
        more=tr(" and {n} more").format(n=n_more) if n_more > 0 else "",
        share=f"{montage.measured:.0%}",
        left=left,
    )
    return Check("electrodes", State.WARNING, title, said)


def _check_peripheral(sight: Sight, card: Card) -> Check:
    assert card.pps is not None
    wanted = card.pps
    title = str(wanted.modality)
    if sight.pps is not None:
        try:
            pick_channels(sight.pps, wanted)
        except UserError as error:
            return Check("peripheral", State.MISSING, title, str(error))
        return Check(
            "peripheral",
            State.OK,
            title,
            f"“{sight.pps.name}”, {sight.pps.sfreq:g} Hz",
        )
    unused = [
        problem
        for stream in sight.offered
        for spec in stream.specs
        if spec.modality is wanted.modality and (problem := find_problem(spec))
    ]
    if unused:
        said = tr(
            "Its stream does not state its unit: EEG alone is used, and the confidence is lowered"
        )
        return Check("peripheral", State.WARNING, title, said, Fix.MAP)
    said = tr("There is no {signal} stream: EEG alone is used, and the confidence is lowered")
    return Check("peripheral", State.WARNING, title, said.format(signal=title))


def _named(spec: StreamSpec) -> str:
    if spec.modality is Modality.EEG:
        said = tr("{signal} from “{stream}” ({n} channels, {rate} Hz)")
    else:
        said = tr("{signal} from “{stream}” ({rate} Hz)")
    return said.format(
        signal=spec.modality, stream=spec.name, n=spec.n_chans, rate=f"{spec.sfreq:g}"
    )


def _card(name: str) -> Card:
    return read_card(find_bundle(name))
