"""A stream whose counter channel is described: blocks that it sends again are duplicates."""

from __future__ import annotations

import numpy as np
import pytest

from physiosync_rt.align.aligner import StreamAligner
from physiosync_rt.datatypes import Chunk, Modality, StreamSpec
from physiosync_rt.devices import CounterDescription, Match, StreamDescription, StreamMapper

_SFREQ = 250.0
_DESCRIPTION = StreamDescription(
    match=Match(name="board"),
    modality=Modality.EEG,
    channels=("counter", "Fp1", "Fp2"),
    unit="microvolts",
    counter=CounterDescription(modulo=256),
)


@pytest.mark.parametrize("n_chunk", [1, 17, 4000])
@pytest.mark.parametrize("block", [(900, 1000), (500, 1000), (100, 900)])
def test_blocks_that_come_again(n_chunk: int, block: tuple[int, int]) -> None:
    counts = np.r_[0:1000, slice(*block), 1000:2000]
    stamps = 1e5 + counts / _SFREQ
    samples = np.stack([counts % 256, np.sin(counts), np.cos(counts)], axis=1).astype(np.float32)
    mapper = StreamMapper(
        _DESCRIPTION, StreamSpec("board", Modality.OTHER, ("1", "2", "3"), _SFREQ)
    )
    aligner = StreamAligner(mapper.spec, stamps[0])
    for start in range(0, len(counts), n_chunk):
        part = slice(start, start + n_chunk)
        for chunk in mapper.map(Chunk("board", samples[part], stamps[part])):
            aligner.push(chunk)
    for chunk in mapper.flush():
        aligner.push(chunk)
    counted = aligner.counters
    assert (counted.duplicates, counted.lost, counted.gaps) == (block[1] - block[0], 0, 0)
    assert (counted.clock_resets, counted.late) == (0, 0)
