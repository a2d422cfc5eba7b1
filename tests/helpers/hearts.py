"""Hearts whose beats are known, regular and not, and leads that show none."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import signal

from physiosync_rt.datatypes import GRID_SFREQ, FloatArray, HeartState, Modality
from physiosync_rt.preprocess.config import LiveProfile
from physiosync_rt.preprocess.heartbeat import HeartbeatDetector
from physiosync_rt.preprocess.stages import make_stages

SINUS = ((-0.17, 0.022, 0.12), (-0.032, 0.009, -0.1), (0, 0.011, 1.1), (0.032, 0.01, -0.22))
"""P, Q, R and S as Gaussian waves: centre and width in s, height in mV."""

VENTRICULAR = ((-0.03, 0.035, 1.4), (0.06, 0.04, -0.7), (0.3, 0.06, -0.45))
"""A beat from a chamber: wide, without a P wave, its T wave turned over."""


@dataclass(frozen=True)
class Heart:
    """An ECG in mV at 128 Hz, shape (n_times,), its R peaks in s, and those of narrow beats."""

    ecg: FloatArray
    beats: FloatArray
    narrow: FloatArray


def _render(beats: FloatArray, extra: list[bool], seconds: float, p_wave: float = 1.0) -> Heart:
    t = np.arange(round(seconds * GRID_SFREQ)) / GRID_SFREQ
    ecg = np.zeros(len(t))
    for beat, before, is_extra in zip(beats, np.diff(beats, prepend=-0.5), extra, strict=True):
        t_wave = (0.26 * np.sqrt(np.clip(before, 0.3, 1.5) / 0.85), 0.045, 0.3)
        for centre, width, height in VENTRICULAR if is_extra else (*SINUS, t_wave):
            scale = p_wave if centre == -0.17 else 1.0
            ecg += scale * height * np.exp(-0.5 * ((t - beat - centre) / width) ** 2)
    return Heart(ecg, beats, beats[~np.array(extra)])


def regular(bpm: float, seconds: float, seed: int = 0) -> Heart:
    """Return a heart whose intervals differ by 3 %."""
    rng = np.random.default_rng(seed)
    intervals = 60 / bpm * (1 + 0.03 * rng.standard_normal(round(seconds * bpm / 60)))
    beats = 0.4 + np.cumsum(intervals)
    return _render(beats, [False] * len(beats), seconds)


def fibrillating(bpm: float, seconds: float, seed: int = 0) -> Heart:
    """Return atrial fibrillation: random intervals, no P wave, a flutter of 5 Hz between beats."""
    rng = np.random.default_rng(seed)
    mean = 60 / bpm
    n = round(1.5 * seconds / mean)
    intervals = np.maximum(0.3, 0.55 * mean + rng.gamma(2.5, 0.18 * mean, n))
    beats = 0.4 + np.cumsum(intervals)
    heart = _render(beats[beats < seconds], [False] * int((beats < seconds).sum()), seconds, 0.0)
    phase = 2 * np.pi * np.cumsum(5 + 0.6 * coloured(rng, len(heart.ecg), 2.0)) / GRID_SFREQ
    return replace(heart, ecg=heart.ecg + 0.08 * np.sin(phase))


def with_extra_beats(every: int, seconds: float, seed: int = 0) -> Heart:
    """Return a heart of which one beat in so many comes early and from a chamber."""
    rng = np.random.default_rng(seed)
    beats, extra = [0.4], [False]
    while beats[-1] < seconds:
        early = len(beats) % every == every - 1
        wait = 0.6 if early else 1.4 if extra[-1] else 1 + 0.03 * rng.standard_normal()
        beats.append(beats[-1] + 0.8 * wait)
        extra.append(early)
    return _render(np.array(beats), extra, seconds)


def coloured(rng: np.random.Generator, n: int, exponent: float) -> FloatArray:
    """Return noise whose power falls with the frequency to this exponent, of unit variance."""
    spectrum = np.fft.rfft(rng.standard_normal(n))
    freqs = np.fft.rfftfreq(n, 1 / GRID_SFREQ)
    freqs[0] = freqs[1]
    noise = np.fft.irfft(spectrum * freqs ** (-exponent / 2), n)
    return np.asarray(noise / noise.std())


def no_hearts(seconds: float, seed: int = 0) -> dict[str, FloatArray]:
    """Return leads without a heart, in mV at 128 Hz, by what they show."""
    rng = np.random.default_rng(seed)
    n = round(seconds * GRID_SFREQ)
    t = np.arange(n) / GRID_SFREQ

    def band(low: float, high: float) -> FloatArray:
        sos = signal.butter(2, (low, high), "bandpass", fs=GRID_SFREQ, output="sos")
        noise = signal.sosfilt(sos, rng.standard_normal(n))
        return np.asarray(noise / noise.std())

    little = 0.01 * rng.standard_normal(n)
    steps = np.zeros(n)
    steps[rng.choice(n, n // GRID_SFREQ, replace=False)] = 1.0
    return {
        **{f"noise of exponent {e:g}": coloured(rng, n, e) for e in (-0.5, 0.0, 1.0, 2.0, 3.0)},
        **{f"{low} to {high} Hz": band(low, high) for low, high in ((0.5, 40), (4, 7), (9, 10))},
        "alpha on pink noise": 2 * band(8, 12) + coloured(rng, n, 1.2),
        "muscle": band(20, 40),
        "bursts of muscle every second": band(15, 40) * (t % 1.0 < 0.25) + 5 * little,
        "50 Hz": np.sin(2 * np.pi * 50 * t),
        "60 Hz that beats": np.sin(2 * np.pi * 60 * t) * (1 + np.sin(2 * np.pi * t)) + little,
        "square wave of 1 Hz": np.sign(np.sin(2 * np.pi * t) + 1e-9) + little,
        "sawtooth of 1 Hz": t % 1.0 + little,
        "movement of 1.5 Hz": np.sin(2 * np.pi * 1.5 * t) + little,
        "steps": np.cumsum(steps * rng.standard_normal(n)) + little,
        "random walk": np.cumsum(rng.standard_normal(n)),
        "flat": np.full(n, 0.3),
        "flat but for a millionth": 1e-6 * little,
    }


def preprocessed(ecg: FloatArray) -> FloatArray:
    """Return leads, shape (n_times,) or (n_times, n_leads), after the stages of ECG."""
    out = ecg if ecg.ndim == 2 else ecg[:, None]
    for stage in make_stages(Modality.ECG, LiveProfile()).in_order:
        out = stage(out)
    return out


def detect(ecg: FloatArray) -> tuple[list[HeartState], FloatArray]:
    """Return the state after every whole second of preprocessed leads, and the beats in s."""
    detector = HeartbeatDetector(ecg.shape[1])
    starts = range(0, len(ecg) - GRID_SFREQ + 1, GRID_SFREQ)
    seconds = [detector.push(ecg[start : start + GRID_SFREQ], start) for start in starts]
    beats = np.concatenate([second.beats for second in seconds])
    return [second.state for second in seconds], beats / GRID_SFREQ


def agreement(found: FloatArray, truth: FloatArray, start: float, stop: float) -> list[float]:
    """Return the shares of true beats found within 20 ms, and of found ones that are true.

    Beats near the ends of the stretch count as partners only. What the filters delay all beats by
    is left out.
    """
    lag = float(np.median(found - truth[np.abs(found[:, None] - truth).argmin(axis=1)]))
    assert abs(lag) < 0.05
    shares = []
    for these, others in ((truth + lag, found), (found, truth + lag)):
        inside = these[(these > start) & (these < stop)]
        assert len(inside) > 10
        near = np.abs(inside[:, None] - others).min(axis=1) < 0.02
        shares.append(float(near.mean()))
    return shares
