"""What a profile does to a signal: a frozen, self-checking record in the bundle's card."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from physiosync_rt.datatypes import GRID_SFREQ, UNITS, Modality
from physiosync_rt.utils.yaml_config import FrozenModel

MOST_CHANNELS = 1024
"""Channels of one modality; more electrodes than any cap has."""

# A card may come from anywhere: what its numbers make the pipeline allocate is bounded.
Frequency = Annotated[float, Field(gt=0, lt=GRID_SFREQ / 2)]
Order = Annotated[int, Field(ge=1, le=10)]
Warmup = Annotated[float, Field(ge=0, le=60)]
Seconds = Annotated[float, Field(gt=0, le=60)]
BaselineSeconds = Annotated[float, Field(ge=1, le=3600)]
Positive = Annotated[float, Field(gt=0, le=1e6)]
Share = Annotated[float, Field(ge=0, le=1)]


class ModalityContract(FrozenModel):
    """What the network expects of one modality.

    ``min_electrodes`` says how many of its electrodes (EEG) must be there by name before the
    rest may be interpolated.
    """

    modality: Modality
    ch_names: tuple[str, ...] = Field(min_length=1, max_length=MOST_CHANNELS)
    min_electrodes: int = Field(1, ge=0, le=MOST_CHANNELS)

    @property
    def unit(self) -> str:
        """Unit of the samples that go in."""
        return UNITS[self.modality]

    @property
    def n_chans(self) -> int:
        """Number of channels of the network's input."""
        return len(self.ch_names)


class _Band(FrozenModel):
    """A band-pass from ``l_freq`` to ``h_freq``."""

    l_freq: Frequency
    h_freq: Frequency

    @model_validator(mode="after")
    def _low_below_high(self) -> Self:
        if self.l_freq >= self.h_freq:
            raise ValueError(f"l_freq {self.l_freq:g} is not below h_freq {self.h_freq:g}")
        return self


class EegStages(_Band):
    """Causal stages of EEG: montage, band-pass, average reference, scale from rest."""

    l_freq: Frequency = 4.0
    h_freq: Frequency = 45.0
    order: Order = 4
    warmup_s: Warmup = 1.0
    clip: Positive = 8.0


class GsrStages(FrozenModel):
    """Causal stages of GSR: low-pass of log µS, location from rest, one scale for everybody."""

    h_freq: Frequency = 2.0
    order: Order = 2
    floor: Positive = 0.01
    scale: Positive = 0.3
    warmup_s: Warmup = 0.5
    clip: Positive = 8.0


class EcgStages(_Band):
    """Causal stages of ECG: band-pass, location and scale from rest."""

    l_freq: Frequency = 0.5
    h_freq: Frequency = 40.0
    order: Order = 2
    warmup_s: Warmup = 2.0
    clip: Positive = 8.0


class LiveProfile(FrozenModel):
    """Preprocessing that a stream can run, applied alike to every source.

    ``baseline_s`` is how much usable rest the scale is taken from when nothing else is asked;
    ``min_quality`` is the quality below which a modality is not used.
    """

    profile: Literal["live"] = "live"
    window_s: Seconds = 5.0
    baseline_s: BaselineSeconds = 30.0
    min_quality: Share = 0.5
    eeg: EegStages = EegStages()
    gsr: GsrStages = GsrStages()
    ecg: EcgStages = EcgStages()


class PaperEeg(_Band):
    """What DEAP's files have behind them, done causally: band-pass, then average reference."""

    l_freq: Frequency = 4.0
    h_freq: Frequency = 45.0
    order: Order = 4
    warmup_s: Warmup = 1.0


class PaperGsr(FrozenModel):
    """No filter; back from µS to Ω, of which no skin has more than that of ``floor`` µS."""

    floor: Positive = 0.01
    warmup_s: Warmup = 0.0


class PaperEcg(FrozenModel):
    """No filter."""

    warmup_s: Warmup = 0.0


class PaperProfile(FrozenModel):
    """The released preprocessing on a stream, for networks that the released code trained.

    EEG is band-passed and referenced; then the mean second of the rest, sample by sample, is taken
    from every second, and EEG is z-scored across channels at each time sample. GSR stays in Ω, as
    released; ECG is divided by its spread at rest. ``approximate`` is always true: the release
    filters without phase (or not at all, DREAMER), and takes a rest before every trial.

    ``baseline_s`` is how many usable seconds make the mean second; rows come on whole seconds,
    because the mean second does.
    """

    profile: Literal["paper"] = "paper"
    approximate: Literal[True] = True
    window_s: Literal[1, 5] = 5
    baseline_s: BaselineSeconds = 3.0
    min_quality: Share = 0.5
    eeg: PaperEeg = PaperEeg()
    gsr: PaperGsr = PaperGsr()
    ecg: PaperEcg = PaperEcg()


Profile = LiveProfile | PaperProfile
CardProfile = Annotated[Profile, Field(discriminator="profile")]
"""A profile as JSON tells it: by its name."""
