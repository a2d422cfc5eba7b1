"""Who takes part in a run, what the marker keys say, and the file names that follow."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, field_validator

from physiosync_rt.utils.translation import mark, tr
from physiosync_rt.utils.yaml_config import FrozenModel

MOST_KEYS = 9
"""Markers on Ctrl+1 to Ctrl+9."""

TASK = "live"
"""Task of a run whose person names none; BIDS asks for one."""

_LABEL = re.compile(r"[0-9A-Za-z]+")
_LONGEST_LABEL = 40
_ENDINGS = (".csv", ".json", ".xdf")

MarkerName = Annotated[str, Field(min_length=1, max_length=60)]


class Conduct(FrozenModel):
    """What a person says of a run besides its signals, as it was typed.

    Attributes
    ----------
    participant, session, task : str
        Labels that name the files of the run, see `stem`.
    notes : str
        Kept in the run's JSON.
    marker_keys : tuple of str
        What Ctrl+1, Ctrl+2 ... write into the next row.
    sound : bool
        Whether the end of the rest is heard.
    """

    participant: str = ""
    session: str = ""
    task: str = ""
    notes: str = Field("", max_length=10_000)
    marker_keys: tuple[MarkerName, ...] = Field((), max_length=MOST_KEYS)
    sound: bool = True

    @property
    def labels(self) -> tuple[tuple[str, str], ...]:
        """The labels that are not empty, under their names."""
        named = (
            (mark("participant"), self.participant),
            (mark("session"), self.session),
            (mark("task"), self.task),
        )
        return tuple((name, label.strip()) for name, label in named if label.strip())

    @property
    def label_problem(self) -> str:
        """Why a label cannot name files, and what to do; empty where all of them can."""
        problems = (label_problem(name, label) for name, label in self.labels)
        return next(filter(None, problems), "")

    @property
    def stem(self) -> str:
        """Beginning of the files' names: ``sub-01_ses-02_task-live``; empty without participant."""
        labels = dict(self.labels)
        if "participant" not in labels:
            return ""
        parts = [f"sub-{labels['participant']}"]
        if session := labels.get("session"):
            parts.append(f"ses-{session}")
        return "_".join((*parts, f"task-{labels.get('task', TASK)}"))


class CheckedConduct(Conduct):
    """The same, where labels that cannot name files are refused."""

    @field_validator("participant", "session", "task")
    @classmethod
    def _is_label(cls, label: str) -> str:
        if problem := label_problem(mark("label"), label.strip()):
            raise ValueError(problem)
        return label.strip()


def label_problem(name: str, label: str) -> str:
    """Return why a label cannot name files, and what to do; empty where it can."""
    if not label or _LABEL.fullmatch(label):
        if len(label) <= _LONGEST_LABEL:
            return ""
        said = tr("The {name} is too long to name files. Use at most {n} characters")
        return said.format(name=tr(name), n=_LONGEST_LABEL)
    wrong = next(character for character in label if not _LABEL.fullmatch(character))
    shown = f"“{wrong}”" if wrong.isprintable() else tr("that character")
    said = tr(
        "The {name} “{label}” cannot name files: {wrong} is neither a letter a to z nor a digit, "
        "which BIDS asks for. Write it without, as in P01"
    )
    return said.format(name=tr(name), label=label, wrong=tr("a space") if wrong == " " else shown)


def next_run(folder: Path, stem: str) -> str:
    """Return the stem of the next run of a participant: ``..._run-3_physio`` after two of them."""
    n = 1
    while any((folder / f"{stem}_run-{n}_physio{ending}").exists() for ending in _ENDINGS):
        n += 1
    return f"{stem}_run-{n}_physio"


def path_beside(csv: str, stem: str, folder: Path, now: datetime, ending: str) -> Path:
    """Return where to write something that a person asks for during a run.

    Parameters
    ----------
    csv : str
        The run's CSV; empty where it has none.
    stem : str
        As in `Conduct.stem`.
    folder : Path
        Where a run without a CSV writes.
    now : datetime
        It is part of the name, so that each has its own.
    ending : str
        Such as ``.xdf``.
    """
    into = Path(csv).parent if csv else folder
    begin = Path(csv).stem if csv else stem
    if begin.startswith("sub-"):
        named = begin.removesuffix("_physio")
        return into / f"{named}_recording-{now:%H%M%S}_physio{ending}"
    return into / f"{begin or f'physiosync-{now:%Y%m%d}'}-{now:%H%M%S}{ending}"


def split_keys(text: str) -> tuple[str, ...]:
    """Return marker names that were typed with commas between them."""
    return tuple(name for part in text.split(",") if (name := part.strip()))


@dataclass(frozen=True, slots=True)
class HandsOn:
    """What a view has to know so that a person can act in a run.

    Attributes
    ----------
    labels : tuple of (str, str)
        As in `Conduct.labels`.
    stem : str
        As in `Conduct.stem`.
    folder : Path
        Where a run without a CSV writes what a person asks for.
    marker_keys : tuple of str
    sound : bool
    """

    labels: tuple[tuple[str, str], ...] = ()
    stem: str = ""
    folder: Path = Path()
    marker_keys: tuple[str, ...] = ()
    sound: bool = True

    @classmethod
    def of(cls, conduct: Conduct, folder: Path | None = None) -> Self:
        """Return what follows from what a person said."""
        stem, keys = conduct.stem, conduct.marker_keys
        return cls(conduct.labels, stem, folder or Path(), keys, conduct.sound)

    def path(self, csv: str, now: datetime, ending: str) -> Path:
        """Return where to write what a person asks for now; see `path_beside`."""
        return path_beside(csv, self.stem, self.folder, now, ending)


DEFAULT_HANDS = HandsOn()
"""Of a run of which a person said nothing."""
