"""What a profile does to one modality: causal stages, then a scale taken from rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from physiosync_rt.datatypes import FloatArray, Modality
from physiosync_rt.preprocess.baseline import ChannelBaseline, Statistics
from physiosync_rt.preprocess.config import LiveProfile, PaperProfile, Profile
from physiosync_rt.preprocess.filters import LogLevel, Resistance, SosFilter
from physiosync_rt.preprocess.normalize import RestScale
from physiosync_rt.preprocess.template import RestTemplate


class Stage(Protocol):
    """Frozen settings, a state, and the same output however the signal is cut."""

    def __call__(self, samples: FloatArray) -> FloatArray:
        """Process the next samples, shape (n_times, n_channels)."""
        ...

    def reset(self) -> None:
        """Forget the past (after a gap)."""
        ...


class Scaling(Protocol):
    """What is taken from rest, and how it is applied to a window."""

    def statistics(self, second: FloatArray) -> Statistics:
        """What one usable second of rest says, shape (128, n_channels)."""
        ...

    def pool(self, seconds: Sequence[Statistics]) -> ChannelBaseline:
        """Make one rest of its seconds."""
        ...

    def __call__(self, samples: FloatArray, baseline: ChannelBaseline) -> FloatArray:
        """Apply the rest to whole seconds, shape (n_times, n_channels)."""
        ...


@dataclass(frozen=True, slots=True)
class StageChain:
    """The way of one modality through a profile.

    Attributes
    ----------
    stages : tuple of Stage
        Of every channel by itself, in order.
    warmup_s : float
        Seconds after a start or a gap in which the stages have not settled.
    scaling : Scaling
    to_unit : callable
        From what the stages put out to the modality's own unit, for a plot.
    """

    stages: tuple[Stage, ...]
    warmup_s: float
    scaling: Scaling
    to_unit: Callable[[FloatArray], FloatArray]


def make_stages(modality: Modality, profile: Profile) -> StageChain:
    """Make the stages of one stream, their states fresh."""
    if isinstance(profile, PaperProfile):
        return _paper(modality, profile)
    return _live(modality, profile)


def _live(modality: Modality, profile: LiveProfile) -> StageChain:
    eeg, gsr, ecg = profile.eeg, profile.gsr, profile.ecg
    if modality is Modality.EEG:
        band = SosFilter(eeg.order, (eeg.l_freq, eeg.h_freq), "bandpass")
        return StageChain((band,), eeg.warmup_s, RestScale(modality, eeg.clip), _same)
    if modality is Modality.GSR:
        slow = (LogLevel(gsr.floor), SosFilter(gsr.order, gsr.h_freq, "lowpass"))
        return StageChain(slow, gsr.warmup_s, RestScale(modality, gsr.clip, gsr.scale), np.exp)
    band = SosFilter(ecg.order, (ecg.l_freq, ecg.h_freq), "bandpass")
    return StageChain((band,), ecg.warmup_s, RestScale(modality, ecg.clip), _same)


def _paper(modality: Modality, profile: PaperProfile) -> StageChain:
    eeg, gsr, ecg = profile.eeg, profile.gsr, profile.ecg
    scaling = RestTemplate(modality)
    if modality is Modality.EEG:
        band = SosFilter(eeg.order, (eeg.l_freq, eeg.h_freq), "bandpass")
        return StageChain((band,), eeg.warmup_s, scaling, _same)
    if modality is Modality.GSR:
        return StageChain((Resistance(gsr.floor),), gsr.warmup_s, scaling, _conductance)
    return StageChain((), ecg.warmup_s, scaling, _same)


def _same(samples: FloatArray) -> FloatArray:
    return samples


def _conductance(ohm: FloatArray) -> FloatArray:
    out: FloatArray = 1e6 / ohm
    return out
