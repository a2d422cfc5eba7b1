"""What looks like a signal and is none: heads without a reference, hearts of noise, stuck skin."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.grid_stream import GridStream

from physiosync_rt.align.aligner import StreamAligner
from physiosync_rt.datatypes import GRID_SFREQ, Chunk, FloatArray, GridChunk, Modality, StreamSpec
from physiosync_rt.formats.deap import DEAP_CH_NAMES
from physiosync_rt.formats.registry import read
from physiosync_rt.preprocess.bad_channels import BadChannelDetector
from physiosync_rt.preprocess.config import LiveProfile, ModalityContract
from physiosync_rt.preprocess.montage import Montage
from physiosync_rt.preprocess.quality import correlated, ecg_quality, eeg_quality, judge_of
from physiosync_rt.preprocess.skin_quality import FROZEN_S, UNMOVED_S, GsrJudge, gsr_quality
from physiosync_rt.simulation import Person, simulate

TIME = np.arange(GRID_SFREQ) / GRID_SFREQ


def _head(n_chans: int) -> FloatArray:
    """A second of EEG that all electrodes have in common."""
    rng = np.random.default_rng(0)
    one = 20 * np.sin(2 * np.pi * 9 * TIME) + rng.normal(0, 8, GRID_SFREQ)
    return np.repeat(one[:, None], n_chans, axis=1)


@pytest.mark.parametrize("n_chans", [4, 32])
def test_electrodes_that_are_all_the_same_are_none(n_chans: int) -> None:
    rng = np.random.default_rng(1)
    same = _head(n_chans)
    assert eeg_quality(same).max() == 0.0
    # Every amplifier adds noise of its own, and one electrode may be railed.
    same[:, 1] = 3000.0 * np.sign(np.sin(2 * np.pi * 3 * TIME))
    assert eeg_quality(same + rng.normal(0, 0.3, same.shape)).max() == 0.0
    apart = _head(n_chans) + rng.normal(0, 3, same.shape)
    assert eeg_quality(apart).min() == 1.0


def test_a_missing_reference_is_said_in_few_words() -> None:
    watch = BadChannelDetector(DEAP_CH_NAMES, Montage(DEAP_CH_NAMES, DEAP_CH_NAMES, 8))
    for _ in range(3):
        watch.judge(_head(32), None)
    assert watch.too_few
    assert watch.note == (
        "bad electrodes: 32 identical (check reference and ground); 0 good ones are left and the "
        "bundle needs 8"
    )


def _beat() -> FloatArray:
    """QRS of 1.2 mV and a T wave."""
    wave = 1.2 * np.exp(-(((TIME - 0.4) / 0.012) ** 2)) - 0.3 * np.exp(
        -(((TIME - 0.44) / 0.012) ** 2)
    )
    return wave + 0.25 * np.exp(-(((TIME - 0.7) / 0.05) ** 2))


def _quality_of_heart(x: FloatArray) -> float:
    return float(ecg_quality(x[:, None])[0])


def test_noise_mains_and_steps_are_no_heart() -> None:
    rng = np.random.default_rng(2)
    noise = [_quality_of_heart(rng.normal(0, rms, GRID_SFREQ)) for rms in [0.1, 1.0] * 20]
    assert np.mean(noise) < 0.1
    assert max(noise) < 0.6
    for mains in (50.0, 60.0):
        assert _quality_of_heart(0.5 * np.sin(2 * np.pi * mains * TIME)) == 0.0
        assert _quality_of_heart(_beat() + 0.1 * np.sin(2 * np.pi * mains * TIME)) == 1.0
    # Of 60 Hz the band-pass leaves a fiftieth, of 50 Hz more than a quarter.
    assert _quality_of_heart(_beat() + 1.5 * np.sin(2 * np.pi * 60 * TIME)) == 1.0
    assert _quality_of_heart(_beat() + 1.5 * np.sin(2 * np.pi * 50 * TIME)) < 0.5
    for at in (0.15, 0.5, 0.85):
        assert _quality_of_heart(3.0 * (at < TIME)) == 0.0
        assert _quality_of_heart(_beat() + 3.0 * (at < TIME)) < 0.5


@pytest.mark.parametrize("shift", np.arange(-45, 70, 5).tolist())
def test_a_beat_is_a_heart_wherever_it_falls(shift: int) -> None:
    wander = 0.4 * np.sin(2 * np.pi * 0.3 * TIME)
    assert _quality_of_heart(np.roll(_beat(), shift) + wander) == 1.0


def test_skin_that_never_changes_is_a_sensor_that_hangs() -> None:
    judge = GsrJudge(2)
    moving = np.stack([np.full(GRID_SFREQ, 5.0), 5 + 0.01 * TIME], axis=1)
    course = [judge(moving) for _ in range(20)]
    doubted, none = FROZEN_S
    assert [q[0] for q in course[: doubted + 1]] == [1.0] * (doubted + 1)
    assert [q[0] for q in course[none:]] == [0.0] * (20 - none)
    assert {q[1] for q in course} == {1.0}
    # It is skin again as soon as it moves.
    moving[-1, 0] += 0.001
    assert judge(moving)[0] == 1.0


def test_the_chain_withholds_a_sensor_that_hangs() -> None:
    spec = StreamSpec("s", Modality.GSR, ("GSR",), 128.0, "uS")
    contract = ModalityContract(modality=Modality.GSR, ch_names=("GSR",))
    stream = GridStream(spec, contract, LiveProfile())
    x = np.full((20 * GRID_SFREQ, 1), 3.0)
    stream.push(GridChunk(0, x, np.ones(len(x), dtype=bool)))
    assert stream.preprocessor.channel_quality == (0.0,)


def _at_rate(x: FloatArray, sfreq: float) -> FloatArray:
    """Quality of the seconds of a skin conductance that was measured at a rate."""
    spec = StreamSpec("s", Modality.GSR, ("GSR",), sfreq, "uS")
    stamps = np.arange(len(x)) / sfreq
    judge = GsrJudge(1)
    grids = StreamAligner(spec, 0.0).push(Chunk("s", x[:, None].astype(np.float32), stamps))
    grid = np.concatenate([part.samples for part in grids])
    starts = range(0, len(grid) - GRID_SFREQ + 1, GRID_SFREQ)
    return np.array([judge(grid[at : at + GRID_SFREQ])[0] for at in starts])


@pytest.mark.parametrize("sfreq", [4.0, 10.0, 128.0])
@pytest.mark.parametrize(
    ("level", "noise", "step"), [(5, 0.01, 0), (1, 0.002, 0), (10, 0.3, 0), (2, 0.001, 0.0013)]
)
def test_a_resistor_is_no_skin(sfreq: float, level: float, noise: float, step: float) -> None:
    """A level and noise, or a converter between two steps: nothing of it moves slowly."""
    rng = np.random.default_rng(3)
    x = level + noise * rng.standard_normal(round(180 * sfreq))
    quality = _at_rate(np.round(x / step) * step if step else x, sfreq)
    before, after = UNMOVED_S
    assert quality[: before - 1].mean() > 0.95
    assert (quality[after:] < 0.5).mean() > 0.9


def test_an_open_lead_and_mains_are_no_skin() -> None:
    rng = np.random.default_rng(4)
    t = np.arange(180 * GRID_SFREQ) / GRID_SFREQ
    noise = rng.standard_normal(len(t))
    assert _at_rate(np.abs(0.005 * noise), 128.0).max() < 0.5
    assert (_at_rate(np.abs(0.1 * noise), 128.0) < 0.5).mean() > 0.95
    for depth in (0.05, 0.5):
        mains = 1.0 + depth * np.sin(2 * np.pi * 50.02 * t) + 0.003 * noise
        assert (_at_rate(mains, 128.0)[UNMOVED_S[1] :] < 0.5).mean() > 0.9


@pytest.mark.parametrize("sfreq", [4.0, 15.5, 128.0])
def test_skin_that_hardly_moves_is_skin(sfreq: float) -> None:
    """Half a percent of drift in a minute is more than no movement, whatever the converter."""
    rng = np.random.default_rng(5)
    t = np.arange(round(180 * sfreq)) / sfreq
    x = 2.0 * (1 - 0.005 * t / 60) + 0.002 * rng.standard_normal(len(t))
    assert _at_rate(x, sfreq).min() > 0.7
    session = simulate(Person.draw(1), 180.0, seed=1, ch_names=("Cz",), gsr_sfreq=sfreq)
    (skin,) = session.recording.of(Modality.GSR)
    assert _at_rate(skin.samples[:, 0].astype(np.float64), sfreq).mean() > 0.99


def _mean_quality(spec: StreamSpec, samples: FloatArray, stamps: FloatArray) -> float:
    aligner = StreamAligner(spec, float(stamps[0]))
    judge = judge_of(spec.modality, spec.n_chans)
    grids = aligner.push(Chunk(spec.name, samples.astype(np.float32), stamps))
    seconds = [
        grid.samples[at : at + GRID_SFREQ]
        for grid in grids
        for at in range(0, len(grid) - GRID_SFREQ + 1, GRID_SFREQ)
    ]
    return float(np.mean([judge(second) for second in seconds]))


@pytest.mark.parametrize(
    ("name", "modality", "least"),
    [
        ("eegmat-eeg-ecg-edf/Subject00_1.edf", Modality.ECG, 0.99),
        ("eegmat-eeg-ecg-edf/Subject05_2.edf", Modality.ECG, 0.98),
        ("eegmat-eeg-ecg-edf/Subject00_1.edf", Modality.EEG, 0.98),
        ("xdf-ecg-markers/ecg_twohost_clean_68s.xdf", Modality.ECG, 0.98),
        pytest.param(
            "stress-predict-e4/S14/EDA.csv", Modality.GSR, 0.99, id="stress-predict-e4/S14-GSR-0.99"
        ),
        pytest.param(
            "stress-predict-e4/S02/EDA.csv", Modality.GSR, 0.98, id="stress-predict-e4/S02-GSR-0.98"
        ),
    ],
)
def test_recorded_people_keep_their_quality(
    data_dir: Path, name: str, modality: Modality, least: float
) -> None:
    stream = next(s for s in read(data_dir / name).streams if s.spec.modality is modality)
    samples = stream.samples.astype(np.float64)
    if not stream.spec.unit:
        # Counts of a converter; its beats are taken for 1.2 mV.
        samples *= 1.2 / np.ptp(np.percentile(samples, [0.5, 99.5]))
    assert _mean_quality(stream.spec, samples, stream.timestamps) >= least


def test_simulated_hearts_and_skins_are_sound() -> None:
    session = simulate(Person.draw(3), 30.0, seed=3, ch_names=("Cz",), ecg_sfreq=256.0, rest_s=1)
    for stream in session.recording.streams[1:]:
        samples = stream.samples.astype(np.float64)
        assert _mean_quality(stream.spec, samples, stream.timestamps) > 0.99


def test_eeg_quality_knows_its_faults() -> None:
    rng = np.random.default_rng(0)
    good = 15 * np.sin(2 * np.pi * 10 * TIME) + rng.normal(0, 5, GRID_SFREQ)
    faults = {
        "good": good,
        "good on a huge drifting offset": good + 2e6 + 300 * TIME,
        "flat": np.full(GRID_SFREQ, 7.0),
        "railed": 400 * np.sign(np.sin(2 * np.pi * 3 * TIME)),
        "mains": good / 10 + 60 * np.sin(2 * np.pi * 50 * TIME),
        "muscle": 40 * np.sin(2 * np.pi * 33 * TIME) + rng.normal(0, 3, GRID_SFREQ),
    }
    scores = {name: eeg_quality(x[:, None])[0] for name, x in faults.items()}
    assert scores["good"] > 0.95
    assert scores["good on a huge drifting offset"] > 0.95
    assert max(scores[name] for name in ("flat", "railed", "mains", "muscle")) < 0.2


@pytest.mark.parametrize(("freq", "uneven", "sound"), [(60, 1.0, 1), (50, 0.05, 1), (50, 1.0, 0)])
def test_mains_counts_as_far_as_filter_and_reference_leave_it(
    freq: float, uneven: float, sound: int
) -> None:
    rng = np.random.default_rng(0)
    good = 15 * np.sin(2 * np.pi * 10 * TIME)[:, None] + rng.normal(0, 5, (GRID_SFREQ, 8))
    picked_up = 140 * np.sin(2 * np.pi * freq * TIME)[:, None] * np.ones(8)
    picked_up[:, 3] *= 1 + uneven
    quality = eeg_quality(good + picked_up)
    assert np.delete(quality, 3).min() > 0.95
    assert quality[3] == pytest.approx(sound, abs=0.3)


def test_gsr_and_ecg_quality_know_their_faults() -> None:
    gsr = np.stack(
        [5 + 0.1 * TIME, np.zeros(GRID_SFREQ), np.full(GRID_SFREQ, 300.0), 2 + 5 * TIME],
        axis=1,
    )
    np.testing.assert_allclose(gsr_quality(gsr), [1, 0, 0, 0], atol=1e-9)
    beat = np.exp(-(((TIME - 0.5) / 0.01) ** 2))
    np.testing.assert_allclose(ecg_quality(np.stack([beat, 0 * beat], axis=1)), [1, 0])


@pytest.mark.parametrize("n_chans", [1, 2, 19, 32])
def test_seconds_judged_together_are_seconds_judged_one_by_one(n_chans: int) -> None:
    """To the bit, or rows would depend on how a signal is cut."""
    rng = np.random.default_rng(n_chans)
    x = rng.normal(0, 3, (7, GRID_SFREQ, n_chans)).cumsum(axis=1) + 4000
    x[2, :, 0] = 7.0
    for judge in (eeg_quality, ecg_quality, gsr_quality):
        np.testing.assert_array_equal(judge(x), [judge(second) for second in x])
    bands = rng.normal(size=(5, 3 * GRID_SFREQ, n_chans)) + rng.normal(size=(3 * GRID_SFREQ, 1))
    np.testing.assert_array_equal(correlated(bands), [correlated(band) for band in bands])
    skin = 5 + rng.normal(0, 0.01, (70, GRID_SFREQ, n_chans))
    skin[20:32, :, -1] = 5.0
    apart, together = GsrJudge(n_chans), GsrJudge(n_chans)
    expected = [apart(second) for second in skin]
    found = [together(part) for part in np.split(skin, [1, 9, 34, 69])]
    np.testing.assert_array_equal(np.concatenate(found), expected)
