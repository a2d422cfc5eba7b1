"""What a profile does to a signal: a frozen, self-checking record in the bundle's card."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from physiosync_rt.datatypes import UNITS, Modality
from physiosync_rt.utils.yaml_config import FrozenModel


class ModalityContract(FrozenModel):
    """What the network expects of one modality.

    ``min_electrodes`` says how many of its electrodes (EEG) must be there by name before the
    rest may be interpolated.
    """

    modality: Modality
    ch_names: tuple[str, ...] = Field(min_length=1)
    min_electrodes: int = 1

    @property
    def unit(self) -> str:
        """Unit of the samples that go in."""
        return UNITS[self.modality]

    @property
    def n_chans(self) -> int:
        """Number of channels of the network's input."""
        return len(self.ch_names)


class EegStages(FrozenModel):
    """Causal stages of EEG: montage, band-pass, average reference, scale from rest."""

    l_freq: float = 4.0
    h_freq: float = 45.0
    order: int = 4
    warmup_s: float = 1.0
    clip: float = 8.0


class GsrStages(FrozenModel):
    """Causal stages of GSR: low-pass of log µS, location from rest, one scale for everybody."""

    h_freq: float = 2.0
    order: int = 2
    floor: float = 0.01
    scale: float = 0.3
    warmup_s: float = 0.5
    clip: float = 8.0


class EcgStages(FrozenModel):
    """Causal stages of ECG: band-pass, location and scale from rest."""

    l_freq: float = 0.5
    h_freq: float = 40.0
    order: int = 2
    warmup_s: float = 2.0
    clip: float = 8.0


class LiveProfile(FrozenModel):
    """Preprocessing that a stream can run, applied alike to every source.

    ``baseline_s`` is how much usable rest the scale is taken from when nothing else is asked;
    ``min_quality`` is the quality below which a modality is not used.
    """

    profile: Literal["live"] = "live"
    window_s: float = 5.0
    baseline_s: float = 30.0
    min_quality: float = 0.5
    eeg: EegStages = EegStages()
    gsr: GsrStages = GsrStages()
    ecg: EcgStages = EcgStages()


class PaperEeg(FrozenModel):
    """What DEAP's files have behind them, done causally: band-pass, then average reference."""

    l_freq: float = 4.0
    h_freq: float = 45.0
    order: int = 4
    warmup_s: float = 1.0


class PaperGsr(FrozenModel):
    """No filter; back from µS to Ω, of which no skin has more than that of ``floor`` µS."""

    floor: float = 0.01
    warmup_s: float = 0.0


class PaperEcg(FrozenModel):
    """No filter."""

    warmup_s: float = 0.0


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
    baseline_s: float = 3.0
    min_quality: float = 0.5
    eeg: PaperEeg = PaperEeg()
    gsr: PaperGsr = PaperGsr()
    ecg: PaperEcg = PaperEcg()


Profile = LiveProfile | PaperProfile
CardProfile = Annotated[Profile, Field(discriminator="profile")]
"""A profile as JSON tells it: by its name."""
