"""Simultaneous band-limited pulses in streams of different rates, and how far apart they end up."""

from __future__ import annotations

import numpy as np

from physiosync_rt.align.stream import StreamAligner
from physiosync_rt.datatypes import (
    GRID_SFREQ,
    Chunk,
    FloatArray,
    Modality,
    SampleArray,
    StreamSpec,
)

EVERY_S = 8.0
"""From one pulse to the next."""


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
    aligner = StreamAligner(spec, anchor)
    grids = aligner.push(Chunk(spec.name, x, stamps))
    index = np.concatenate([np.arange(g.start, g.stop) for g in grids])
    return index / GRID_SFREQ, np.concatenate([g.samples[:, 0] for g in grids]), aligner


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
    rng = np.random.default_rng(seed)
    errors = []
    anchor = 0.0
    for modality, sfreq, unit in ((Modality.EEG, eeg_sfreq, "uV"), (Modality.GSR, gsr_sfreq, "uS")):
        # Devices do not start at the same moment.
        true = rng.uniform(0, 1 / sfreq) + np.arange(int(duration_s * sfreq)) / sfreq
        stamps = base + true * (1 + 1e-6 * drift_ppm) + rng.normal(0, jitter_s, len(true))
        if modality is Modality.EEG:
            anchor = float(stamps[0])
        width = pulse_width(sfreq)
        x = pulse_train(true, width)[:, None].astype(np.float32)
        spec = StreamSpec(modality, modality, ("ch",), sfreq, unit)
        t, y, _ = aligned(spec, x, stamps, anchor)
        # Back to the time of the pulses: the anchor is a stamp of the drifting clock.
        true_t = (t + anchor - base) / (1 + 1e-6 * drift_ppm)
        errors.append(pulse_times(true_t, y, width, 60.0))
    return errors[1] - errors[0]
