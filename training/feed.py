"""Windows of a data set as tensors on the device, for one resolution of the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from physiosync_rt.datatypes import GRID_SFREQ, IntArray, SampleArray
from training.data.dataset import WINDOW_S, Dataset

Seconds = Literal[1, 5]


@dataclass(frozen=True, slots=True)
class Feed:
    """Windows of 5 s, or the five slices of 1 s in each of them.

    A window of 1 s has the number ``5 * row + slice``.

    Attributes
    ----------
    dataset : Dataset
    seconds : {1, 5}
    device : torch.device
    random_offsets : bool
        Draw every window anywhere in its trial.
    """

    dataset: Dataset
    seconds: Seconds
    device: torch.device
    random_offsets: bool = False

    @property
    def per_row(self) -> int:
        """Windows of a row."""
        return WINDOW_S // self.seconds

    def numbers(self, rows: IntArray) -> IntArray:
        """Numbers of all windows of rows, row by row."""
        return (rows[:, None] * self.per_row + np.arange(self.per_row)).ravel()

    def rows(self, numbers: IntArray) -> IntArray:
        """Rows that windows belong to."""
        return numbers // self.per_row

    def fetch(self, numbers: IntArray, key: int | None = None) -> tuple[Tensor, Tensor]:
        """Get windows.

        Parameters
        ----------
        numbers : int array, shape (n,)
        key : int, optional
            Decides the offsets where they are random; they are fixed without it. Window ``i``
            of two calls of the same key and length starts equally far into its trial, if the
            trials are equally long.

        Returns
        -------
        eeg, pps : Tensor, shape (n, n_chans, 128 * seconds)
        """
        rows, piece = np.divmod(numbers, self.per_row)
        if self.random_offsets and key is not None:
            eeg, pps = self.dataset.fetch(rows, np.random.default_rng(key))
            if self.seconds == 1:
                eeg, pps = _slices(eeg, piece), _slices(pps, piece)
        elif self.seconds == 1:
            eeg, pps = self.dataset.fetch_1s(rows, piece)
        else:
            eeg, pps = self.dataset.fetch(rows)
        return self._tensor(eeg), self._tensor(pps)

    def stimulus_windows(self, numbers: IntArray) -> IntArray:
        """Number every window by stimulus and time, the same for all subjects."""
        rows, piece = np.divmod(numbers, self.per_row)
        return np.asarray(self.dataset.stimulus_window[rows] * self.per_row + piece)

    def subjects(self, numbers: IntArray) -> IntArray:
        """Subject of every window."""
        return np.asarray(self.dataset.table.subject[self.rows(numbers)])

    def fetch_groups(self, numbers: IntArray, key: int, part: slice) -> tuple[Tensor, Tensor]:
        """Get the windows of positive pairs, in the order that the contrastive model takes.

        Parameters
        ----------
        numbers : int array, shape (2, n_pairs, group_size)
            Of the whole batch.
        key : int
            As in `fetch`; all windows of a pair get the same offset.
        part : slice
            Pairs that are wanted.

        Returns
        -------
        eeg, pps : Tensor, shape (2 * n_wanted * group_size, n_chans, 128 * seconds)
        """
        if not self.random_offsets:
            return self.fetch(numbers[:, part].ravel())
        sides, _, size = numbers.shape
        found = [self.fetch(numbers[s, :, k], key) for s in range(sides) for k in range(size)]

        def arrange(windows: list[Tensor]) -> Tensor:
            both = torch.stack([each[part] for each in windows])  # (2 * N, P, C, T)
            sorted_by_pair = torch.unflatten(both, 0, (sides, size)).transpose(1, 2)
            return sorted_by_pair.flatten(0, 2)

        return arrange([eeg for eeg, _ in found]), arrange([pps for _, pps in found])

    def _tensor(self, x: SampleArray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(x)).to(self.device, torch.get_default_dtype())


def _slices(x: SampleArray, piece: IntArray) -> SampleArray:
    """Take one second of each window, shape (n, n_chans, 640) to (n, n_chans, 128)."""
    seconds = x.reshape(*x.shape[:2], -1, GRID_SFREQ)
    return seconds[np.arange(len(x)), :, piece]
