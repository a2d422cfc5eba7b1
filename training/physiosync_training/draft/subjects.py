"""Guess whose a recording is: by BIDS names, folders, the file's own word, or its name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Final

_BIDS: Final = re.compile(r"(?:^|[/_])sub-([A-Za-z0-9]+)(?=[/_.]|$)")
_SESSION: Final = re.compile(
    r"^(ses(sion)?|run|task|eeg|raw|data|rec(ording)?s?)([-_ ]?\w*)?$", re.I
)
"""Folders that are not named after a person."""


def guess_people(subjects: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """Guess whose each recording is.

    Parameters
    ----------
    subjects : dict of str to str
        What each file itself says of its subject, which may be nothing, by its path below the
        folder, with slashes.

    Returns
    -------
    people : dict of str to str
        Person by path.
    how : str
        What the guess rests on.
    """
    bids = {path: found[1] for path in subjects if (found := _BIDS.search(path))}
    if len(bids) == len(subjects):
        return bids, "the sub-... in their BIDS names"
    folders = {path: _folder(path) for path in subjects}
    if all(folders.values()):
        return folders, "the folders that they lie in"
    if all(subjects.values()):
        return dict(subjects), "what the files themselves say"
    names = {path: _stem(path) for path in subjects}
    return names, "the start of the file names"


def _folder(path: str) -> str:
    """Return the topmost folder that can be a person's; empty where there is none."""
    parents = PurePosixPath(path).parts[:-1]
    return next((part for part in parents if not _SESSION.match(part)), "")


def _stem(path: str) -> str:
    """Return the beginning of a file name, up to the first sign that ends a word."""
    stem = PurePosixPath(path).name.partition(".")[0]
    return re.split(r"[_\- ]", stem)[0] or stem
