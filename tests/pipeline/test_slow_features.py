"""Slow features in the pipeline: the same at any chunking, never across a gap, with their rest."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from helpers.grid_stream import NAMES, GridStream, grid_stream
from hypothesis import given, settings
from hypothesis import strategies as st

from physiosync_rt.datatypes import GRID_SFREQ, UNITS, Features, FloatArray, Modality, StreamSpec
from physiosync_rt.errors import UserError
from physiosync_rt.features.tracker import feature_names
from physiosync_rt.preprocess.baseline import Baseline, BaselineRequest, ChannelBaseline
from physiosync_rt.preprocess.config import ModalityContract, PaperProfile

MODALITIES = (Modality.EEG, Modality.GSR, Modality.ECG)


def signal(modality: Modality, seconds: int, seed: int = 0, rate: float = 72.0) -> FloatArray:
    """What four electrodes, a lead or a finger give, shape (n_times, n_channels)."""
    rng = np.random.default_rng(seed)
    n = seconds * GRID_SFREQ
    t = np.arange(n) / GRID_SFREQ
    if modality is Modality.EEG:
        return rng.normal(0.0, 20.0, (n, 4))
    if modality is Modality.GSR:
        moved = np.cumsum(rng.normal(0.0, 0.05, n // 16 + 1)).repeat(16)[:n]
        return (5.0 + 0.3 * np.sin(t / 3) + 0.1 * np.tanh(moved))[:, None]
    since = (t - 0.3) % (60.0 / rate)
    lead = 1.2 * np.exp(-(((since - 0.1) / 0.012) ** 2)) + 0.25 * np.exp(
        -(((since - 0.35) / 0.05) ** 2)
    )
    return (lead + rng.normal(0.0, 0.01, n))[:, None]


def at_each_second(stream: GridStream, x: FloatArray, start: int = 0) -> list[Features]:
    """Features of the windows that end with each whole second of ``x``, from a whole one on."""
    found = []
    for at in range(0, len(x), GRID_SFREQ):
        stream.push_rows(x[at : at + GRID_SFREQ], start + at)
        features = stream.window(start + at + GRID_SFREQ).features
        assert features is not None
        found.append(features)
    return found


def same(a: Features, b: Features) -> None:
    assert (a.names, a.seconds) == (b.names, b.seconds)
    np.testing.assert_allclose(a.values, b.values, atol=1e-6)
    np.testing.assert_allclose(a.rest, b.rest, atol=1e-6)


@settings(max_examples=15, deadline=None)
@given(
    modality=st.sampled_from(MODALITIES),
    cuts=st.lists(st.integers(0, 25 * GRID_SFREQ), max_size=30),
    end=st.integers(20 * GRID_SFREQ, 25 * GRID_SFREQ),
)
def test_any_chunking_gives_the_same_features(
    modality: Modality, cuts: list[int], end: int
) -> None:
    found = []
    for bounds in ([0, end], sorted({0, *(cut for cut in cuts if cut < end), end})):
        stream = grid_stream(modality)
        stream.windower.capture_baseline(BaselineRequest(0.0, None, 16.0))
        x = signal(modality, 25)
        for start, stop in pairwise(bounds):
            stream.push_rows(x[start:stop], start)
        features = stream.window(end).features
        assert features is not None
        found.append(features)
    same(*found)
    assert np.isfinite(found[0].values).all()
    assert np.isfinite(found[0].change).all()


@pytest.mark.parametrize("modality", MODALITIES)
def test_nothing_reaches_across_a_gap(modality: Modality) -> None:
    after = signal(modality, 25, seed=9)
    found = []
    for seed, rate in ((1, 60.0), (2, 110.0)):
        stream = grid_stream(modality)
        before = signal(modality, 35, seed, rate)
        assert np.isfinite(at_each_second(stream, before)[-1].values).all()
        # Half a second is missing.
        start = 35 * GRID_SFREQ + 64
        stream.push_rows(after[64:128], start)
        found.append([stream.window(36 * GRID_SFREQ).features])
        found[-1] += at_each_second(stream, after[GRID_SFREQ:], 36 * GRID_SFREQ)
    for one, other in zip(*found, strict=True):
        assert one is not None
        assert other is not None
        same(one, other)
    # Five seconds come first; then there are values again.
    assert all(each is not None and np.isnan(each.values).all() for each in found[0][:5])
    last = found[0][-1]
    assert last is not None
    assert np.isfinite(last.values).all()


@pytest.mark.parametrize("modality", MODALITIES)
def test_a_gap_that_is_not_over_leaves_nothing_known(modality: Modality) -> None:
    stream = grid_stream(modality)
    at_each_second(stream, signal(modality, 20))
    for rows in stream.preprocessor.skip_to(20 * GRID_SFREQ + 10):
        stream.windower.push(rows)
    features = stream.window(20 * GRID_SFREQ + 10).features
    assert features is not None
    assert features.seconds == 0.0
    assert np.isnan(features.values).all()


@pytest.mark.parametrize("modality", MODALITIES)
def test_features_are_there_before_the_baseline_is(modality: Modality) -> None:
    stream = grid_stream(modality)
    at_each_second(stream, signal(modality, 16))
    window = stream.window(16 * GRID_SFREQ)
    assert window.data is None
    assert window.features is not None
    assert np.isfinite(window.features.values).all()
    assert np.isnan(window.features.rest).all()
    assert np.isnan(window.features.change).all()


def test_eeg_of_poor_quality_still_has_its_power() -> None:
    stream = grid_stream(Modality.EEG)
    window = None
    for second in range(10):
        stream.push_rows(30.0 * signal(Modality.EEG, 1, second), second * GRID_SFREQ)
        window = stream.window((second + 1) * GRID_SFREQ)
    assert window is not None
    assert window.quality < 0.5
    assert window.features is not None
    assert np.isfinite(window.features.values).all()


# --- rest -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("modality", MODALITIES)
def test_the_rest_is_the_median_of_what_was_known_of_it(modality: Modality) -> None:
    stream = grid_stream(modality)
    stream.windower.capture_baseline(BaselineRequest(0.0, 25.0, 25.0))
    found = at_each_second(stream, signal(modality, 30))
    values = np.array([each.values for each in found[:25]])
    np.testing.assert_allclose(found[-1].rest, np.nanmedian(values, axis=0))
    np.testing.assert_allclose(found[-1].change, found[-1].values - found[-1].rest)
    assert stream.windower.features_note == ""


@pytest.mark.parametrize("modality", MODALITIES)
def test_the_rest_is_made_of_its_own_stretch_alone(modality: Modality) -> None:
    rests = []
    for seed, rate in ((1, 55.0), (2, 120.0)):
        stream = grid_stream(modality)
        stream.windower.capture_baseline(BaselineRequest(35.0, 60.0, 25.0))
        before = signal(modality, 34, seed, rate)
        # A second lies between: what the filters still hold of the signal before is over then.
        x = np.concatenate([before, signal(modality, 28, 3, 70.0)])
        rests.append(at_each_second(stream, x)[-1].rest)
    assert np.isfinite(rests[0]).all()
    np.testing.assert_allclose(rests[0], rests[1], rtol=0.05, atol=0.02)
    if modality is Modality.ECG:
        assert rests[0][0] == pytest.approx(70.0, abs=0.3)


def test_a_rest_that_is_too_short_is_said() -> None:
    stream = grid_stream(Modality.ECG)
    stream.windower.capture_baseline(BaselineRequest(0.0, 12.0, 12.0))
    features = at_each_second(stream, signal(Modality.ECG, 30))[-1]
    assert np.isfinite(features.values).all()
    assert np.isfinite(features.change).tolist() == [True, False]
    assert stream.windower.features_note == (
        "the baseline that was captured holds no resting RMSSD, so the change from rest is not "
        "known; capture a new one with --baseline SECONDS"
    )


def _captured(modality: Modality) -> ChannelBaseline:
    stream = grid_stream(modality)
    stream.windower.capture_baseline(BaselineRequest(0.0, 20.0, 20.0))
    at_each_second(stream, signal(modality, 20))
    assert stream.windower.baseline is not None
    return stream.windower.baseline


@pytest.mark.parametrize("modality", MODALITIES)
def test_a_saved_baseline_gives_the_same_change(modality: Modality) -> None:
    baseline = Baseline({modality: _captured(modality)}, "20 s")
    text = json.dumps(baseline.to_dict(), allow_nan=False)
    again = Baseline.from_dict(json.loads(text))
    assert again == baseline
    stream = grid_stream(modality)
    stream.windower.use_baseline(again.channels[modality], "run.json")
    features = at_each_second(stream, signal(modality, 20, 5))[-1]
    np.testing.assert_array_equal(
        features.rest, baseline.channels[modality].features_at_rest(features.names)
    )
    assert np.isfinite(features.change).all()
    assert stream.windower.features_note == ""


@pytest.mark.parametrize(
    ("modality", "what"),
    [
        (Modality.EEG, "band powers"),
        (Modality.ECG, "heart rate and RMSSD"),
        (Modality.GSR, "tonic level, slope, response rate and response amplitude"),
    ],
)
def test_a_baseline_of_the_older_form_is_read_and_its_lack_is_said(
    modality: Modality, what: str
) -> None:
    data = _captured(modality).to_dict()
    del data["features"]
    stream = grid_stream(modality)
    stream.windower.use_baseline(ChannelBaseline.from_dict(data), "run.json")
    features = at_each_second(stream, signal(modality, 20))[-1]
    assert stream.window(20 * GRID_SFREQ).data is not None
    assert np.isfinite(features.values).all()
    assert np.isnan(features.change).all()
    assert stream.windower.features_note == (
        f"the baseline run.json is of an older form and holds no resting {what}, so the change "
        "from rest is not known; capture a new one with --baseline SECONDS"
    )


def test_features_of_other_channels_are_refused() -> None:
    foreign = replace(_captured(Modality.EEG), features=(("theta Cz", 1.0),))
    with pytest.raises(UserError, match=r"baseline F holds the EEG feature 'theta Cz', which the"):
        grid_stream(Modality.EEG).windower.use_baseline(foreign, "F")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "x", None])
def test_values_at_rest_that_are_no_numbers_are_refused(value: object) -> None:
    data = _captured(Modality.ECG).to_dict() | {"features": {"heart rate": value}}
    with pytest.raises((ValueError, TypeError)):
        ChannelBaseline.from_dict(data)


# --- names and profiles ---------------------------------------------------------------------------


def test_names_follow_the_bundle_s_channels() -> None:
    eeg = feature_names(ModalityContract(modality=Modality.EEG, ch_names=NAMES))
    assert len(eeg) == 16
    assert eeg[:5] == ("theta F3", "theta F4", "theta P3", "theta P4", "alpha F3")
    two = feature_names(ModalityContract(modality=Modality.GSR, ch_names=("left", "right")))
    assert two[:3] == ("tonic level left", "tonic level right", "slope left")


def test_skin_of_two_hands_has_a_value_under_each_name() -> None:
    stream = grid_stream(Modality.GSR, 2)
    x = np.hstack([signal(Modality.GSR, 20), 2.0 * signal(Modality.GSR, 20)])
    named = at_each_second(stream, x)[-1]
    values = dict(zip(named.names, named.values, strict=True))
    assert values["tonic level GSR1"] - values["tonic level GSR0"] == pytest.approx(np.log(2.0))


def test_profile_paper_has_no_slow_features() -> None:
    names = ("GSR",)
    spec = StreamSpec("s", Modality.GSR, names, 128.0, UNITS[Modality.GSR])
    contract = ModalityContract(modality=Modality.GSR, ch_names=names)
    stream = GridStream(spec, contract, PaperProfile())
    stream.windower.capture_baseline(BaselineRequest(0.0, None, 3.0))
    stream.push_rows(signal(Modality.GSR, 10))
    assert stream.window(10 * GRID_SFREQ).features is None
    assert stream.windower.baseline is not None
    assert stream.windower.baseline.features is None
    assert "features" not in stream.windower.baseline.to_dict()


def test_features_check_their_shapes_and_say_what_they_are() -> None:
    known = Features(("a", "b"), np.array([1.0, np.nan]), np.array([0.5, 1.0]), 12.0)
    np.testing.assert_array_equal(known.change, [0.5, np.nan])
    assert repr(known) == "<Features: 1 of 2 known over 12 s, 1 as change from rest>"
    with pytest.raises(ValueError, match="2 features do not go with"):
        Features(("a", "b"), np.zeros(2), np.zeros(3), 0.0)
