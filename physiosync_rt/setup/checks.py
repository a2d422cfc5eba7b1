"""Every requirement of a run, checked before it starts, in words on what is missing."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from physiosync_rt.bundle.card import CARD, WEIGHTS, Card, find_bundle, read_card
from physiosync_rt.datatypes import Modality, StreamSpec
from physiosync_rt.errors import UserError
from physiosync_rt.preprocess.montage import Montage, pick_channels
from physiosync_rt.setup.plan import Plan
from physiosync_rt.setup.sight import Sight
from physiosync_rt.sources.validate import find_problem

LEAST_FREE = 50 * 2**20
"""Bytes of free disk below which a run cannot be kept."""

LITTLE_FREE = 2**30
"""Bytes of free disk that a person should know of."""

N_NAMED = 6
"""So many electrodes are named."""

_NOT_IN_NAMES = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


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


def check_files(plan: Plan, now: datetime) -> list[Check]:
    """Check where a run would be written."""
    title = "Files"
    if not (plan.csv or plan.record):
        return [Check("files", State.WARNING, title, "Nothing is kept of this run")]
    if problem := name_problem(plan.name.strip()):
        return [Check("files", State.MISSING, title, problem)]
    if not plan.folder.strip():
        return [Check("files", State.MISSING, title, "No folder is chosen. Choose one")]
    folder = Path(plan.folder).expanduser()
    if problem := folder_problem(folder):
        return [Check("files", State.MISSING, title, problem)]
    files = plan.files(now)
    if files.record is not None and files.record.exists():
        return [
            Check(
                "files",
                State.MISSING,
                title,
                f"{files.record.name} exists, and recordings are never overwritten. Choose "
                "another name",
            )
        ]
    kept = " and ".join(path.name for path in (files.csv, files.record) if path is not None)
    if not plan.name.strip():
        kept = " and ".join(
            word for word, on in (("a CSV", plan.csv), ("a recording", plan.record)) if on
        )
        kept += " named after the time of the start"
    state, text = State.OK, f"{kept[:1].upper() + kept[1:] if not plan.name.strip() else kept}"
    if files.csv is not None and files.csv.exists():
        state, text = (
            State.WARNING,
            f"{files.csv.name} exists; it will be renamed to {files.csv.stem}_old1.csv or so",
        )
    return [Check("files", state, title, text), _check_disk(folder)]


def name_problem(name: str) -> str:
    """Return why a name cannot be a file's, and what to do; empty where it can."""
    if wrong := _NOT_IN_NAMES.search(name):
        return f"A file name cannot contain {wrong[0]!r}. Use letters, digits, spaces, - and _"
    if name.startswith(".") or name.endswith("."):
        return "A file name must not begin or end with a full stop. Choose another name"
    if _RESERVED.fullmatch(name):
        return f"“{name}” is a reserved name under Windows. Choose another name"
    if len(name.encode()) > 200:
        return "The file name is too long. Use at most 200 characters"
    return ""


def folder_problem(folder: Path) -> str:
    """Return why nothing can be written into a folder, and what to do; empty where it can."""
    try:
        if folder.exists() and not folder.is_dir():
            return f"{folder} is a file. Choose a folder"
        there = folder
        while not there.exists():
            # It is made when the run starts.
            there = there.parent
        if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
            return f"{folder} may not be written to. Choose another folder"
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        return f"{folder} cannot be used ({reason}). Choose another folder"
    return ""


def make_folder(folder: Path) -> None:
    """Make the folder of a run where it is missing.

    Raises
    ------
    UserError
        It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"{folder} cannot be made: {error.strerror}; choose another folder"
        ) from error


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


def _check_disk(folder: Path) -> Check:
    there = folder
    while not there.exists():
        there = there.parent
    try:
        free = shutil.disk_usage(there).free
    except OSError as error:
        return Check("disk", State.WARNING, "Disk", f"Its space is not known ({error.strerror})")
    said = f"{free / 2**30:.1f} GB free"
    if free < LEAST_FREE:
        return Check("disk", State.MISSING, "Disk", f"Only {free / 2**20:.0f} MB free. Make room")
    if free < LITTLE_FREE:
        return Check("disk", State.WARNING, "Disk", f"Only {free / 2**20:.0f} MB free")
    return Check("disk", State.OK, "Disk", said)


def _named(spec: StreamSpec) -> str:
    unit = "" if spec.modality is not Modality.EEG else f"{spec.n_chans} channels, "
    return f"{spec.modality} from “{spec.name}” ({unit}{spec.sfreq:g} Hz)"


def _card(name: str) -> Card:
    return read_card(find_bundle(name))
