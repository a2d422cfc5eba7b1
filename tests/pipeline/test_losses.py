"""What is lost, NaN or infinite withholds rows, lowers nothing in silence and is written down."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from physiosync_rt.bundle.bundle import Bundle, load_bundle
from physiosync_rt.bundle.predictor import Predictor
from physiosync_rt.datatypes import Modality, Reason, RecordedStream, Recording
from physiosync_rt.live.engine import Engine
from physiosync_rt.live.run_log import outcome
from physiosync_rt.preprocess.baseline import BaselineRequest
from physiosync_rt.simulation import Person, simulate
from physiosync_rt.sources.file import FileSource
from physiosync_rt.views.events_text import notice_text, told
from physiosync_rt.views.summary import run_summary

NAMES = ("TP9", "AF7", "AF8", "TP10")
BEGINS_S = 15.0


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return load_bundle("demo-muse")


@pytest.fixture(scope="module")
def recording() -> Recording:
    person = Person.draw(11)
    whole = simulate(
        person, 30.0, seed=11, ch_names=NAMES, eeg_sfreq=128.0, ecg_sfreq=0, rest_s=12.0
    )
    return replace(whole.recording, notes=())


def _run(bundle: Bundle, recording: Recording) -> Engine:
    rest = BaselineRequest(0.0, None, 5.0)
    engine = Engine(FileSource(recording), Predictor(bundle, "cpu"), baseline=rest)
    engine.open()
    engine.run()
    engine.close()
    return engine


def _losing(stream: RecordedStream, share: float) -> RecordedStream:
    """So many of the samples from `BEGINS_S` on are missing, by the device's own count."""
    rng = np.random.default_rng(0)
    kept = (rng.random(len(stream.timestamps)) >= share) | (stream.timestamps < BEGINS_S)
    return replace(
        stream,
        samples=stream.samples[kept],
        timestamps=stream.timestamps[kept],
        counter=np.flatnonzero(kept),
    )


def _bad(stream: RecordedStream, share: float) -> RecordedStream:
    """The same, but they come and are NaN."""
    samples = stream.samples.copy()
    gone = np.random.default_rng(0).random(len(samples)) < share
    samples[gone & (stream.timestamps >= BEGINS_S)] = np.nan
    return replace(stream, samples=samples)


@pytest.mark.parametrize("spoil", [_losing, _bad])
def test_eeg_of_which_a_tenth_is_missing_is_not_used(
    bundle: Bundle, recording: Recording, spoil: Callable[[RecordedStream, float], RecordedStream]
) -> None:
    eeg, gsr = recording.streams
    engine = _run(bundle, Recording((spoil(eeg, 0.1), gsr)))
    rows = [row for row in engine.predictions if row.t_end > BEGINS_S + 6]
    assert {(row.reason, row.left_out, row.modalities) for row in rows} == {
        (Reason.NO_EEG, Reason.GAP, "gsr")
    }
    assert all(0.8 < row.completeness_eeg < 0.95 for row in rows)
    before = [row for row in engine.predictions if 7 < row.t_end < BEGINS_S]
    assert all(row.reason is Reason.NONE for row in before)


def test_a_few_lost_samples_are_bridged_counted_and_said(
    bundle: Bundle, recording: Recording
) -> None:
    eeg, gsr = recording.streams
    lossy = _losing(eeg, 0.02)
    engine = _run(bundle, Recording((lossy, gsr)))
    n_lost = len(eeg.timestamps) - len(lossy.timestamps)
    assert all(row.reason is Reason.NONE for row in list(engine.predictions)[7:])
    assert engine.predictions[-1].completeness_eeg < 1.0
    assert any(
        "a few at a time; they are bridged" in text for text in told(engine.state.events.all_events)
    )
    written = json.loads(json.dumps(outcome(engine.state)))
    seen = written["streams_seen"]["SimulatedEEG"]
    # A file format: other programs read these keys.
    assert set(seen) == {
        *("received", "lost", "late", "late_in_bursts", "duplicated", "bad", "constant"),
        *("off_rate", "gaps", "clock_resets", "dropped"),
        *("sfreq_effective", "jitter_ms", "drift_ppm"),
    }
    assert seen["lost"] == n_lost
    assert seen["gaps"] == 0
    assert seen["sfreq_effective"] == pytest.approx(128.0, abs=0.1)
    assert seen["jitter_ms"] < 0.1
    assert written["left_out"] == {}
    assert f"SimulatedEEG: of 3,840 samples {n_lost} lost" in run_summary(engine.state)


def test_a_skin_sensor_that_hangs_is_left_out_with_its_reason(
    bundle: Bundle, recording: Recording
) -> None:
    eeg, gsr = recording.streams
    samples = gsr.samples.copy()
    samples[gsr.timestamps >= BEGINS_S - 5] = samples[gsr.timestamps < BEGINS_S - 5][-1]
    engine = _run(bundle, Recording((eeg, replace(gsr, samples=samples))))
    row = engine.predictions[-1]
    assert (row.reason, row.left_out, row.modalities) == (
        Reason.NO_PPS,
        Reason.LOW_QUALITY,
        "eeg",
    )
    n_rows = engine.state.left_out[Modality.GSR, Reason.LOW_QUALITY]
    assert n_rows > 3
    assert f"(left out: GSR in {n_rows} rows: poor GSR signal)" in run_summary(engine.state)


def test_eeg_without_a_reference_is_not_used(bundle: Bundle, recording: Recording) -> None:
    eeg, gsr = recording.streams
    samples = eeg.samples.copy()
    late = eeg.timestamps >= BEGINS_S
    samples[late] = samples[late][:, :1]
    engine = _run(bundle, Recording((replace(eeg, samples=samples), gsr)))
    row = engine.predictions[-1]
    assert (row.reason, row.left_out, row.modalities) == (
        Reason.NO_EEG,
        Reason.LOW_QUALITY,
        "gsr",
    )
    assert engine.snapshot is not None
    notice = notice_text(engine.snapshot.events)
    assert "identical" in notice
    assert "check reference and ground" in notice


def test_a_rate_that_is_not_the_declared_one_is_told_once_and_written_down(
    bundle: Bundle, recording: Recording
) -> None:
    eeg, gsr = recording.streams
    faster = replace(eeg, timestamps=eeg.timestamps / 1.03)
    engine = _run(bundle, Recording((faster, gsr)))
    said = [
        text
        for text in told(engine.state.events.all_events)
        if "declares 128 Hz and sends 13" in text
    ]
    assert len(said) == 1
    assert "(the first of" not in said[0]
    seen = outcome(engine.state)["streams_seen"]["SimulatedEEG"]
    assert seen["sfreq_effective"] == pytest.approx(131.84, abs=0.1)
    assert seen["off_rate"] > 1000


@pytest.mark.parametrize("counted", [True, False])
def test_heavy_loss_under_jitter_ends_no_run(
    bundle: Bundle, recording: Recording, counted: bool
) -> None:
    rng = np.random.default_rng(3)
    eeg, gsr = recording.streams
    kept = rng.random(len(eeg.timestamps)) >= 0.2
    stamps = eeg.timestamps + rng.normal(0.0, 0.01, len(eeg.timestamps))
    spoilt = replace(
        eeg,
        samples=eeg.samples[kept],
        timestamps=stamps[kept],
        counter=np.flatnonzero(kept) if counted else None,
    )
    engine = _run(bundle, replace(recording, streams=(spoilt, gsr)))
    assert len(engine.predictions) == 29
    if counted:
        assert not any(row.modalities.startswith("eeg") for row in engine.predictions)
