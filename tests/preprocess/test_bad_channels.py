"""Electrodes that go bad: found, replaced without a trace in the window, and back when good."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from helpers.grid_stream import GridStream
from hypothesis import given, settings
from hypothesis import strategies as st

from physiosync_rt.datatypes import GRID_SFREQ, FloatArray, GridChunk, Modality, Reason, StreamSpec
from physiosync_rt.formats.deap import DEAP_CH_NAMES
from physiosync_rt.preprocess.bad_channels import MEMORY_S, VOTES, BadChannelDetector
from physiosync_rt.preprocess.baseline import ChannelBaseline
from physiosync_rt.preprocess.config import LiveProfile, ModalityContract
from physiosync_rt.preprocess.montage import Montage
from physiosync_rt.preprocess.quality import correlated
from physiosync_rt.simulation import Person, simulate

N_S = 30
T7, OZ = DEAP_CH_NAMES.index("T7"), DEAP_CH_NAMES.index("Oz")
FAULTS = {
    "flat": lambda _t, _rng: 4200.0 + 0 * _t,
    "too large": lambda t, _rng: 3000 * np.sign(np.sin(2 * np.pi * 3.1 * t)),
    "line noise": lambda t, rng: 300 * np.sin(2 * np.pi * 50 * t) + rng.normal(0, 1, len(t)),
    "uncorrelated": lambda t, rng: np.cumsum(rng.normal(0, 4, len(t))),
}


@pytest.fixture(scope="module")
def good() -> FloatArray:
    session = simulate(
        Person.draw(5), N_S, seed=5, ch_names=DEAP_CH_NAMES, eeg_sfreq=128.0, ecg_sfreq=0, rest_s=1
    )
    return session.recording.streams[0].samples.astype(np.float64)[: N_S * GRID_SFREQ]


def _stream(
    names: tuple[str, ...] = DEAP_CH_NAMES, min_electrodes: int = 8, min_quality: float = 0.5
) -> GridStream:
    spec = StreamSpec("s", Modality.EEG, names, 128.0, "uV")
    contract = ModalityContract(
        modality=Modality.EEG, ch_names=names, min_electrodes=min_electrodes
    )
    profile = LiveProfile(min_quality=min_quality)
    stream = GridStream(spec, contract, profile, Montage(names, names, min_electrodes))
    n = len(names)
    stream.windower.baseline = ChannelBaseline((0.0,) * n, (5.0,) * n)
    return stream


def _spoil(x: FloatArray, fault: str, channel: int, start_s: int, stop_s: int) -> FloatArray:
    out = x.copy()
    rows = slice(start_s * GRID_SFREQ, stop_s * GRID_SFREQ)
    t = np.arange(rows.start, rows.stop) / GRID_SFREQ
    out[rows, channel] = FAULTS[fault](t, np.random.default_rng(1))
    return out


def _bad_after_each_second(stream: GridStream, x: FloatArray) -> list[str]:
    notes = []
    for start in range(0, len(x), GRID_SFREQ):
        piece = x[start : start + GRID_SFREQ]
        stream.push(GridChunk(start, piece, np.ones(len(piece), dtype=bool)))
        assert stream.preprocessor.bad_channels is not None
        notes.append(stream.preprocessor.bad_channels.note)
    return notes


def test_good_electrodes_stay(good: FloatArray) -> None:
    assert set(_bad_after_each_second(_stream(), good)) == {""}


@pytest.mark.parametrize(("fault", "within_s"), [(f, 3) for f in FAULTS if f != "uncorrelated"])
def test_a_bad_electrode_leaves_after_three_seconds_and_comes_back_after_five(
    good: FloatArray, fault: str, within_s: int
) -> None:
    notes = _bad_after_each_second(_stream(), _spoil(good, fault, T7, 10, 18))
    assert notes[9 + within_s - 1] == ""
    # What is left of the fault in the filter and in the first good second may cost one more.
    assert [bool(n) for n in notes[9 + within_s : 17 + MEMORY_S]] == [True] * (
        8 - within_s + MEMORY_S
    )
    expected = f"bad electrodes: T7 ({fault}), interpolated from 31 good ones"
    assert notes[9 + within_s] == expected
    assert notes[18 + MEMORY_S + 2 :] == [""] * (N_S - 20 - MEMORY_S)


def test_an_electrode_that_sees_another_head_leaves(good: FloatArray) -> None:
    notes = _bad_after_each_second(_stream(), _spoil(good, "uncorrelated", T7, 10, N_S))
    # Neighbours are compared over three seconds, and three such seconds are one too many.
    first = next(i for i, note in enumerate(notes) if note)
    assert 12 <= first <= 17
    assert notes[-1].startswith("bad electrodes: T7 (uncorrelated)")


def test_its_place_is_taken_by_its_neighbours_in_the_whole_window(good: FloatArray) -> None:
    stream, whole = _stream(), _stream()
    _bad_after_each_second(stream, _spoil(good, "too large", T7, 20, N_S))
    _bad_after_each_second(whole, good)
    spoilt, truth = stream.window(len(good)).data, whole.window(len(good)).data
    assert spoilt is not None
    assert truth is not None
    # The fault began ten seconds ago: nothing of its 3 mV rings on, in any electrode.
    assert np.abs(spoilt).max() <= np.abs(truth).max() * 1.5
    assert np.corrcoef(spoilt[T7], truth[T7])[0, 1] > 0.7
    others = np.arange(32) != T7
    assert np.corrcoef(spoilt[others].ravel(), truth[others].ravel())[0, 1] > 0.99
    assert stream.note == "bad electrodes: T7 (too large), interpolated from 31 good ones"
    # It is no longer heard, but it is missing: quality, and so confidence, says so.
    assert stream.window(len(good)).quality == pytest.approx(31 / 32, abs=0.02)


@settings(max_examples=10, deadline=None)
@given(cuts=st.lists(st.integers(0, 15 * GRID_SFREQ), max_size=15))
def test_any_chunking_gives_the_same_window(good: FloatArray, cuts: list[int]) -> None:
    n = 15 * GRID_SFREQ
    x = _spoil(_spoil(good, "flat", T7, 4, N_S), "line noise", OZ, 9, N_S)[:n]
    windows = []
    for bounds in ([0, n], sorted([0, *cuts, n])):
        stream = _stream()
        for start, stop in pairwise(bounds):
            stream.push(GridChunk(start, x[start:stop], np.ones(stop - start, dtype=bool)))
        windows.append(stream.window(n))
        assert stream.note.startswith("bad electrodes: T7 (flat), Oz (line noise), interpolated")
    assert windows[0].quality == windows[1].quality
    assert windows[0].data is not None
    assert windows[1].data is not None
    np.testing.assert_allclose(windows[0].data, windows[1].data, atol=1e-6)


def test_too_few_good_electrodes_are_reported_with_numbers(good: FloatArray) -> None:
    names = ("TP9", "AF7", "AF8", "TP10")
    stream = _stream(names, min_electrodes=4)
    x = _spoil(good[:, :4], "flat", 1, 10, N_S)
    _bad_after_each_second(stream, x)
    window = stream.window(len(x))
    assert window.reason is Reason.LOW_QUALITY
    assert window.quality == pytest.approx(0.75, abs=0.05)
    assert stream.note == "bad electrodes: AF7 (flat); 3 good ones are left and the bundle needs 4"


def test_without_a_quality_gate_nothing_is_taken_out(good: FloatArray) -> None:
    stream = _stream(min_quality=0.0)
    x = _spoil(good, "flat", T7, 10, N_S)
    assert set(_bad_after_each_second(stream, x)) == {""}
    assert stream.window(len(x)).reason is Reason.NONE
    assert stream.preprocessor.channel_quality[T7] == 0.0


def test_votes() -> None:
    watch = BadChannelDetector(("Cz",), Montage(("Cz",), ("Cz",), 1))
    noise = np.random.default_rng(0).normal(0, 10, (GRID_SFREQ, 1)).cumsum(axis=0)
    noise -= np.linspace(noise[0], noise[-1], GRID_SFREQ)
    noise *= 30 / noise.std()
    course = "b.b.b" + "g" * MEMORY_S + "bb" + "ggg"
    out = []
    for letter in course:
        watch.judge(noise * (letter != "b"), None)
        out.append(bool(watch.bad[0]))
    n_in = 2 * VOTES - 1
    assert out == [False] * (n_in - 1) + [True] * MEMORY_S + [False] * (len(course) - 9)
    assert watch.bad_s["Cz"] == MEMORY_S


def test_where_no_two_electrodes_agree_none_is_singled_out() -> None:
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(correlated(rng.normal(0, 10, (3 * GRID_SFREQ, 32))), 1.0)
    same = np.repeat(rng.normal(0, 10, (3 * GRID_SFREQ, 1)), 32, axis=1)
    same[:, 4] = rng.normal(0, 10, 3 * GRID_SFREQ)
    np.testing.assert_array_equal(np.flatnonzero(correlated(same) < 0.5), [4])
    np.testing.assert_array_equal(correlated(same[:, :8]), 1.0)
