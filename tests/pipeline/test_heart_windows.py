"""An ECG makes windows while its heart is seen; without a heart it is left out, and said to be."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from helpers.grid_stream import GridStream, grid_stream, unit_baseline
from helpers.hearts import Heart, coloured, fibrillating, regular, with_extra_beats
from hypothesis import given, settings
from hypothesis import strategies as st

from physiosync_rt.datatypes import (
    GRID_SFREQ,
    FloatArray,
    GridChunk,
    HeartState,
    Modality,
    Reason,
    StreamSpec,
)
from physiosync_rt.preprocess.baseline import BaselineRequest
from physiosync_rt.preprocess.config import LiveProfile, ModalityContract, PaperProfile, Profile

LIVE = LiveProfile()
SPEC = StreamSpec("s", Modality.ECG, ("ECG0",), 128.0, "mV")
CONTRACT = ModalityContract(modality=Modality.ECG, ch_names=("ECG0",))


def _ecg_windows(
    ecg: FloatArray, gap: range | None = None, profile: Profile = LIVE
) -> list[Reason]:
    """Reason of the window at every whole second of one lead on the grid, in mV."""
    stream = GridStream(SPEC, CONTRACT, profile)
    stream.windower.baseline = unit_baseline(1)
    reasons = []
    for start in range(0, len(ecg), GRID_SFREQ):
        if gap is None or start // GRID_SFREQ not in gap:
            stream.push_rows(ecg[start : start + GRID_SFREQ, None], start)
        else:
            for rows in stream.preprocessor.skip_to(start + GRID_SFREQ):
                stream.windower.push(rows)
        reasons.append(stream.window(start + GRID_SFREQ).reason)
    return reasons


def test_a_heart_delays_no_window_and_a_lead_without_one_makes_none() -> None:
    """Seven seconds pass before the first window can be; by then the heart is known."""
    assert _ecg_windows(regular(75, 20).ecg) == [Reason.WARMING_UP] * 6 + [Reason.NONE] * 14
    # Smooth enough to pass for an ECG in every single second.
    noise = 0.2 * coloured(np.random.default_rng(0), 20 * GRID_SFREQ, 1.5)
    reasons = _ecg_windows(noise)
    assert reasons == [Reason.WARMING_UP] * 9 + [Reason.NO_HEARTBEAT] * 11
    assert set(_ecg_windows(noise, profile=LiveProfile(min_quality=0.0))[6:]) == {Reason.NONE}


def test_the_released_preprocessing_asks_for_no_heart() -> None:
    stream = GridStream(SPEC, CONTRACT, PaperProfile())
    stream.push_rows(0.2 * coloured(np.random.default_rng(0), 20 * GRID_SFREQ, 1.5)[:, None])
    assert stream.window(20 * GRID_SFREQ).reason is Reason.NO_BASELINE


def test_after_a_gap_the_heart_is_not_known_yet() -> None:
    noise = 0.2 * coloured(np.random.default_rng(0), 40 * GRID_SFREQ, 1.5)
    reasons = _ecg_windows(noise, gap=range(15, 17))
    assert set(reasons[9:15]) == {Reason.NO_HEARTBEAT}
    assert set(reasons[15:26]) == {Reason.GAP}
    assert set(reasons[26:]) == {Reason.NO_HEARTBEAT}


@pytest.mark.parametrize("heart", [fibrillating(100, 60), with_extra_beats(2, 60)])
def test_an_irregular_heart_makes_windows(heart: Heart) -> None:
    reasons = _ecg_windows(heart.ecg)
    assert set(reasons[9:]) == {Reason.NONE}


def test_seconds_without_a_heart_are_no_rest() -> None:
    noise = 0.2 * coloured(np.random.default_rng(0), 40 * GRID_SFREQ, 1.5)
    ecg = np.concatenate([noise, regular(75, 60).ecg])
    stream = grid_stream(Modality.ECG)
    stream.windower.capture_baseline(BaselineRequest(12.0, None, 20.0))
    stream.push_rows(ecg[: 40 * GRID_SFREQ, None])
    assert stream.windower.capture is not None
    assert stream.windower.capture.progress == 0.0
    stream.push_rows(ecg[40 * GRID_SFREQ :, None], 40 * GRID_SFREQ)
    assert stream.windower.baseline is not None


@settings(max_examples=15, deadline=None)
@given(
    cuts=st.lists(st.integers(0, 30 * GRID_SFREQ), max_size=15),
    gap=st.tuples(st.integers(0, 20 * GRID_SFREQ), st.sampled_from([0, 1, 70, 300])),
)
def test_beats_do_not_depend_on_the_chunks(cuts: list[int], gap: tuple[int, int]) -> None:
    ecg = regular(90, 30).ecg[:, None]
    lost = range(gap[0], sum(gap))
    runs = []
    for bounds in ([0, len(ecg)], sorted({0, *cuts, len(ecg)})):
        preprocessor = grid_stream(Modality.ECG).preprocessor
        rows = []
        for a, b in pairwise(sorted({*bounds, lost.start, lost.stop})):
            if a not in lost:
                rows += preprocessor.push(GridChunk(a, ecg[a:b], np.ones(b - a, dtype=bool)))
        runs.append([row.second.heart for row in rows if row.second is not None])
    assert len(runs[0]) == len(runs[1]) == 30
    for one, other in zip(*runs, strict=True):
        assert one is not None
        assert other is not None
        assert one.state is other.state
        np.testing.assert_allclose(one.beats, other.beats, atol=1e-6)
    assert runs[0][-1].state is HeartState.SEEN
