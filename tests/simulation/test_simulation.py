"""The simulated person: streamed as recorded, plausible to other people's tools, learnable."""

from __future__ import annotations

import neurokit2 as nk
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from physiosync_rt.datatypes import Modality
from physiosync_rt.errors import UserError
from physiosync_rt.formats.deap import DEAP_CH_NAMES
from physiosync_rt.simulation import LatentCourse, Person, PersonStream, latent_course, simulate
from physiosync_rt.simulation.electrodes import angles_deg, directions
from physiosync_rt.simulation.noise import FilteredNoise, RandomWalk, power_law_sos

MUSE = ("TP9", "AF7", "AF8", "TP10")


def held(valence: float, arousal: float) -> LatentCourse:
    """Hold one state from the start on."""
    return LatentCourse.steps([0.0], [valence], [arousal], seed=0)


def band_log_power(x: np.ndarray, sfreq: float, low: float, high: float) -> np.ndarray:
    freqs, power = signal.welch(x, sfreq, nperseg=int(2 * sfreq), axis=0)
    return np.log(power[(freqs >= low) & (freqs <= high)].mean(axis=0))


@given(steps=st.lists(st.floats(0.0, 7.0), min_size=1, max_size=25))
@settings(max_examples=15, deadline=None)
def test_any_reading_gives_the_samples_of_the_whole(steps: list[float]) -> None:
    person = Person.draw(5)
    rates = {"eeg_sfreq": 125.0, "gsr_sfreq": 4.0, "ecg_sfreq": 130.0}
    stream = PersonStream(person, seed=8, ch_names=MUSE, **rates)
    whole = simulate(person, sum(steps) + 0.5, seed=8, ch_names=MUSE, **rates).recording
    reads = [stream.read_until(t) for t in np.cumsum(steps)]
    for i, recorded in enumerate(whole.streams):
        samples = np.concatenate([chunks[i].samples for chunks in reads])
        stamps = np.concatenate([chunks[i].timestamps for chunks in reads])
        np.testing.assert_array_equal(samples, recorded.samples[: len(samples)])
        np.testing.assert_array_equal(stamps, recorded.timestamps[: len(stamps)])
        assert len(stamps) == np.count_nonzero(recorded.timestamps < sum(steps))


def test_longer_sessions_begin_like_shorter_ones() -> None:
    short = simulate(Person.draw(1), 17.0, seed=2).recording
    long = simulate(Person.draw(1), 43.0, seed=2).recording
    for a, b in zip(short.streams, long.streams, strict=True):
        np.testing.assert_array_equal(a.samples, b.samples[: len(a.samples)])


def test_recording_says_what_it_is() -> None:
    session = simulate(Person.draw(1), 60.0, seed=2, gsr_sfreq=15.5, ecg_n_leads=2)
    eeg, gsr, ecg = session.recording.streams
    assert [s.spec.modality for s in (eeg, gsr, ecg)] == [Modality.EEG, Modality.GSR, Modality.ECG]
    assert eeg.spec.ch_names == DEAP_CH_NAMES
    assert ecg.spec.ch_names == ("ECG1", "ECG2")
    assert (eeg.samples.dtype, eeg.samples.shape) == (np.float32, (60 * 128, 32))
    assert gsr.samples.shape == (930, 1)
    (baseline,) = session.recording.segments
    assert (baseline.kind, baseline.start, baseline.stop) == ("baseline", 0.0, 30.0)
    assert len(session.times) == len(session.valence) == len(session.arousal) == 61
    np.testing.assert_allclose(session.arousal[:30], 0.3, atol=0.05)
    np.testing.assert_allclose(session.valence[:30], 0.5, atol=0.05)


def test_streams_can_be_left_out() -> None:
    stream = PersonStream(Person.draw(1), seed=1, gsr_sfreq=0, ecg_sfreq=0)
    assert [spec.modality for spec in stream.specs] == [Modality.EEG]


def test_trials_carry_the_mean_truth() -> None:
    session = simulate(Person.draw(1), 95.0, seed=2, ch_names=MUSE)
    baseline, *trials = session.with_trials(20.0).segments
    assert baseline.kind == "baseline"
    assert [(t.start, t.stop) for t in trials] == [(30.0, 50.0), (50.0, 70.0), (70.0, 90.0)]
    assert trials[1].arousal == pytest.approx(session.arousal[50:71].mean())
    assert trials[1].valence == pytest.approx(session.valence[50:71].mean())


def test_course_is_slow_balanced_and_its_halves_independent() -> None:
    valence, arousal = latent_course(3, 4 * 3600.0, sfreq=4.0)
    for latent in (valence, arousal):
        assert latent.min() >= 0.0
        assert latent.max() <= 1.0
        assert 0.4 < np.mean(latent > 0.5) < 0.6
        assert np.abs(np.diff(latent)).max() * 4 < 0.4  # per second
        correlation = np.correlate(latent - latent.mean(), latent - latent.mean(), "full")
        correlation = correlation[len(latent) - 1 :] / correlation.max()
        half = np.argmax(correlation < 0.5) / 4
        assert 8 < half < 60
    assert abs(np.corrcoef(valence, arousal)[0, 1]) < 0.12


def test_course_does_not_depend_on_how_it_is_asked() -> None:
    times = np.arange(0.0, 500.0, 0.7)
    whole = LatentCourse.draw(4)(times)
    course = LatentCourse.draw(4)
    late_first = course(times[400:])
    np.testing.assert_array_equal(late_first[0], whole[0][400:])
    np.testing.assert_array_equal(course(times[:400])[1], whole[1][:400])


def test_people_differ_and_can_be_made_alike() -> None:
    people = [Person.draw(seed) for seed in range(40)]
    assert np.std([p.alpha_hz for p in people]) > 0.5
    assert np.std(np.log([p.scl_us for p in people])) > 0.3
    alike = [Person.draw(seed, variability=0.0) for seed in range(3)]
    assert len({(p.alpha_hz, p.scl_us, p.heart_bpm, p.alpha_by_arousal) for p in alike}) == 1
    assert Person.draw(7) == Person.draw(7) != Person.draw(8)


def test_negative_effect_is_refused() -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        Person.draw(1, effect=-1)


@pytest.mark.parametrize(
    "rates", [{"eeg_sfreq": 64.0}, {"gsr_sfreq": 0.5}, {"ecg_sfreq": 25.0}, {"ecg_n_leads": 3}]
)
def test_impossible_rates_are_refused(rates: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="cannot be simulated"):
        PersonStream(Person.draw(1), seed=1, **rates)


def test_unknown_electrode_is_named() -> None:
    with pytest.raises(UserError, match=r"'ch1'.*10-10"):
        PersonStream(Person.draw(1), seed=1, ch_names=("Fp1", "ch1"))


def test_arousal_shows_in_every_signal() -> None:
    person = Person.draw(2)
    calm, excited = (
        simulate(person, 200.0, seed=1, course=held(0.5, arousal)).recording.streams
        for arousal in (0.1, 0.9)
    )
    occipital = [DEAP_CH_NAMES.index(name) for name in ("O1", "O2")]
    central = [DEAP_CH_NAMES.index(name) for name in ("C3", "C4")]
    alpha = (person.alpha_hz - 1, person.alpha_hz + 1)
    change = [
        band_log_power(excited[0].samples[:, chans], 128, *band).mean()
        - band_log_power(calm[0].samples[:, chans], 128, *band).mean()
        for chans, band in ((occipital, alpha), (central, (16, 20)))
    ]
    assert change[0] < -0.3
    assert change[1] > 0.2
    assert excited[1].samples.mean() > calm[1].samples.mean()

    n_scr, bpm = [], []
    for _, gsr, ecg in (calm, excited):
        phasic = nk.eda_phasic(gsr.samples[:, 0].astype(float), sampling_rate=32)["EDA_Phasic"]
        _, peaks = nk.eda_peaks(phasic, sampling_rate=32, amplitude_min=0.05)
        n_scr.append(len(peaks["SCR_Peaks"]))
        clean = nk.ecg_clean(ecg.samples[:, 0].astype(float), sampling_rate=256)
        _, found = nk.ecg_peaks(clean, sampling_rate=256)
        bpm.append(60 * 256 / np.diff(found["ECG_R_Peaks"]).mean())
    assert n_scr[1] > 1.5 * n_scr[0] > 0
    for arousal, rate in zip((0.1, 0.9), bpm, strict=True):
        tends_to = person.heart_bpm + person.bpm_by_arousal * (arousal - 0.3)
        assert rate == pytest.approx(tends_to, abs=4.0)


@pytest.mark.parametrize(("left", "right"), [("F3", "F4"), ("AF7", "AF8")])
def test_valence_shows_as_frontal_alpha_asymmetry(left: str, right: str) -> None:
    asymmetry = []
    for valence in (0.1, 0.9):
        changes = []
        for seed in range(4):
            person = Person.draw(seed)
            session = simulate(
                person, 120.0, seed=1, course=held(valence, 0.3), ch_names=(left, right)
            )
            power = band_log_power(
                session.recording.streams[0].samples, 128, person.alpha_hz - 2, person.alpha_hz + 1
            )
            changes.append(power[1] - power[0])
        asymmetry.append(np.mean(changes))
    assert asymmetry[1] - asymmetry[0] > 0.4


def test_without_effect_the_latents_leave_no_trace() -> None:
    person = Person.draw(2, effect=0.0)
    low, high = (
        simulate(person, 30.0, seed=1, course=held(level, level)).recording for level in (0.1, 0.9)
    )
    for a, b in zip(low.streams, high.streams, strict=True):
        np.testing.assert_array_equal(a.samples, b.samples)


def test_electrode_subset_sees_the_same_sources() -> None:
    person = Person.draw(2)
    eeg = [
        simulate(person, 30.0, seed=1, ch_names=names, gsr_sfreq=0, ecg_sfreq=0)
        .recording.streams[0]
        .samples
        for names in (("O1", "Cz"), ("Fp1", "O1"))
    ]
    sos = signal.butter(4, [4, 30], "bandpass", fs=128, output="sos")
    first, second = (signal.sosfiltfilt(sos, x[:, i]) for x, i in ((eeg[0], 0), (eeg[1], 1)))
    # Sensor noise and drift are each session's own; the sources are not.
    assert np.corrcoef(first, second)[0, 1] > 0.9


def test_eeg_is_of_a_plausible_size() -> None:
    for seed in range(5):
        session = simulate(Person.draw(seed), 60.0, seed=seed)
        sos = signal.butter(4, [4, 45], "bandpass", fs=128, output="sos")
        rms = signal.sosfilt(sos, session.recording.streams[0].samples, axis=0)[256:].std(axis=0)
        assert rms.min() > 2.0
        assert rms.max() < 40.0


def test_positions_are_where_they_belong() -> None:
    nose, left, top = directions(("Fpz", "T7", "Cz"))
    assert nose[1] > 0.95
    assert left[0] < -0.95
    assert top[2] > 0.95
    np.testing.assert_array_equal(directions(("t3",)), directions(("T7",)))
    near = angles_deg(directions(("F3",)), directions(("F1", "F4", "O2")))[0]
    assert near[0] < near[1] < near[2]


def test_noise_is_of_unit_variance_and_of_its_slope() -> None:
    rng = np.random.default_rng(0)
    noise = FilteredNoise(power_law_sos(1.2, 128.0), 16, rng, 128.0)(128 * 120)
    assert noise.std() == pytest.approx(1.0, abs=0.05)
    freqs, power = signal.welch(noise, 128.0, nperseg=1024, axis=0)
    use = (freqs > 1) & (freqs < 40)
    slope = np.polyfit(np.log(freqs[use]), np.log(power[use].mean(axis=1)), 1)[0]
    assert slope == pytest.approx(-1.2, abs=0.15)


def test_random_walk_is_in_its_steady_state_from_the_start() -> None:
    rng = np.random.default_rng(0)
    walk = RandomWalk(60.0, 4000, rng, 10.0)
    pieces = [walk(n) for n in (1, 0, 5, 30)]
    assert [len(p) for p in pieces] == [1, 0, 5, 30]
    assert pieces[0].std() == pytest.approx(1.0, abs=0.05)
    assert pieces[-1][-1].std() == pytest.approx(1.0, abs=0.05)
