"""A lab's own recordings: what its table says, checked before anything long begins.

``labels.csv`` has one line for every stretch: ``file, start, stop, subject, trial, kind, valence,
arousal``, and ``stimulus`` where several people saw the same. ``start`` and ``stop`` are seconds
from the first EEG sample of the file, ``kind`` is ``trial`` or ``baseline``, and a rating may be
empty. A person's files are taken in the order in which the table names them.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from physiosync_rt.datatypes import Modality, Recording, Segment
from physiosync_rt.devices import load_device, map_recording
from physiosync_rt.errors import UserError
from physiosync_rt.formats.registry import read, readable
from physiosync_rt.preprocess.config import ModalityContract
from physiosync_rt.utils.resources import configs_dir
from physiosync_training.datasets.config import RecordingsData
from physiosync_training.datasets.dataset import WINDOW_S

REQUIRED: Final = ("file", "start", "stop", "subject", "trial", "kind", "valence", "arousal")
OPTIONAL: Final = ("stimulus",)

_END_SLACK_S = 1.0


@dataclass(frozen=True, slots=True)
class Session:
    """One file and the stretches of it that count, in order of time."""

    path: Path
    segments: tuple[Segment, ...]

    @property
    def subject(self) -> str:
        """Whose it is."""
        return self.segments[0].subject


def find_labels(config: RecordingsData) -> Path:
    """Find the table: beside the recordings, by its path, or among those that ship.

    Raises
    ------
    UserError
        Neither the folder nor the table is there.
    """
    folder = config.path.expanduser()
    if not folder.is_dir():
        raise UserError(
            f"there is no folder {folder}; give the folder of your recordings with "
            "--set data.path=FOLDER"
        )
    given = Path(config.labels).expanduser()
    places = (folder / given, given, configs_dir() / "train" / given)
    found = next((path for path in places if path.is_file()), None)
    if found is None:
        raise UserError(
            f"{folder} holds no {config.labels}; write one line per trial and baseline with the "
            f"columns {', '.join(REQUIRED)}"
        )
    return found


def read_sessions(config: RecordingsData) -> list[Session]:
    """Read and check the table; no recording is opened beyond its first bytes.

    Returns
    -------
    list of Session
        Files by subject, both in the order of the table.

    Raises
    ------
    UserError
        The first thing that is wrong, with the line it stands in.
    """
    table = find_labels(config)
    rows = _rows(table)
    by_file: dict[str, list[Segment]] = {}
    for line, row in rows:
        by_file.setdefault(row["file"], []).append(_segment(table, line, row, config))
    folder = config.path.expanduser()
    sessions = [_session(table, folder / name, parts) for name, parts in by_file.items()]
    if not config.ignore_unlisted:
        _check_unlisted(table, folder, {session.path for session in sessions})
    subjects = list(dict.fromkeys(session.subject for session in sessions))
    ordered = [s for subject in subjects for s in sessions if s.subject == subject]
    _check_rest(table, ordered)
    return ordered


def _rows(table: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        lines = table.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{table.name} cannot be read as text: {error}") from error
    reader = csv.DictReader(lines, skipinitialspace=True)
    names = [name.strip() for name in reader.fieldnames or ()]
    reader.fieldnames = names
    missing = [name for name in REQUIRED if name not in names]
    unknown = [name for name in names if name not in (*REQUIRED, *OPTIONAL)]
    if missing or unknown:
        said = f"lacks {', '.join(missing)}" if missing else f"has {', '.join(unknown)} as well"
        raise UserError(
            f"{table.name}: the header {said}; expected are {', '.join(REQUIRED)} and, if you "
            f"like, {', '.join(OPTIONAL)}"
        )
    found = [(reader.line_num, row) for row in reader]
    if not found:
        raise UserError(f"{table.name} has a header and no line below it")
    for line, row in found:
        if None in row or None in row.values():
            raise UserError(f"{table.name}, line {line}: expected {len(names)} cells")
        yield line, {name: str(cell).strip() for name, cell in row.items()}


def _segment(table: Path, line: int, row: dict[str, str], config: RecordingsData) -> Segment:
    where = f"{table.name}, line {line}"

    def number(name: str) -> float:
        try:
            value = float(row[name])
        except ValueError:
            value = np.nan
        if not np.isfinite(value):
            raise UserError(f"{where}: {name} is {row[name]!r}, expected a number")
        return value

    def rating(name: str) -> float | None:
        if not row[name]:
            return None
        value = number(name)
        low, high = config.scale
        if not low <= value <= high:
            raise UserError(
                f"{where}: {name} is {value:g}, out of the scale of {low:g} to {high:g}; mend the "
                "line, or the scale in the configuration"
            )
        return value

    kind = row["kind"]
    if kind not in ("trial", "baseline"):
        raise UserError(f"{where}: kind is {kind!r}, expected trial or baseline")
    if not row["file"] or not row["subject"]:
        raise UserError(f"{where}: file and subject must not be empty")
    start, stop = number("start"), number("stop")
    least = WINDOW_S if kind == "trial" else 2
    if start < 0 or stop - start < least:
        raise UserError(
            f"{where}: a {kind} from {start:g} s to {stop:g} s; it must not start before 0 and "
            f"must last {least} s or more"
        )
    if kind == "baseline":
        return Segment(start, stop, "baseline", row["subject"], 0)
    trial = number("trial")
    if trial != int(trial):
        raise UserError(f"{where}: trial is {row['trial']!r}, expected a whole number")
    return Segment(
        start,
        stop,
        "trial",
        row["subject"],
        int(trial),
        row.get("stimulus", ""),
        rating("valence"),
        rating("arousal"),
    )


def _session(table: Path, path: Path, segments: list[Segment]) -> Session:
    if not path.exists():
        raise UserError(
            f"{table.name} names {path.name}, which is not in {path.parent}; add the file or take "
            "its lines out"
        )
    if not readable(path):
        raise UserError(
            f"{path.name} is no recording that can be read; `physiosync inspect` says why"
        )
    subjects = sorted({segment.subject for segment in segments})
    if len(subjects) > 1:
        raise UserError(
            f"{table.name} gives {path.name} to {' and '.join(subjects)}; a recording is of one "
            "subject"
        )
    ordered = sorted(segments, key=lambda segment: segment.start)
    for one, other in pairwise(ordered):
        if other.start < one.stop:
            raise UserError(
                f"{table.name}: two stretches of {path.name} overlap ({one.start:g} to "
                f"{one.stop:g} s and {other.start:g} to {other.stop:g} s)"
            )
    return Session(path, tuple(ordered))


def _check_unlisted(table: Path, folder: Path, named: set[Path]) -> None:
    inside = {part for path in named for part in path.parents}
    for path in sorted(folder.iterdir()):
        if path in named or path in inside or path.name.startswith(".") or path == table:
            continue
        if readable(path):
            raise UserError(
                f"{path.name} lies in {folder} and {table.name} does not name it; add its lines, "
                "move it away, or set data.ignore_unlisted=true"
            )


def _check_rest(table: Path, sessions: list[Session]) -> None:
    rested: set[str] = set()
    numbers: set[tuple[str, int]] = set()
    for session in sessions:
        for segment in session.segments:
            subject = segment.subject
            if segment.kind == "baseline":
                rested.add(subject)
                continue
            if subject not in rested:
                raise UserError(
                    f"{table.name}: subject {subject} has no baseline before trial "
                    f"{segment.trial} ({session.path.name}); add a line of kind baseline"
                )
            if (subject, segment.trial) in numbers:
                raise UserError(
                    f"{table.name}: trial {segment.trial} of subject {subject} comes twice; "
                    "give every trial of a subject its own number"
                )
            numbers.add((subject, segment.trial))
    if not numbers:
        raise UserError(f"{table.name} has no line of kind trial")


def load_session(session: Session, config: RecordingsData) -> Recording:
    """Read a file and put the table's stretches on it.

    Raises
    ------
    UserError
        It cannot be read, or ends before a stretch does.
    """
    recording = read(session.path)
    if config.device is not None:
        recording = map_recording(load_device(config.device), recording)
    eeg = recording.of(Modality.EEG)
    if not eeg:
        raise UserError(f"{session.path.name} has no EEG stream")
    stamps = eeg[0].timestamps
    length = float(stamps[-1] - stamps[0]) if len(stamps) else 0.0
    last = max(session.segments, key=lambda segment: segment.stop)
    if last.stop > length + _END_SLACK_S:
        raise UserError(
            f"{session.path.name} is {length:.1f} s long, and a {last.kind} of subject "
            f"{last.subject} is to end at {last.stop:g} s"
        )
    return replace(recording, segments=session.segments, subject=session.subject)


def contracts_of(
    first: Recording, config: RecordingsData
) -> tuple[ModalityContract, ModalityContract]:
    """What a bundle of these recordings will ask for, after the first of them.

    Raises
    ------
    UserError
        It has no stream of the peripheral modality.
    """
    modality = Modality(config.pps)
    streams = first.of(modality)
    if not streams:
        there = ", ".join(sorted({str(s.spec.modality) for s in first.streams}))
        raise UserError(
            f"{first.path.name if first.path else first.subject} has no {modality} stream, only "
            f"{there}; set data.pps to what there is"
        )
    names = config.ch_names or first.of(Modality.EEG)[0].spec.ch_names
    least = config.min_electrodes or max(len(names) // 2, 1)
    eeg = ModalityContract(modality=Modality.EEG, ch_names=names, min_electrodes=least)
    return eeg, ModalityContract(modality=modality, ch_names=streams[0].spec.ch_names)
