"""Training's continuous signals are what live windows show, gaps and bad electrodes included."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from helpers.live_windows import shown

from physiosync_rt.datatypes import Modality, RecordedStream, Recording
from physiosync_rt.errors import UserError
from physiosync_rt.formats.deap import DEAP_CH_NAMES
from physiosync_rt.pipeline.chunking import in_time_order
from physiosync_rt.pipeline.pipeline import Pipeline
from physiosync_rt.preprocess.baseline import (
    Baseline,
    BaselineRequest,
    ChannelBaseline,
    median_second,
)
from physiosync_rt.preprocess.config import LiveProfile, ModalityContract
from physiosync_rt.simulation import Person, simulate
from physiosync_training.datasets.signals import preprocess

EEG = ModalityContract(modality=Modality.EEG, ch_names=DEAP_CH_NAMES, min_electrodes=8)
PPS = {
    Modality.GSR: ModalityContract(modality=Modality.GSR, ch_names=("GSR",)),
    Modality.ECG: ModalityContract(modality=Modality.ECG, ch_names=("ECG",)),
}
NO_CLIP = 1e9
"""So far from any signal that nothing is clipped."""


def _without(stream: RecordedStream, start: float, stop: float) -> RecordedStream:
    """Lose the samples from ``start`` to ``stop``, in seconds from the first one."""
    t = stream.timestamps - stream.timestamps[0]
    keep = (t < start) | (t >= stop)
    return replace(stream, samples=stream.samples[keep], timestamps=stream.timestamps[keep])


def _flat(stream: RecordedStream, channel: str, start: float, stop: float) -> RecordedStream:
    samples = stream.samples.copy()
    t = stream.timestamps - stream.timestamps[0]
    samples[(t >= start) & (t < stop), stream.spec.ch_names.index(channel)] = 4200.0
    return replace(stream, samples=samples)


@pytest.fixture(scope="module", params=[Modality.GSR, Modality.ECG])
def spoilt(request: pytest.FixtureRequest) -> Recording:
    """Two gaps in each stream, and electrodes that go bad before, in and after a gap."""
    session = simulate(Person.draw(5), 70.0, seed=5, ch_names=DEAP_CH_NAMES, eeg_sfreq=128.0)
    (eeg,), (pps,) = (session.recording.of(m) for m in (Modality.EEG, request.param))
    eeg = _without(_without(eeg, 20.3, 20.8), 45.0, 47.0)
    for channel, start, stop in (("T7", 8, 30), ("Oz", 46, 60), ("Fp1", 52, 57)):
        eeg = _flat(eeg, channel, start, stop)
    pps = _without(pps, 33.0, 35.2)
    return Recording((eeg, pps))


def _contract(recording: Recording) -> ModalityContract:
    return PPS[recording.streams[1].spec.modality]


def test_signals_are_what_live_windows_show(spoilt: Recording) -> None:
    pps = _contract(spoilt)
    unscaled = {
        side.modality: ChannelBaseline((0.0,) * side.n_chans, (1.0,) * side.n_chans)
        for side in (EEG, pps)
    }
    profile = LiveProfile()
    wide = profile.model_copy(
        update={
            name: getattr(profile, name).model_copy(update={"clip": NO_CLIP})
            for name in ("eeg", "gsr", "ecg")
        }
    )
    expected = shown(spoilt, wide, EEG, pps, Baseline(unscaled, "none"))
    found = preprocess(spoilt, profile, EEG, pps).stretches
    assert len(expected) >= 3
    assert [stretch.start for stretch in found] == [stretch.start for stretch in expected]
    for stretch, truth in zip(found, expected, strict=True):
        np.testing.assert_array_equal(stretch.eeg, truth.eeg)
        np.testing.assert_array_equal(stretch.pps, truth.pps)
        assert stretch.stop == truth.start + truth.eeg.shape[1]


def test_seconds_of_rest_are_those_that_a_live_capture_takes(spoilt: Recording) -> None:
    pps = _contract(spoilt)
    signals = preprocess(spoilt, LiveProfile(), EEG, pps)
    request = BaselineRequest(12.0, 32.0, 20.0)
    pipeline = Pipeline(
        LiveProfile(),
        (spoilt.streams[0].spec, EEG),
        (spoilt.streams[1].spec, pps),
        baseline=request,
    )
    for chunk in in_time_order(spoilt, 1.0):
        pipeline.push(chunk)
    assert pipeline.baseline is not None
    for modality, seconds in signals.statistics.items():
        rest = median_second([seconds[s] for s in range(12, 32) if s in seconds])
        captured = pipeline.baseline.channels[modality]
        assert (rest.location, rest.scale) == (captured.location, captured.scale)
    # The gap's second and the one in which the band-pass settles again tell nothing of rest.
    assert {20, 21}.isdisjoint(signals.statistics[Modality.EEG])
    assert 22 in signals.statistics[Modality.EEG]


def test_a_stretch_is_a_whole_window_or_nothing(spoilt: Recording) -> None:
    pps = _contract(spoilt)
    short = replace(spoilt, streams=tuple(_without(s, 5.5, 1e9) for s in spoilt.streams))
    assert preprocess(short, LiveProfile(), EEG, pps).stretches == ()
    nothing = replace(spoilt, streams=tuple(_without(s, 0.5, 1e9) for s in spoilt.streams))
    signals = preprocess(nothing, LiveProfile(), EEG, pps)
    assert signals.stretches == ()
    assert signals.statistics == {Modality.EEG: {}, pps.modality: {}}


def test_a_recording_without_the_stream_is_refused(spoilt: Recording) -> None:
    pps = _contract(spoilt)
    with pytest.raises(UserError, match=f"has no {pps.modality} stream"):
        preprocess(replace(spoilt, streams=spoilt.streams[:1]), LiveProfile(), EEG, pps)
