"""Rest and labelled stretches of one person by the names of a recording's own markers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from physiosync_rt.datatypes import Modality, Recording, Segment
from physiosync_rt.errors import UserError
from physiosync_training.datasets.recordings_table import RecordedFile
from physiosync_training.draft.events import events_of
from physiosync_training.draft.stretches import Stretch, find_stretches

_PARTS = ("rest", "low", "high")
_HOW = "write them as rest=NAME,low=NAME,high=NAME, or give a table"
_ME = "me"


def read_marker_names(labels: str) -> dict[str, str] | None:
    """Read ``rest=NAME,low=NAME,high=NAME``: what stands for what, by the markers' names.

    A part may come several times, with other names.

    Returns
    -------
    dict of str to str or None
        ``rest``, ``low`` or ``high`` by name; None where the text is the path of a table.

    Raises
    ------
    UserError
        A part is unknown or missing, or a name stands for two.
    """
    parts = [each.partition("=") for each in labels.split(",")]
    if not all(sign for _, sign, _ in parts) or Path(labels).expanduser().exists():
        return None
    found: dict[str, str] = {}
    for part, _, name in ((a.strip(), b, c.strip()) for a, b, c in parts):
        if part not in _PARTS or not name:
            raise UserError(f"--labels: {part}={name} is not one of the names of markers; {_HOW}")
        if found.setdefault(name.casefold(), part) != part:
            raise UserError(
                f"--labels: {name!r} stands for {found[name.casefold()]} and {part}; name each "
                "marker once"
            )
    missing = [part for part in _PARTS if part not in found.values()]
    if missing:
        raise UserError(f"--labels names no marker for {' and '.join(missing)}; {_HOW}")
    return found


def label_by_markers(
    names: Mapping[str, str],
    recordings: Sequence[tuple[Path, Recording]],
    target: str,
    threshold: float,
) -> list[RecordedFile]:
    """Lay out the rest and the labelled stretches that these markers mark.

    Parameters
    ----------
    names : mapping of str to str
        From `read_marker_names`.
    recordings : sequence of (Path, Recording)
        Of one person, in the order in which they were made.
    target : str
        What is low or high.
    threshold : float
        Rating from which on it is high.

    Raises
    ------
    UserError
        No marker has one of the names, or no rest comes first.
    """
    shown = [(path, _stretches(recording)) for path, recording in recordings]
    there = {each.name.casefold(): each.name for _, found in shown for each in found}
    where = " and ".join(path.name for path, _ in shown)
    for name, part in names.items():
        if name not in there:
            has = ", ".join(sorted(there.values())) or "none of 5 s or more"
            raise UserError(
                f"{where}: no stretch is marked {name!r}, which --labels names for {part}; marked "
                f"are {has}"
            )
    ratings = {"low": threshold - 1.0, "high": threshold}
    segments = _segments(names, shown, target, ratings)
    return [
        RecordedFile(path, tuple(own), tuple(f"{path.name}, its markers" for _ in own))
        for path, own in segments
        if own
    ]


def _stretches(recording: Recording) -> list[Stretch]:
    length = sum(
        float(np.ptp(each.timestamps))
        for each in recording.of(Modality.EEG)[:1]
        if len(each.timestamps)
    )
    return find_stretches(events_of(recording), length)[0]


def _segments(
    names: Mapping[str, str],
    shown: Sequence[tuple[Path, Sequence[Stretch]]],
    target: str,
    ratings: Mapping[str, float],
) -> Iterator[tuple[Path, list[Segment]]]:
    number = 0
    rested = False
    for path, stretches in shown:
        own = []
        for each in stretches:
            part = names.get(each.name.casefold())
            if part is None:
                continue
            if part == "rest":
                rested = True
                own.append(Segment(each.start, each.stop, "baseline", _ME, 0))
                continue
            if not rested:
                raise UserError(
                    f"{path.name}: {each.name!r} at {each.start:.0f} s comes before any rest; it "
                    "has nothing to be compared with"
                )
            number += 1
            rating = {target: ratings[part]}
            own.append(Segment(each.start, each.stop, "trial", _ME, number, each.name, **rating))
        yield path, own
