"""Folders of a run, and checks before writing to them."""

from __future__ import annotations

import re
import secrets
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final

from physiosync_rt.errors import UserError
from physiosync_rt.utils.atomic import reason_of

_GB: Final = 1e9


def slug(*words: str) -> str:
    """Join words to a file name: lower-case letters and digits with single hyphens."""
    return re.sub(r"[\W_]+", "-", " ".join(words)).strip("-").lower()


def folder_of(out: Path, protocol: str, fold: str, network: str) -> Path:
    """Return the folder of one network on one fold below the folder of a run."""
    return out / protocol / slug(fold) / slug(network)


def refuse_used_folder(folder: Path) -> None:
    """Raise UserError where a folder holds a training already."""
    if any(folder.glob("**/*.*")):
        raise UserError(
            f"{folder} holds a training already; go on with it by --resume, or choose another --out"
        )


def check_room(
    folder: Path,
    n_bytes: int,
    what: str = "the weights of this run",
    fix: str = "choose another --out",
) -> None:
    """Check that a folder is writable and has enough free space; leave nothing behind.

    Parameters
    ----------
    folder : Path
    n_bytes : int
        Approximate size of what will be written.
    what, fix : str
        Name of what will be written, and the remedy, both for the error message.

    Raises
    ------
    UserError
        The folder is not writable, or has too little free space.
    """
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    probe = folder / f".probe-{secrets.token_hex(4)}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise UserError(f"{folder} cannot be written ({reason_of(error)}); {fix}") from error
    finally:
        with suppress(OSError):  # it was not made, or another process uses it by now
            for path in missing:
                path.rmdir()
    if free < n_bytes:
        raise UserError(
            f"{folder} has room for {free / _GB:.1f} GB, and {what} need some "
            f"{n_bytes / _GB:.1f} GB; make room or {fix}"
        )
