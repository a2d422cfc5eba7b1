"""What a run has come to: rows by what they used, and streams with their bursts."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from helpers.snapshots import make_row

from physiosync_rt.align.stats import StreamStats
from physiosync_rt.datatypes import Modality, Reason, StreamSpec
from physiosync_rt.live.options import RunOptions
from physiosync_rt.live.state import HISTORY_S, RunState
from physiosync_rt.preprocess.baseline import Baseline, BaselineRequest

EEG = StreamSpec("cap", Modality.EEG, ("Cz",), 250.0, "uV")
GSR = StreamSpec("skin", Modality.GSR, ("GSR",), 4.0, "uS")


def _state(pps: StreamSpec | None = GSR, hop_s: float = 1.0) -> RunState:
    streams = {"cap": SimpleNamespace(stats=StreamStats(received=500, late=2, after_deadline=1))}
    pipeline = SimpleNamespace(hop_s=hop_s, streams=streams)
    return RunState(None, pipeline, EEG, pps, 10.0)  # type: ignore[arg-type]


def test_rows_are_counted_by_what_they_used_and_why_not() -> None:
    state = _state()
    alone = make_row(3, reason=Reason.NO_PPS, modalities="eeg")
    blind = make_row(4, reason=Reason.NO_EEG, modalities="gsr")
    for row in (
        make_row(1, valid=False, reason=Reason.WARMING_UP),
        make_row(2),
        replace(alone, left_out=Reason.LOW_QUALITY),
        replace(blind, left_out=Reason.GAP),
    ):
        state.count(row)
    assert (state.rows, state.valid_rows) == (4, 3)
    assert state.withheld == {Reason.WARMING_UP: 1}
    assert state.used == {"eeg+gsr": 1, "eeg": 1, "gsr": 1}
    assert state.left_out == {
        (Modality.GSR, Reason.LOW_QUALITY): 1,
        (Modality.EEG, Reason.GAP): 1,
    }
    assert len(state.latencies_ms) == 3
    assert [row.index for row in state.predictions] == [1, 2, 3, 4]


@pytest.mark.parametrize("hop_s", [0.25, 1.0, 400.0])
def test_five_minutes_of_rows_are_kept(hop_s: float) -> None:
    assert _state(hop_s=hop_s).predictions.maxlen == max(HISTORY_S / hop_s, 1)


def test_a_stream_is_told_with_what_came_in_bursts() -> None:
    state = _state(pps=None)
    assert state.specs == (EEG,)
    state.watchdogs["cap"].late = 30
    stats = state.stats("cap")
    assert stats == StreamStats(received=500, late=2, after_deadline=1, late_in_bursts=30)
    assert stats.delivered_late == 32


def test_seconds_of_rest_are_known_where_they_were_named() -> None:
    assert RunOptions().baseline_s is None
    assert RunOptions(baseline=Baseline({}, "yesterday")).baseline_s is None
    assert RunOptions(baseline=BaselineRequest(0.0, None, 20.0)).baseline_s == 20.0


def test_sides_and_quadrants_are_counted_by_the_margin() -> None:
    state = _state()
    state.margin = 0.1
    for index, (valence, arousal, quadrant) in enumerate(
        [(0.9, 0.9, "HVHA"), (0.9, 0.55, ""), (None, 0.2, ""), (None, None, "")]
    ):
        row = replace(make_row(index), valence=valence, arousal=arousal, quadrant=quadrant)
        state.count(replace(row, valid=valence is not None or arousal is not None))
    assert state.quadrants == {"HVHA": 1, "": 1}
    assert state.sides == {
        ("valence", "high"): 2,
        ("arousal", "high"): 1,
        ("arousal", "unsure"): 1,
        ("arousal", "low"): 1,
    }
