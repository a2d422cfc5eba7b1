"""The six versions of a window that pre-training sees, made when they are needed.

The release writes all six to memory before it starts (14 GB for DEAP's EEG). Here a version is
computed from the window, its number and a key, so that nothing is stored, and two processes that
hold the same sample make the same version of it.

Source: augmentation of PhysioSync's release (arXiv 2504.17163): the window; scaled by 0.7 to 0.8;
scaled by 1.2 to 1.3; and the same three with white noise at 5 dB.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import torch
from torch import Tensor

from physiosync_rt.datatypes import IntArray
from physiosync_training.datasets.on_device import to_device

N_KINDS = 6
"""Versions of a window; 0 is the window itself, 3 to 5 have noise."""

SNR_DB = 5.0

_FIRST_NOISY = 3
_LOW = (1.0, 0.7, 1.2, 1.0, 0.7, 1.2)
_SPAN = (0.0, 0.1, 0.1, 0.0, 0.1, 0.1)

_WORD = 0xFFFFFFFF


def augment(x: Tensor, kind: IntArray, keys: IntArray) -> Tensor:
    """Make a version of every window.

    Parameters
    ----------
    x : float Tensor, shape (batch, n_chans, n_times)
    kind : int array, shape (batch,)
        Which of the `N_KINDS` versions.
    keys : int array, shape (batch,)
        From `sample_keys`; the scale and the noise follow from it, whatever the device and the
        rest of the batch.

    Returns
    -------
    Tensor, shape (batch, n_chans, n_times)
    """
    key = to_device(keys, x.device)
    low, span = _scales(x.device, x.dtype)
    which = to_device(kind, x.device)
    # The noise of a sample uses the counters from 0 on, its scale the last one.
    last = torch.full((1,), _WORD, device=x.device)
    scale = low[which] + span[which] * _uniform(key, last, x.dtype)[:, 0]
    out = x * scale[:, None, None]
    noisy = to_device(np.flatnonzero(kind >= _FIRST_NOISY), x.device)
    if len(noisy):
        clean = out[noisy]
        noise = _normal(key[noisy], clean[0].numel(), x.dtype).reshape(clean.shape)
        power = clean.flatten(1).var(1, unbiased=False) / noise.flatten(1).var(1, unbiased=False)
        gain = (10 ** (-SNR_DB / 10) * power).sqrt()
        out = out.index_copy(0, noisy, clean + gain[:, None, None] * noise)
    return out


@cache
def _scales(device: torch.device, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Lowest scale of every version, and how far it reaches; copied to a device once."""
    low, span = (torch.tensor(v, device=device, dtype=dtype) for v in (_LOW, _SPAN))
    return low, span


def _scramble(word: Tensor) -> Tensor:
    """Permute 32-bit words (held in int64) so that no pattern is left (Wellons' lowbias32)."""
    word = word ^ (word >> 16)
    word = (word * 0x7FEB352D) & _WORD
    word = word ^ (word >> 15)
    word = (word * 0x846CA68B) & _WORD
    return word ^ (word >> 16)


def _uniform(key: Tensor, counter: Tensor, dtype: torch.dtype) -> Tensor:
    """Numbers in (0, 1), shape (n_keys, n_counters), each from its key and counter alone."""
    low, high = key & _WORD, (key >> 32) & _WORD
    word = _scramble(counter ^ low[:, None])
    word = _scramble((word + high[:, None]) & _WORD)
    return ((word >> 8).to(dtype) + 0.5) / 2**24


def _normal(key: Tensor, n: int, dtype: torch.dtype) -> Tensor:
    """Normal numbers, shape (n_keys, n), by Box and Muller."""
    half = (n + 1) // 2
    uniform = _uniform(key, torch.arange(2 * half, device=key.device), dtype)
    radius = (-2 * uniform[:, :half].log()).sqrt()
    angle = 2 * math.pi * uniform[:, half:]
    return torch.cat((radius * angle.cos(), radius * angle.sin()), dim=1)[:, :n]
