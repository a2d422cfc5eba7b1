"""Rows: one per hop, in order, whatever the streams do; the same whatever the chunking."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from physiosync_rt.datatypes import (
    Chunk,
    IntArray,
    Modality,
    Reason,
    RecordedStream,
    Recording,
    StreamSpec,
    Window,
)
from physiosync_rt.errors import UserError
from physiosync_rt.pipeline.chunking import in_time_order
from physiosync_rt.pipeline.pipeline import Pipeline
from physiosync_rt.preprocess.baseline import BaselineRequest
from physiosync_rt.preprocess.config import LiveProfile, ModalityContract
from physiosync_rt.simulation import Person, simulate

NAMES = ("F3", "F4", "C3", "C4", "P3", "P4", "O1", "O2")
EEG = ModalityContract(modality=Modality.EEG, ch_names=NAMES, min_electrodes=8)
GSR = ModalityContract(modality=Modality.GSR, ch_names=("GSR",))
PROFILE = LiveProfile(baseline_s=4.0)


@pytest.fixture(scope="module")
def recording() -> Recording:
    session = simulate(
        Person.draw(3), 20.0, seed=3, ch_names=NAMES, eeg_sfreq=250.0, ecg_sfreq=0, rest_s=10.0
    )
    return session.recording


def _pipeline(recording: Recording, hop_s: float = 1.0) -> Pipeline:
    eeg, gsr = (stream.spec for stream in recording.streams)
    return Pipeline(PROFILE, (eeg, EEG), (gsr, GSR), hop_s=hop_s)


def _run(recording: Recording, chunks: list[Chunk], hop_s: float = 1.0) -> list[Window]:
    pipeline = _pipeline(recording, hop_s)
    windows = [window for chunk in chunks for window in pipeline.push(chunk)]
    return windows + pipeline.flush()


def _same(a: list[Window], b: list[Window]) -> None:
    assert [w.t_end for w in a] == [w.t_end for w in b]
    for x, y in zip(a, b, strict=True):
        for p, q in ((x.eeg, y.eeg), (x.pps, y.pps)):
            assert p is not None
            assert q is not None
            assert (p.reason, p.completeness, p.quality) == (q.reason, q.completeness, q.quality)
            assert (p.data is None) == (q.data is None)
            if p.data is not None and q.data is not None:
                np.testing.assert_allclose(p.data, q.data, atol=1e-6)
            assert p.features is not None
            assert q.features is not None
            assert p.features.seconds == q.features.seconds
            np.testing.assert_allclose(p.features.values, q.features.values, atol=1e-6)
            np.testing.assert_allclose(p.features.change, q.features.change, atol=1e-6)


def test_rows_and_reasons_of_a_clean_recording(recording: Recording) -> None:
    windows = _run(recording, list(in_time_order(recording)))
    assert [w.index for w in windows] == list(range(1, 20))
    reasons = [w.eeg.reason for w in windows]
    # The filter settles within 1 s of the first row, 5 s fill the window: row 7.
    assert reasons[:6] == [Reason.WARMING_UP] * 6
    assert set(reasons[6:]) == {Reason.NONE}
    assert windows[-1].eeg.data is not None
    assert windows[-1].eeg.data.shape == (8, 640)
    assert windows[-1].pps is not None
    assert windows[-1].pps.data is not None
    assert windows[-1].pps.data.shape == (1, 640)


@pytest.fixture(scope="module")
def rows_of_hop(recording: Recording) -> Callable[[float], list[Window]]:
    """Run a hop in the usual chunks; each is run once."""
    return cache(lambda hop_s: _run(recording, list(in_time_order(recording)), hop_s))


@settings(max_examples=15, deadline=None)
@given(
    chunk_s=st.sampled_from([0.004, 0.02, 0.31, 1.0, 30.0]),
    hop_s=st.sampled_from([0.5, 1.0, 2.5]),
    shift=st.sampled_from([0.0, 12345.678]),
)
def test_any_chunking_and_time_base_gives_the_same_rows(
    recording: Recording,
    rows_of_hop: Callable[[float], list[Window]],
    chunk_s: float,
    hop_s: float,
    shift: float,
) -> None:
    chunks = [
        Chunk(c.stream, c.samples, c.timestamps + shift) for c in in_time_order(recording, chunk_s)
    ]
    _same(_run(recording, chunks, hop_s), rows_of_hop(hop_s))


def test_gsr_before_the_first_eeg_sample_is_kept(recording: Recording) -> None:
    chunks = list(in_time_order(recording))
    gsr = [c for c in chunks if c.stream == "SimulatedGSR"]
    rest = [c for c in chunks if c.stream != "SimulatedGSR"]
    _same(_run(recording, [*gsr, *rest]), _run(recording, chunks))


def test_a_row_does_not_wait_for_ever(recording: Recording) -> None:
    pipeline = _pipeline(recording)
    chunks = [c for c in in_time_order(recording) if c.stream == "SimulatedEEG"]
    assert [w for c in chunks for w in pipeline.push(c)] == []
    assert len(pipeline.advance(10.9)) == 9
    more = pipeline.advance(15.0)
    assert [w.index for w in more] == list(range(10, 14))
    assert all(w.pps is not None and w.pps.reason is Reason.GAP for w in more)
    assert all(w.eeg.data is not None for w in more)


def test_what_comes_after_its_deadline_is_counted_and_the_run_goes_on(
    recording: Recording,
) -> None:
    pipeline = _pipeline(recording)
    chunks = list(in_time_order(recording))
    early = [c for c in chunks if c.timestamps[0] < 10]
    late = [c for c in chunks if c.timestamps[0] >= 10]
    for chunk in early:
        pipeline.push(chunk)
    forced = pipeline.advance(14.3)
    assert forced[-1].t_end == 13.0
    assert forced[-1].eeg.reason is Reason.GAP
    rows = [w for chunk in late for w in pipeline.push(chunk)] + pipeline.flush()
    assert rows[0].t_end == 14.0
    assert rows[-1].eeg.data is not None
    assert pipeline.streams["SimulatedEEG"].dropped > 300


def test_a_second_baseline_replaces_the_first(recording: Recording) -> None:
    pipeline = _pipeline(recording)
    chunks = list(in_time_order(recording))
    for chunk in chunks[: len(chunks) // 2]:
        pipeline.push(chunk)
    first = pipeline.baseline
    pipeline.capture_baseline(4.0)
    assert pipeline.baseline_progress < 1.0
    for chunk in chunks[len(chunks) // 2 :]:
        pipeline.push(chunk)
    assert pipeline.baseline_progress == 1.0
    assert first is not None
    assert pipeline.baseline is not None
    assert pipeline.baseline.channels != first.channels


def _eeg_rows(samples: np.ndarray, sfreq: float = 128.0) -> list[Window]:
    spec = StreamSpec("eeg", Modality.EEG, NAMES, sfreq, "uV")
    pipeline = Pipeline(PROFILE, (spec, EEG), baseline=BaselineRequest(12.0, None, 4.0))
    stamps = np.arange(len(samples)) / 128.0
    return pipeline.push(Chunk("eeg", samples.astype(np.float32), stamps)) + pipeline.flush()


def _eeg_only(samples: np.ndarray, sfreq: float = 128.0, unit: str = "uV") -> Pipeline:
    spec = StreamSpec("eeg", Modality.EEG, NAMES, sfreq, unit)
    pipeline = Pipeline(PROFILE, (spec, EEG), baseline=BaselineRequest(0.0, None, 4.0))
    stamps = np.arange(len(samples)) / 128.0
    pipeline.push(Chunk("eeg", samples.astype(np.float32), stamps))
    return pipeline


def test_values_that_no_electrode_gives_are_refused() -> None:
    with pytest.raises(UserError, match=r"exceeds 1e\+08 uV"):
        _eeg_only(np.full((128 * 6, 8), 1e12))


@pytest.mark.parametrize(
    ("value", "reason"),
    [(np.nan, Reason.GAP), (np.inf, Reason.GAP), (3.0, Reason.LOW_QUALITY)],
)
def test_a_start_without_contact_is_withheld_not_refused(value: float, reason: Reason) -> None:
    samples = np.random.default_rng(1).normal(0, 20, (128 * 30, 8))
    samples[: 128 * 10] = value
    rows = _eeg_rows(samples)
    assert {row.eeg.data is None for row in rows[:9]} == {True}
    assert rows[8].eeg.reason is reason
    assert rows[-1].eeg.reason is Reason.NONE


def _spoilt(recording: Recording, keep: IntArray, counted: bool) -> Recording:
    """Lose samples of the EEG."""
    eeg, gsr = recording.streams
    counter = keep if counted else None
    lossy = replace(
        eeg, samples=eeg.samples[keep], timestamps=eeg.timestamps[keep], counter=counter
    )
    return replace(recording, streams=(lossy, gsr))


@pytest.mark.parametrize("counted", [False, True])
def test_a_start_full_of_losses_is_not_another_rate(recording: Recording, counted: bool) -> None:
    arrives = np.random.default_rng(0).random(len(recording.streams[0].timestamps)) >= 0.2
    spoilt = _spoilt(recording, np.flatnonzero(arrives), counted)
    rows = _run(spoilt, list(in_time_order(spoilt)))
    assert len(rows) == 19
    assert rows[-1].eeg.completeness == pytest.approx(0.8, abs=0.05)


def _wrong(recording: Recording, gsr: RecordedStream) -> Recording:
    return replace(recording, streams=(recording.streams[0], gsr))


@pytest.mark.parametrize("fault", ["huge", "rate", "stamps"])
def test_a_peripheral_stream_that_is_wrong_is_left_out(recording: Recording, fault: str) -> None:
    eeg, gsr = recording.streams
    spoilt = {
        "huge": replace(gsr, samples=gsr.samples + np.float32(1e9)),
        "rate": replace(gsr, spec=replace(gsr.spec, sfreq=64.0)),
        "stamps": replace(gsr, timestamps=np.full_like(gsr.timestamps, 3.0)),
    }[fault]
    chunks = list(in_time_order(_wrong(recording, spoilt)))
    pipeline = Pipeline(PROFILE, (eeg.spec, EEG), (spoilt.spec, GSR), strict=False)
    rows = [row for chunk in chunks for row in pipeline.push(chunk)] + pipeline.flush()
    assert len(rows) == 19
    assert rows[-1].eeg.reason is Reason.NONE
    assert rows[-1].pps is not None
    assert rows[-1].pps.data is None
    assert repr(spoilt.spec.name) in pipeline.streams[spoilt.spec.name].left_out
    with pytest.raises(UserError, match=spoilt.spec.name):
        _run(_wrong(recording, spoilt), chunks)


def test_slow_gsr_that_loses_samples_costs_no_eeg(recording: Recording) -> None:
    gsr = recording.streams[1]
    slow = np.arange(0, len(gsr.timestamps), 8)
    slow = slow[np.random.default_rng(1).random(len(slow)) >= 0.15]
    spec = replace(gsr.spec, sfreq=4.0)
    lossy = replace(gsr, spec=spec, samples=gsr.samples[slow], timestamps=gsr.timestamps[slow])
    spoilt = _wrong(recording, lossy)
    rows = _run(spoilt, list(in_time_order(spoilt)))
    assert len(rows) == 19
    assert rows[-1].eeg.reason is Reason.NONE


@pytest.mark.parametrize("stale", [-1000.0, 1e6, np.nan])
@pytest.mark.parametrize("stream", [0, 1])
@pytest.mark.parametrize("chunk_s", [0.02, 5.0])
def test_stale_first_stamps_cost_no_stream(
    recording: Recording, stale: float, stream: int, chunk_s: float
) -> None:
    chunks = list(in_time_order(recording, chunk_s))
    first = next(i for i, c in enumerate(chunks) if c.stream == recording.streams[stream].spec.name)
    stamps = chunks[first].timestamps.copy()
    stamps[:3] += stale
    chunks[first] = replace(chunks[first], timestamps=stamps)
    pipeline = _pipeline(recording)
    rows = [row for chunk in chunks for row in pipeline.push(chunk)] + pipeline.flush()
    assert len(rows) == 19
    assert rows[-1].eeg.reason is Reason.NONE
    assert rows[-1].pps is not None
    assert rows[-1].pps.reason is Reason.NONE
    streams = pipeline.streams.values()
    assert sum(stream.dropped for stream in streams) == min(3, len(stamps))
    assert all(stream.aligner and stream.aligner.counters.clock_resets == 0 for stream in streams)


def test_a_stream_that_runs_ahead_for_ever_is_not_kept_for_ever(recording: Recording) -> None:
    eeg, gsr = (stream.spec for stream in recording.streams)
    pipeline = Pipeline(PROFILE, (eeg, EEG), (gsr, GSR))
    pipeline.push(next(c for c in in_time_order(recording, 5.0) if c.stream == eeg.name))
    stamps = recording.streams[1].timestamps[0] + np.arange(32 * 900) / 32
    samples = np.random.default_rng(0).normal(5, 0.1, (len(stamps), 1)).astype("f4")
    for at in range(0, len(stamps), 3200):
        pipeline.push(Chunk(gsr.name, samples[at : at + 3200], stamps[at : at + 3200]))
    assert pipeline.streams[gsr.name].dropped == pytest.approx(300 * 128, rel=0.1)


def test_a_rate_that_is_not_the_declared_one_is_refused() -> None:
    noise = np.random.default_rng(0).normal(0, 20, (128 * 30, 8))
    with pytest.raises(UserError, match=r"declares 256 Hz but sends 128\.\d Hz"):
        _eeg_only(noise, sfreq=256.0)


def test_a_stream_of_unknown_unit_is_refused() -> None:
    with pytest.raises(UserError, match="does not say its unit"):
        _eeg_only(np.zeros((10, 8)), unit="")


def test_a_hop_off_the_grid_is_refused_with_one_that_fits(recording: Recording) -> None:
    with pytest.raises(UserError, match=r"multiple of 1/128 s such as 0\.296875"):
        _pipeline(recording, 0.3)
