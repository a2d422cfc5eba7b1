"""Heart and skin features of whole signals, beside what NeuroKit says of them."""

from __future__ import annotations

import warnings
from types import ModuleType

import numpy as np
import pytest

from physiosync_rt.datatypes import UNITS, Chunk, Features, FloatArray, Modality, StreamSpec
from physiosync_rt.pipeline.pipeline import Pipeline
from physiosync_rt.preprocess.config import LiveProfile, ModalityContract

EEG_NAMES = ("F3", "F4", "P3", "P4")


@pytest.fixture(scope="module")
def nk() -> ModuleType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("neurokit2", reason="NeuroKit judges the features")


def at_the_end(modality: Modality, samples: FloatArray, sfreq: float) -> tuple[Features, float]:
    """Features of the last window of a whole signal, and the time of its end in s."""
    seconds = len(samples) / sfreq
    noise = np.random.default_rng(0).normal(0.0, 20.0, (round(seconds * 128), 4))
    specs = (
        StreamSpec("eeg", Modality.EEG, EEG_NAMES, 128.0, "uV"),
        StreamSpec("pps", modality, ("x",), sfreq, UNITS[modality]),
    )
    eeg, pps = (
        (spec, ModalityContract(modality=spec.modality, ch_names=spec.ch_names)) for spec in specs
    )
    pipeline = Pipeline(LiveProfile(), eeg, pps)
    rows = []
    for name, x, rate in (("eeg", noise, 128.0), ("pps", samples[:, None], sfreq)):
        rows += pipeline.push(Chunk(name, x.astype(np.float32), np.arange(len(x)) / rate))
    last = (rows + pipeline.flush())[-1]
    assert last.pps is not None
    assert last.pps.features is not None
    return last.pps.features, last.t_end


@pytest.mark.parametrize("sfreq", [128, 250, 512])
@pytest.mark.parametrize(("rate", "spread"), [(50, 1.0), (75, 3.0), (110, 6.0)])
def test_heart_rate_and_rmssd(nk: ModuleType, rate: int, spread: float, sfreq: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ecg = nk.ecg_simulate(
            duration=50,
            sampling_rate=sfreq,
            heart_rate=rate,
            heart_rate_std=spread,
            random_state=4,
        )
        peaks = nk.ecg_peaks(nk.ecg_clean(ecg, sampling_rate=sfreq), sampling_rate=sfreq)[1]
    features, end = at_the_end(Modality.ECG, ecg, sfreq)
    beats = peaks["ECG_R_Peaks"] / sfreq
    intervals = np.diff(beats[(beats >= end - 30.0) & (beats < end - 0.5)])
    # At 250 Hz NeuroKit misses a beat here and there.
    steps = np.diff(np.where(intervals < 1.5 * np.median(intervals), intervals, np.nan))
    assert features["heart rate"] == pytest.approx(60 / np.median(intervals), abs=1.5)
    expected = 1e3 * np.sqrt(np.nanmean(steps**2))
    # NeuroKit's peaks lie on samples, which moves each by up to half of one.
    assert features["RMSSD"] == pytest.approx(expected, rel=0.1, abs=2e3 / sfreq)


@pytest.mark.parametrize("n_responses", [0, 2, 4])
def test_level_and_responses_of_a_skin(nk: ModuleType, n_responses: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        skin = 3.0 + nk.eda_simulate(
            duration=30,
            sampling_rate=64,
            scr_number=n_responses,
            drift=0.0,
            noise=0.0,
            random_state=2,
        )
    # Half a minute that is calm and one that is not; only the second is in reach. Living skin
    # wanders a little, else it counts as a resistor.
    seen = np.concatenate([np.full(30 * 64, skin[0]), skin, skin[-64:]])
    seen += 0.01 * np.sin(2 * np.pi * np.arange(len(seen)) / 64 / 20)
    seen += np.random.default_rng(0).normal(0.0, 3e-4, len(seen))
    features, _ = at_the_end(Modality.GSR, seen, 64)
    assert features.seconds == 30.0
    assert features["response rate"] == pytest.approx(2.0 * n_responses, abs=1e-9)
    assert np.exp(features["tonic level"]) == pytest.approx(np.median(skin), rel=0.05)
