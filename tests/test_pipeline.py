"""Rows: one per hop, in order, whatever the streams do; the same whatever the chunking."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from physiosync_rt.datatypes import Chunk, Modality, Reason, Recording, StreamSpec, Window
from physiosync_rt.errors import UserError
from physiosync_rt.pipeline import Pipeline
from physiosync_rt.playback import in_time_order
from physiosync_rt.preprocess.baseline import BaselineRequest
from physiosync_rt.preprocess.config import LiveProfile, ModalityContract
from physiosync_rt.synthetic import Person, simulate

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


@settings(max_examples=15, deadline=None)
@given(
    chunk_s=st.sampled_from([0.004, 0.02, 0.31, 1.0, 30.0]),
    hop_s=st.sampled_from([0.5, 1.0, 2.5]),
    shift=st.sampled_from([0.0, 12345.678]),
)
def test_any_chunking_and_time_base_gives_the_same_rows(
    recording: Recording, chunk_s: float, hop_s: float, shift: float
) -> None:
    chunks = [
        Chunk(c.stream, c.samples, c.timestamps + shift) for c in in_time_order(recording, chunk_s)
    ]
    _same(_run(recording, chunks, hop_s), _run(recording, list(in_time_order(recording)), hop_s))


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
    assert pipeline.lanes["SimulatedEEG"].dropped > 300


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


def _eeg_only(samples: np.ndarray, sfreq: float = 128.0, unit: str = "uV") -> Pipeline:
    spec = StreamSpec("eeg", Modality.EEG, NAMES, sfreq, unit)
    pipeline = Pipeline(PROFILE, (spec, EEG), baseline=BaselineRequest(0.0, None, 4.0))
    stamps = np.arange(len(samples)) / 128.0
    pipeline.push(Chunk("eeg", samples.astype(np.float32), stamps))
    return pipeline


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (np.nan, "NaN or infinite"),
        (np.inf, "NaN or infinite"),
        (3.0, "constant"),
        (1e12, "1e\\+08"),
    ],
)
def test_a_stream_that_is_no_signal_is_refused(value: float, says: str) -> None:
    with pytest.raises(UserError, match=says):
        _eeg_only(np.full((128 * 6, 8), value))


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
