"""The grid of one stream, filtered and judged second by second, gaps included."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from helpers.grid_stream import NAMES, grid_stream, unit_baseline
from hypothesis import given, settings
from hypothesis import strategies as st

from physiosync_rt.datatypes import (
    GRID_SFREQ,
    GridChunk,
    Modality,
)
from physiosync_rt.pipeline.preprocessed import AVAILABLE, SETTLED, Preprocessed


def _response(modality: Modality, freq: float) -> float:
    stream = grid_stream(modality)
    n = stream.contract.n_chans
    stream.windower.baseline = unit_baseline(n)
    t = np.arange(20 * GRID_SFREQ) / GRID_SFREQ
    # Opposite signs, so that the average reference leaves the channels alone.
    x = 20 * np.sin(2 * np.pi * freq * t)[:, None] * np.resize([1.0, -1.0], n)
    stream.push_rows(x)
    _, rows = stream.trace(4.0)
    return float(np.sqrt(2 * (rows[:, 0] ** 2).mean()) / 20)


def test_eeg_is_band_passed() -> None:
    assert _response(Modality.EEG, 10.0) == pytest.approx(1.0, abs=0.02)
    assert _response(Modality.EEG, 30.0) == pytest.approx(1.0, abs=0.02)
    assert _response(Modality.EEG, 4.0) == pytest.approx(0.707, abs=0.03)
    assert _response(Modality.EEG, 1.0) < 0.01
    assert _response(Modality.EEG, 60.0) < 0.05


def test_ecg_keeps_its_beat_and_loses_its_drift() -> None:
    assert _response(Modality.ECG, 5.0) == pytest.approx(1.0, abs=0.05)
    assert _response(Modality.ECG, 0.05) < 0.05


def test_an_offset_does_not_ring() -> None:
    stream = grid_stream(Modality.EEG)
    stream.push_rows(np.full((GRID_SFREQ, 4), 4200.0))
    assert np.abs(stream.trace(1.0)[1]).max() < 1e-6


def _rows(modality: Modality, chunks: list[GridChunk], stop: int) -> list[Preprocessed]:
    preprocessor = grid_stream(modality).preprocessor
    rows = [row for chunk in chunks for row in preprocessor.push(chunk)]
    return rows + preprocessor.skip_to(stop)


@settings(max_examples=20, deadline=None)
@given(
    modality=st.sampled_from([Modality.EEG, Modality.GSR, Modality.ECG]),
    cuts=st.lists(st.integers(0, 900), max_size=20),
    gap=st.tuples(st.integers(100, 500), st.sampled_from([0, 1, 70, 300])),
)
def test_any_chunking_gives_the_same_rows_and_seconds(
    modality: Modality, cuts: list[int], gap: tuple[int, int]
) -> None:
    """Rows follow each other without a hole, gaps included, and every second is judged."""
    stop, start_s = 1024, 3
    n = len(NAMES) if modality is Modality.EEG else 1
    x = np.random.default_rng(0).normal(5, 1, (900, n))
    lost = range(gap[0], sum(gap))
    runs = []
    for bounds in ([0, 900], sorted([0, *cuts, 900])):
        edges = sorted({*bounds, lost.start, lost.stop})
        chunks = [
            GridChunk(start_s + a, x[a:b], np.arange(a, b) % 10 > 0)
            for a, b in pairwise(edges)
            if a not in lost
        ]
        rows = _rows(modality, chunks, stop)
        assert [row.start for row in rows] == [0, *(row.stop for row in rows[:-1])]
        assert rows[-1].stop == stop
        runs.append(rows)
    masks = [np.concatenate([row.mask for row in rows]) for rows in runs]
    np.testing.assert_array_equal(masks[0], masks[1])
    available = np.zeros(stop, dtype=bool)
    available[start_s : start_s + 900] = [i not in lost for i in range(900)]
    np.testing.assert_array_equal(masks[0][:, AVAILABLE], available)
    samples = [np.concatenate([row.samples for row in rows]) for rows in runs]
    np.testing.assert_allclose(samples[0], samples[1], atol=1e-9)
    assert not samples[0][~available].any()
    seconds = [[row.second for row in rows if row.second is not None] for rows in runs]
    assert [each.index for each in seconds[0]] == list(range(8))
    for a, b in zip(*seconds, strict=True):
        assert (a.index, a.mean_quality, a.usable) == (b.index, b.mean_quality, b.usable)


def test_filters_settle_again_after_every_gap() -> None:
    """The first warm-up is told from one after an interruption."""
    x = np.random.default_rng(0).normal(0, 20, (3 * GRID_SFREQ, 4))
    present = np.ones(len(x), dtype=bool)
    rows = _rows(Modality.EEG, [GridChunk(0, x, present), GridChunk(500, x, present)], 1024)
    settled = np.concatenate([row.mask for row in rows])[:, SETTLED]
    np.testing.assert_array_equal(
        np.flatnonzero(np.diff(settled.astype(int))) + 1, [128, 384, 628, 884]
    )
    assert {row.warm_up_end for row in rows if row.stop <= 384} == {128}
    assert {row.warm_up_end for row in rows if row.start >= 384} == {None}
    usable = [row.second.index for row in rows if row.second is not None and row.second.usable]
    assert usable == [1, 2, 5]
