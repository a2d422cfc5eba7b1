"""Read the annotations of EDF+ and BDF+ files, which also hold the time of every data record."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from physiosync_rt.formats.edf_header import Header, Signal

Records = npt.NDArray[np.signedinteger[Any]]
"""Stored numbers, shape (n_records, record_samples)."""

_TIME = re.compile(rb"([+-]\d+(?:[.,]\d*)?)(?:\x15(\d+(?:[.,]\d*)?)?)?")


class Annotation(NamedTuple):
    """A text at a time, with a duration, both in seconds."""

    onset: float
    text: str
    duration: float


@dataclass(slots=True)
class Annotations:
    """What the annotation signals hold.

    Attributes
    ----------
    onsets : list of float or None
        When each data record begins, None where it does not say.
    found : list of Annotation
    notes : list of str
        What was odd.
    """

    onsets: list[float | None] = field(default_factory=list)
    found: list[Annotation] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_annotations(header: Header, records: Records) -> Annotations:
    """Read all annotation signals; what cannot be understood is left out with a note."""
    out = Annotations()
    commas: list[str] = []
    broken: list[str] = []
    signals = [s for s in header.signals if s.is_annotation]
    for n_signal, signal in enumerate(signals):
        for n_record, text in enumerate(_texts(header, signal, records)):
            onset: float | None = None
            for n, tal in enumerate(filter(None, text.split(b"\x00"))):
                time, *labels = tal.split(b"\x14")
                stamp = _TIME.fullmatch(time)
                if stamp is None:
                    broken.append(f"{_shown(time)} in record {n_record + 1}")
                    continue
                at, duration = (float((v or b"0").replace(b",", b".")) for v in stamp.groups())
                if b"," in time:
                    commas.append(f"{_shown(time)} ({at:g} s)")
                if n == 0 and labels and not labels[0]:
                    # The first annotation is the record's onset.
                    onset = at
                out.found += [Annotation(at, _decoded(each), duration) for each in labels if each]
            if n_signal == 0:
                out.onsets.append(onset)
    if commas:
        out.notes.append(f"annotation times with a decimal comma were understood: {_few(commas)}")
    if broken:
        out.notes.append(f"annotations without a readable time were left out: {_few(broken)}")
    out.found.sort(key=lambda each: each.onset)
    return out


def _texts(header: Header, signal: Signal, records: Records) -> Iterator[bytes]:
    """Return the bytes of an annotation signal, record by record."""
    for row in records[:, signal.start : signal.start + signal.n_per_record]:
        if header.sample_bytes == 2:
            yield row.astype("<i2").tobytes()
        else:
            yield row.astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()


def _decoded(text: bytes) -> str:
    """Decode a text, which is UTF-8 by the standard and Latin-1 by some writers."""
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text.decode("latin-1")


def _shown(time: bytes) -> str:
    return repr(time.decode("latin-1")[:20])


def _few(items: list[str]) -> str:
    more = f" and {len(items) - 3} more" if len(items) > 3 else ""
    return ", ".join(items[:3]) + more
