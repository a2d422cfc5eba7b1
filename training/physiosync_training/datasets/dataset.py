"""The one form in which a data set reaches training: windows of 5 s with labels and signals."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields

import numpy as np

from physiosync_rt.datatypes import IntArray, SampleArray
from physiosync_training.datasets.index import N_TIMES, WindowIndex


@dataclass(frozen=True, slots=True, eq=False)
class Signals:
    """Gap-free stretches of one modality, end to end in one flat array.

    Attributes
    ----------
    flat : float32 array, shape (n_chans * total,)
        Stretch after stretch, each (n_chans, n_times) in C order; often mapped from a file.
    starts, lengths : int64 arrays, shape (n_stretches,)
        First sample and number of samples of every stretch, counted per channel.
    n_chans : int
    """

    flat: SampleArray
    starts: IntArray
    lengths: IntArray
    n_chans: int

    def stretch(self, i: int) -> SampleArray:
        """Return one stretch, shape (n_chans, n_times)."""
        start, length = int(self.starts[i]), int(self.lengths[i])
        part = self.flat[start * self.n_chans : (start + length) * self.n_chans]
        return part.reshape(self.n_chans, length)

    def cut(self, stretches: IntArray, offsets: IntArray, n_times: int) -> SampleArray:
        """Cut windows, shape (n, n_chans, n_times), from these stretches at these offsets."""
        out = np.empty((len(stretches), self.n_chans, n_times), dtype=np.float32)
        for i, (k, at) in enumerate(zip(stretches.tolist(), offsets.tolist(), strict=True)):
            out[i] = self.stretch(k)[:, at : at + n_times]
        return out


@dataclass(frozen=True, eq=False, repr=False)
class Dataset(WindowIndex):
    """Windows of many people with their labels.

    Parameters
    ----------
    info : DatasetInfo
    table : Table
    eeg, pps : Signals
        Of the same stretches.
    eeg_without : tuple of Signals
        EEG in each of the ways of `DatasetInfo.left_out`, of the same stretches.
    rest : int64 array, shape (n, 2)
        Stretch and subject of every rest that there is, in the order of time: never trained on
        and never scored.

    Raises
    ------
    ValueError
        The parts do not go together.
    """

    eeg: Signals
    pps: Signals
    rest: IntArray = field(default_factory=lambda: np.empty((0, 2), dtype=np.int64))
    eeg_without: tuple[Signals, ...] = ()

    def __post_init__(self) -> None:
        table = self.table
        if not len(table):
            raise ValueError("a data set without windows")
        if len(self.eeg_without) != len(self.info.left_out):
            raise ValueError(
                f"{len(self.eeg_without)} signals without an electrode where "
                f"{len(self.info.left_out)} are described"
            )
        eegs = ((each, self.info.eeg) for each in (self.eeg, *self.eeg_without))
        for signals, contract in (*eegs, (self.pps, self.info.pps)):
            if signals.n_chans != contract.n_chans:
                raise ValueError(
                    f"{signals.n_chans} channels where {contract.n_chans} are described"
                )
        if any(
            not np.array_equal(self.eeg.lengths, other.lengths)
            for other in (self.pps, *self.eeg_without)
        ):
            raise ValueError("stretches of the two modalities have different lengths")
        if (table.offset < 0).any() or (table.offset + N_TIMES > self._length(table.stretch)).any():
            raise ValueError("a window that reaches out of its stretch")
        if np.isin(table.stretch, self.rest[:, 0]).any():
            raise ValueError("a window of a trial that lies in a rest")

    def _length(self, stretches: IntArray) -> IntArray:
        return np.asarray(self.eeg.lengths[stretches])

    def offsets(self, rows: IntArray, rng: np.random.Generator | None = None) -> IntArray:
        """Return the first samples of windows in their stretches: the table's, or random ones."""
        if rng is None:
            return np.asarray(self.table.offset[rows])
        last = self._length(self.table.stretch[rows]) - N_TIMES
        return rng.integers(0, last + 1)

    def shared_offsets(self, rows: IntArray, rng: np.random.Generator) -> IntArray:
        """Draw first samples so that windows of one stimulus show the same seconds of it.

        Parameters
        ----------
        rows : int array, shape (n, n_together)
            Each line holds windows that belong together.
        rng : Generator

        Returns
        -------
        int64 array, shape (n, n_together)
            In the stretches. Where all of a line are the same window of the same stimulus, they
            start at the same time in their trials, anywhere in what their stretches have in
            common; otherwise each is drawn anywhere in its own.
        """
        table = self.table
        # A stretch may begin late in its trial, behind a gap.
        begin = table.window[rows] * N_TIMES - table.offset[rows]
        first, last = begin, begin + self._length(table.stretch[rows]) - N_TIMES
        shown = self.stimulus_window[rows]
        same = (shown == shown[:, :1]).all(axis=1, keepdims=True)
        first = np.where(same, first.max(axis=1, keepdims=True), first)
        last = np.where(same, last.min(axis=1, keepdims=True), last)
        lots = rng.random(rows.shape)
        lots = np.where(same, lots[:, :1], lots)
        drawn: IntArray = first + (lots * (last - first + 1)).astype(np.int64) - begin
        return drawn

    def draw_left_out(self, n: int, rng: np.random.Generator) -> IntArray | None:
        """Draw of which windows an electrode is left out, and which.

        Parameters
        ----------
        n : int
        rng : Generator

        Returns
        -------
        int64 array, shape (n,), or None
            Way of `DatasetInfo.left_out` for every window, -1 for all electrodes; None where none
            is ever left out.
        """
        if not self.eeg_without:
            return None
        way = rng.integers(0, len(self.eeg_without), n)
        out: IntArray = np.where(rng.random(n) < self.info.electrode_out, way, -1)
        return out

    def cut(
        self,
        rows: IntArray,
        offsets: IntArray,
        n_times: int = N_TIMES,
        left_out: IntArray | None = None,
    ) -> tuple[SampleArray, SampleArray]:
        """Cut from the stretches of rows.

        Parameters
        ----------
        rows : int array, shape (n,)
        offsets : int array, shape (n,)
            First samples in the stretches.
        n_times : int
        left_out : int array, shape (n,), optional
            Way of `DatasetInfo.left_out` in which each window lacks an electrode, -1 for none.

        Returns
        -------
        eeg : float32 array, shape (n, n_chans, n_times)
        pps : float32 array, shape (n, n_pps_chans, n_times)
        """
        stretch = self.table.stretch[rows]
        eeg = self.eeg.cut(stretch, offsets, n_times)
        if left_out is not None:
            for way, signals in enumerate(self.eeg_without):
                at = left_out == way
                eeg[at] = signals.cut(stretch[at], offsets[at], n_times)
        return eeg, self.pps.cut(stretch, offsets, n_times)

    def fetch(
        self, rows: IntArray, offset_rng: np.random.Generator | None = None
    ) -> tuple[SampleArray, SampleArray]:
        """Cut windows.

        Parameters
        ----------
        rows : int array, shape (n,)
        offset_rng : Generator, optional
            Draws where in the row's stretch, and so in its trial, each window starts, as the
            windows of a live stream start anywhere. Not for folds of protocol ``window``, whose
            test windows it would run into.

        Returns
        -------
        eeg : float32 array, shape (n, n_chans, 640)
        pps : float32 array, shape (n, n_pps_chans, 640)
        """
        return self.cut(rows, self.offsets(rows, offset_rng))

    @property
    def digest(self) -> str:
        """Return the hash of everything that shaped the data set, else of its content."""
        if self.info.digest:
            return self.info.digest
        sha = hashlib.sha256(self.info.model_dump_json().encode())
        for column in fields(self.table):
            sha.update(getattr(self.table, column.name).tobytes())
        sha.update(self.eeg.flat.tobytes())
        sha.update(self.pps.flat.tobytes())
        return sha.hexdigest()[:16]
