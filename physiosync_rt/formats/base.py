"""What a file format offers to the registry, and what readers share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from physiosync_rt.datatypes import FloatArray, Modality, Recording, SampleArray
from physiosync_rt.formats.units import Conversion

SIMULATED_NOTE: Final = "simulated signals"
"""Stands in the notes of every recording of a simulated person, whatever file it came through."""

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
    """A file format that can be read.

    Attributes
    ----------
    name : str
        As a person calls it.
    suffixes : tuple of str
        Endings of file names, lower case, with the dot; empty for folders.
    matches : callable
        ``matches(path, head)`` tells from the content whether this is the format; ``head`` holds
        the first bytes of the file (unpacked when gzipped) and is empty for a folder.
    read : callable
        ``read(path)`` returns one `Recording`, or several one after the other (a file or folder
        of many subjects).
    parts : callable
        ``parts(path)`` lists the files that are read with ``path``, itself among them.
    """

    name: str
    suffixes: tuple[str, ...]
    matches: Callable[[Path, bytes], bool]
    read: Callable[[Path], Recording | Iterable[Recording]]
    parts: Callable[[Path], Iterable[Path]] = lambda path: (path,)

    def named(self, path: Path) -> bool:
        """Tell whether the file's name ends as this format's names do."""
        return path.name.lower().endswith(self.suffixes) if self.suffixes else False


def modality_of(word: str) -> Modality:
    """Modality that a stream type or channel type stands for, in any case."""
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
    columns = [conversion(samples[:, i]) for i, conversion in enumerate(conversions)]
    return as_samples(np.stack(columns, axis=1))


def as_samples(values: FloatArray | SampleArray) -> SampleArray:
    """Turn numbers of any type into float32 samples; what float32 cannot hold becomes infinite."""
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(values, dtype=np.float32)


_TEN_TWENTY = re.compile(
    r"(nz|fp[z12]|(af|f|ft|fc|t|c|tp|cp|p|po|o|i|aff|ffc|fft|fcc|ftt|ccp|ttp|cpp|tpp|ppo|poo|afp|oi)"
    r"(z|\d{1,2})h?|[am][12])",
    re.IGNORECASE,
)


def is_electrode(name: str) -> bool:
    """Tell whether a channel name is an electrode of the 10-20, 10-10 or 10-5 system."""
    return _TEN_TWENTY.fullmatch(name) is not None
