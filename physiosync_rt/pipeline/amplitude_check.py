"""Judge once, from its first seconds, whether a stream can be what it declares to be."""

from __future__ import annotations

import numpy as np

from physiosync_rt.align.sanity_check import CHECK_S
from physiosync_rt.datatypes import Chunk, SampleArray, StreamSpec
from physiosync_rt.formats.amplitudes import amplitude_problem


class AmplitudeCheck:
    """Collector of a stream's first five seconds, which are then judged as a recording is.

    Parameters
    ----------
    spec : StreamSpec

    Attributes
    ----------
    problem : str
        As `formats.amplitudes.amplitude_problem` says it; empty until the seconds are there.
    """

    def __init__(self, spec: StreamSpec) -> None:
        self.problem = ""
        self._spec = spec
        self._left = max(int(CHECK_S * spec.sfreq), 2)
        self._parts: list[SampleArray] = []

    def add(self, chunk: Chunk) -> None:
        """Take the next samples."""
        if self._left <= 0:
            return
        self._parts.append(chunk.samples[: self._left])
        self._left -= len(self._parts[-1])
        if self._left <= 0:
            self.problem = amplitude_problem(self._spec, np.concatenate(self._parts))
            self._parts = []
