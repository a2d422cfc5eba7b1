"""The ring holds what was written last, as one contiguous view, however it was written."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from physiosync_rt.utils.ring_buffer import RingBuffer


@given(
    capacity=st.integers(1, 12),
    pieces=st.lists(st.integers(0, 15), max_size=12),
    skips=st.lists(st.integers(0, 30), max_size=12),
)
def test_ring_equals_the_endless_array(capacity: int, pieces: list[int], skips: list[int]) -> None:
    ring = RingBuffer(capacity, 2, fill=-1.0)
    endless = np.full((capacity, 2), -1.0)
    n = 0
    for piece, skip in zip(pieces, [*skips, *[0] * len(pieces)], strict=False):
        rows = np.arange(2 * piece, dtype=float).reshape(-1, 2) + n
        ring.write(rows)
        ring.skip_to(ring.stop + skip)
        endless = np.concatenate([endless, rows, np.full((skip, 2), -1.0)])
        n += piece + skip
        view = ring.view(ring.start, ring.stop)
        np.testing.assert_array_equal(view, endless[-capacity:])
        assert view.base is not None
        assert view.flags.c_contiguous
    assert ring.stop == n


def test_ring_refuses_what_it_no_longer_has() -> None:
    ring = RingBuffer(4, 1)
    ring.write(np.zeros((6, 1)))
    with pytest.raises(ValueError, match="rows 1 to 3 are not kept"):
        ring.view(1, 3)
    with pytest.raises(ValueError, match="cannot go back"):
        ring.skip_to(5)
