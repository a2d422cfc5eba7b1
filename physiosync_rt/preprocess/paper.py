"""Profile ``paper``: the released preprocessing of DEAP and DREAMER, for reproduction.

DEAP is done exactly as released. DREAMER is done twice: `dreamer_released` with all the faults of
the released code, to compare with its numbers, and `dreamer_mended` as it was meant.
Source: preprocessing of PhysioSync's release (arXiv 2504.17163), in closed form.

Windows are ``(n_windows, n_channels, n_times)``, clip after clip, at 128 Hz, float64.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Literal

import numpy as np
from scipy import signal

from physiosync_rt.datatypes import GRID_SFREQ, FloatArray

DEAP_N_EEG: Final = 32
DEAP_GSR_CHANNEL: Final = 36
DEAP_BASELINE_S: Final = 3
TRIAL_S: Final = 60
"""Seconds of a trial that are used: all of DEAP's, and 60 of each of DREAMER's clips."""

DREAMER_BASELINE_S: Final = 61
_N_TRIAL: Final = TRIAL_S * GRID_SFREQ

WindowLength = Literal[1, 5]
"""Seconds; windows do not overlap, and a 5 s window is five 1 s windows in a row."""


def deap_eeg(data: FloatArray, window_s: WindowLength) -> FloatArray:
    """Preprocess one DEAP subject's EEG.

    The three seconds before a trial are averaged into one second, sample by sample, and that
    template is taken from every second of the trial; then every time sample is z-scored across
    the 32 channels.

    Parameters
    ----------
    data : array, shape (n_trials, 32 or more, 8064)
        As in ``sXX.dat``.
    window_s : {1, 5}

    Returns
    -------
    float64 array, shape (n_trials * 60 / window_s, 32, 128 * window_s)
        NaN where a time sample has one channel, or equal channels, that are not 0, as released.

    Raises
    ------
    ValueError
        Data of another shape.
    """
    return _deap(data, slice(0, DEAP_N_EEG), window_s, zscore=True)


def deap_gsr(data: FloatArray, window_s: WindowLength) -> FloatArray:
    """Preprocess one DEAP subject's skin resistance: the template as in `deap_eeg`, no z-score.

    Returns
    -------
    float64 array, shape (n_trials * 60 / window_s, 1, 128 * window_s)
        In Ω above the template.

    Raises
    ------
    ValueError
        Data of another shape.
    """
    channel = slice(DEAP_GSR_CHANNEL, DEAP_GSR_CHANNEL + 1)
    return _deap(data, channel, window_s, zscore=False)


class SubjectStack:
    """The windows of all subjects in the layout of the released arrays, filled one by one.

    Parameters
    ----------
    n_subjects : int
    """

    def __init__(self, n_subjects: int) -> None:
        self._n_subjects = n_subjects
        self._n_seen = 0
        self._out: FloatArray | None = None

    def add(self, windows: FloatArray) -> None:
        """Take the next subject's windows, shape (n_windows, n_channels, n_times).

        Raises
        ------
        ValueError
            More subjects than announced, or windows of another shape than the first one's.
        """
        if self._out is None:
            self._out = np.empty((len(windows), self._n_subjects, 1, *windows.shape[1:]))
        expected = (len(self._out), *self._out.shape[3:])
        if self._n_seen == self._n_subjects or windows.shape != expected:
            raise ValueError(
                f"subject {self._n_seen + 1} with windows {windows.shape} does not fit into "
                f"{self._out.shape}"
            )
        self._out[:, self._n_seen, 0] = windows
        self._n_seen += 1

    def array(self) -> FloatArray:
        """All subjects, float64, shape (n_windows, n_subjects, 1, n_channels, n_times).

        Raises
        ------
        ValueError
            Fewer subjects than announced.
        """
        if self._out is None or self._n_seen != self._n_subjects:
            raise ValueError(f"{self._n_seen} subjects where {self._n_subjects} were announced")
        return self._out


def stack_subjects(windows: Iterable[FloatArray], n_subjects: int) -> FloatArray:
    """Stack windows that come subject by subject; errors as in `SubjectStack`."""
    stack = SubjectStack(n_subjects)
    for subject in windows:
        stack.add(subject)
    return stack.array()


def dreamer_released(
    eeg_baseline: Sequence[FloatArray],
    eeg_stimuli: Sequence[FloatArray],
    ecg_baseline: Sequence[FloatArray],
) -> tuple[FloatArray, FloatArray]:
    """Preprocess one DREAMER subject with all the faults of the released code.

    The first second of every stretch comes twice and its last is lost; the baseline of clip k
    mixes every k-th second of all clips up to it; and what is called ECG is the difference of two
    EEG channels and an ECG baseline, which the z-score across two channels turns into its sign.
    The ECG of the clips never enters, so it is not asked for.

    Parameters
    ----------
    eeg_baseline, eeg_stimuli : sequence of array, each (n_times, 14)
        One per clip, 128 Hz, 61 s of baseline and at least 60 s of clip.
    ecg_baseline : sequence of array, each (n_times, 2)
        One per clip, at the file's own 256 Hz.

    Returns
    -------
    eeg : float64 array, shape (n_clips * 60, 14, 128)
    ecg : float64 array, shape (n_clips * 60, 2, 128)
        1 and -1 throughout.

    Raises
    ------
    ValueError
        Stretches that are too short.
    """
    n_clips = len(eeg_stimuli)
    eeg_templates = _released_templates(eeg_baseline)
    ecg_templates = _released_templates(ecg_baseline)
    eeg = np.empty((n_clips * TRIAL_S, eeg_stimuli[0].shape[1], GRID_SFREQ))
    ecg = np.empty((n_clips * TRIAL_S, 2, GRID_SFREQ))
    order = [0, *range(TRIAL_S - 1)]
    for k in range(n_clips):
        seconds = _seconds(_used(eeg_stimuli[k], k, "first")) - eeg_templates[k]
        sham = seconds[:, :, :2] - ecg_templates[k]
        rows = slice(k * TRIAL_S, (k + 1) * TRIAL_S)
        for out, signals in ((eeg, seconds), (ecg, sham)):
            channels_first = signals.transpose(2, 0, 1).copy()
            zscore_across_channels(channels_first)
            out[rows] = channels_first.transpose(1, 0, 2)[order]
    return eeg, ecg


def dreamer_mended(
    eeg_baseline: Sequence[FloatArray],
    eeg_stimuli: Sequence[FloatArray],
    ecg_baseline: Sequence[FloatArray],
    ecg_stimuli: Sequence[FloatArray],
    window_s: WindowLength,
    *,
    part: Literal["first", "last"] = "first",
) -> tuple[FloatArray, FloatArray]:
    """Preprocess one DREAMER subject as it was meant.

    Every clip has the mean second of its own baseline taken from it. EEG is z-scored across
    channels at each time sample; the ECG is the recorded one, brought from 256 to 128 Hz, and
    z-scored along the clip's 60 s, channel by channel.

    Parameters
    ----------
    eeg_baseline, eeg_stimuli : sequence of array, each (n_times, 14)
        One per clip, 128 Hz, at least 60 s of clip.
    ecg_baseline, ecg_stimuli : sequence of array, each (n_times, 2)
        One per clip, 256 Hz.
    window_s : {1, 5}
    part : {"first", "last"}
        Which 60 s of a clip are used; released is the first.

    Returns
    -------
    eeg : float64 array, shape (n_clips * 60 / window_s, 14, 128 * window_s)
    ecg : float64 array, shape (n_clips * 60 / window_s, 2, 128 * window_s)
        A channel that does not move is 0.

    Raises
    ------
    ValueError
        Stretches that are too short.
    """
    n_windows = _n_windows(window_s)
    n_clips, n_times = len(eeg_stimuli), window_s * GRID_SFREQ
    eeg = np.empty((n_clips * n_windows, eeg_stimuli[0].shape[1], n_times))
    ecg = np.empty((n_clips * n_windows, ecg_stimuli[0].shape[1], n_times))
    for k in range(n_clips):
        rows = slice(k * n_windows, (k + 1) * n_windows)
        brain = _without_template(eeg_baseline[k], eeg_stimuli[k], k, part)
        zscore_across_channels(brain)
        eeg[rows] = _cut(brain, window_s)
        rest, clip = (
            signal.resample_poly(x, 1, 2, axis=0, padtype="line")
            for x in (ecg_baseline[k], ecg_stimuli[k])
        )
        heart = _without_template(rest, clip, k, part)
        heart -= heart.mean(axis=1, keepdims=True)
        spread = heart.std(axis=1, keepdims=True)
        np.divide(heart, spread, out=heart, where=spread > 0)
        ecg[rows] = _cut(heart, window_s)
    return eeg, ecg


def zscore_across_channels(x: FloatArray) -> None:
    """Z-score every time sample across channels, in place, as released for EEG.

    Parameters
    ----------
    x : float64 array, shape (n_channels, ...)
        Exact zeros neither count nor change. One value, or equal values, beside them become NaN.
    """
    counts = x != 0
    with np.errstate(invalid="ignore", divide="ignore"):
        if counts.all():
            x -= x.mean(axis=0)
            x /= np.sqrt(np.mean(x * x, axis=0))
            return
        n = counts.sum(axis=0)
        np.subtract(x, x.sum(axis=0) / n, out=x, where=counts)
        np.divide(x, np.sqrt((x * x).sum(axis=0) / n), out=x, where=counts)


def _deap(data: FloatArray, channels: slice, window_s: WindowLength, *, zscore: bool) -> FloatArray:
    n_windows = _n_windows(window_s)
    n_baseline = DEAP_BASELINE_S * GRID_SFREQ
    if data.ndim != 3 or data.shape[1] < channels.stop or data.shape[2] != n_baseline + _N_TRIAL:
        raise ValueError(
            f"DEAP data of shape {data.shape}; (trials, {channels.stop} or more channels, "
            f"{n_baseline + _N_TRIAL}) is expected"
        )
    n_chans = channels.stop - channels.start
    out = np.empty((len(data) * n_windows, n_chans, window_s * GRID_SFREQ))
    for k, trial in enumerate(data[:, channels]):
        rest = trial[:, :n_baseline].reshape(n_chans, DEAP_BASELINE_S, GRID_SFREQ)
        seconds = trial[:, n_baseline:].reshape(n_chans, TRIAL_S, GRID_SFREQ)
        clean = seconds - rest.mean(axis=1)[:, None]
        if zscore:
            zscore_across_channels(clean)
        out[k * n_windows : (k + 1) * n_windows] = _cut(clean.reshape(n_chans, -1), window_s)
    return out


def _n_windows(window_s: int) -> int:
    """Windows in a trial."""
    if window_s not in (1, 5):
        raise ValueError(f"windows of {window_s} s; profile 'paper' has 1 s and 5 s")
    return TRIAL_S // window_s


def _cut(trial: FloatArray, window_s: int) -> FloatArray:
    """Cut (n_channels, 7680) into windows (n_windows, n_channels, n_times)."""
    return trial.reshape(len(trial), -1, window_s * GRID_SFREQ).transpose(1, 0, 2)


def _seconds(x: FloatArray) -> FloatArray:
    """Cut (n_times, n_channels) into whole seconds (n_seconds, 128, n_channels)."""
    n_seconds = len(x) // GRID_SFREQ
    return x[: n_seconds * GRID_SFREQ].reshape(n_seconds, GRID_SFREQ, -1)


def _used(clip: FloatArray, k: int, part: Literal["first", "last"]) -> FloatArray:
    """Return the 60 s of clip ``k`` that are used, shape (7680, n_channels)."""
    if len(clip) < _N_TRIAL:
        raise ValueError(
            f"clip {k + 1} has {len(clip) / GRID_SFREQ:.1f} s where {TRIAL_S} s are used"
        )
    return clip[:_N_TRIAL] if part == "first" else clip[-_N_TRIAL:]


def _without_template(
    baseline: FloatArray, clip: FloatArray, k: int, part: Literal["first", "last"]
) -> FloatArray:
    """Take the mean second of a clip's baseline from it, shape (n_channels, 7680)."""
    if len(baseline) < GRID_SFREQ:
        raise ValueError(f"the baseline of clip {k + 1} is shorter than one second")
    clean = _seconds(_used(clip, k, part)) - _seconds(baseline).mean(axis=0)
    return np.array(clean.reshape(_N_TRIAL, -1).T)


def _released_templates(baselines: Sequence[FloatArray]) -> list[FloatArray]:
    """Templates of all clips as released: strided, never reset, first seconds doubled."""
    pieces = []
    for baseline in baselines:
        # "start + 128 < length" drops a last second that fits exactly.
        whole = _seconds(baseline[: (len(baseline) - 1) // GRID_SFREQ * GRID_SFREQ])
        pieces += [whole[:1], whole]
    seconds = np.concatenate(pieces)
    if len(seconds) < len(baselines) * DREAMER_BASELINE_S:
        raise ValueError(
            f"{len(seconds)} seconds of baseline; {DREAMER_BASELINE_S} s for each of "
            f"{len(baselines)} clips are expected"
        )
    templates = []
    template = np.zeros_like(seconds[0])
    for k in range(1, len(baselines) + 1):
        strided = seconds[k - 1 : k * DREAMER_BASELINE_S : k]
        template = (template + strided.sum(axis=0)) / DREAMER_BASELINE_S
        templates.append(template)
    return templates
