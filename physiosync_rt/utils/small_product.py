"""Matrix products of live signals, computed in the thread that asks for them.

OpenBLAS, which numpy brings along, hands a product of more than 262,144 multiplications to its
worker threads. A worker that has done its part of a millisecond then spins for a tenth of a second
before it sleeps: products of a live run, a few per second, keep a whole core busy with nothing.
"""

from __future__ import annotations

import numpy as np

from physiosync_rt.datatypes import FloatArray

MOST_MULTIPLICATIONS = 4 * 65_536
"""Up to here OpenBLAS uses no worker: its ``GEMM_MULTITHREAD_THRESHOLD`` times 65,536."""

_ROWS = 8
"""Blocks of a multiple of so many rows give bit for bit what the whole product gives."""


def small_product(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return ``a @ b`` in blocks of rows that are small enough to wake no worker.

    Parameters
    ----------
    a : array, shape (..., n, k)
    b : array, shape (..., k, m)
        With as many axes as ``a``; those before the last two count products.

    Returns
    -------
    array, shape (..., n, m)
    """
    n, (k, m) = a.shape[-2], b.shape[-2:]
    if n * k * m <= MOST_MULTIPLICATIONS:
        out: FloatArray = a @ b
        return out
    rows = max(MOST_MULTIPLICATIONS // (k * m) // _ROWS * _ROWS, 1)
    out = np.empty((*a.shape[:-2], n, m), dtype=np.result_type(a, b))
    for at in range(0, n, rows):
        part = (..., slice(at, at + rows), slice(None))
        np.matmul(a[part], b, out=out[part])
    return out
