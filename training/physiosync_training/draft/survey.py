"""Look through a folder of recordings: what each holds, and what all of them have in common."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from physiosync_rt.datatypes import Modality, RecordedStream, Recording
from physiosync_rt.devices import load_device, map_recording
from physiosync_rt.devices.description import Device
from physiosync_rt.errors import UserError
from physiosync_rt.formats.base import SIMULATED_NOTE
from physiosync_rt.formats.registry import parts, read, readable
from physiosync_rt.preprocess.montage import canonical
from physiosync_training.datasets.base import counted
from physiosync_training.draft.events import bids_events, events_of
from physiosync_training.draft.stretches import Stretch, find_stretches
from physiosync_training.loop.progress import Progress

PERIPHERAL: Final = (Modality.GSR, Modality.ECG)
_MOST_DEEP: Final = 5
_LEAST_SHARED: Final = 4
_SIMULATED_ID: Final = "physiosync-simulated"
_NOT_RECORDINGS: Final = (".tsv", ".json", ".md", ".yaml", ".yml", ".xlsx", ".docx", ".pdf", "")
_LABELS: Final = "labels.csv"


@dataclass(frozen=True, slots=True)
class Surveyed:
    """What a recording holds.

    Attributes
    ----------
    name : str
        Path below the folder, with slashes.
    length_s : float
        Of its EEG.
    electrodes : tuple of str
    peripheral : dict of Modality to tuple of str
        Channels by modality.
    subject : str
        What the file says of whose it is; often nothing.
    start_utc : float or None
    stretches : tuple of Stretch
    notes : tuple of str
        What a person should know of its markers.
    simulated : bool
    """

    name: str
    length_s: float
    electrodes: tuple[str, ...]
    peripheral: dict[Modality, tuple[str, ...]]
    subject: str
    start_utc: float | None
    stretches: tuple[Stretch, ...]
    notes: tuple[str, ...]
    simulated: bool


@dataclass(frozen=True, slots=True)
class Common:
    """What the recordings that can be trained on together have in common.

    Attributes
    ----------
    recordings : tuple of Surveyed
    pps : Modality
    electrodes : tuple of str
    left_out : tuple of (str, str)
        Other recordings, and why not.
    """

    recordings: tuple[Surveyed, ...]
    pps: Modality
    electrodes: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]


def find_recordings(folder: Path) -> list[Path]:
    """Find everything below a folder that a reader knows, and what is named as if one did.

    Raises
    ------
    UserError
        There is no such folder.
    """
    if not folder.is_dir():
        raise UserError(f"there is no folder {folder}; give the folder of your recordings")
    found = sorted(_below(folder, 0), key=lambda path: _natural(path.as_posix()))
    # What a recording is read from is no recording of its own.
    inside = {part for path in found if readable(path) for part in parts(path) if part != path}
    tables = {table for path in found if (table := bids_events(path)) is not None}
    return [path for path in found if path not in inside | tables]


def _below(folder: Path, depth: int) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name == _LABELS:
            continue
        if readable(path) or (path.is_file() and path.suffix.lower() not in _NOT_RECORDINGS):
            yield path
        elif path.is_dir() and depth < _MOST_DEEP:
            yield from _below(path, depth + 1)


def _natural(name: str) -> list[tuple[int, str]]:
    """Sort ``run10`` behind ``run9``."""
    return [(int(part or 0) if part.isdecimal() else 0, part) for part in re.split(r"(\d+)", name)]


def survey(
    folder: Path, device: str | None, progress: Progress
) -> tuple[list[Surveyed], list[tuple[str, str]]]:
    """Read every recording below a folder.

    Parameters
    ----------
    folder : Path
    device : str, optional
        Device description that names channels and units of all files.
    progress : callable

    Returns
    -------
    surveyed : list of Surveyed
        Those that hold EEG and a peripheral signal.
    left_out : list of (str, str)
        The others, and why not.

    Raises
    ------
    UserError
        There is no such folder, or nothing in it that can be read.
    """
    paths = find_recordings(folder)
    described = None if device is None else load_device(device)
    surveyed, left_out = [], []
    for path in counted(paths, len(paths), "read recordings", progress):
        name = path.relative_to(folder).as_posix()
        try:
            surveyed.append(_survey(path, name, described))
        except UserError as error:
            why = str(error).splitlines()[0].removeprefix(path.name).lstrip(" :")
            left_out.append((name, why))
    if not paths:
        raise UserError(
            f"{folder} holds no recording; put the files there (XDF, EDF, BDF, FIF, BrainVision, "
            "text of OpenBCI, ...; `physiosync inspect FILE` tells what one is)"
        )
    return surveyed, left_out


def _survey(path: Path, name: str, device: Device | None) -> Surveyed:
    recording = read(path)
    if device is not None:
        recording = map_recording(device, recording)
    eeg, peripheral = _signals(recording)
    length = float(eeg.timestamps[-1] - eeg.timestamps[0]) if len(eeg.timestamps) else 0.0
    stretches, notes = find_stretches(events_of(recording), length)
    ids = {stream.spec.source_id for stream in recording.streams}
    return Surveyed(
        name=name,
        length_s=length,
        electrodes=eeg.spec.ch_names,
        peripheral=peripheral,
        subject=recording.subject,
        start_utc=recording.start_utc,
        stretches=tuple(stretches),
        notes=tuple(notes),
        simulated=SIMULATED_NOTE in recording.notes
        or any(each.startswith(_SIMULATED_ID) for each in ids),
    )


def _signals(
    recording: Recording,
) -> tuple[RecordedStream, dict[Modality, tuple[str, ...]]]:
    """Return the EEG and the channels of every peripheral signal.

    Raises
    ------
    UserError
        One of them is missing, or its unit is not known.
    """
    held = ", ".join(sorted({str(each.spec.modality) for each in recording.streams})) or "nothing"
    usable = [each for each in recording.streams if each.spec.unit and len(each.timestamps)]
    eeg = [each for each in usable if each.spec.modality is Modality.EEG]
    pps: dict[Modality, tuple[str, ...]] = {
        modality: each.spec.ch_names
        for modality in PERIPHERAL
        for each in usable[::-1]
        if each.spec.modality is modality
    }
    for wanted, found in ((("EEG",), eeg), (PERIPHERAL, pps)):
        if found:
            continue
        unknown = [each for each in recording.streams if each.spec.modality in wanted]
        if any(each.unit_note for each in unknown):
            raise UserError(
                f"it does not tell the unit of its {unknown[0].spec.modality}; describe the device "
                "and give --device (see configs/devices)"
            )
        raise UserError(
            f"it has no {' or '.join(wanted)} with samples (it holds {held}); training needs EEG "
            "and GSR or ECG in one recording"
        )
    return eeg[0], pps


def common_of(surveyed: Sequence[Surveyed], left_out: Sequence[tuple[str, str]]) -> Common:
    """Choose the peripheral modality and the electrodes that most recordings share.

    Raises
    ------
    UserError
        No recording can be used; the message says of each why not.
    """
    out = list(left_out)
    counts = Counter(modality for each in surveyed for modality in each.peripheral)
    pps = max(PERIPHERAL, key=lambda modality: counts[modality])
    kept = []
    for each in surveyed:
        if pps in each.peripheral:
            kept.append(each)
        else:
            out.append((each.name, f"it has no {pps}, which most of the others have"))
    if not kept:
        said = "\n".join(f"{name}: {why}" for name, why in out)
        raise UserError(f"no recording can be trained on; each needs EEG and GSR or ECG\n{said}")
    kept, electrodes = _shared(kept, out)
    return Common(tuple(kept), pps, electrodes, tuple(out))


def _shared(
    surveyed: list[Surveyed], left_out: list[tuple[str, str]]
) -> tuple[list[Surveyed], tuple[str, ...]]:
    """Keep the electrodes that all have, or the recordings that have those of most."""
    named = [{canonical(name) for name in each.electrodes} for each in surveyed]
    shared = set.intersection(*named)
    if len(shared) < min(_LEAST_SHARED, *map(len, named)):
        # Nothing to speak of is common to all: stay with the largest group of equals.
        sets = Counter(frozenset(names) for names in named)
        _, _, largest = max((n, len(names), sorted(names)) for names, n in sets.items())
        shared = set(largest)
        for each, names in zip(surveyed, named, strict=True):
            if not shared <= names:
                why = (
                    f"it lacks {len(shared - names)} of the {len(shared)} electrodes of the others"
                )
                left_out.append((each.name, why))
        pairs = zip(surveyed, named, strict=True)
        surveyed = [each for each, names in pairs if shared <= names]
    first = surveyed[0].electrodes
    return surveyed, tuple(name for name in first if canonical(name) in shared)
