"""Every file format that can be read, and the one way to read any of them."""

from __future__ import annotations

import gzip
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from physiosync_rt.datatypes import Recording
from physiosync_rt.errors import UserError
from physiosync_rt.formats import (
    brainflow_csv,
    brainvision,
    deap,
    dreamer,
    e4,
    edf,
    mind_monitor,
    mne_raw,
    muselsl_csv,
    openbci_txt,
    opensignals_txt,
    shimmer,
    xdf,
)
from physiosync_rt.formats.base import Format
from physiosync_rt.formats.clocks import stamped
from physiosync_rt.formats.findings import with_findings
from physiosync_rt.formats.limits import check_files, within_limits
from physiosync_rt.formats.look import look_at
from physiosync_rt.utils.plain_file import require_plain

FORMATS: tuple[Format, ...] = (
    xdf.FORMAT,
    edf.FORMAT,
    mne_raw.FORMAT,
    brainvision.FORMAT,
    openbci_txt.FORMAT,
    opensignals_txt.FORMAT,
    brainflow_csv.FORMAT,
    e4.FORMAT,
    shimmer.FORMAT,
    mind_monitor.FORMAT,
    muselsl_csv.FORMAT,
    deap.FORMAT,
    dreamer.FORMAT,
)
"""Asked in this order whether a file is theirs."""

_HEAD_BYTES = 8192
_DAMAGE = (EOFError, struct.error, zlib.error, gzip.BadGzipFile)
"""What libraries raise where a file ends too early or its compressed content does not fit."""


def known_formats() -> tuple[str, ...]:
    """Names and endings of everything that can be read, for help texts."""
    return tuple(f"{f.name} ({', '.join(f.suffixes)})" if f.suffixes else f.name for f in FORMATS)


def readable(path: Path | str) -> bool:
    """Tell whether there is something at ``path`` that one of the readers knows."""
    path = Path(path)
    return (path.is_file() or path.is_dir()) and _by_content(path, _head(path)) is not None


def read_all(path: Path | str) -> Iterator[Recording]:
    """Read every recording of a file or folder, one at a time.

    Parameters
    ----------
    path : Path or str

    Yields
    ------
    Recording

    Raises
    ------
    UserError
        Nothing there, of no known format, not what its name says, or broken.
    """
    path = Path(path)
    format_ = _format_of(path)
    with _readable_errors(path, format_):
        notes = check_files(path)
        found = format_.read(path)
        if isinstance(found, Recording):
            yield with_findings(within_limits(stamped(found), notes))
        else:
            yield from (with_findings(within_limits(stamped(each), notes)) for each in found)


def parts(path: Path | str) -> list[Path]:
    """List every file that a recording is read from, so that a change of any can be noticed.

    Parameters
    ----------
    path : Path or str
        As for `read_all`; of a folder, all files below it count.

    Raises
    ------
    UserError
        As `read_all`.
    """
    path = Path(path)
    if path.is_dir():
        return [part for part in sorted(path.rglob("*")) if part.is_file()]
    format_ = _format_of(path)
    with _readable_errors(path, format_):
        return [part for part in format_.parts(path) if part.is_file()]


@contextmanager
def _readable_errors(path: Path, format_: Format) -> Iterator[None]:
    """What a parser raises on an odd file stands in no documentation; say it in a sentence."""
    try:
        yield
    except UserError:
        raise
    except _DAMAGE as error:
        raise UserError(
            f"{path.name} ends too early for {format_.name}, or is damaged ({_cause(error)}); "
            "take another copy"
        ) from error
    except Exception as error:
        raise UserError(
            f"{path.name} cannot be read as {format_.name}: its reader stopped at something it "
            f"does not know ({_cause(error)}); if other programs open the file, convert it to XDF "
            "or EDF with one of them and report this"
        ) from error


def _cause(error: Exception) -> str:
    lines = str(error).strip().rstrip(".").splitlines()
    return lines[0] if lines else type(error).__name__


def read(path: Path | str, subject: str | None = None) -> Recording:
    """Read the one recording of a file or folder.

    Parameters
    ----------
    path : Path or str
    subject : str, optional
        Whose, where there are recordings of several people.

    Raises
    ------
    UserError
        As `read_all`, or where there are several recordings or none of that subject.
    """
    subjects: list[str] = []
    found: list[Recording] = []
    for recording in read_all(path):
        subjects.append(recording.subject or "nameless")
        if subject is None or recording.subject.lower() == subject.lower():
            found.append(recording)
    if len(found) == 1:
        return found[0]
    which = f"of {', '.join(subjects)}"
    if not found and subjects:
        raise UserError(
            f"{Path(path).name} has no subject {subject!r}; it holds recordings {which}"
        )
    raise UserError(
        f"{Path(path).name} holds {len(found)} recordings where one is expected, {which}; "
        "choose one with --subject, or name the file of one"
    )


def _format_of(path: Path) -> Format:
    """Format by content first and by name second; the two must not contradict each other."""
    if not os.path.lexists(path):
        raise UserError(f"{path} does not exist; check the path")
    require_plain(path)
    head = _head(path)
    named = [f for f in FORMATS if f.named(path)]
    found = _by_content(path, head)
    if found is not None and (not named or found in named):
        return found
    promised = " or ".join(f.name for f in named)
    if found is not None:
        raise UserError(
            f"{path.name} is named like {promised} but holds {found.name}; "
            f"rename it to end in {found.suffixes[0]}"
        )
    what, advice = look_at(path, head)
    if len(named) == 1:
        raise UserError(
            f"{path.name} is named like {promised} but its content is not: it {what}; "
            f"{advice or 'take the file as it was recorded'}"
        )
    if advice:
        # The working directory has no name of its own.
        raise UserError(f"{path.name or path} {what}; {advice}")
    if named:
        raise UserError(
            f"{path.name} {what}, of no known format; {promised} would be read, convert others to "
            "XDF or EDF"
        )
    listed = ", ".join(known_formats())
    raise UserError(f"{path.name} {what}, of no known format; readable are {listed}")


def _by_content(path: Path, head: bytes) -> Format | None:
    return next((f for f in FORMATS if f.matches(path, head)), None)


def _head(path: Path) -> bytes:
    """First bytes of a file, unpacked when gzipped; nothing for a folder."""
    if path.is_dir():
        return b""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
        if head[:2] != b"\x1f\x8b":
            return head
        with gzip.open(path) as packed:
            return packed.read(_HEAD_BYTES)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return b""
    except OSError as error:
        raise UserError(f"{path} cannot be opened: {error.strerror}") from error
