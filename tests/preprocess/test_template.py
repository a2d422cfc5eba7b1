"""Profile ``paper`` on a stream: the release's arithmetic, the same however the signal comes."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from helpers.grid_stream import GridStream
from hypothesis import given, settings
from hypothesis import strategies as st

from physiosync_rt.datatypes import (
    Chunk,
    FloatArray,
    GridChunk,
    Modality,
    Recording,
    StreamSpec,
    Window,
)
from physiosync_rt.errors import UserError
from physiosync_rt.pipeline.chunking import in_time_order
from physiosync_rt.pipeline.pipeline import Pipeline
from physiosync_rt.preprocess import paper
from physiosync_rt.preprocess.baseline import (
    Baseline,
    BaselineRequest,
    ChannelBaseline,
    load_baseline,
)
from physiosync_rt.preprocess.config import LiveProfile, ModalityContract, PaperProfile, Profile
from physiosync_rt.preprocess.template import RestTemplate
from physiosync_rt.simulation import Person, simulate

NAMES = ("F3", "F4", "C3", "C4", "P3", "P4", "O1", "O2")
EEG = ModalityContract(modality=Modality.EEG, ch_names=NAMES, min_electrodes=8)
PPS = {
    Modality.GSR: ModalityContract(modality=Modality.GSR, ch_names=("GSR",)),
    Modality.ECG: ModalityContract(modality=Modality.ECG, ch_names=("ECG",)),
}


@pytest.fixture(scope="module")
def recording() -> Recording:
    session = simulate(
        Person.draw(3), 16.0, seed=3, ch_names=NAMES, eeg_sfreq=250.0, ecg_sfreq=256.0, rest_s=10.0
    )
    return session.recording


def make(
    recording: Recording, profile: Profile, pps: Modality = Modality.GSR, hop_s: float = 1.0
) -> Pipeline:
    (eeg,), (other,) = recording.of(Modality.EEG), recording.of(pps)
    return Pipeline(profile, (eeg.spec, EEG), (other.spec, PPS[pps]), hop_s=hop_s)


def run(pipeline: Pipeline, chunks: list[Chunk]) -> list[Window]:
    return [w for chunk in chunks for w in pipeline.push(chunk)] + pipeline.flush()


def of_rest(scaling: RestTemplate, rest: FloatArray) -> ChannelBaseline:
    seconds = rest.reshape(-1, 128, rest.shape[1])
    return scaling.pool([scaling.statistics(second) for second in seconds])


def test_on_a_trial_of_deap_it_is_the_released_preprocessing() -> None:
    data = 20 * np.random.default_rng(0).standard_normal((1, 40, 8064))
    data[0, 36] = 3e5 + 1e3 * data[0, 36]
    for modality, channels, released, tolerance in (
        (Modality.EEG, slice(0, 32), paper.deap_eeg(data, 5), 1e-12),
        (Modality.GSR, slice(36, 37), paper.deap_gsr(data, 5), 1e-9),
    ):
        scaling = RestTemplate(modality)
        signal = data[0, channels].T
        rest = of_rest(scaling, signal[:384])
        for k in (0, 11):
            window = signal[384 + 640 * k : 384 + 640 * (k + 1)]
            found = scaling(window, rest).T
            np.testing.assert_allclose(found, released[k], rtol=0, atol=tolerance)


def test_the_rest_is_a_mean_second_with_its_spread() -> None:
    t = np.arange(6 * 128) / 128
    rest = np.stack([np.sin(2 * np.pi * t), np.where(t < 3, 1.0, 3.0)], axis=1)
    found = of_rest(RestTemplate(Modality.ECG), rest)
    mean_second = np.stack([rest[:128, 0], np.full(128, 2.0)], axis=1)
    np.testing.assert_allclose(found.template, mean_second, atol=1e-12)
    np.testing.assert_allclose(found.location, [0.0, 2.0], atol=1e-12)
    np.testing.assert_allclose(found.scale, [0.0, 1.0], atol=1e-7)


def test_electrodes_that_agree_give_zeros_and_not_nan() -> None:
    scaling = RestTemplate(Modality.EEG)
    rest = ChannelBaseline((0.0,) * 3, (1.0,) * 3, ((0.0,) * 3,) * 128)
    np.testing.assert_array_equal(scaling(np.full((128, 3), 7.0), rest), 0.0)


def test_windows_are_as_the_release_has_them(recording: Recording) -> None:
    pipeline = make(recording, PaperProfile())
    windows = run(pipeline, list(in_time_order(recording)))
    assert [w.t_end for w in windows] == list(range(1, len(windows) + 1))
    last = windows[-1]
    assert last.eeg.data is not None
    assert last.eeg.data.shape == (8, 640)
    np.testing.assert_allclose(last.eeg.data.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(last.eeg.data.std(axis=0), 1, atol=1e-6)
    assert last.pps is not None
    assert last.pps.data is not None
    assert pipeline.baseline is not None
    assert pipeline.baseline_origin == "3 s from 0 s"
    # In Ω above the mean second of the first three: the plot's µS and the template say the same.
    rest = np.asarray(pipeline.baseline.channels[Modality.GSR].template)
    _, shown = pipeline.streams["SimulatedGSR"].windower.trace(5.0)
    expected = 1e6 / shown[:, 0] - np.tile(rest[:, 0], 5)
    np.testing.assert_allclose(last.pps.data[0], expected, rtol=1e-4, atol=0.1)
    assert np.abs(rest).min() > 1e4


@pytest.fixture(scope="module")
def rows_of(recording: Recording) -> Callable[[PaperProfile, Modality], list[Window]]:
    """Run a profile in the usual chunks; each is run once."""
    return cache(
        lambda profile, pps: run(make(recording, profile, pps), list(in_time_order(recording)))
    )


@settings(max_examples=12, deadline=None)
@given(
    chunk_s=st.sampled_from([0.004, 0.02, 0.31, 1.0, 30.0]),
    window_s=st.sampled_from([1, 5]),
    pps=st.sampled_from([Modality.GSR, Modality.ECG]),
    shift=st.sampled_from([0.0, 12345.678]),
)
def test_any_chunking_and_time_base_gives_the_same_rows(
    recording: Recording,
    rows_of: Callable[[PaperProfile, Modality], list[Window]],
    chunk_s: float,
    window_s: int,
    pps: Modality,
    shift: float,
) -> None:
    profile = PaperProfile(window_s=1 if window_s == 1 else 5)
    whole = rows_of(profile, pps)
    chunks = [
        Chunk(c.stream, c.samples, c.timestamps + shift) for c in in_time_order(recording, chunk_s)
    ]
    cut = run(make(recording, profile, pps), chunks)
    assert whole[-1].eeg.data is not None
    assert len(whole) == len(cut)
    for a, b in zip(whole, cut, strict=True):
        for x, y in ((a.eeg, b.eeg), (a.pps, b.pps)):
            assert x is not None
            assert y is not None
            assert (x.reason, x.completeness, x.quality) == (y.reason, y.completeness, y.quality)
            if x.data is None or y.data is None:
                assert x.data is y.data
                continue
            # Ω are in the hundreds of thousands, of which float32 keeps seven digits.
            scale = 1e5 if pps is Modality.GSR and x is a.pps else 1.0
            np.testing.assert_allclose(x.data / scale, y.data / scale, rtol=0, atol=2e-6)


def test_rows_come_on_whole_seconds(recording: Recording) -> None:
    with pytest.raises(UserError, match=r"profile 'paper'.*whole seconds.*hop of 1"):
        make(recording, PaperProfile(), hop_s=0.5)
    assert make(recording, PaperProfile(), hop_s=5.0).hop_s == 5.0


def test_a_rest_goes_through_json_and_not_from_one_profile_to_another(
    recording: Recording, tmp_path: Path
) -> None:
    chunks = list(in_time_order(recording))
    rests: dict[str, Baseline] = {}
    for profile in (PaperProfile(), LiveProfile(baseline_s=4.0)):
        pipeline = make(recording, profile)
        run(pipeline, chunks)
        assert pipeline.baseline is not None
        rests[profile.profile] = pipeline.baseline
    path = tmp_path / "rest.json"
    for name, rest in rests.items():
        path.write_text(json.dumps(rest.to_dict()))
        assert load_baseline(path) == rest
        other: Profile = LiveProfile() if name == "paper" else PaperProfile()
        with pytest.raises(UserError, match="was taken with profile"):
            make(recording, other).use_baseline(rest)
    make(recording, PaperProfile()).use_baseline(rests["paper"])


def test_a_lost_contact_has_the_highest_resistance_and_no_infinity() -> None:
    spec = StreamSpec("s", Modality.GSR, ("GSR",), 128.0, "uS")
    stream = GridStream(spec, PPS[Modality.GSR], PaperProfile(min_quality=0.0))
    stream.windower.capture_baseline(BaselineRequest(0.0, None, 3.0))
    level = np.where(np.arange(8 * 128) < 7 * 128, 5.0, 0.0)[:, None]
    stream.push(GridChunk(0, level, np.ones(len(level), dtype=bool)))
    data = stream.window(8 * 128).data
    assert data is not None
    np.testing.assert_allclose(data[0, :512], 0.0, atol=1e-6)
    np.testing.assert_allclose(data[0, 512:], 1e8 - 2e5)
