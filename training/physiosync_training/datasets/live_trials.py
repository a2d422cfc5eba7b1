"""Trials through the live pipeline: what a stream would have shown, scaled by the rest before it.

The rest of a trial are all usable baseline seconds of the same person up to it: for DEAP the three
seconds before each of its trials so far, for a lab's recording the stretches its table calls
baseline. They are pooled as the live baseline is, by the median over seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Final

import numpy as np

from physiosync_rt.datatypes import (
    GRID_SFREQ,
    Modality,
    Recording,
    SampleArray,
    Segment,
)
from physiosync_rt.errors import UserError
from physiosync_rt.pipeline.window_check import to_model
from physiosync_rt.preprocess.baseline import ChannelBaseline, Statistics, median_second
from physiosync_rt.preprocess.config import LiveProfile, ModalityContract
from physiosync_rt.preprocess.stages import Scaling, make_scaling
from physiosync_training.datasets.index import N_TIMES
from physiosync_training.datasets.signals import Stretch, preprocess
from physiosync_training.datasets.trials import Label, Rest, Trial, TrialSegment

AFTER_THE_REST: Final = " after the rest"
"""Follows the name of an electrode that was still there during the rest."""

Scale = Callable[[SampleArray], SampleArray]
"""Scales signals of shape (n_channels, n_times) by a person's rest."""


def live_trials(
    recordings: Iterable[Recording],
    profile: LiveProfile,
    eeg: ModalityContract,
    pps: ModalityContract,
    *,
    leave_out: bool = False,
) -> Iterator[Trial | Rest]:
    """Yield the trials of one person's recordings, and the rests that hold a window or more.

    Parameters
    ----------
    recordings : iterable of Recording
        Of one person, in the order in which they were made; baseline and trials as segments.
    profile, eeg, pps
        What a bundle trained on them will carry.
    leave_out : bool
        Also give the EEG as `left_out` names it: with each electrode left out.

    Raises
    ------
    UserError
        A stream is missing or cannot serve the contract, or there is no usable rest before a
        trial.
    """
    rest: dict[Modality, list[Statistics]] = {eeg.modality: [], pps.modality: []}
    rest_without: list[list[Statistics]] = [[] for _ in eeg.ch_names if leave_out]
    scalings = [make_scaling(each.modality, profile) for each in (eeg, pps)]
    for recording in recordings:
        signals = preprocess(recording, profile, eeg, pps, leave_out=leave_out)
        for segment in sorted(recording.segments, key=lambda s: s.start):
            if segment.kind == "baseline":
                for modality, pool in rest.items():
                    pool += _within(signals.statistics[modality], segment)
                for pool, seconds in zip(rest_without, signals.without, strict=True):
                    pool += _within(seconds, segment)
                if not all([*rest.values(), *rest_without]):
                    continue
            of_eeg, of_pps = (
                partial(_scaled, scaling, _pooled(rest[each.modality], segment))
                for scaling, each in zip(scalings, (eeg, pps), strict=True)
            )
            without = [
                partial(_scaled, scalings[0], _pooled(pool, segment)) for pool in rest_without
            ]
            parts = _trial_segments(signals.stretches, segment, of_eeg, of_pps, without)
            if segment.kind == "baseline":
                for part in parts:
                    if part.eeg.shape[1] >= N_TIMES:
                        yield Rest(segment.subject, part.eeg, part.pps, part.eeg_without)
                continue
            label = Label(
                segment.subject, segment.trial, segment.stimulus, segment.valence, segment.arousal
            )
            yield Trial(label, tuple(parts))


def left_out(eeg: ModalityContract) -> tuple[str, ...]:
    """Name the ways in which one electrode can be missing, in the order of `TrialSegment`.

    Of each electrode there are two: it is missing from the start, and so in the rest as well; or
    it is lost after a rest that still had it, by which the signals are scaled then.
    """
    ways = ((name, f"{name}{AFTER_THE_REST}") for name in eeg.ch_names)
    return tuple(way for both in ways for way in both)


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
    stretches: Iterable[Stretch],
    segment: Segment,
    eeg: Scale,
    pps: Scale,
    without: Sequence[Scale],
) -> list[TrialSegment]:
    """Cut the usable stretches of a segment, scaled.

    Parameters
    ----------
    stretches, segment
    eeg, pps : callable
        Scale by the rest of all electrodes.
    without : sequence of callable
        Scale EEG by the rest without each electrode in turn, where these are wanted.
    """
    start, stop = round(segment.start * GRID_SFREQ), round(segment.stop * GRID_SFREQ)
    found = []
    for stretch in stretches:
        first, last = max(start, stretch.start), min(stop, stretch.stop)
        if first >= last:
            continue
        part = slice(first - stretch.start, last - stretch.start)
        missing = [
            scale(signal[:, part])
            for own, signal in zip(without, stretch.eeg_without, strict=True)
            for scale in (own, eeg)
        ]
        found.append(
            TrialSegment(
                first - start,
                eeg(stretch.eeg[:, part]),
                pps(stretch.pps[:, part]),
                tuple(missing),
            )
        )
    return found
