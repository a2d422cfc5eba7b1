"""Windows of a data set as tensors on the device, for one resolution of the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from physiosync_rt.datatypes import GRID_SFREQ, IntArray, SampleArray
from physiosync_training.datasets.dataset import Dataset
from physiosync_training.datasets.index import WINDOW_S
from physiosync_training.datasets.on_device import on_device

Seconds = Literal[1, 5]


@dataclass(frozen=True, slots=True)
class WindowLoader:
    """Windows of 5 s, or the five slices of 1 s in each of them.

    A window of 1 s has the number ``5 * row + slice``.

    Attributes
    ----------
    dataset : Dataset
    seconds : {1, 5}
    device : torch.device
    random_offsets : bool
        Draw every window anywhere in its trial.
    left_out : int, optional
        Way of `DatasetInfo.left_out` in which every window lacks an electrode; where it is not
        given, windows of training lack one as the data set asks for.
    """

    dataset: Dataset
    seconds: Seconds
    device: torch.device
    random_offsets: bool = False
    left_out: int | None = None

    @property
    def draws(self) -> bool:
        """Whether windows of training are drawn: where they start, or what they lack."""
        return self.random_offsets or bool(self.dataset.info.left_out)

    @property
    def per_row(self) -> int:
        """Return how many windows a row has."""
        return WINDOW_S // self.seconds

    def numbers(self, rows: IntArray) -> IntArray:
        """Number all windows of rows, row by row."""
        return (rows[:, None] * self.per_row + np.arange(self.per_row)).ravel()

    def rows(self, numbers: IntArray) -> IntArray:
        """Return the rows that windows belong to."""
        return numbers // self.per_row

    def fetch(self, numbers: IntArray, key: int | None = None) -> tuple[Tensor, Tensor]:
        """Get windows.

        Parameters
        ----------
        numbers : int array, shape (n,)
        key : int, optional
            Decides the offsets where they are random, and which electrode is left out where one
            may be; without it offsets are fixed and all electrodes are there.

        Returns
        -------
        eeg, pps : Tensor, shape (n, n_chans, 128 * seconds)
        """
        rows, within = np.divmod(numbers, self.per_row)
        rng = None if key is None else np.random.default_rng(key)
        offsets = self.dataset.offsets(rows, rng if self.random_offsets else None)
        left_out = None
        if self.left_out is not None:
            left_out = np.full(len(rows), self.left_out)
        elif rng is not None:
            left_out = self.dataset.draw_left_out(len(rows), rng)
        return self._cut(rows, within, offsets, left_out)

    def _cut(
        self,
        rows: IntArray,
        within: IntArray,
        offsets: IntArray,
        left_out: IntArray | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Cut windows, or slices of windows that start at these offsets."""
        at, n_times = offsets + within * self.seconds * GRID_SFREQ, self.seconds * GRID_SFREQ
        there = on_device(self.dataset, self.device)
        if there is not None:
            eeg_there, pps_there = there.cut(rows, at, n_times, left_out)
            dtype = torch.get_default_dtype()
            return eeg_there.to(dtype), pps_there.to(dtype)
        eeg, pps = self.dataset.cut(rows, at, n_times, left_out)
        return self._tensor(eeg), self._tensor(pps)

    def stimulus_windows(self, numbers: IntArray) -> IntArray:
        """Number every window by stimulus and time, the same for all subjects."""
        rows, within = np.divmod(numbers, self.per_row)
        return np.asarray(self.dataset.stimulus_window[rows] * self.per_row + within)

    def subjects(self, numbers: IntArray) -> IntArray:
        """Return the subject of every window."""
        return np.asarray(self.dataset.table.subject[self.rows(numbers)])

    def fetch_groups(self, numbers: IntArray, key: int, part: slice) -> tuple[Tensor, Tensor]:
        """Get the windows of positive pairs, in the order that the contrastive model takes.

        Parameters
        ----------
        numbers : int array, shape (2, n_pairs, group_size)
            Of the whole batch.
        key : int
            As in `fetch`; the windows of a pair show the same seconds of their stimulus, also
            where something is missing of somebody's trial. A pair of different stimuli (pairing
            ``random``) has no seconds in common, and each of its windows lies anywhere.
        part : slice
            Pairs that are wanted.

        Returns
        -------
        eeg, pps : Tensor, shape (2 * n_wanted * group_size, n_chans, 128 * seconds)
        """
        if not self.random_offsets:
            return self.fetch(numbers[:, part].ravel())
        rows, within = np.divmod(numbers, self.per_row)
        n_sides, n_pairs, size = numbers.shape
        by_pair = rows.transpose(1, 0, 2).reshape(n_pairs, n_sides * size)
        # Drawn for the whole batch, so that processes which share it agree.
        drawn = self.dataset.shared_offsets(by_pair, np.random.default_rng(key))
        offsets = drawn.reshape(n_pairs, n_sides, size).transpose(1, 0, 2)
        return self._cut(*(each[:, part].ravel() for each in (rows, within, offsets)))

    def _tensor(self, x: SampleArray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(x)).to(self.device, torch.get_default_dtype())
