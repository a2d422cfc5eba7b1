"""Which windows meet in a batch of pre-training: stimulus windows and the subjects who had them.

A plan holds one whole epoch as arrays, drawn at once from a seed and the epoch's number, so that
a run can go on from any step and several processes can each take their share of a batch.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from physiosync_models.losses.grouping import draw_disjoint_groups, draw_fixed_halves
from physiosync_rt.datatypes import IntArray
from physiosync_training.contrastive.augment import N_KINDS
from physiosync_training.datasets.index import ABSENT
from physiosync_training.loop.distributed import share_bounds

Pairing = Literal["groups", "halves", "aligned", "random", "own"]
"""``groups``: two disjoint groups of subjects for every stimulus window. ``halves``: the release's
Dependent scheme, group A from the first half of the subjects and B from the second, with
replacement. ``aligned``: two subjects for every stimulus window. ``random``: the release's Cross
scheme, where a positive pair is any two samples. ``own``: a window meets itself in another version,
for people without a shared stimulus; CM-CA then pairs a person's EEG with the same person's
peripheral signal, and LS-TCL, which pairs people, is left out."""


@dataclass(frozen=True, slots=True)
class Grid:
    """The training rows by stimulus window and subject.

    Attributes
    ----------
    rows : int64 array, shape (n_windows, n_subjects)
        Row of the data set, `ABSENT` where a subject does not have that window.
    subjects : array, shape (n_subjects,)
    """

    rows: IntArray
    subjects: IntArray

    @property
    def complete(self) -> bool:
        """Whether every subject has every window."""
        return bool((self.rows != ABSENT).all())


@dataclass(frozen=True, slots=True)
class PairBatch:
    """Samples of one batch; ``[0, i]`` and ``[1, i]`` are the two sides of positive pair ``i``.

    Attributes
    ----------
    rows : int64 array, shape (2, n_pairs, group_size)
    kind : int64 array, of the same shape
        Version of augmentation.
    """

    rows: IntArray
    kind: IntArray

    @property
    def n_pairs(self) -> int:
        """Positive pairs of the batch."""
        return int(self.rows.shape[1])

    def part(self, rank: int, world: int) -> slice:
        """Pairs of one of several processes; in order of their ranks they make up the batch."""
        return slice(*share_bounds(self.n_pairs, rank, world))


def make_grid(rows: IntArray, subject: IntArray, window: IntArray, least: int) -> Grid:
    """Lay out rows by stimulus window and subject.

    Parameters
    ----------
    rows : int array, shape (n,)
    subject : array, shape (n,)
        Whose window each row is.
    window : int array, shape (n,)
        Number of the stimulus window: the same for all subjects at the same second of the same
        stimulus.
    least : int
        Windows that fewer subjects have are left out.

    Raises
    ------
    ValueError
        No window is left.
    """
    subjects, column = np.unique(subject, return_inverse=True)
    windows, line = np.unique(window, return_inverse=True)
    out = np.full((len(windows), len(subjects)), ABSENT, dtype=np.int64)
    out[line, column] = rows
    out = out[(out != ABSENT).sum(axis=1) >= least]
    if not len(out):
        raise ValueError(
            f"no stimulus window is shared by {least} training subjects, so that there is nothing "
            "to pair; pre-training needs stimuli that several subjects had"
        )
    return Grid(out, subjects)


class EpochPlan:
    """The batches of one epoch.

    Every stimulus window comes in all its versions. With ``groups`` and ``halves`` it comes once
    in each; with ``aligned``, ``random`` and ``own`` every single sample does (``aligned`` leaves
    one subject out of a window that an odd number of subjects has).

    Parameters
    ----------
    grid : Grid
    pairing : {"groups", "halves", "aligned", "random", "own"}
    n_pairs : int
        Positive pairs of a batch.
    group_size : int
        Subjects in a group; 1 for ``aligned``, ``random`` and ``own``.
    seed, epoch : int
    versions : int
        Versions of every window, `N_KINDS` unless there is no augmentation.

    Raises
    ------
    ValueError
        There are too few subjects, or an incomplete grid for ``halves``.
    """

    def __init__(
        self,
        grid: Grid,
        pairing: Pairing,
        n_pairs: int,
        group_size: int,
        *,
        seed: int,
        epoch: int,
        versions: int = N_KINDS,
    ) -> None:
        self._n_pairs = n_pairs
        generator = torch.Generator().manual_seed((seed << 20) + epoch)
        if pairing == "random":
            samples = _all_samples(grid, versions, n_pairs, generator)
        elif pairing == "aligned":
            samples = _aligned(grid, versions, generator)
        elif pairing == "own":
            samples = _own(grid, versions, generator)
        else:
            samples = _groups(grid, pairing, group_size, versions, generator)
        self._rows, self._kind = samples
        # A last batch of less than half the size is left out: its loss would be another one.
        self._n_batches: int = max(1, math.floor(self._rows.shape[1] / n_pairs + 0.5))

    def __len__(self) -> int:
        return self._n_batches

    def __getitem__(self, step: int) -> PairBatch:
        """Batch of a step; the last may be smaller, down to half the size."""
        part = slice(step * self._n_pairs, (step + 1) * self._n_pairs)
        return PairBatch(self._rows[:, part], self._kind[:, part])

    def __iter__(self) -> Iterator[PairBatch]:
        return (self[step] for step in range(len(self)))


Samples = tuple[IntArray, IntArray]
"""Rows and kinds, shape (2, n, group_size) each."""


def _kinds_of(n_windows: int, versions: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """All windows in all versions, shuffled."""
    order = torch.randperm(n_windows * versions, generator=generator)
    return order // versions, order % versions


def _groups(
    grid: Grid, pairing: Pairing, group_size: int, versions: int, generator: torch.Generator
) -> Samples:
    window, kind = _kinds_of(len(grid.rows), versions, generator)
    rows = torch.from_numpy(grid.rows)[window]  # (n, S)
    n, n_subjects = rows.shape
    if pairing == "halves":
        if not grid.complete:
            raise ValueError("the release's halves need every subject in every stimulus window")
        groups = draw_fixed_halves(n_subjects, n, group_size, generator=generator)
    else:
        groups = draw_disjoint_groups(
            n_subjects, n, group_size, present=rows != ABSENT, generator=generator
        )
    chosen = rows.gather(1, groups.flatten(1)).reshape(n, 2, group_size).transpose(0, 1)
    kinds = kind[None, :, None].expand_as(chosen)
    return chosen.numpy(), kinds.numpy()


def _aligned(grid: Grid, versions: int, generator: torch.Generator) -> Samples:
    window, kind = _kinds_of(len(grid.rows), versions, generator)
    rows = torch.from_numpy(grid.rows)[window]
    lots = torch.rand(rows.shape, generator=generator).masked_fill(rows == ABSENT, torch.inf)
    shuffled = rows.gather(1, lots.argsort(1))  # the absent last
    pairs = shuffled[:, : 2 * (rows.shape[1] // 2)].reshape(-1, 2)
    kinds = kind.repeat_interleave(rows.shape[1] // 2)
    there = (pairs != ABSENT).all(1).nonzero()[:, 0]
    order = there[torch.randperm(len(there), generator=generator)]
    both = torch.stack((kinds[order], kinds[order]))
    return pairs[order].T[:, :, None].numpy(), both[:, :, None].numpy()


def _own(grid: Grid, versions: int, generator: torch.Generator) -> Samples:
    rows = torch.from_numpy(grid.rows[grid.rows != ABSENT])
    window, kind = _kinds_of(len(rows), versions, generator)
    # Another version of the same window, where there is another.
    step = torch.randint(1, max(versions, 2), kind.shape, generator=generator)
    both = torch.stack((kind, (kind + step) % versions))
    chosen = rows[window].expand(2, -1)
    return chosen[:, :, None].numpy(), both[:, :, None].numpy()


def _all_samples(grid: Grid, versions: int, n_pairs: int, generator: torch.Generator) -> Samples:
    rows = torch.from_numpy(grid.rows[grid.rows != ABSENT])
    order = torch.randperm(len(rows) * versions, generator=generator)
    n_even = 2 * (len(order) // 2)
    n_whole = n_even - n_even % (2 * n_pairs)
    # Sample i of a batch meets sample i + half of it.
    whole = order[:n_whole].reshape(-1, 2, n_pairs).transpose(0, 1).flatten(1)
    rest = order[n_whole:n_even].reshape(2, -1)
    order = torch.cat((whole, rest), dim=1)[:, :, None]
    return rows[order // versions].numpy(), (order % versions).numpy()
