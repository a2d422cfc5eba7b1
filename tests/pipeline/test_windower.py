"""Windows of one stream: the same however it is cut, never across a gap, scaled by a rest."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from helpers.grid_stream import grid_stream, unit_baseline
from hypothesis import given, settings
from hypothesis import strategies as st

from physiosync_rt.datatypes import (
    GRID_SFREQ,
    GridChunk,
    Modality,
    Reason,
)
from physiosync_rt.preprocess.baseline import BaselineRequest


@settings(max_examples=20, deadline=None)
@given(
    modality=st.sampled_from([Modality.EEG, Modality.GSR, Modality.ECG]),
    cuts=st.lists(st.integers(0, 900), max_size=20),
    offset=st.sampled_from([0.0, 4200.0]),
)
def test_any_chunking_gives_the_same_window(
    modality: Modality, cuts: list[int], offset: float
) -> None:
    windows = []
    for bounds in ([0, 900], sorted([0, *cuts, 900])):
        stream = grid_stream(modality)
        n = stream.contract.n_chans
        stream.windower.baseline = unit_baseline(n)
        x = np.random.default_rng(0).normal(5, 1, (900, n)) + offset
        for start, stop in pairwise(bounds):
            stream.push_rows(x[start:stop], start)
        windows.append(stream.window(900))
    assert windows[0].reason == windows[1].reason
    assert windows[0].quality == windows[1].quality
    if windows[0].data is not None:
        np.testing.assert_allclose(windows[0].data, windows[1].data, atol=1e-6)


def test_windows_never_cross_a_gap() -> None:
    stream = grid_stream(Modality.EEG)
    stream.windower.baseline = unit_baseline(4)
    rng = np.random.default_rng(0)
    reasons = []
    stream.push_rows(rng.normal(0, 20, (8 * 128, 4)))
    reasons.append(stream.window(8 * 128).reason)
    # 0.5 s are missing; the rows after them start on the grid they left.
    for second in range(8, 18):
        start = second * 128 + (64 if second == 8 else 0)
        stream.push_rows(rng.normal(0, 20, ((second + 1) * 128 - start, 4)), start)
        window = stream.window((second + 1) * 128)
        reasons.append(window.reason)
        if second == 8:
            assert window.completeness == pytest.approx(0.9)
    # The gap ends at 8.5 s; the filter settles for 1 s and then 5 s must be there: 14.5 s.
    assert reasons == [Reason.NONE] + [Reason.GAP] * 6 + [Reason.NONE] * 4


@pytest.mark.parametrize(
    ("modality", "share", "reason"),
    [
        (Modality.EEG, 0.03, Reason.NONE),
        (Modality.EEG, 0.07, Reason.GAP),
        (Modality.ECG, 0.07, Reason.GAP),
        (Modality.GSR, 0.2, Reason.NONE),
        (Modality.GSR, 0.3, Reason.GAP),
    ],
)
def test_a_window_of_which_too_little_came_has_a_gap(
    modality: Modality, share: float, reason: Reason
) -> None:
    stream = grid_stream(modality)
    n = stream.contract.n_chans
    stream.windower.baseline = unit_baseline(n)
    rng = np.random.default_rng(0)
    heart = 1.2 * np.exp(-(((np.arange(8 * GRID_SFREQ) % 128 - 50) / 1.5) ** 2))[:, None]
    x = {
        Modality.EEG: rng.normal(0, 20, (8 * GRID_SFREQ, n)),
        Modality.ECG: heart,
        Modality.GSR: 5 + 0.1 * heart,
    }[modality]
    present = np.ones(len(x), dtype=bool)
    lost = rng.choice(np.arange(400, 1000), round(share * 640), replace=False)
    present[lost] = False
    stream.push(GridChunk(0, x, present))
    window = stream.window(len(x))
    assert window.completeness == pytest.approx(1 - share, abs=0.002)
    assert window.reason is reason
    assert (window.data is None) == (reason is Reason.GAP)


def test_a_second_of_which_too_little_came_is_no_rest() -> None:
    stream = grid_stream(Modality.EEG)
    stream.windower.capture_baseline(BaselineRequest(0.0, None, 3.0))
    x = np.random.default_rng(0).normal(0, 20, (8 * GRID_SFREQ, 4))
    present = np.arange(len(x)) % 10 > 0
    stream.push(GridChunk(0, x, present))
    assert stream.windower.baseline is None
    stream.push(GridChunk(len(x), x, np.ones(len(x), dtype=bool)))
    assert stream.windower.baseline is not None


def test_rows_and_windows_are_taken_in_order() -> None:
    stream = grid_stream(Modality.GSR)
    rows = stream.preprocessor.push(GridChunk(0, np.ones((300, 1)), np.ones(300, dtype=bool)))
    stream.windower.push(rows[0])
    with pytest.raises(ValueError, match="rows from 256 do not follow row 128"):
        stream.windower.push(rows[2])
    with pytest.raises(ValueError, match="window asked at row 300, the ring stands at 128"):
        stream.window(300)
