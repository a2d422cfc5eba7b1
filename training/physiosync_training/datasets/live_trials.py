"""Trials through the live pipeline: what a stream would have shown, scaled by the rest before it.

The rest of a trial are all usable baseline seconds of the same person up to it: for DEAP the three
seconds before each of its trials so far, for a lab's recording the stretches its table calls
baseline. They are pooled as the live baseline is, by the median over seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import numpy as np

from physiosync_rt.datatypes import (
    GRID_SFREQ,
    Modality,
    Recording,
    SampleArray,
    Segment,
)
from physiosync_rt.errors import UserError
from physiosync_rt.pipeline.windower import to_model
from physiosync_rt.preprocess.baseline import ChannelBaseline, Statistics, median_second
from physiosync_rt.preprocess.config import LiveProfile, ModalityContract
from physiosync_rt.preprocess.stages import Scaling, make_scaling
from physiosync_training.datasets.index import N_TIMES
from physiosync_training.datasets.signals import Stretch, preprocess
from physiosync_training.datasets.trials import Label, Rest, Trial, TrialSegment

Scale = Callable[[SampleArray], SampleArray]
"""Scales signals of shape (n_channels, n_times) by a person's rest."""


def live_trials(
    recordings: Iterable[Recording],
    profile: LiveProfile,
    eeg: ModalityContract,
    pps: ModalityContract,
) -> Iterator[Trial | Rest]:
    """Yield the trials of one person's recordings, and the rests that hold a window or more.

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
    scalings = [make_scaling(each.modality, profile) for each in (eeg, pps)]
    for recording in recordings:
        signals = preprocess(recording, profile, eeg, pps)
        for segment in sorted(recording.segments, key=lambda s: s.start):
            if segment.kind == "baseline":
                for modality, pool in rest.items():
                    pool += _within(signals.statistics[modality], segment)
                if not all(rest.values()):
                    continue
            scales = [
                partial(_scaled, scaling, _pooled(rest[each.modality], segment))
                for scaling, each in zip(scalings, (eeg, pps), strict=True)
            ]
            parts = _trial_segments(signals.stretches, segment, *scales)
            if segment.kind == "baseline":
                for part in parts:
                    if part.eeg.shape[1] >= N_TIMES:
                        yield Rest(segment.subject, part.eeg, part.pps)
                continue
            label = Label(
                segment.subject, segment.trial, segment.stimulus, segment.valence, segment.arousal
            )
            yield Trial(label, tuple(parts))


def _scaled(scaling: Scaling, baseline: ChannelBaseline, x: SampleArray) -> SampleArray:
    """Scale signals of shape (n_channels, n_times) by a baseline."""
    return to_model(scaling(x.T.astype(np.float64), baseline))


def _within(seconds: dict[int, Statistics], segment: Segment) -> list[Statistics]:
    """Return the usable whole seconds of a segment."""
    first, stop = int(np.ceil(segment.start)), int(np.floor(segment.stop))
    return [seconds[s] for s in range(first, stop) if s in seconds]


def _pooled(pool: list[Statistics], segment: Segment) -> ChannelBaseline:
    if not pool:
        raise UserError(
            f"subject {segment.subject} has no usable second of baseline before trial "
            f"{segment.trial}; mark some rest before it, or leave the trial out"
        )
    return median_second(pool)


def _trial_segments(
    stretches: Iterable[Stretch], segment: Segment, eeg: Scale, pps: Scale
) -> list[TrialSegment]:
    """Cut the usable stretches of a segment, scaled."""
    start, stop = round(segment.start * GRID_SFREQ), round(segment.stop * GRID_SFREQ)
    found = []
    for stretch in stretches:
        first, last = max(start, stretch.start), min(stop, stretch.stop)
        if first >= last:
            continue
        part = slice(first - stretch.start, last - stretch.start)
        found.append(
            TrialSegment(first - start, eeg(stretch.eeg[:, part]), pps(stretch.pps[:, part]))
        )
    return found
