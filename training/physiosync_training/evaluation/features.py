"""Plain features of a window that baseline models learn from.

They see the windows that a network sees, of 5 s or the five seconds of each alone, and the rest
before them. Where a profile leaves its mark on them (a z-score across channels, a baseline), the
features have it too. One thing is not to be had from a second: a heart rate. The peripheral
features of a second of ECG are those of the 5 s that it lies in.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import signal

from physiosync_rt.datatypes import GRID_SFREQ, FloatArray, IntArray, Modality, SampleArray
from physiosync_rt.features.band_power import band_means
from physiosync_rt.features.skin_conductance import rise_heights, slope
from physiosync_training.datasets.dataset import Dataset
from physiosync_training.datasets.index import N_TIMES, WINDOW_S
from physiosync_training.datasets.loader import Seconds

N_HEART: Final = 3
"""Features of `heart`; the rate comes first."""

_FLOOR = 1e-12
_BATCH = 256

_R_BAND_HZ = (8.0, 20.0)
_REFRACTORY_S = 0.3
_QRS_S = 0.1
_BPM = (40.0, 200.0)

_RESPONSE_HZ = 1.0


def band_power(eeg: SampleArray) -> FloatArray:
    """Log power of every channel in the bands of `physiosync_rt.features.band_power.BANDS_HZ`.

    Parameters
    ----------
    eeg : array, shape (n, n_chans, n_times)

    Returns
    -------
    float64 array, shape (n, n_chans * 4)
    """
    return np.log(np.concatenate(list(band_means(eeg)), axis=1) + _FLOOR)


def r_peaks(ecg: FloatArray) -> IntArray:
    """Find R peaks, each from what came before it and its own height.

    Parameters
    ----------
    ecg : array, shape (n_times,)
        One lead at 128 Hz, of any scale and polarity.

    Returns
    -------
    int64 array
        Samples at which the rectified QRS complexes are highest.

    Notes
    -----
    After Pan and Tompkins 1985: band-pass, slope, energy over 0.1 s; a peak counts when it stands
    above a threshold that follows the level of past peaks and of the noise between them.

    Live there is another detector, `physiosync_rt.preprocess.heartbeat`, which needs 5 to 10 s
    before it says anything. A baseline model is given single windows of 5 s, out of order, so it
    cannot serve here; and the published baseline figures are made with this one.
    """
    sos = signal.butter(2, _R_BAND_HZ, "bandpass", fs=GRID_SFREQ, output="sos")
    narrow = signal.sosfilt(sos, ecg - ecg[0])
    n = round(_QRS_S * GRID_SFREQ)
    energy = np.convolve(np.gradient(narrow) ** 2, np.ones(n) / n)[: len(ecg)]
    candidates, _ = signal.find_peaks(energy, distance=round(_REFRACTORY_S * GRID_SFREQ))
    if not len(candidates):
        return np.empty(0, dtype=np.int64)
    # The first second of a window has no past; its own median peak stands in for it.
    peak = float(np.percentile(energy[candidates], 75))
    noise = float(np.median(energy))
    found = []
    for at in candidates.tolist():
        if energy[at] > noise + 0.3 * (peak - noise):
            found.append(at)
            peak += 0.2 * (energy[at] - peak)
        else:
            noise += 0.2 * (energy[at] - noise)
    return np.array(found, dtype=np.int64)


def heart(ecg: SampleArray) -> FloatArray:
    """Heart rate and its variability in a window, from the lead on which it is clearest.

    Parameters
    ----------
    ecg : array, shape (n, n_leads, n_times)

    Returns
    -------
    float64 array, shape (n, 3)
        Rate in beats a minute, standard deviation of the intervals and root mean square of their
        successive differences in ms; NaN where there are too few beats.
    """
    return np.array([_beats(window) for window in ecg.astype(np.float64)]).reshape(
        len(ecg), N_HEART
    )


def _beats(leads: FloatArray) -> tuple[float, float, float]:
    best = (np.nan, np.nan, np.nan)
    steadiest = np.inf
    for lead in leads:
        intervals = np.diff(r_peaks(lead)) / GRID_SFREQ
        intervals = intervals[(intervals >= 60 / _BPM[1]) & (intervals <= 60 / _BPM[0])]
        if len(intervals) < 2:
            continue
        middle = float(np.median(intervals))
        spread = float(intervals.std())
        if spread / middle < steadiest:
            steadiest = spread / middle
            steps = float(np.sqrt(np.mean(np.diff(intervals) ** 2)))
            best = (60 / middle, 1e3 * spread, 1e3 * steps)
    return best


def skin(gsr: SampleArray) -> FloatArray:
    """Level, slope and responses of skin conductance in a window.

    Parameters
    ----------
    gsr : array, shape (n, n_chans, n_times)

    Returns
    -------
    float64 array, shape (n, n_chans * 4)
        Mean, slope per second, number of rises (higher than a second of the window's usual
        movement), and the height of the highest.
    """
    x = gsr.astype(np.float64)
    level = x.mean(axis=2)
    trend = slope(x, GRID_SFREQ)
    sos = signal.butter(2, _RESPONSE_HZ, "lowpass", fs=GRID_SFREQ, output="sos")
    smooth = signal.sosfilt(sos, x - x[:, :, :1], axis=2)
    responses = np.array([[_rises(channel) for channel in window] for window in smooth])
    return np.concatenate([level, trend, responses.reshape(len(x), -1)], axis=1)


def _rises(x: FloatArray) -> tuple[float, float]:
    """Number and largest height of rises between a trough and the peak after it."""
    heights = rise_heights(x)
    if not len(heights):
        return 0.0, 0.0
    second_of_movement = float(np.median(np.abs(np.diff(x)))) * GRID_SFREQ
    return float((heights > second_of_movement).sum()), float(heights.max())


def peripheral(pps: SampleArray, modality: Modality) -> FloatArray:
    """Describe a window of ECG by `heart` or of GSR by `skin`."""
    return heart(pps) if modality is Modality.ECG else skin(pps)


def describe(
    dataset: Dataset, rows: IntArray, seconds: Seconds = WINDOW_S
) -> tuple[FloatArray, FloatArray]:
    """Features of windows.

    Parameters
    ----------
    dataset : Dataset
    rows : int array, shape (n,)
    seconds : {1, 5}
        Of windows, or of the slices that they consist of, row by row.

    Returns
    -------
    eeg : float64 array, shape (n * 5 / seconds, n_eeg_features)
    pps : float64 array, shape (n * 5 / seconds, n_pps_features)
        Where there is rest of 5 s or more, the change from it comes beside each feature: a heart
        rate says little of a person whose rate at rest is not known.
    """
    modality, per_row = dataset.info.pps.modality, WINDOW_S // seconds
    by_window = modality is Modality.ECG
    parts = []
    for at in range(0, len(rows), _BATCH):
        eeg, pps = dataset.fetch(rows[at : at + _BATCH])
        skin_or_heart = peripheral(pps if by_window else _slices(pps, per_row), modality)
        if by_window:
            skin_or_heart = np.repeat(skin_or_heart, per_row, axis=0)
        parts.append((band_power(_slices(eeg, per_row)), skin_or_heart))
    first, second = zip(*parts, strict=True)
    eeg_features, pps_features = np.concatenate(first), np.concatenate(second)
    rest = at_rest(dataset, rows)
    if rest is not None:
        change = pps_features - np.repeat(rest, per_row, axis=0)
        pps_features = np.concatenate([pps_features, change], axis=1)
    return eeg_features, pps_features


def _slices(x: SampleArray, per_row: int) -> SampleArray:
    """Cut windows into equal parts, shape (n, n_chans, n_times) to (n * per_row, n_chans, ...)."""
    parts = x.reshape(*x.shape[:2], per_row, -1)
    return parts.swapaxes(1, 2).reshape(len(x) * per_row, x.shape[1], -1)


def at_rest(dataset: Dataset, rows: IntArray) -> FloatArray | None:
    """Median peripheral features of the rest that a person had before each window.

    Returns
    -------
    float64 array, shape (n, n_pps_features), or None
        NaN for windows without such a rest; None where no person had any.
    """
    found: list[FloatArray] = []
    places: list[IntArray] = []
    for stretch, subject in dataset.rest:
        n = int(dataset.pps.lengths[stretch]) // N_TIMES
        if n:
            offsets = np.arange(n) * N_TIMES
            windows = dataset.pps.cut(np.full(n, stretch), offsets, N_TIMES)
            found.append(peripheral(windows, dataset.info.pps.modality))
            places += [np.array([stretch, subject])] * n
    if not found:
        return None
    features, where = np.concatenate(found), np.stack(places)
    stretch, subject = dataset.table.stretch[rows], dataset.table.subject[rows]
    out = np.full((len(rows), features.shape[1]), np.nan)
    for each in np.unique(stretch):
        here = stretch == each
        before = (where[:, 0] < each) & (where[:, 1] == subject[here][0])
        known = features[before]
        if len(known):
            # A feature may be unknown in some windows, or in all of them.
            there = np.isfinite(known).any(axis=0)
            out[np.ix_(here, there)] = np.nanmedian(known[:, there], axis=0)
    return out
