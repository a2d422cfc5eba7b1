"""Check before a run whether its files can be written."""

from __future__ import annotations

import os
import re
from datetime import datetime
from pathlib import Path

from physiosync_rt.errors import UserError
from physiosync_rt.setup.plan import Plan, expanded
from physiosync_rt.setup.requirements import Check, State
from physiosync_rt.setup.settings import RunFiles
from physiosync_rt.utils.disk_space import LEAST_FREE, LITTLE_FREE, free_bytes, free_text
from physiosync_rt.utils.translation import mark, tr

_NOT_IN_NAMES = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def check_files(plan: Plan, now: datetime) -> list[Check]:
    """Check where a run would be written."""
    title = tr("Files")
    if problem := plan.label_problem:
        return [Check("files", State.MISSING, title, problem)]
    if not (plan.csv or plan.record):
        return [Check("files", State.WARNING, title, tr("Nothing is kept of this run"))]
    if problem := name_problem(plan.name.strip()):
        return [Check("files", State.MISSING, title, problem)]
    if not plan.folder.strip():
        return [Check("files", State.MISSING, title, tr("No folder is chosen. Choose one"))]
    folder = expanded(plan.folder)
    if problem := folder_problem(folder):
        return [Check("files", State.MISSING, title, problem)]
    files = plan.files(now)
    if files.record is not None and files.record.exists():
        said = tr("{name} exists, and recordings are never overwritten. Choose another name")
        return [Check("files", State.MISSING, title, said.format(name=files.record.name))]
    if files.csv is not None and files.csv.exists():
        said = tr("{name} exists; it will be renamed to {new} or so").format(
            name=files.csv.name, new=f"{files.csv.stem}_old1.csv"
        )
        return [Check("files", State.WARNING, title, said), _check_disk(folder)]
    return [Check("files", State.OK, title, _kept(plan, files)), _check_disk(folder)]


def _kept(plan: Plan, files: RunFiles) -> str:
    """Return what is kept, by its names or by where they will come from."""
    if plan.name.strip() or plan.stem:
        return tr(" and ").join(path.name for path in (files.csv, files.record) if path is not None)
    words = ((mark("CSV"), plan.csv), (mark("recording"), plan.record))
    kinds = tr(" and ").join(tr(word) for word, on in words if on)
    return tr("{files} named after the time of the start").format(files=kinds)


def name_problem(name: str) -> str:
    """Return why a name cannot be a file's, and what to do; empty where it can."""
    if wrong := _NOT_IN_NAMES.search(name):
        said = tr("A file name cannot contain {wrong}. Use letters, digits, spaces, - and _")
        return said.format(wrong=repr(wrong[0]))
    if name.startswith(".") or name.endswith("."):
        return tr("A file name must not begin or end with a full stop. Choose another name")
    if _RESERVED.fullmatch(name):
        said = tr("“{name}” is a reserved name under Windows. Choose another name")
        return said.format(name=name)
    if len(name.encode()) > 200:
        return tr("The file name is too long. Use at most 200 characters")
    return ""


def folder_problem(folder: Path) -> str:
    """Return why nothing can be written into a folder, and what to do; empty where it can."""
    try:
        if folder.exists() and not folder.is_dir():
            return tr("{path} is a file. Choose a folder").format(path=folder)
        there = folder
        while not there.exists():
            # It is made when the run starts.
            there = there.parent
        if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
            said = tr("{folder} may not be written to. Choose another folder")
            return said.format(folder=folder)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        said = tr("{folder} cannot be used ({reason}). Choose another folder")
        return said.format(folder=folder, reason=reason)
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
        said = tr("{folder} cannot be made: {reason}; choose another folder")
        raise UserError(said.format(folder=folder, reason=error.strerror)) from error


def _check_disk(folder: Path) -> Check:
    title = tr("Disk")
    try:
        free = free_bytes(folder)
    except OSError as error:
        said = tr("Its space is not known ({reason})").format(reason=error.strerror)
        return Check("disk", State.WARNING, title, said)
    said = free_text(free)
    if free < LEAST_FREE:
        return Check("disk", State.MISSING, title, tr("{free}. Make room").format(free=said))
    return Check("disk", State.WARNING if free < LITTLE_FREE else State.OK, title, said)
