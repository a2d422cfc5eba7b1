"""Define a file format for the registry, and helpers that readers share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from physiosync_rt.datatypes import (
    FloatArray,
    Modality,
    RecordedMarkers,
    Recording,
    SampleArray,
)
from physiosync_rt.formats.units import Conversion

SIMULATED_NOTE: Final = "simulated signals"
"""Note of every recording of a simulated person, whatever its file format."""

_MODALITIES = {
    "eeg": Modality.EEG,
    "gsr": Modality.GSR,
    "eda": Modality.GSR,
    "sc": Modality.GSR,
    "scr": Modality.GSR,
    "scl": Modality.GSR,
    "ecg": Modality.ECG,
    "ekg": Modality.ECG,
}


@dataclass(frozen=True, slots=True)
class Format:
    """A file format with its detection and its reader.

    Attributes
    ----------
    name : str
        Name shown to the user.
    suffixes : tuple of str
        File name extensions, lower case, with the dot; empty for folders.
    matches : callable
        ``matches(path, head)`` detects the format from the content; ``head`` contains
        the first bytes of the file (decompressed when gzipped) and is empty for a folder.
    read : callable
        ``read(path)`` returns one `Recording`, or several one after the other (a file or folder
        of many subjects).
    parts : callable
        ``parts(path)`` lists all files that belong to ``path``, including itself.
    """

    name: str
    suffixes: tuple[str, ...]
    matches: Callable[[Path, bytes], bool]
    read: Callable[[Path], Recording | Iterable[Recording]]
    parts: Callable[[Path], Iterable[Path]] = lambda path: (path,)

    def named(self, path: Path) -> bool:
        """Return whether the file name has one of this format's extensions."""
        return path.name.lower().endswith(self.suffixes) if self.suffixes else False


def modality_of(word: str) -> Modality:
    """Return the modality of a stream type or channel type, ignoring case."""
    return _MODALITIES.get(word.strip().lower(), Modality.OTHER)


def unique_names(names: Iterable[str]) -> tuple[str, ...]:
    """Make names unique by numbering the second and later of each (``F1``, ``F1-2``)."""
    taken: set[str] = set()
    out = []
    for name in names:
        candidate, n = name, 1
        while candidate in taken:
            n += 1
            candidate = f"{name}-{n}"
        taken.add(candidate)
        out.append(candidate)
    return tuple(out)


def convert(samples: FloatArray | SampleArray, conversions: Sequence[Conversion]) -> SampleArray:
    """Convert each column, shape (n_samples, n_channels), by its own conversion."""
    if not any(conversion.inverse for conversion in conversions):
        factors = np.array([conversion.factor for conversion in conversions])
        return as_samples(np.asarray(samples, dtype=np.float64) * factors)
    columns = [conversion(samples[:, i]) for i, conversion in enumerate(conversions)]
    return as_samples(np.stack(columns, axis=1))


def as_samples(values: FloatArray | SampleArray) -> SampleArray:
    """Convert numbers of any type to float32 samples; values out of range become infinite."""
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(values, dtype=np.float32)


def numbered_markers(
    name: str, values: FloatArray, timestamps: FloatArray
) -> tuple[RecordedMarkers, ...]:
    """Return the numbers of a marker column that are not 0, as one marker stream or none.

    Parameters
    ----------
    name : str
        Of the stream.
    values, timestamps : array, shape (n_samples,)
        Of the column, and stamps in seconds.
    """
    marked = np.flatnonzero(np.nan_to_num(values))
    if len(marked) == 0:
        return ()
    labels = tuple(f"{values[i]:g}" for i in marked)
    return (RecordedMarkers(name, timestamps[marked], labels),)


_TEN_TWENTY = re.compile(
    r"(nz|fp[z12]|(af|f|ft|fc|t|c|tp|cp|p|po|o|i|aff|ffc|fft|fcc|ftt|ccp|ttp|cpp|tpp|ppo|poo|afp|oi)"
    r"(z|\d{1,2})h?|[am][12])",
    re.IGNORECASE,
)


def is_electrode(name: str) -> bool:
    """Return whether a channel name is an electrode of the 10-20, 10-10 or 10-5 system."""
    return _TEN_TWENTY.fullmatch(name) is not None
