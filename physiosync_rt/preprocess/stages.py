"""What a profile does to one modality: causal stages, then a scale taken from rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from physiosync_rt.datatypes import FloatArray, Modality
from physiosync_rt.preprocess.baseline import ChannelBaseline, Statistics
from physiosync_rt.preprocess.config import PaperProfile, Profile
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
    """What is taken from rest, and how it is applied to samples."""

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
class Stages:
    """The causal stages of one stream.

    Attributes
    ----------
    in_order : tuple of Stage
        Applied in order, to every channel by itself.
    warmup_s : float
        Seconds after a start or a gap in which the stages have not settled.
    """

    in_order: tuple[Stage, ...]
    warmup_s: float


def make_stages(modality: Modality, profile: Profile) -> Stages:
    """Make the stages of one stream, their states fresh."""
    if modality is Modality.EEG:
        eeg = profile.eeg
        band = SosFilter(eeg.order, (eeg.l_freq, eeg.h_freq), "bandpass")
        return Stages((band,), eeg.warmup_s)
    if isinstance(profile, PaperProfile):
        if modality is Modality.GSR:
            return Stages((Resistance(profile.gsr.floor),), profile.gsr.warmup_s)
        return Stages((), profile.ecg.warmup_s)
    gsr, ecg = profile.gsr, profile.ecg
    if modality is Modality.GSR:
        low = SosFilter(gsr.order, gsr.h_freq, "lowpass")
        return Stages((LogLevel(gsr.floor), low), gsr.warmup_s)
    band = SosFilter(ecg.order, (ecg.l_freq, ecg.h_freq), "bandpass")
    return Stages((band,), ecg.warmup_s)


def make_scaling(modality: Modality, profile: Profile) -> Scaling:
    """Make what a profile takes from rest for one modality."""
    if isinstance(profile, PaperProfile):
        return RestTemplate(modality)
    if modality is Modality.GSR:
        return RestScale(modality, profile.gsr.clip, profile.gsr.scale)
    return RestScale(modality, profile.eeg.clip if modality is Modality.EEG else profile.ecg.clip)


def to_unit(modality: Modality, profile: Profile, samples: FloatArray) -> FloatArray:
    """Bring what the stages put out back to the modality's own unit, for a plot."""
    if modality is not Modality.GSR:
        return samples
    out: FloatArray = 1e6 / samples if isinstance(profile, PaperProfile) else np.exp(samples)
    return out
