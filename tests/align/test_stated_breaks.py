"""A break that the source states is a gap, however short or long it is."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from physiosync_rt.align.aligner import StreamAligner
from physiosync_rt.datatypes import (
    Chunk,
    GridChunk,
    Modality,
    RecordedStream,
    Recording,
    StreamSpec,
)
from physiosync_rt.pipeline.chunking import in_time_order

SFREQ = 250.0
SPEC = StreamSpec("EEG", Modality.EEG, ("Fz", "Cz"), SFREQ, "uV")


def _recorded(pause_s: float, *, counter: bool, n: int = 2500) -> RecordedStream:
    """Return 10 s and 10 s with a pause between them; the counter goes on through it."""
    t = np.arange(2 * n) / SFREQ
    t[n:] += pause_s
    samples = np.random.default_rng(0).normal(size=(2 * n, 2)).astype(np.float32)
    numbers = np.arange(2 * n)
    return RecordedStream(
        SPEC, samples, t, counter=numbers if counter else None, breaks=t[n : n + 1]
    )


def _aligned(
    stream: RecordedStream, chunk_s: float = 0.25
) -> tuple[StreamAligner, list[GridChunk]]:
    aligner = StreamAligner(SPEC, 0.0)
    rows = [
        row for chunk in in_time_order(Recording((stream,)), chunk_s) for row in aligner.push(chunk)
    ]
    return aligner, rows


@pytest.mark.parametrize("counter", [False, True])
@pytest.mark.parametrize("pause_s", [0.0, 0.02, 0.1, 5.0, 299.0, 580.0, 36000.0])
def test_it_is_one_gap_and_never_a_clock_reset(pause_s: float, counter: bool) -> None:
    aligner, rows = _aligned(_recorded(pause_s, counter=counter))
    assert (aligner.counters.gaps, aligner.counters.clock_resets) == (1, 0)
    assert aligner.counters.lost == round(pause_s * SFREQ)
    assert aligner.counters.received == 5000
    starts = [row.start for row in rows]
    jumps = [b.start - a.stop for a, b in pairwise(rows)]
    # What the kernel needs on either side of the break is missing as well.
    (jump,) = [jump for jump in jumps if jump]
    assert jump == pytest.approx(pause_s * 128 + 14.6, abs=2.5)
    assert starts == sorted(starts)
    assert rows[-1].stop == pytest.approx((20 + pause_s) * 128, abs=10)


@pytest.mark.parametrize("counter", [False, True])
@pytest.mark.parametrize("pause_s", [1e6, 1e12])
def test_a_break_of_more_than_a_day_is_a_clock_reset(pause_s: float, counter: bool) -> None:
    aligner, rows = _aligned(_recorded(pause_s, counter=counter))
    assert (aligner.counters.gaps, aligner.counters.clock_resets) == (1, 1)
    assert rows[-1].stop == pytest.approx(20 * 128, abs=10)


def test_without_a_statement_a_long_jump_is_a_clock_reset() -> None:
    stream = _recorded(580.0, counter=False)
    silent = RecordedStream(SPEC, stream.samples, stream.timestamps)
    assert _aligned(silent)[0].counters.clock_resets == 1


@pytest.mark.parametrize("chunk_s", [0.02, 1.0, 7.0])
def test_chunks_do_not_matter(chunk_s: float) -> None:
    stream = _recorded(400.0, counter=False)
    whole, parts = (
        np.concatenate([row.samples for row in _aligned(stream, s)[1]]) for s in (0.25, chunk_s)
    )
    np.testing.assert_array_equal(whole, parts)


def test_a_chunk_begins_where_the_recording_does() -> None:
    stream = _recorded(0.1, counter=False)
    chunks = list(in_time_order(Recording((stream,)), 3.0))
    assert [bool(chunk.after_break) for chunk in chunks].count(True) == 1
    (after,) = [chunk for chunk in chunks if chunk.after_break]
    assert after.timestamps[0] == stream.breaks[0]
    assert sum(map(len, chunks)) == 5000


def test_a_break_before_the_first_sample_is_nothing() -> None:
    aligner = StreamAligner(SPEC, 0.0)
    t = np.arange(500) / SFREQ
    samples = np.zeros((500, 2), dtype=np.float32)
    aligner.push(Chunk("EEG", samples, t, after_break=True))
    assert aligner.counters.gaps == 0


def test_a_stream_that_steps_back_at_a_break_was_reset() -> None:
    stream = _recorded(0.0, counter=False)
    back = stream.timestamps.copy()
    back[2500:] -= 5.0
    chunks = [Chunk("EEG", stream.samples[:2500], back[:2500])]
    chunks.append(Chunk("EEG", stream.samples[2500:], back[2500:], after_break=True))
    aligner = StreamAligner(SPEC, 0.0)
    for chunk in chunks:
        aligner.push(chunk)
    assert (aligner.counters.gaps, aligner.counters.clock_resets) == (1, 1)
