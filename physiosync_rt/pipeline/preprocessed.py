"""What the preprocessor puts out: rows of the grid, and what each whole second of it showed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from physiosync_rt.datatypes import BoolArray, FloatArray, HeartSecond
from physiosync_rt.preprocess.reference import SpatialFilter

AVAILABLE, SETTLED, MEASURED = 0, 1, 2
"""Columns of a mask: the row exists · the filters have settled · the row is not interpolated."""

N_MASKS = 3


@dataclass(frozen=True, slots=True)
class Second:
    """What one whole second of the grid showed.

    Attributes
    ----------
    index : int
        Number of the second from the anchor.
    quality : array, shape (n_stream,)
        In [0, 1]; 0 where rows are missing.
    mean_quality : float
        Over the channels that the bundle's are made from.
    usable : bool
        Whether all filters have settled, enough was measured and the quality suffices; of an ECG,
        whether its heart is not absent.
    spatial : SpatialFilter
        From the stream's channels to the bundle's, as it holds from the end of this second on.
    too_few : bool
        Whether too few good electrodes are left to make the bundle's.
    bad : bool array, shape (n_stream,)
        Channels that ``spatial`` does without because they are bad at present.
    heart : HeartSecond or None
        For ECG in profile ``live``: the beats, and whether a heart is seen.
    complete : bool
        Whether no row is missing.
    """

    index: int
    quality: FloatArray
    mean_quality: float
    usable: bool
    spatial: SpatialFilter
    too_few: bool
    bad: BoolArray
    heart: HeartSecond | None = None
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Preprocessed:
    """Consecutive rows of the grid after the stages; they follow each other without a hole.

    Attributes
    ----------
    start : int
        Grid index of the first row.
    samples : array, shape (n_times, n_stream)
        The stream's own channels, 0 where a row is missing.
    mask : bool array, shape (n_times, 3)
        Columns `AVAILABLE`, `SETTLED` and `MEASURED`.
    second : Second or None
        The whole second that these rows complete, if they do.
    warm_up_end : int or None
        Grid index at which the first warm-up ends; None before the stream's first row and once
        the stream was interrupted.
    """

    start: int
    samples: FloatArray
    mask: BoolArray
    second: Second | None
    warm_up_end: int | None

    @property
    def stop(self) -> int:
        """Grid index after the last row."""
        return self.start + len(self.samples)

    def cut(self, index: int) -> tuple[Preprocessed, Preprocessed]:
        """Cut at a grid index inside; the whole second belongs to the later rows."""
        n = index - self.start
        return (
            replace(self, samples=self.samples[:n], mask=self.mask[:n], second=None),
            replace(self, start=index, samples=self.samples[n:], mask=self.mask[n:]),
        )


@dataclass(frozen=True, slots=True)
class Hop:
    """Preprocessed rows of all streams since the hop before.

    Attributes
    ----------
    index : int
        Number of the hop, from 1.
    stop : int
        Grid index after the last row of every stream.
    eeg, pps : list of Preprocessed
        ``pps`` is empty in a run without a peripheral stream.
    """

    index: int
    stop: int
    eeg: list[Preprocessed]
    pps: list[Preprocessed]


def cut_at(rows: Sequence[Preprocessed], stops: Iterable[int]) -> Iterator[list[Preprocessed]]:
    """Cut consecutive rows at grid indices, and yield those up to each; the last are all there."""
    left = deque(rows)
    for stop in stops:
        found = []
        while left and left[0].start < stop:
            each = left.popleft()
            if each.stop > stop:
                each, rest = each.cut(stop)
                left.appendleft(rest)
            found.append(each)
        yield found
