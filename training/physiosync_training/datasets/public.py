"""Data sets that are published: their own files, or simulated people in their format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from physiosync_rt.datatypes import GRID_SFREQ, FloatArray, SampleArray
from physiosync_rt.errors import UserError
from physiosync_rt.preprocess.config import ModalityContract
from physiosync_rt.preprocess.paper import TRIAL_S
from physiosync_rt.simulation.population import Population
from physiosync_rt.utils.yaml_config import FrozenModel
from physiosync_training.datasets.base import SIMULATED_PEOPLE_NOTE, DataSource
from physiosync_training.datasets.index import DatasetInfo
from physiosync_training.datasets.trials import Label, PlannedTrial, Trial, TrialSegment


class SimulatedPeople(FrozenModel):
    """Simulated people in a data set's real format (see `physiosync_rt.simulation.population`).

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

    @property
    def population(self) -> Population:
        """The people that are drawn."""
        return Population(self.subjects, self.seed, self.effect, self.variability, self.fingerprint)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is true of a published data set whoever has it.

    Attributes
    ----------
    name : str
        As the literature calls it.
    place : str
        What ``path`` is the place of.
    eeg, pps : ModalityContract
    scale : tuple of float
        Lowest and highest rating.
    threshold : float
        Rating from which on a target is high.
    stimulus : str
        First part of a stimulus's name; its number follows.
    """

    name: str
    place: str
    eeg: ModalityContract
    pps: ModalityContract
    scale: tuple[float, float]
    threshold: float
    stimulus: str


class PublicData(DataSource):
    """A published data set.

    Attributes
    ----------
    path : Path, optional
    simulate : SimulatedPeople, optional
        Exactly one of the two.
    profile : {"paper", "live"}
        Released preprocessing, or what a stream can run.
    """

    facts: ClassVar[Facts]

    path: Path | None = None
    simulate: SimulatedPeople | None = None
    profile: Literal["paper", "live"] = "paper"

    @model_validator(mode="after")
    def _one_origin(self) -> PublicData:
        if (self.path is None) == (self.simulate is None):
            raise ValueError("give either path (the real files) or simulate (simulated people)")
        return self

    @property
    def ratings_are_planned(self) -> bool:
        """Of real files, the ratings are unknown until these are read as a whole."""
        return self.simulate is not None

    def existing_path(self) -> Path:
        """Place of the real files.

        Raises
        ------
        UserError
            It does not exist.
        """
        assert self.path is not None
        path = self.path.expanduser()
        if not path.exists():
            raise UserError(
                f"there is no {path}; give the place of {self.facts.place} with "
                "--set data.path=PLACE"
            )
        return path

    def info(self) -> DatasetInfo:
        """Describe the data set, as real unless its people are to be simulated here."""
        return self.describe(simulated=self.simulate is not None)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of a report should know of these settings."""
        return ()

    @property
    def released_quadrants(self) -> bool:
        """Whether quadrants are numbered with the release's rule for DEAP."""
        return False

    def describe(self, *, simulated: bool) -> DatasetInfo:
        """Describe the data set; files of simulated people say so themselves, whoever made them."""
        facts = self.facts
        return DatasetInfo(
            name=f"simulated-{facts.name.lower()}" if simulated else facts.name.lower(),
            title=self._title(simulated=simulated),
            profile=self.profile,
            live=self.live if self.profile == "live" else None,
            eeg=facts.eeg,
            pps=facts.pps,
            subjects=(),
            stimuli=(),
            scale=facts.scale,
            threshold=facts.threshold,
            released_quadrants=self.released_quadrants,
            simulated=simulated,
            notes=(SIMULATED_PEOPLE_NOTE, *self.notes) if simulated else self.notes,
        )

    def _title(self, *, simulated: bool) -> str:
        people = self.simulate
        if not simulated:
            return self.facts.name
        title = f"simulated {self.facts.name}"
        if people is None:
            return title
        if people.fingerprint:
            return f"{title} (nothing to learn but which trial a window comes from)"
        return f"{title} (effect {people.effect:g}, variability {people.variability:g})"

    def stimulus_name(self, number: int) -> str:
        """Name of a stimulus, counted from 1."""
        return f"{self.facts.stimulus}{number:02d}"

    def plan_subject(
        self, subject: str, n_trials: int, ratings: NDArray[Any] | None, length_s: float
    ) -> Iterator[PlannedTrial]:
        """Plan a subject's trials.

        Parameters
        ----------
        subject : str
        n_trials : int
        ratings : array, shape (n_trials, 2 or more), optional
            Valence and arousal first; unknown when not given.
        length_s : float
        """
        for k in range(n_trials):
            valence, arousal = (None, None) if ratings is None else map(float, ratings[k][:2])
            yield Label(subject, k + 1, self.stimulus_name(k + 1), valence, arousal), length_s

    def whole_trials(
        self, subject: str, eeg: FloatArray, pps: FloatArray, ratings: FloatArray
    ) -> Iterator[Trial]:
        """Join a subject's windows of profile ``paper`` to trials without a gap.

        Parameters
        ----------
        subject : str
        eeg, pps : arrays, shape (n_windows, n_chans, n_times)
            Trial after trial.
        ratings : array, shape (n_trials, 2)
            Valence and arousal.
        """
        signals = zip(_by_trial(eeg), _by_trial(pps), ratings.tolist(), strict=True)
        for k, (one, other, (valence, arousal)) in enumerate(signals):
            label = Label(subject, k + 1, self.stimulus_name(k + 1), valence, arousal)
            yield Trial(label, (TrialSegment(0, one, other),))


def _by_trial(windows: FloatArray) -> SampleArray:
    """Join windows (n_windows, n_chans, n_times) to trials (n_trials, n_chans, 7680)."""
    per_trial = TRIAL_S * GRID_SFREQ // windows.shape[2]
    n_windows, n_chans, _ = windows.shape
    apart = windows.reshape(n_windows // per_trial, per_trial, n_chans, -1)
    joined = apart.transpose(0, 2, 1, 3).reshape(n_windows // per_trial, n_chans, -1)
    return np.ascontiguousarray(joined, dtype=np.float32)
