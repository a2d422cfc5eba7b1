"""Trials through the live pipeline: what a stream would have shown, scaled by the rest before it.

The rest of a trial are all usable baseline seconds of the same person up to it: for DEAP the three
seconds before each of its trials so far, for a lab's recording the stretches its table calls
baseline. They are pooled as the live baseline is, by the median over seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from physiosync_rt.datatypes import (
    GRID_SFREQ,
    FloatArray,
    Modality,
    Recording,
    SampleArray,
    Segment,
)
from physiosync_rt.errors import UserError
from physiosync_rt.pipeline.windower import to_model
from physiosync_rt.preprocess.baseline import ChannelBaseline
from physiosync_rt.preprocess.config import LiveProfile, ModalityContract
from physiosync_rt.preprocess.normalize import normalize
from physiosync_training.datasets.index import N_TIMES
from physiosync_training.datasets.signals import RestSeconds, Run, unscaled
from physiosync_training.datasets.trials import Label, Rest, Trial, TrialSegment

Statistics = tuple[FloatArray, FloatArray]


def live_trials(
    recordings: Iterable[Recording],
    profile: LiveProfile,
    eeg: ModalityContract,
    pps: ModalityContract,
) -> Iterator[Trial | Rest]:
    """Trials of one person's recordings, and the rests that hold a window or more.

    Parameters
    ----------
    recordings : iterable of Recording
        Of one person, in the order in which they were made; baseline and trials as segments.
    profile, eeg, pps
        What a bundle trained on them will carry.

    Raises
    ------
    UserError
        A stream is missing or cannot serve the contract, or there is no usable rest before a
        trial.
    """
    rest: dict[Modality, list[Statistics]] = {eeg.modality: [], pps.modality: []}
    for recording in recordings:
        runs, seconds = unscaled(recording, profile, eeg, pps)
        for segment in sorted(recording.segments, key=lambda s: s.start):
            if segment.kind == "baseline":
                for modality, pool in rest.items():
                    pool += _within(seconds[modality], segment)
                if not all(rest.values()):
                    continue
            scales = [_pooled(rest[each.modality], segment) for each in (eeg, pps)]
            pieces = _pieces(runs, segment, profile, scales[0], scales[1], pps)
            if segment.kind == "baseline":
                for piece in pieces:
                    if piece.eeg.shape[1] >= N_TIMES:
                        yield Rest(segment.subject, piece.eeg, piece.pps)
                continue
            label = Label(
                segment.subject, segment.trial, segment.stimulus, segment.valence, segment.arousal
            )
            yield Trial(label, tuple(pieces))


def _within(rest: RestSeconds, segment: Segment) -> list[Statistics]:
    """Usable whole seconds of a stretch."""
    first, stop = int(np.ceil(segment.start)), int(np.floor(segment.stop))
    return [rest.seconds[s] for s in range(first, stop) if s in rest.seconds]


def _pooled(pool: list[Statistics], segment: Segment) -> ChannelBaseline:
    if not pool:
        raise UserError(
            f"subject {segment.subject} has no usable second of baseline before trial "
            f"{segment.trial}; mark some rest before it, or leave the trial out"
        )
    location, scale = (np.median(part, axis=0) for part in zip(*pool, strict=True))
    return ChannelBaseline(tuple(location.tolist()), tuple(scale.tolist()))


def _pieces(
    runs: list[Run],
    segment: Segment,
    profile: LiveProfile,
    eeg_rest: ChannelBaseline,
    pps_rest: ChannelBaseline,
    pps: ModalityContract,
) -> list[TrialSegment]:
    """Usable stretches of a segment, scaled."""
    start, stop = round(segment.start * GRID_SFREQ), round(segment.stop * GRID_SFREQ)
    clip = profile.gsr.clip if pps.modality is Modality.GSR else profile.ecg.clip
    pieces = []
    for run in runs:
        first, last = max(start, run.start), min(stop, run.start + run.n_times)
        if first >= last or run.pps is None:
            continue
        part = slice(first - run.start, last - run.start)
        pieces.append(
            TrialSegment(
                first - start,
                _scaled(run.eeg[:, part], eeg_rest, profile.eeg.clip),
                _scaled(run.pps[:, part], pps_rest, clip),
            )
        )
    return pieces


def _scaled(x: SampleArray, rest: ChannelBaseline, clip: float) -> SampleArray:
    return to_model(normalize(x.T.astype(np.float64), rest, clip))
