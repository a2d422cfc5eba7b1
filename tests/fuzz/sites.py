"""Where the parts of a file are: what a damaged byte belonged to."""

from __future__ import annotations

from collections.abc import Callable

Span = tuple[int, int]

_EDF_FIXED = (
    *(("version", 8), ("patient", 80), ("recording", 80), ("start", 16), ("header bytes", 8)),
    *(("reserved", 44), ("records", 8), ("record duration", 8), ("signals", 4)),
)
_EDF_SIGNAL = (
    *(("label", 16), ("transducer", 80), ("unit", 8), ("range", 8), ("range", 8), ("range", 8)),
    *(("range", 8), ("prefilter", 80), ("samples per record", 8), ("reserved", 32)),
)


def _edf_fields(content: bytes) -> list[tuple[str, int, int]]:
    fields, at = [], 0
    for name, width in _EDF_FIXED:
        fields.append((name, at, at + width))
        at += width
    n_signals = max((len(content[:100_000]) and int(content[252:256])), 0)
    for name, width in _EDF_SIGNAL:
        for _ in range(n_signals):
            fields.append((name, at, at + width))
            at += width
    return fields


def _edf_site(content: bytes, at: int) -> str:
    found = (name for name, start, stop in _edf_fields(content) if start <= at < stop)
    return next(found, "samples")


def _xdf_chunks(content: bytes) -> list[Span]:
    chunks, at = [], 4
    while at < len(content) and content[at] in (1, 4, 8):
        size = content[at]
        length = int.from_bytes(content[at + 1 : at + 1 + size], "little")
        stop = at + 1 + size + length
        chunks.append((at, min(stop, len(content))))
        at = stop
    return chunks


def _xdf_site(content: bytes, at: int) -> str:
    for start, stop in _xdf_chunks(content):
        if start <= at < stop:
            body = start + 1 + content[start]
            tag = int.from_bytes(content[body : body + 2], "little")
            if at < body + 6 or (tag == 3 and at < body + 6 + 9):
                return "structure"
            return {3: "samples", 4: "clock offsets", 6: "footer"}.get(tag, "field ?")
    return "structure"


def _fif_tags(content: bytes) -> list[tuple[int, int, int]]:
    """Kind, start and stop of every tag."""
    tags, at = [], 0
    while at + 16 <= len(content):
        kind, _, size, following = (
            int.from_bytes(content[at + 4 * k : at + 4 * k + 4], "big", signed=True)
            for k in range(4)
        )
        tags.append((kind, at, at + 16 + max(size, 0)))
        if following > at:
            at = following
        elif following == 0:
            at += 16 + max(size, 0)
        else:
            break
    return tags


def _fif_site(content: bytes, at: int) -> str:
    for kind, start, stop in _fif_tags(content):
        if start <= at < stop:
            if at < start + 16:
                return "structure"
            return "samples" if kind == 300 else "header"
    return "structure"


def _head_site(n_bytes: int) -> Callable[[bytes, int], str]:
    return lambda content, at: "structure" if at < n_bytes else "samples"


def _safetensors_site(content: bytes, at: int) -> str:
    return "header" if at < 8 + int.from_bytes(content[:8], "little") else "samples"


def _text_site(content: bytes, at: int) -> str:
    """Header or cells: a row of data begins with a digit."""
    start = content.rfind(b"\n", 0, at) + 1
    n_before = content.count(b"\n", 0, start)
    return "cells" if n_before >= 2 and content[start : start + 1].isdigit() else "header"


SITES: dict[str, Callable[[bytes, int], str]] = {
    "edf": _edf_site,
    "xdf": _xdf_site,
    "fif": _fif_site,
    "pickle": lambda content, at: "structure" if at < 200 or at > len(content) - 400 else "samples",
    "mat": _head_site(128),
    "samples": lambda content, at: "samples",
    "safetensors": _safetensors_site,
    "text": _text_site,
}


def spans_of(syntax: str, content: bytes) -> list[Span]:
    """Spans of the structure of a file, at which damage is most telling; empty where none are."""
    match syntax:
        case "edf":
            return [(start, stop) for _, start, stop in _edf_fields(content)]
        case "xdf chunks":
            return _xdf_chunks(content)
        case "xdf":
            return [(start, start + 24) for start, _ in _xdf_chunks(content)]
        case "fif":
            return [(start, start + 24) for _, start, _ in _fif_tags(content)]
        case "pickle":
            return [(0, 200), (max(len(content) - 400, 0), len(content))]
        case "mat":
            return [(0, 1024)]
        case "safetensors":
            return [(0, 8 + int.from_bytes(content[:8], "little"))]
        case "zip" | "torch":
            return [(0, min(2048, len(content))), (max(len(content) - 1024, 0), len(content))]
        case _:
            return []
