"""Say what a file is that no reader knows, so that a person can tell what to do with it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from physiosync_rt.errors import UserError
from physiosync_rt.formats.separators import find_separator, split_rows
from physiosync_rt.formats.text import decode, shown

RUN_COLUMN: Final = "t_end_lsl"
"""First column of our own log of predictions."""

_N_TITLES: Final = 6
_LABELS: Final = frozenset({"file", "start", "stop", "subject", "trial", "kind"})
_ENTIRE: Final = "download or copy the file itself"
# What a file begins with, what that is, and what to do.
_MARKS: Final = (
    (b"%PDF", "a PDF document", "take the recording that it is about"),
    (b"\xd0\xcf\x11\xe0", "an old Office document", "save its table as CSV"),
    (b"\x89HDF", "an HDF5 file", "export the recording as XDF or EDF"),
    (b"\x89PNG", "a picture", _ENTIRE),
    (b"\xff\xd8\xff", "a picture", _ENTIRE),
    (b"7z\xbc\xaf", "an archive", "unpack it and name a file of it"),
    (b"Rar!", "an archive", "unpack it and name a file of it"),
    (
        b"Obj\x01",
        "an Avro file, as of Empatica's EmbracePlus",
        "export the recording as CSV or EDF",
    ),
    (b"SQLite", "a database", "export the recording as XDF or EDF"),
    (b"version https://git-lfs", "a pointer of Git LFS", "fetch the file with `git lfs pull`"),
)
# Software whose files have no reader: a word of their first lines, what they are, what to do.
_OTHER_SOFTWARE: Final = (
    ("EmotiBitTimestamp", "a table of EmotiBit's DataParser", "record its LSL stream instead"),
    ("EEG.Counter", "a CSV of EmotivPRO", "export it as EDF"),
)
_PAGE = re.compile(r"\s*<(!doctype\s+html|html|head|body)\b", re.IGNORECASE)


def look_at(path: Path, head: bytes) -> tuple[str, str]:
    """Look at the beginning of a file of no known format.

    Parameters
    ----------
    path : Path
        Of a file or folder.
    head : bytes
        Its first bytes, unpacked where it is gzipped.

    Returns
    -------
    what : str
        What it is, as in "is a web page".
    advice : str
        What to do; empty where there is only the list of what can be read.
    """
    if path.is_dir():
        names = sorted(each.name for each in path.iterdir())[:_N_TITLES]
        return f"is a folder with {', '.join(names) or 'nothing in it'}", "name a file of it"
    if not path.stat().st_size:
        return "is empty (0 bytes)", "take another copy"
    if not head:
        return "is a gzip file that ends too early or is damaged", "take another copy"
    if head.startswith(b"PK\x03\x04"):
        return _zip(head)
    for mark, what, advice in _MARKS:
        if head.startswith(mark):
            return f"is {what}", advice
    text = decode(head)
    if sum(not (c.isprintable() or c in "\t\r\n") for c in text) > 0.05 * len(text):
        return "is not text and begins as no format that can be read does", ""
    return _text(path, text)


def _zip(head: bytes) -> tuple[str, str]:
    if b"xl/" in head or b"[Content_Types].xml" in head:
        return "is an Excel or other Office document", "save its table as CSV"
    return "is a zip archive", "unpack it and name a file of it"


def _text(path: Path, text: str) -> tuple[str, str]:
    if _PAGE.match(text):
        return "is a web page", _ENTIRE
    lines = [line for line in re.split(r"\r\n|\r|\n", text) if line.strip()]
    if not lines:
        return "contains nothing but blank lines", "take another copy"
    for word, what, advice in _OTHER_SOFTWARE:
        if any(word in line for line in lines[:3]):
            return f"is {what}, for which there is no reader", advice
    if lines[0].lstrip()[:1] in ("{", "["):
        return "is JSON", "name the recording that it belongs to"
    try:
        separator = find_separator(path.name, lines[:-1] or lines)
    except UserError as error:
        return "is a table of numbers", str(error).removeprefix(f"{path.name}: ")
    (titles,) = split_rows(lines[:1], separator)
    titles = titles or []
    if titles[0] == RUN_COLUMN:
        return (
            "is a log of predictions, not a recording",
            "`physiosync inspect` shows it; its JSON names the recording that it was made from",
        )
    if set(titles) >= _LABELS:
        return (
            "is a table of labels for training, not a recording",
            "name a recording, or train with `data.labels`",
        )
    if len(titles) < 2:
        return f"is text that begins with {shown(lines[0])}", ""
    names = ", ".join(shown(title)[1:-1] for title in titles[:_N_TITLES])
    more = f" and {len(titles) - _N_TITLES} more" if len(titles) > _N_TITLES else ""
    return f"is a table whose first row is {names}{more}", ""
