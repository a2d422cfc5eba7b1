"""Where windows come from, as a person writes it in YAML."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from physiosync_rt.formats.deap import DEAP_CH_NAMES
from physiosync_rt.preprocess.config import LiveProfile
from physiosync_rt.utils.yaml_config import FrozenModel

Profile = Literal["paper", "live"]


class SimulatedPeople(FrozenModel):
    """Invented people in a data set's real format (see `physiosync_rt.simulation.population`).

    Attributes
    ----------
    subjects : int
    trials : int, optional
        Trials or clips of each; all of the data set's when not given.
    seed : int
    effect, variability, fingerprint : float
        As `physiosync_rt.simulation.population.Population`.
    """

    subjects: int = Field(8, ge=1)
    trials: int | None = Field(None, ge=1)
    seed: int = Field(0, ge=0)
    effect: float = Field(1.0, ge=0)
    variability: float = Field(1.0, ge=0)
    fingerprint: float = Field(0.0, ge=0)


class _Public(FrozenModel):
    """A public data set: its files, or invented people in their format.

    Attributes
    ----------
    path : Path, optional
    simulate : SimulatedPeople, optional
        Exactly one of the two.
    profile : {"paper", "live"}
        Released preprocessing, or what a stream can run.
    live : LiveProfile
        Settings of profile ``live``.
    """

    path: Path | None = None
    simulate: SimulatedPeople | None = None
    profile: Profile = "paper"
    live: LiveProfile = LiveProfile()

    @model_validator(mode="after")
    def _one_origin(self) -> _Public:
        if (self.path is None) == (self.simulate is None):
            raise ValueError("give either path (the real files) or simulate (invented people)")
        return self


class DeapData(_Public):
    """DEAP's ``data_preprocessed_python``.

    Attributes
    ----------
    quadrants : {"mended", "released"}
        Whether a rating of exactly 5 counts in the quadrants as it does in the binary labels.
    """

    kind: Literal["deap"]
    quadrants: Literal["mended", "released"] = "mended"


class DreamerData(_Public):
    """``DREAMER.mat``.

    Attributes
    ----------
    version : {"mended", "released"}
        Profile ``paper`` only: as it was meant, or with all faults of the released code, among
        them that no ECG is used.
    part : {"first", "last"}
        Which 60 s of a clip; the release has the first.
    """

    kind: Literal["dreamer"]
    version: Literal["mended", "released"] = "mended"
    part: Literal["first", "last"] = "first"

    @model_validator(mode="after")
    def _released_is_first(self) -> DreamerData:
        if self.version == "released" and self.part == "last":
            raise ValueError("version 'released' uses the first 60 s of a clip")
        return self


class RecordingsData(FrozenModel):
    """A lab's own recordings: a folder of files, and a table that says what they are.

    Attributes
    ----------
    path : Path
        Folder of recordings in any format that `replay` reads.
    labels : str
        Table beside the recordings, or the path of one, or the name of one that ships.
    title : str
        What it is, for reports and bundles.
    pps : {"GSR", "ECG"}
        Peripheral modality to use.
    ch_names : tuple of str, optional
        Electrodes; those of the first recording when not given. What another recording lacks is
        interpolated.
    min_electrodes : int, optional
        How many of them a recording, or a stream, must have by name; half by default.
    device : str, optional
        Device description that names channels and units of all files (see ``configs/devices``).
    scale : tuple of float
        Lowest and highest possible rating.
    threshold : float
        Rating from which on a target is high.
    simulated : bool
        Whether the people were invented.
    ignore_unlisted : bool
        Leave recordings alone that lie in the folder and not in the table.
    live : LiveProfile
    """

    kind: Literal["recordings"]
    path: Path
    labels: str = "labels.csv"
    title: str = ""
    pps: Literal["GSR", "ECG"] = "GSR"
    ch_names: tuple[str, ...] | None = None
    min_electrodes: int | None = Field(None, ge=1)
    device: str | None = None
    scale: tuple[float, float]
    threshold: float
    simulated: bool = False
    ignore_unlisted: bool = False
    live: LiveProfile = LiveProfile()

    @model_validator(mode="after")
    def _threshold_inside(self) -> RecordingsData:
        low, high = self.scale
        if not low < self.threshold <= high:
            raise ValueError(
                f"threshold {self.threshold:g} does not split a scale of {low:g} to {high:g}"
            )
        return self


class SimulatedData(FrozenModel):
    """Invented people, streamed as a live session would be, whose latent truth is the rating.

    Attributes
    ----------
    subjects : int
    duration_s, trial_s : float
        Length of a session, of which ``live.baseline_s`` and one window are rest, and of the
        trials that the time after it is cut into.
    ch_names : tuple of str
    min_electrodes : int, optional
        How many of them a stream must have by name; half by default.
    pps : {"GSR", "ECG"}
    seed : int
    effect, variability : float
        As `physiosync_rt.simulation.Person.draw`.
    live : LiveProfile
    """

    kind: Literal["simulated"]
    subjects: int = Field(8, ge=1)
    duration_s: float = Field(300.0, ge=60)
    trial_s: float = Field(30.0, ge=5)
    ch_names: tuple[str, ...] = DEAP_CH_NAMES
    min_electrodes: int | None = Field(None, ge=1)
    pps: Literal["GSR", "ECG"] = "GSR"
    seed: int = Field(0, ge=0)
    effect: float = Field(1.0, ge=0)
    variability: float = Field(1.0, ge=0)
    live: LiveProfile = LiveProfile()

    @property
    def seeds(self) -> range:
        """Seed of every person and of their session."""
        return range(self.seed * 1000, self.seed * 1000 + self.subjects)

    @property
    def rest_s(self) -> float:
        """Rest before the first trial."""
        return self.live.baseline_s + self.live.window_s

    @model_validator(mode="after")
    def _has_trials(self) -> SimulatedData:
        if self.duration_s < self.rest_s + self.trial_s:
            raise ValueError(
                f"{self.duration_s:g} s leave no trial of {self.trial_s:g} s after "
                f"{self.rest_s:g} s of rest"
            )
        return self


DataConfig = Annotated[
    DeapData | DreamerData | RecordingsData | SimulatedData, Field(discriminator="kind")
]
