"""Signals without an electrode are what a live run makes of a stream that lacks it, or loses it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.live_windows import shown

from physiosync_rt.datatypes import Modality, RecordedStream, Recording, Segment
from physiosync_rt.errors import UserError
from physiosync_rt.preprocess.baseline import BaselineRequest
from physiosync_rt.preprocess.config import LiveProfile, ModalityContract
from physiosync_rt.simulation import Person, simulate
from physiosync_training.datasets.dataset import Dataset
from physiosync_training.datasets.live_trials import AFTER_THE_REST, left_out, live_trials
from physiosync_training.datasets.load import load_dataset
from physiosync_training.datasets.loader import WindowLoader
from physiosync_training.datasets.recordings import RecordingsData
from physiosync_training.datasets.simulated import SimulatedData
from physiosync_training.datasets.trials import Trial
from physiosync_training.loop.progress import no_progress

NAMES = ("TP9", "AF7", "AF8", "TP10")
EEG = ModalityContract(modality=Modality.EEG, ch_names=NAMES, min_electrodes=3)
GSR = ModalityContract(modality=Modality.GSR, ch_names=("GSR",))
REST_S, LOST_S = 25.0, 30.0
TRIAL = Segment(40.0, 58.0, "trial", "p", 1, "", 1.0, 1.0)
REST = Segment(2.0, REST_S, "baseline", "p", 0)


@pytest.fixture(scope="module")
def session() -> Recording:
    made = simulate(Person.draw(3), 60.0, seed=3, ch_names=NAMES, eeg_sfreq=256.0).recording
    (eeg,), (gsr,) = made.of(Modality.EEG), made.of(Modality.GSR)
    return Recording((eeg, gsr), segments=(REST, TRIAL), subject="p")


def _lacking(stream: RecordedStream, electrode: str) -> RecordedStream:
    """The stream without a channel."""
    kept = [i for i, name in enumerate(stream.spec.ch_names) if name != electrode]
    spec = replace(stream.spec, ch_names=tuple(stream.spec.ch_names[i] for i in kept))
    return replace(stream, spec=spec, samples=stream.samples[:, kept])


def _losing(stream: RecordedStream, electrode: str) -> RecordedStream:
    """The stream whose electrode falls off after the rest."""
    samples = stream.samples.copy()
    late = stream.timestamps - stream.timestamps[0] >= LOST_S
    samples[late, stream.spec.ch_names.index(electrode)] = 4200.0
    return replace(stream, samples=samples)


@pytest.mark.parametrize("electrode", NAMES)
@pytest.mark.parametrize("after", [False, True])
def test_training_sees_what_a_live_run_shows_without_an_electrode(
    session: Recording, electrode: str, after: bool
) -> None:
    spoil = _losing if after else _lacking
    live = replace(session, streams=(spoil(session.streams[0], electrode), session.streams[1]))
    request = BaselineRequest(REST.start, REST.stop, REST.stop - REST.start)
    expected = shown(live, LiveProfile(), EEG, GSR, request)[-1]
    (trial,) = [
        each
        for each in live_trials([session], LiveProfile(), EEG, GSR, leave_out=True)
        if isinstance(each, Trial)
    ]
    (part,) = trial.segments
    way = left_out(EEG).index(f"{electrode}{AFTER_THE_REST}" if after else electrode)
    first = round(TRIAL.start * 128) - expected.start
    truth = expected.eeg[:, first : first + part.eeg.shape[1]]
    assert truth.shape == part.eeg_without[way].shape == (4, 18 * 128)
    np.testing.assert_allclose(part.eeg_without[way], truth, atol=2e-6)
    # The electrode matters: this is another signal than that of all four.
    assert np.abs(part.eeg - truth).max() > 0.5


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    source = SimulatedData(
        kind="simulated",
        subjects=2,
        duration_s=95.0,
        trial_s=20.0,
        ch_names=NAMES,
        min_electrodes=3,
        electrode_out=0.5,
    )
    return load_dataset(source, tmp_path_factory.mktemp("cache"), no_progress)


def test_a_loader_leaves_out_what_was_drawn_and_nothing_else(prepared: Dataset) -> None:
    assert prepared.info.left_out[:2] == ("TP9", "TP9 after the rest")
    loader = WindowLoader(prepared, 5, torch.device("cpu"), random_offsets=True)
    numbers = np.repeat(np.arange(len(prepared)), 40)
    eeg, _ = loader.fetch(numbers, key=7)
    # The same draws by hand: offsets first, so that a run without it draws the same ones.
    rng = np.random.default_rng(7)
    offsets = prepared.offsets(numbers, rng)
    drawn = prepared.draw_left_out(len(numbers), rng)
    assert drawn is not None
    assert np.mean(drawn == -1) == pytest.approx(0.5, abs=0.06)
    assert set(drawn.tolist()) == set(range(-1, 8))
    stretch = prepared.table.stretch[numbers]
    for i in range(0, len(numbers), 17):
        signals = prepared.eeg if drawn[i] < 0 else prepared.eeg_without[drawn[i]]
        expected = signals.cut(stretch[i : i + 1], offsets[i : i + 1], 640)
        np.testing.assert_array_equal(eeg[i].numpy(), expected[0])
    again, _ = loader.fetch(numbers, key=7)
    torch.testing.assert_close(again, eeg, rtol=0, atol=0)


def test_evaluation_has_all_electrodes_or_lacks_the_one_that_is_asked_for(
    prepared: Dataset,
) -> None:
    loader = WindowLoader(prepared, 5, torch.device("cpu"), random_offsets=True)
    numbers = np.arange(len(prepared))
    whole, _ = loader.fetch(numbers)
    np.testing.assert_array_equal(whole.numpy(), prepared.fetch(numbers)[0])
    lacking, _ = replace(loader, left_out=4).fetch(numbers)
    table = prepared.table
    expected = prepared.eeg_without[4].cut(table.stretch, table.offset, 640)
    np.testing.assert_array_equal(lacking.numpy(), expected)


def test_too_many_electrodes_or_none_to_spare_are_refused() -> None:
    options = {"kind": "simulated", "electrode_out": 0.5}
    with pytest.raises(UserError, match=r"without each of 32 electrodes would take 64 times"):
        SimulatedData.model_validate(options).info()
    with pytest.raises(UserError, match=r"min_electrodes is 4 of 4.*min_electrodes to 3 or less"):
        SimulatedData.model_validate(options | {"ch_names": NAMES, "min_electrodes": 4}).info()
    own = RecordingsData(kind="recordings", path="x", scale=(0, 1), threshold=1, electrode_out=0.5)
    # Which electrodes there are is not known before a file is open.
    assert own.info().left_out == ()
