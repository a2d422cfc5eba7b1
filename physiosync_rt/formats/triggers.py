"""Read markers: from marker streams of text or numbers, and from trigger channels."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from physiosync_rt.datatypes import FloatArray, IntArray, SampleArray


def is_marker_stream(stype: str, *, is_text: bool) -> bool:
    """Return whether a stream's samples are markers: text, or numbers of a marker type."""
    return is_text or "marker" in stype.lower()


def marker_text(sample: Iterable[object]) -> str:
    """Return the text of one marker, whose channels are joined by commas.

    Numbers are numpy's, of the type that the stream carries, so that a file and a live stream give
    the same text.
    """
    return ",".join(str(value) for value in sample)


class TriggerReader:
    """Reader of one trigger channel, whose level rises from 0 to the number of an event.

    Notes
    -----
    It reads chunks of any length. Each change to another number than 0 is one marker, and its label
    is the number. A number that is not whole is not an event, and a NaN changes nothing.
    """

    def __init__(self) -> None:
        self._last = 0.0

    def read(self, values: FloatArray | SampleArray | IntArray) -> list[tuple[int, str]]:
        """Return the index and the label of every marker in the next values, shape (n_samples,)."""
        levels = np.asarray(values, dtype=np.float64)
        (whole,) = np.nonzero(np.isfinite(levels) & (levels == np.rint(levels)))
        levels = levels[whole]
        if not len(levels):
            return []
        before = np.concatenate([[self._last], levels[:-1]])
        self._last = float(levels[-1])
        rising = np.flatnonzero((levels != before) & (levels != 0))
        return [(int(whole[i]), str(int(levels[i]))) for i in rising]
