"""Know a recording again by its EEG samples, however they come: from a file, a replay, in pieces.

Four moments in a row are hashed by their exact values, whatever the order of the channels. Those
whose hash is a multiple of a number are marks, about one each second of the recording: the samples
themselves choose them, so neither cuts nor chunks nor stamps change which ones they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Final

import numpy as np
import numpy.typing as npt
from pydantic import Field

from physiosync_rt.datatypes import BoolArray, RecordedStream, SampleArray
from physiosync_rt.utils.yaml_config import FrozenModel

ENOUGH: Final = 3
"""Marks that have to be seen: by chance hardly one of another recording is."""

_IN_A_ROW: Final = 4
"""Moments in a mark: single ones of few electrodes and coarse steps may well come twice."""

_HASH: Final = re.compile("[0-9a-f]{16}")
_FACTORS: Final = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9))
"""Odd multipliers of the finaliser of SplitMix64 (Steele et al., OOPSLA 2014)."""

Mark = Annotated[str, Field(pattern=_HASH.pattern + "$")]


class Fingerprint(FrozenModel):
    """Marks of a recording.

    Attributes
    ----------
    every : int
        Moments in a row are a mark where their hash is a multiple of this.
    marks : tuple of str
        Hashes of the marks, 16 hex digits each.
    """

    every: int = Field(ge=1)
    marks: tuple[Mark, ...]


class Recogniser:
    """Look for the marks of a recording among the samples of a run.

    Parameters
    ----------
    fingerprint : Fingerprint

    Attributes
    ----------
    found : bool
        Whether so many were seen that it is this recording.
    """

    def __init__(self, fingerprint: Fingerprint) -> None:
        self.found = False
        self._every = np.uint64(fingerprint.every)
        self._marks = {int(mark, 16) for mark in fingerprint.marks}
        self._enough = min(ENOUGH, len(self._marks))
        self._seen: set[int] = set()
        self._last: SampleArray | None = None

    def look(self, samples: SampleArray) -> None:
        """Look at the next EEG samples, shape (n_samples, n_channels)."""
        if self.found or not self._marks:
            return
        if self._last is not None:
            samples = np.concatenate([self._last, samples])
        self._last = samples[-(_IN_A_ROW - 1) :].copy()
        self._seen.update(_marks_of(samples, self._every) & self._marks)
        self.found = len(self._seen) >= self._enough


def fingerprint_of(streams: Iterable[RecordedStream]) -> Fingerprint:
    """Take the marks of EEG streams, about one each second."""
    streams = list(streams)
    every = max([1, *(round(stream.spec.sfreq) for stream in streams)])
    found = set().union(*(_marks_of(stream.samples, np.uint64(every)) for stream in streams))
    return Fingerprint(every=every, marks=tuple(f"{mark:016x}" for mark in sorted(found)))


def _marks_of(samples: SampleArray, every: np.uint64) -> set[int]:
    """Hashes of moments in a row that are multiples of ``every``."""
    n = len(samples) - _IN_A_ROW + 1
    if n < 1:
        return set()
    single = _hashes(samples)
    parts = [single[k : k + n] for k in range(_IN_A_ROW)]
    hashes = np.zeros(n, dtype=np.uint64)
    for part in parts:
        hashes = (hashes ^ part) * _FACTORS[1]
    hashes ^= hashes >> np.uint64(29)
    # What is lost or stands still does so in many recordings.
    told = np.any([part != parts[0] for part in parts], axis=0)
    finite: BoolArray = np.logical_and.reduce(np.isfinite(samples), axis=1)
    told &= np.all([finite[k : k + n] for k in range(_IN_A_ROW)], axis=0)
    return set(hashes[told & (hashes % every == 0)].tolist())


def _hashes(samples: SampleArray) -> npt.NDArray[np.uint64]:
    """One hash of every moment, shape (n_samples,); the order of the channels does not matter."""
    values = np.ascontiguousarray(samples, dtype=np.float32) + np.float32(0.0)  # -0 is 0
    mixed = values.view(np.uint32).astype(np.uint64) * _FACTORS[0]
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _FACTORS[1]
    total = (mixed ^ (mixed >> np.uint64(27))).sum(axis=1, dtype=np.uint64) * _FACTORS[0]
    out: npt.NDArray[np.uint64] = total ^ (total >> np.uint64(31))
    return out
