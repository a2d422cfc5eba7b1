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

_NOT_IN_NAMES = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def check_files(plan: Plan, now: datetime) -> list[Check]:
    """Check where a run would be written."""
    title = "Files"
    if problem := plan.label_problem:
        return [Check("files", State.MISSING, title, problem)]
    if not (plan.csv or plan.record):
        return [Check("files", State.WARNING, title, "Nothing is kept of this run")]
    if problem := name_problem(plan.name.strip()):
        return [Check("files", State.MISSING, title, problem)]
    if not plan.folder.strip():
        return [Check("files", State.MISSING, title, "No folder is chosen. Choose one")]
    folder = expanded(plan.folder)
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
    if files.csv is not None and files.csv.exists():
        text = f"{files.csv.name} exists; it will be renamed to {files.csv.stem}_old1.csv or so"
        return [Check("files", State.WARNING, title, text), _check_disk(folder)]
    return [Check("files", State.OK, title, _kept(plan, files)), _check_disk(folder)]


def _kept(plan: Plan, files: RunFiles) -> str:
    """Return what is kept, by its names or by where they will come from."""
    if plan.name.strip() or plan.stem:
        return " and ".join(path.name for path in (files.csv, files.record) if path is not None)
    kinds = [word for word, on in (("CSV", plan.csv), ("recording", plan.record)) if on]
    return f"{' and '.join(kinds)} named after the time of the start"


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


def _check_disk(folder: Path) -> Check:
    try:
        free = free_bytes(folder)
    except OSError as error:
        return Check("disk", State.WARNING, "Disk", f"Its space is not known ({error.strerror})")
    said = free_text(free)
    if free < LEAST_FREE:
        return Check("disk", State.MISSING, "Disk", f"{said}. Make room")
    return Check("disk", State.WARNING if free < LITTLE_FREE else State.OK, "Disk", said)
