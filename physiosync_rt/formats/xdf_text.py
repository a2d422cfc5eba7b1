"""Make the text of an XDF file readable before pyxdf parses it.

Recorders copy what streams send: text in another encoding than UTF-8, and characters that XML does
not allow, which would cost the whole file.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from physiosync_rt.formats.stated_parts import variable_int
from physiosync_rt.utils.plain_file import BoundedReader

_MAGIC = b"XDF:"
_FILE_HEADER, _STREAM_HEADER, _SAMPLES, _STREAM_FOOTER = 1, 2, 3, 6
_MOST_TEXT = 1 << 26
_MOST_IN_MEMORY = 1 << 26
"""Bytes of the largest file that is read as a whole first: pyxdf asks for stamp after stamp."""

# Tag, stream number, size of the sample count, sample count.
_HEAD_BYTES = 2 + 4 + 1 + 8
_NOT_IN_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CHANNEL_COUNT = re.compile(rb"<channel_count>\s*(\d{1,9})\s*<")
_TEXT_FORMAT = re.compile(rb"<channel_format>\s*string\s*<")
_REFERENCE = re.compile(r"&#(x[0-9a-fA-F]+|[0-9]+);")


@dataclass(frozen=True, slots=True)
class _Chunk:
    """A chunk of a file: where it begins and ends, its tag, and the first bytes after the tag."""

    start: int
    content: int
    stop: int
    tag: int
    head: bytes


def decode(text: bytes) -> str:
    """Decode text of a stream, which should be UTF-8 and is else taken for Latin-1, as by pylsl."""
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text.decode("latin-1")


def readable(path: Path) -> io.BufferedIOBase:
    """Open the file, a copy in memory where it is small, repaired where pyxdf would not read it.

    What its chunks state has been checked before, see `formats.stated_parts.check_xdf`.
    """
    repairs: list[tuple[_Chunk, bytes]] = []
    texts: dict[int, int] = {}
    with BoundedReader(path) as file:
        file.seek(len(_MAGIC))
        for chunk in _chunks(file):
            content = _repaired(file, chunk, texts)
            if content is not None:
                repairs.append((chunk, content))
        n_bytes = file.n_bytes
    if not repairs and n_bytes > _MOST_IN_MEMORY:
        return BoundedReader(path)
    with BoundedReader(path) as file:
        whole = file.read()
    if not repairs:
        return io.BytesIO(whole)
    copy, at = io.BytesIO(), 0
    for chunk, content in repairs:
        copy.write(whole[at : chunk.start])
        copy.write(struct.pack("<BQH", 8, len(content) + 2, chunk.tag) + content)
        at = chunk.stop
    copy.write(whole[at:])
    copy.seek(0)
    return copy


def _chunks(file: io.BufferedIOBase) -> Iterator[_Chunk]:
    """List the chunks up to the end, or to where the file is damaged."""
    while True:
        start = file.tell()
        length = variable_int(file)
        if length is None:
            return
        content = file.tell() + 2
        head = file.read(min(length, _HEAD_BYTES))
        if len(head) < 2:
            return
        yield _Chunk(start, content, content - 2 + length, head[0] | head[1] << 8, head[2:])
        file.seek(content - 2 + length)


def _repaired(file: io.BufferedIOBase, chunk: _Chunk, texts: dict[int, int]) -> bytes | None:
    """Return the content of a chunk where it needs a repair, else None.

    ``texts`` has the number of channels of every text stream so far.
    """
    stream = int.from_bytes(chunk.head[:4], "little")
    is_text = chunk.tag == _SAMPLES and stream in texts
    is_xml = chunk.tag in (_FILE_HEADER, _STREAM_HEADER, _STREAM_FOOTER)
    size = chunk.stop - chunk.content
    if size > _MOST_TEXT or not (is_text or is_xml):
        return None
    file.seek(chunk.content)
    content = file.read(size)
    if len(content) < size:
        return None
    if is_text:
        return _repaired_samples(content, texts[stream])
    prefix = 0 if chunk.tag == _FILE_HEADER else 4
    repaired = _repaired_xml(content[prefix:])
    if chunk.tag == _STREAM_HEADER:
        _note_text_stream(stream, repaired or content[prefix:], texts)
    return None if repaired is None else content[:prefix] + repaired


def _repaired_xml(xml: bytes) -> bytes | None:
    """Return XML as UTF-8 without forbidden characters; None where it is so already."""
    text = "".join(map(decode, re.split(rb"(?<=>)", xml)))
    text = _REFERENCE.sub(_allowed_reference, _NOT_IN_XML.sub("\ufffd", text))
    repaired = text.encode()
    return None if repaired == xml else repaired


def _allowed_reference(found: re.Match[str]) -> str:
    """Return a character reference, or the replacement character where XML forbids what it says."""
    word = found[1]
    code = int(word[1:], 16) if word.startswith("x") else int(word)
    allowed = code <= 0x10FFFF and not _NOT_IN_XML.match(chr(code))
    return found[0] if allowed else "\ufffd"


def _note_text_stream(stream: int, xml: bytes, texts: dict[int, int]) -> None:
    n_chans = _CHANNEL_COUNT.search(xml)
    if n_chans and _TEXT_FORMAT.search(xml):
        texts[stream] = int(n_chans[1])


def _repaired_samples(content: bytes, n_chans: int) -> bytes | None:
    """Return the samples of a text stream as UTF-8; None where they are so already."""
    file = io.BytesIO(content)
    out = io.BytesIO()
    out.write(file.read(4))
    n_samples = variable_int(file)
    out.write(content[4 : file.tell()])
    changed = False
    for _ in range(n_samples or 0):
        stamped = file.read(1)
        out.write(stamped + file.read(8 if stamped != b"\x00" else 0))
        for _ in range(n_chans):
            length = variable_int(file)
            if length is None:
                return None
            raw = file.read(length)
            text = decode(raw).encode()
            changed = changed or text != raw
            out.write(struct.pack("<BQ", 8, len(text)) + text)
    return out.getvalue() if changed else None
