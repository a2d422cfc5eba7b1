"""Damage that files meet, and that somebody may do on purpose: seeded, and aware of structure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from fuzz.sites import SITES, spans_of

EXTREMES = (b"\x00", b"\xff", b"\x7f", b"\x80", b"\x01")

NASTY = (
    *("", "nan", "inf", "-inf", "0", "-1", "1e9", "1e300", "-1e-300", "abc", "9" * 400, "9" * 5000),
    *("=1+1", "1,5", "1.2.3", "0x10", "1_000", "٣", "−1", "true", "null", " ", "\t", '"', "'"),
    *("a\x00b", "a\x1b[31mb", "\ud7ff", "../../etc/passwd", "/dev/zero", "<b>&amp;", "%n%s", "[/]"),
)
"""What a cell or field is replaced by."""

_ODD_BYTES = (b"\x00", b"\xff", b"\xe9", b"\x1b[2J", b"\xc2\x85", b"\r", b"\x0b", b'"', b"\n")

VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 10**8, 10**30, 0.5, 1e300, -1e-9, float("nan"), float("inf")),
    *("", "x", "x" * 100_000, [], {}, [[]], [1] * 10_000, {"a": 1}),
)
"""What a value of JSON is replaced by."""


@dataclass(frozen=True, slots=True)
class Damage:
    """A damaged file.

    Attributes
    ----------
    content : bytes
    what : str
        What was done.
    site : str
        Which part of the file was hit (see `fuzz.sites`).
    """

    content: bytes
    what: str
    site: str


def damage(syntax: str, name: str, content: bytes, rng: Random) -> Damage:
    """Damage a file once.

    Parameters
    ----------
    syntax : str
        As `fuzz.seeds.Seed.syntax`.
    name : str
        Of the file; a recording may consist of files of several kinds.
    content : bytes
    rng : Random
    """
    if syntax == "brainvision":
        syntax = "samples" if name.endswith(".eeg") else "text"
    if syntax == "yaml" and rng.random() < 0.5:
        return _yaml(content, rng)
    if syntax == "json" and rng.random() < 0.8:
        return _json(content, rng)
    if syntax == "safetensors" and rng.random() < 0.6:
        return _safetensors(content, rng)
    if syntax == "edf" and rng.random() < 0.5:
        return _edf_field(content, rng)
    if syntax == "xdf" and rng.random() < 0.6:
        return _xdf(content, rng)
    if syntax in ("text", "yaml"):
        return (
            rng.choice(_TEXT)(content, rng) if rng.random() < 0.9 else _bytes(syntax, content, rng)
        )
    return _bytes(syntax, content, rng)


# --------------------------------------------------------------------------------------- bytes


def _bytes(syntax: str, content: bytes, rng: Random) -> Damage:
    """Damage any file: where its structure is as often as where its samples are."""
    at = _place(syntax, content, rng)
    site = SITES[syntax](content, at) if syntax in SITES else "content"
    # In a text, lines begin again behind what was moved.
    moved = site if syntax == "text" else f"shift in {site}"
    size = rng.choice((1, 2, 4, 8, 64))
    rest = content[at + size :]
    match rng.choice(("flip", "set", "drop", "insert", "repeat", "cut", "blank")):
        case "flip":
            bit = 1 << rng.randrange(8)
            changed = content[:at] + bytes([content[at] ^ bit]) + content[at + 1 :]
            return Damage(changed, "flip a bit", site)
        case "set":
            return Damage(content[:at] + rng.choice(EXTREMES) * size + rest, "set bytes", site)
        case "drop":
            return Damage(content[:at] + rest, "drop bytes", moved)
        case "insert":
            changed = content[:at] + rng.randbytes(size) + content[at:]
            return Damage(changed, "insert bytes", moved)
        case "repeat":
            changed = content[: at + size] + content[at:]
            return Damage(changed, "repeat bytes", moved)
        case "cut":
            where = "last line" if syntax == "text" else f"end in {site}"
            return Damage(content[:at], "cut off", where)
        case _:
            stop = min(len(content), at + rng.choice((64, 512, 4096)))
            changed = content[:at] + bytes(stop - at) + content[stop:]
            where = site if syntax == "text" else f"{site} and after"
            return Damage(changed, "blank a block", where)


def _place(syntax: str, content: bytes, rng: Random) -> int:
    """Choose where: anywhere, or at a byte of the structure."""
    if not content:
        return 0
    spans = spans_of(syntax, content)
    if spans and rng.random() < 0.6:
        start, stop = rng.choice(spans)
        return min(rng.randrange(start, max(stop, start + 1)), len(content) - 1)
    return rng.randrange(len(content))


# ---------------------------------------------------------------------------------------- text


def _separator(line: bytes) -> bytes:
    return max((b",", b";", b"\t", b"="), key=line.count)


def _is_data(line: bytes) -> bool:
    return re.match(rb"\s*[-+]?\d", line) is not None


def _lines(content: bytes) -> list[bytes]:
    return content.splitlines(keepends=True) or [b""]


def _line_site(lines: list[bytes], k: int) -> str:
    return "cells" if _is_data(lines[k]) and k >= 2 else "header"


def _pick_line(lines: list[bytes], rng: Random) -> int:
    """Choose a line: one of the first ten as often as any."""
    return rng.randrange(min(10, len(lines)) if rng.random() < 0.5 else len(lines))


def _cell(content: bytes, rng: Random) -> Damage:
    lines = _lines(content)
    k = _pick_line(lines, rng)
    separator = _separator(lines[k])
    cells = lines[k].rstrip(b"\r\n").split(separator)
    cells[rng.randrange(len(cells))] = rng.choice(NASTY).encode("utf-8", "surrogatepass")
    site = _line_site(lines, k)
    lines[k] = separator.join(cells) + b"\n"
    return Damage(b"".join(lines), "replace a cell", site)


def _digit(content: bytes, rng: Random) -> Damage:
    lines = _lines(content)
    k = _pick_line(lines, rng)
    digits = [m.start() for m in re.finditer(rb"\d", lines[k])]
    site = _line_site(lines, k)
    if digits:
        at = rng.choice(digits)
        lines[k] = (
            lines[k][:at] + rng.choice(b"0123456789").to_bytes(1, "little") + lines[k][at + 1 :]
        )
    return Damage(b"".join(lines), "change a digit", site)


def _cells_apart(content: bytes, rng: Random) -> Damage:
    """Give a row a cell more, or one less."""
    lines = _lines(content)
    k = _pick_line(lines, rng)
    separator = _separator(lines[k])
    cells = lines[k].rstrip(b"\r\n").split(separator)
    at = rng.randrange(len(cells))
    if rng.random() < 0.5:
        cells.insert(at, rng.choice((b"", b"1", b"x")))
    else:
        del cells[at]
    site = _line_site(lines, k)
    lines[k] = separator.join(cells) + b"\n"
    return Damage(b"".join(lines), "a cell more or less", site)


def _lines_apart(content: bytes, rng: Random) -> Damage:
    lines = _lines(content)
    k = _pick_line(lines, rng)
    site = _line_site(lines, k)
    match rng.choice(("drop", "repeat", "swap", "move")):
        case "drop":
            del lines[k : k + rng.choice((1, 1, 5, 50))]
            return Damage(b"".join(lines), "drop lines", site)
        case "repeat":
            lines[k:k] = lines[k : k + rng.choice((1, 1, 5, 50))]
            return Damage(b"".join(lines), "repeat lines", site)
        case "swap":
            other = min(k + 1, len(lines) - 1)
            lines[k], lines[other] = lines[other], lines[k]
            return Damage(b"".join(lines), "swap lines", site)
        case _:
            lines.insert(_pick_line(lines, rng), lines.pop(k))
            return Damage(b"".join(lines), "move a line", site)


def _cut(content: bytes, rng: Random) -> Damage:
    lines = _lines(content)
    if rng.random() < 0.3:
        k = rng.randrange(len(lines))
        return Damage(b"".join(lines[:k]), "cut between lines", "lines")
    at = rng.randrange(len(content) + 1)
    return Damage(content[:at], "cut within a line", "last line")


def _characters(content: bytes, rng: Random) -> Damage:
    at = rng.randrange(len(content) + 1)
    odd = rng.choice(
        (b"\x00", b"\xff", b"\xe9", b"\x1b[2J", b"\xc2\x85", b"\r", b"\x0b", b'"', b"\n")
    )
    return Damage(content[:at] + odd + content[at:], f"insert {odd!r}", "characters")


def _encoding(content: bytes, rng: Random) -> Damage:
    text = content.decode("utf-8", "replace")
    what = rng.choice(("utf-16", "utf-8-sig", "utf-16-le", "CR LF", "CR", "decimal commas"))
    match what:
        case "CR LF":
            changed = text.replace("\n", "\r\n").encode()
        case "CR":
            changed = text.replace("\n", "\r").encode()
        case "decimal commas":
            changed = re.sub(r"(\d)\.(\d)", r"\1,\2", text).encode()
        case _:
            changed = text.encode(what, "replace")
    return Damage(changed, f"write as {what}", "encoding")


def _huge_cell(content: bytes, rng: Random) -> Damage:
    lines = _lines(content)
    k = _pick_line(lines, rng)
    site = _line_site(lines, k)
    at = rng.randrange(len(lines[k]))
    lines[k] = lines[k][:at] + rng.choice((b"9", b"x", b",")) * 3_000_000 + lines[k][at:]
    return Damage(b"".join(lines), "a cell of 3 MB", site)


_TEXT: tuple[Callable[[bytes, Random], Damage], ...] = (
    *(_cell, _cell, _cell, _digit, _digit, _cells_apart, _lines_apart, _lines_apart),
    *(_cut, _cut, _characters, _encoding, _huge_cell),
)


# ------------------------------------------------------------------------------------ settings

_YAML_VALUES = (
    *NASTY,
    *("[" * 3000, "{a: " * 3000, "&a [*a]", "*nobody", "!!python/object/apply:os.system [ls]"),
    *("!!int x", "!!float x", "!!timestamp x", "!!binary x", "2024-02-31", "!own x", "{<<: 3}"),
    *("|", ">", "[1, 2", "{a: 1", "- - - -", "? x", "1:1:1:99", "1e1000", "~", "<<", "@", "`", "%"),
)


def _yaml(content: bytes, rng: Random) -> Damage:
    lines = content.decode().splitlines()
    k = rng.randrange(len(lines))
    key, colon, _ = lines[k].partition(":")
    match rng.choice(("value", "value", "value", "key", "indent", "bomb")):
        case "value":
            lines[k] = f"{key}{colon} {rng.choice(_YAML_VALUES)}"
        case "key":
            lines[k] = f"{rng.choice(_YAML_VALUES)}: {lines[k].strip()}"
        case "indent":
            lines[k] = " " * rng.randrange(9) + lines[k].strip()
        case _:
            names = [f"x{n}" for n in range(rng.choice((3, 9)))]
            lines.append("x: &x {a: 1, b: 2}")
            for before, name in zip(["x", *names], names, strict=False):
                merged = ", ".join([f"*{before}"] * 9)
                form = rng.choice(("{{<<: [{}]}}", "[{}]")).format(merged)
                lines.append(f"{name}: &{name} {form}")
    text = "\n".join(lines) + "\n"
    return Damage(text.encode("utf-8", "surrogatepass"), "change YAML", "settings")


def _json(content: bytes, rng: Random) -> Damage:
    tree = json.loads(content)
    text = _json_changed(tree, rng)
    return Damage(text.encode("utf-8", "surrogatepass"), "change JSON", "settings")


def _json_changed(tree: Any, rng: Random) -> str:
    """Replace, remove or nest one value of a tree; the text may be no JSON in the end."""
    place, key = tree, None
    while isinstance(place, dict | list) and place:
        keys = list(place) if isinstance(place, dict) else range(len(place))
        key = rng.choice(keys)
        if rng.random() < 0.3 or not isinstance(place[key], dict | list) or not place[key]:
            break
        place = place[key]
    match rng.choice(("replace", "replace", "replace", "remove", "nest", "add", "number")):
        case "remove":
            del place[key]
        case "add" if isinstance(place, dict):
            place[rng.choice(("colour", "", "\x1b[31m"))] = rng.choice(VALUES)
        case "nest":
            place[key] = "@"
            depth = rng.choice((5, 150, 100_000))
            return json.dumps(tree).replace('"@"', "[" * depth + "]" * depth, 1)
        case "number":
            place[key] = "@"
            return json.dumps(tree).replace(
                '"@"', rng.choice(("9" * 5000, "1e999", "-", "01", "0x1"))
            )
        case _:
            place[key] = rng.choice(VALUES)
    return json.dumps(tree)


def _safetensors(content: bytes, rng: Random) -> Damage:
    size = int.from_bytes(content[:8], "little")
    if rng.random() < 0.2:
        length = rng.choice((0, 1, size - 1, size + 1, 10**7, 2**40, 2**64 - 1))
        return Damage(length.to_bytes(8, "little") + content[8:], "length of header", "header")
    text = _json_changed(json.loads(content[8 : 8 + size]), rng).encode("utf-8", "surrogatepass")
    changed = len(text).to_bytes(8, "little") + text + content[8 + size :]
    return Damage(changed, "change the header", "header")


# ------------------------------------------------------------------------------------- binary


def _edf_field(content: bytes, rng: Random) -> Damage:
    start, stop = rng.choice(spans_of("edf", content))
    width = stop - start
    field = content[start:stop]
    digits = [k for k, byte in enumerate(field) if chr(byte).isdigit()]
    if digits and rng.random() < 0.5:
        at = rng.choice(digits)
        value = field[:at] + str(rng.randrange(10)).encode() + field[at + 1 :]
    else:
        value = rng.choice(NASTY).encode("utf-8", "surrogatepass")[:width].ljust(width)
    site = SITES["edf"](content, start)
    return Damage(content[:start] + value + content[stop:], "change a field", site)


def _xdf(content: bytes, rng: Random) -> Damage:
    """Damage chunks as a whole, or a value of a header's XML with its chunk's length kept right."""
    chunks = spans_of("xdf chunks", content)
    k = rng.randrange(len(chunks))
    start, stop = chunks[k]
    match rng.choice(("drop", "repeat", "swap", "field", "field", "field")):
        case "drop":
            return Damage(content[:start] + content[stop:], "drop a chunk", "chunks")
        case "repeat":
            return Damage(content[:stop] + content[start:], "repeat a chunk", "chunks")
        case "swap" if k + 1 < len(chunks):
            end = chunks[k + 1][1]
            changed = content[:start] + content[stop:end] + content[start:stop] + content[end:]
            return Damage(changed, "swap chunks", "chunks")
        case _:
            return _xdf_field(content, chunks, rng)


def _xdf_field(content: bytes, chunks: list[tuple[int, int]], rng: Random) -> Damage:
    headers = [span for span in chunks if b"<?xml" in content[span[0] : span[0] + 40]]
    start, stop = rng.choice(headers or chunks)
    chunk = content[start:stop]
    fields = list(re.finditer(rb"<(\w+)>([^<]*)</", chunk))
    if not fields:
        return _bytes("xdf", content, rng)
    found = rng.choice(fields)
    value = rng.choice(NASTY).encode("utf-8", "surrogatepass")
    n_length = chunk[0]
    body = chunk[1 + n_length : found.start(2)] + value + chunk[found.end(2) :]
    changed = b"\x08" + len(body).to_bytes(8, "little") + body
    site = f"field {found[1].decode()}"
    return Damage(content[:start] + changed + content[stop:], "change a field", site)
