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
    title = "Model"
    try:
        path = find_bundle(name)
        card = read_card(path)
        if not (path / WEIGHTS).is_file():
            return None, Check(
                "bundle",
                State.MISSING,
                title,
                f"{path} holds {CARD} and no {WEIGHTS}: take another copy of the bundle",
            )
    except UserError as error:
        return None, Check("bundle", State.MISSING, title, str(error))
    simulated = "; trained on simulated people, so it says nothing of a real person"
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
        return [Check("source", state, "Signals", sight.problem or "No EEG is in sight", fix)]
    used = " and ".join(_named(spec) for spec in (sight.eeg, sight.pps) if spec is not None)
    checks = [
        Check("source", State.OK, "Signals", used),
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
    title = "Electrodes"
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
    left = f"; {unused} of the stream's channels not used" if unused else ""
    if not missing:
        return Check(
            "electrodes", State.OK, title, f"All {wanted.n_chans} electrodes measured{left}"
        )
    names = ", ".join(missing[:N_NAMED])
    more = f" and {len(missing) - N_NAMED} more" if len(missing) > N_NAMED else ""
    return Check(
        "electrodes",
        State.WARNING,
        title,
        f"{n_measured} of {wanted.n_chans} electrodes measured; {names}{more} interpolated, so "
        f"the confidence is lowered to {montage.measured:.0%}{left}",
    )


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
    why = "its stream does not state its unit" if unused else f"there is no {title} stream"
    return Check(
        "peripheral",
        State.WARNING,
        title,
        f"{why[:1].upper()}{why[1:]}: EEG alone is used, and the confidence is lowered",
        Fix.MAP if unused else Fix.NONE,
    )


def _named(spec: StreamSpec) -> str:
    unit = "" if spec.modality is not Modality.EEG else f"{spec.n_chans} channels, "
    return f"{spec.modality} from “{spec.name}” ({unit}{spec.sfreq:g} Hz)"


def _card(name: str) -> Card:
    return read_card(find_bundle(name))
