"""Simultaneous band-limited pulses in streams of different rates, and how far apart they end up."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from physiosync_rt.align.aligner import StreamAligner
from physiosync_rt.datatypes import (
    GRID_SFREQ,
    UNITS,
    Chunk,
    FloatArray,
    Modality,
    SampleArray,
    StreamSpec,
)

EVERY_S = 8.0
"""From one pulse to the next."""


@dataclass(frozen=True)
class Clock:
    """A device's own clock, and how LSL measures it against the listener's.

    Attributes
    ----------
    base : float
        What it shows when the listener's shows 0, in seconds.
    drift_ppm : float
        By how much it runs wrong.
    asked_every_s, noise_s : float
        From one clock correction to the next, and their standard deviation.
    """

    base: float = 0.0
    drift_ppm: float = 0.0
    asked_every_s: float = 2.0
    noise_s: float = 3e-4

    def shows(self, t: FloatArray | float) -> FloatArray:
        """Its time at times of the listener's clock."""
        return np.asarray(self.base + t * (1 + 1e-6 * self.drift_ppm))

    def chunks(
        self, name: str, x: SampleArray, stamps: FloatArray, true: FloatArray, seed: int
    ) -> list[Chunk]:
        """Samples taken at ``true``, cut where a new correction is known, each with the last."""
        rng = np.random.default_rng(seed)
        asked = (true // self.asked_every_s).astype(int)
        found = []
        for k in np.unique(asked):
            at, part = k * self.asked_every_s, asked == k
            offset = float(at - self.shows(at)) + rng.normal(0, self.noise_s)
            found.append(Chunk(name, x[part], stamps[part], offset))
        return found


def pulse_width(sfreq: float) -> float:
    """Standard deviation in seconds of a Gaussian that stays in a rate's pass-band."""
    return 0.05 if sfreq >= 100 else 3.2 / sfreq


def pulse_train(t: FloatArray, width: float) -> FloatArray:
    """Unit Gaussians every eight seconds, at 8 s, 16 s, ..."""
    nearest = np.maximum(np.round(t / EVERY_S), 1) * EVERY_S
    return np.exp(-0.5 * ((t - nearest) / width) ** 2)


def pulse_times(t: FloatArray, x: FloatArray, width: float, start: float) -> FloatArray:
    """Where the pulses of a grid signal lie by least squares, as errors from their true times.

    Parameters
    ----------
    t, x : array, shape (n_times,)
        Grid times in seconds and values.
    width : float
        Of the pulses, in seconds.
    start : float
        Pulses before this time are left out.
    """
    errors = []
    first = max(int(np.ceil(start / EVERY_S)), 1)
    for k in range(first, int(t[-1] // EVERY_S)):
        near = np.abs(t - k * EVERY_S) < min(6 * width, EVERY_S / 2)
        local, y = t[near] - k * EVERY_S, x[near]
        late = 0.0
        for _ in range(4):
            shape = np.exp(-0.5 * ((local - late) / width) ** 2)
            slope = shape * (local - late) / width**2
            late += float((y - shape) @ slope / (slope @ slope))
        errors.append(late)
    return np.array(errors)


def aligned(
    spec: StreamSpec, x: SampleArray, stamps: FloatArray, anchor: float
) -> tuple[FloatArray, FloatArray, StreamAligner]:
    """One stream through the aligner: grid times, first channel, and the aligner itself."""
    return aligned_chunks(spec, [Chunk(spec.name, x, stamps)], anchor)


def aligned_chunks(
    spec: StreamSpec, chunks: list[Chunk], anchor: float
) -> tuple[FloatArray, FloatArray, StreamAligner]:
    """`aligned` for a stream in chunks, each with the clock correction that was known."""
    aligner = StreamAligner(spec, anchor)
    grids = [grid for chunk in chunks for grid in aligner.push(chunk)]
    index = np.concatenate([np.arange(g.start, g.stop) for g in grids])
    return index / GRID_SFREQ, np.concatenate([g.samples[:, 0] for g in grids]), aligner


@cache
def _heard(
    modality: Modality,
    sfreq: float,
    clock: Clock,
    seed: int,
    jitter_s: float,
    duration_s: float,
    anchor: float | None,
    corrected: bool,
) -> tuple[float, FloatArray]:
    """Anchor of a stream and the errors of its pulses from 60 s on; remembered.

    The same EEG stands beside several GSR, and aligning it takes most of the time.

    Parameters
    ----------
    modality : Modality
    sfreq : float
    clock : Clock
        Stamps the samples, each with Gaussian jitter of its own.
    seed : int
    jitter_s, duration_s : float
    anchor : float or None
        Grid time 0; None: the first stamp is the anchor.
    corrected : bool
        Whether the listener knows the clock's corrections.
    """
    rng = np.random.default_rng([seed, modality is Modality.GSR])
    # Devices do not start at the same moment.
    true = rng.uniform(0, 1 / sfreq) + np.arange(int(duration_s * sfreq)) / sfreq
    x = pulse_train(true, pulse_width(sfreq))[:, None].astype(np.float32)
    spec = StreamSpec(modality, modality, ("ch",), sfreq, UNITS[modality])
    stamps = clock.shows(true) + rng.normal(0, jitter_s, len(true))
    chunks = [Chunk(spec.name, x, stamps)]
    if corrected:
        chunks = clock.chunks(spec.name, x, stamps, true, seed)
    if anchor is None:
        anchor = float(chunks[0].timestamps[0] + chunks[0].clock_offset)
    t, y, aligner = aligned_chunks(spec, chunks, anchor)
    true_t = t + anchor
    if corrected:
        assert (aligner.counters.gaps, aligner.counters.clock_resets) == (0, 0)
    else:
        # Back to the time of the pulses: the anchor is a stamp of the drifting clock.
        true_t = (true_t - clock.base) / (1 + 1e-6 * clock.drift_ppm)
    return anchor, pulse_times(true_t, y, pulse_width(sfreq), 60.0)


def misalignment(
    gsr_sfreq: float,
    seed: int,
    *,
    eeg_sfreq: float = 250.0,
    jitter_s: float = 0.010,
    drift_ppm: float = 0.0,
    duration_s: float = 300.0,
    base: float = 0.0,
) -> FloatArray:
    """GSR pulses against EEG pulses, in seconds, from 60 s on.

    Both streams are stamped by one clock that starts at ``base`` and runs wrong by ``drift_ppm``,
    each stamp with Gaussian jitter of its own.
    """
    common = (Clock(base, drift_ppm), seed, jitter_s, duration_s)
    anchor, eeg = _heard(Modality.EEG, eeg_sfreq, *common, None, False)
    _, gsr = _heard(Modality.GSR, gsr_sfreq, *common, anchor, False)
    return gsr - eeg


def misalignment_of_clocks(
    eeg: Clock,
    gsr: Clock,
    seed: int,
    *,
    gsr_sfreq: float = 32.0,
    jitter_s: float = 0.010,
    duration_s: float = 300.0,
) -> FloatArray:
    """GSR pulses against EEG pulses, in seconds, from 60 s on, each stamped by its own clock."""
    common = (seed, jitter_s, duration_s)
    anchor, first = _heard(Modality.EEG, 250.0, eeg, *common, None, True)
    _, second = _heard(Modality.GSR, gsr_sfreq, gsr, *common, anchor, True)
    n_pulses = min(len(first), len(second))
    return second[:n_pulses] - first[:n_pulses]
