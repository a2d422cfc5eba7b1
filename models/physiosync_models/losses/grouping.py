"""Which subjects stand for a stimulus window, and how their features become one."""

from __future__ import annotations

import torch
from torch import Tensor


def _check_groups(n_subjects: int, n_windows: int, group_size: int) -> None:
    if min(n_subjects, n_windows, group_size) < 1:
        raise ValueError(
            f"{group_size} of {n_subjects} subjects for {n_windows} windows: all must be positive"
        )


def draw_disjoint_groups(
    n_subjects: int,
    n_windows: int,
    group_size: int = 2,
    *,
    present: Tensor | None = None,
    generator: torch.Generator,
) -> Tensor:
    """Draw two groups of different subjects for every window, independently of the others.

    This corrects the release (see `draw_fixed_halves`): no subject is in a group twice, and over
    time every subject meets every other.

    Parameters
    ----------
    n_subjects, n_windows, group_size : int
    present : bool Tensor, shape (n_windows, n_subjects), optional
        Who has which window; everybody has every one when not given.
    generator : torch.Generator
        Source of chance; the result lies on its device.

    Returns
    -------
    int64 Tensor, shape (n_windows, 2, group_size)
        Subject indices of groups A and B.

    Raises
    ------
    ValueError
        If a number is not positive or two groups need more subjects than there are.
    """
    _check_groups(n_subjects, n_windows, group_size)
    fewest = n_subjects if present is None else int(present.sum(1).min())
    if 2 * group_size > fewest:
        raise ValueError(
            f"two groups of {group_size} need {2 * group_size} subjects, there are {fewest}"
        )
    lots = torch.rand(n_windows, n_subjects, generator=generator, device=generator.device)
    if present is not None:
        lots = lots.masked_fill(~present, torch.inf)
    return lots.argsort(1)[:, : 2 * group_size].reshape(n_windows, 2, group_size)


def draw_fixed_halves(
    n_subjects: int, n_windows: int, group_size: int = 2, *, generator: torch.Generator
) -> Tensor:
    """Draw group A from the first half of the subjects and group B from the second, as released.

    With replacement, so that a group can hold one subject twice; subjects of the same half are
    never compared.

    Parameters
    ----------
    n_subjects, n_windows, group_size : int
        An odd number of subjects leaves the larger half to group B.
    generator : torch.Generator
        Source of chance; the result lies on its device.

    Returns
    -------
    int64 Tensor, shape (n_windows, 2, group_size)
        Subject indices of groups A and B.

    Raises
    ------
    ValueError
        If a number is not positive or there is one subject only.
    """
    _check_groups(n_subjects, n_windows, group_size)
    half = n_subjects // 2
    if half == 0:
        raise ValueError("two halves need two subjects or more, there is one")
    shape = (n_windows, group_size)
    first = torch.randint(half, shape, generator=generator, device=generator.device)
    second = torch.randint(half, n_subjects, shape, generator=generator, device=generator.device)
    return torch.stack((first, second), dim=1)


def gather_groups(x: Tensor, groups: Tensor) -> Tensor:
    """Take the drawn subjects' windows, as rows for an encoder.

    Parameters
    ----------
    x : Tensor, shape (n_windows, n_subjects, ...)
        The same stimulus windows of all subjects.
    groups : int64 Tensor, shape (n_windows, 2, group_size)

    Returns
    -------
    Tensor, shape (2 * n_windows * group_size, ...)
        All rows of group A, window by window, then all of group B.

    Raises
    ------
    ValueError
        If ``groups`` is not for as many windows.
    """
    if groups.ndim != 3 or groups.shape[:2] != (len(x), 2):
        raise ValueError(
            f"groups have shape {tuple(groups.shape)}, expected ({len(x)}, 2, group_size)"
        )
    windows = torch.arange(len(x), device=x.device)[:, None, None]
    chosen = x[windows, groups.to(x.device)]  # (W, 2, N, ...)
    return chosen.transpose(0, 1).flatten(0, 2)


def pool_groups(x: Tensor, group_size: int) -> Tensor:
    """Reduce the rows of each group to their element-wise maximum.

    Parameters
    ----------
    x : Tensor, shape (2 * n_windows * group_size, dim)
        Features of what `gather_groups` returned.
    group_size : int

    Returns
    -------
    Tensor, shape (2 * n_windows, dim)
        Rows ``i`` and ``n_windows + i`` are groups A and B of window ``i``.

    Raises
    ------
    ValueError
        If the rows cannot be split into groups of that size.
    """
    if group_size < 1 or len(x) % group_size:
        raise ValueError(f"{len(x)} rows are not a whole number of groups of {group_size}")
    return torch.unflatten(x, 0, (-1, group_size)).amax(1)
