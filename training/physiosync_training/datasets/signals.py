"""Continuous preprocessed signals of a recording, from which windows are cut at any offset.

They come out of the live pipeline's own preprocessor, and the live pipeline's own check of windows
tells which of them can be used, so nothing here can differ from what the model will see live.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from physiosync_rt.datatypes import (
    GRID_SFREQ,
    BoolArray,
    FloatArray,
    Modality,
    Reason,
    Recording,
    SampleArray,
    StreamSpec,
)
from physiosync_rt.errors import UserError
from physiosync_rt.pipeline.chunking import OFFLINE_S, in_time_order
from physiosync_rt.pipeline.pipeline import Pipeline
from physiosync_rt.pipeline.preprocessed import Hop, Preprocessed
from physiosync_rt.pipeline.window_check import WindowCheck, to_model
from physiosync_rt.preprocess.baseline import Statistics
from physiosync_rt.preprocess.config import LiveProfile, ModalityContract
from physiosync_rt.preprocess.montage import Montage
from physiosync_rt.preprocess.stages import make_scaling


@dataclass(frozen=True, slots=True)
class Stretch:
    """A gap-free stretch in which every window is valid in both modalities.

    Attributes
    ----------
    start : int
        Grid index of the first sample, from the first EEG sample of the recording.
    eeg, pps : float32 arrays, shape (n_channels, n_times)
        Not yet scaled by a baseline, and not clipped.
    eeg_without : tuple of float32 arrays, shape (n_channels, n_times)
        The EEG with each electrode of the contract left out, where that was asked for.
    """

    start: int
    eeg: SampleArray
    pps: SampleArray
    eeg_without: tuple[SampleArray, ...] = ()

    @property
    def stop(self) -> int:
        """Grid index after the last sample."""
        return self.start + int(self.eeg.shape[1])


@dataclass(frozen=True, slots=True)
class PreprocessedRecording:
    """What can be used of a recording, up to the last step of preprocessing: the scale of rest.

    Which seconds are rest may depend on the trial that is looked at, and scaling comes last
    (see `physiosync_rt.preprocess.normalize`), so one pass serves all trials.

    Attributes
    ----------
    stretches : tuple of Stretch
    statistics : dict of Modality to dict of int to Statistics
        What every usable second would contribute to a baseline, by its number from the first EEG
        sample.
    without : tuple of dict of int to Statistics
        The same of EEG with each electrode of the contract left out, where that was asked for.
    """

    stretches: tuple[Stretch, ...]
    statistics: dict[Modality, dict[int, Statistics]]
    without: tuple[dict[int, Statistics], ...] = ()


def preprocess(
    recording: Recording,
    profile: LiveProfile,
    eeg: ModalityContract,
    pps: ModalityContract,
    *,
    leave_out: bool = False,
) -> PreprocessedRecording:
    """Run a recording through the live preprocessing and keep what is usable.

    Parameters
    ----------
    recording : Recording
    profile, eeg, pps
        What the bundle will carry.
    leave_out : bool
        Also make the EEG with each of its electrodes left out, one at a time, as the live
        pipeline makes it without a bad electrode. What cannot do without any of them is not
        usable then.

    Raises
    ------
    UserError
        A stream is missing or cannot serve the contract.
    """
    pipeline = Pipeline(
        profile, (pick_stream(recording, eeg), eeg), (pick_stream(recording, pps), pps)
    )
    eeg_rows: list[Preprocessed] = []
    pps_rows: list[Preprocessed] = []
    for hop in _hops(recording, pipeline):
        eeg_rows += hop.eeg
        pps_rows += hop.pps
    electrodes = eeg.ch_names if leave_out else ()
    if not eeg_rows:
        nothing: dict[Modality, dict[int, Statistics]] = {eeg.modality: {}, pps.modality: {}}
        return PreprocessedRecording((), nothing, ({},) * len(electrodes))
    eeg_signal = Continuous(eeg_rows, eeg, profile)
    without = [
        Continuous(_leave_out(eeg_rows, pipeline.montage, electrode), eeg, profile)
        for electrode in electrodes
    ]
    pps_signal = Continuous(pps_rows, pps, profile)
    stretches = tuple(
        Stretch(
            eeg_signal.window_start(first),
            eeg_signal.cut(first, last),
            pps_signal.cut(first, last),
            tuple(each.cut(first, last) for each in without),
        )
        for first, last in _consecutive(
            np.logical_and.reduce([each.valid for each in (eeg_signal, pps_signal, *without)])
        )
    )
    return PreprocessedRecording(
        stretches,
        {
            eeg.modality: dict(eeg_signal.statistics()),
            pps.modality: dict(pps_signal.statistics()),
        },
        tuple(dict(each.statistics()) for each in without),
    )


def check_streams(
    recording: Recording, profile: LiveProfile, eeg: ModalityContract, pps: ModalityContract
) -> None:
    """Refuse a recording whose streams cannot serve, before its signals are looked at.

    Raises
    ------
    UserError
        A stream is missing or cannot serve the contract; the recording is named.
    """
    sides = [(pick_stream(recording, side), side) for side in (eeg, pps)]
    try:
        Pipeline(profile, *sides)
    except UserError as error:
        name = recording.path.name if recording.path else recording.subject
        raise UserError(f"{name}: {error}") from error


class Continuous:
    """The preprocessed grid of one stream, from the first EEG sample on.

    Parameters
    ----------
    rows : list of Preprocessed
        All that the preprocessor put out, at least one and up to a whole second.
    contract : ModalityContract
    profile : LiveProfile

    Attributes
    ----------
    valid : bool array, shape (n_seconds,)
        Whether a full window that ends with this second is valid.
    """

    def __init__(
        self, rows: list[Preprocessed], contract: ModalityContract, profile: LiveProfile
    ) -> None:
        self._check = WindowCheck.of(contract, profile)
        self._scaling = make_scaling(contract.modality, profile)
        self._seconds = [each.second for each in rows if each.second is not None]
        self._samples = np.concatenate([each.samples for each in rows])
        self.valid = self._validity(np.concatenate([each.mask for each in rows]))

    def window_start(self, second: int) -> int:
        """Grid index of the first row of the window that ends with a second."""
        return (second + 1) * GRID_SFREQ - self._check.n_times

    def cut(self, first: int, last: int) -> SampleArray:
        """Signals of consecutive valid windows, the first one whole.

        A window is made with the montage that holds at its end: so are the rows of the first one,
        and after it every second is made with its own.

        Parameters
        ----------
        first, last : int
            Seconds with which the first and the last window end.

        Returns
        -------
        float32 array, shape (n_channels, n_times)
        """
        parts = [self._mapped(self.window_start(first), first)]
        parts += [self._mapped(s * GRID_SFREQ, s) for s in range(first + 1, last + 1)]
        return to_model(np.concatenate(parts))

    def statistics(self) -> Iterator[tuple[int, Statistics]]:
        """What each usable second would contribute to a baseline."""
        for second in self._seconds:
            if second.usable:
                rows = self._mapped(second.index * GRID_SFREQ, second.index)
                yield second.index, self._scaling.statistics(rows)

    def _mapped(self, start: int, second: int) -> FloatArray:
        """Rows from ``start`` to the end of a second on the bundle's channels."""
        stop = (second + 1) * GRID_SFREQ
        return self._seconds[second].spatial(self._samples[start:stop])

    def _validity(self, mask: BoolArray) -> BoolArray:
        valid = np.zeros(len(self._seconds), dtype=np.bool_)
        # Before a whole window is there, none can be valid.
        first = -(-self._check.n_times // GRID_SFREQ) - 1
        for last in range(first, len(valid)):
            start = self.window_start(last)
            seconds = self._seconds[max(last + 1 - self._check.n_seconds, 0) : last + 1]
            verdict = self._check(mask[start : start + self._check.n_times], start, seconds, None)
            valid[last] = verdict.reason is Reason.NONE
        return valid


def _leave_out(
    rows: Iterable[Preprocessed], montage: Montage, electrode: str
) -> list[Preprocessed]:
    """Return rows as they are while one electrode more is bad.

    Seconds in which too few electrodes would be left are not usable.
    """
    out = montage.channel_of(electrode)
    found = []
    for each in rows:
        second = each.second
        if second is not None:
            matrix = montage.without(second.bad | out)
            if matrix is None:
                second = replace(second, usable=False, too_few=True)
            else:
                spatial = replace(second.spatial, matrix=matrix)
                second = replace(second, spatial=spatial)
        found.append(replace(each, second=second))
    return found


def pick_stream(recording: Recording, contract: ModalityContract) -> StreamSpec:
    """Return the stream of a modality; UserError where there is none."""
    streams = recording.of(contract.modality)
    if not streams:
        raise UserError(
            f"{recording.path or recording.subject} has no {contract.modality} stream, "
            "the configuration asks for one"
        )
    return streams[0].spec


def _hops(recording: Recording, pipeline: Pipeline) -> Iterator[Hop]:
    for chunk in in_time_order(recording, OFFLINE_S):
        yield from pipeline.preprocess(chunk)
    yield from pipeline.finish()


def _consecutive(valid: BoolArray) -> Iterator[tuple[int, int]]:
    """First and last index of consecutive true values."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], valid, [False])).astype(np.int8)))
    for first, stop in edges.reshape(-1, 2).tolist():
        yield first, stop - 1
