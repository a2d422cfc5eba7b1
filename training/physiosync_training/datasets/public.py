"""Data sets that are published: their own files, or simulated people in their format."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from physiosync_rt.datatypes import GRID_SFREQ, FloatArray, Recording, SampleArray
from physiosync_rt.errors import UserError
from physiosync_rt.preprocess.config import ModalityContract
from physiosync_rt.preprocess.paper import TRIAL_S
from physiosync_rt.simulation.population import Population
from physiosync_rt.utils.yaml_config import FrozenModel
from physiosync_training.datasets.base import (
    SIMULATED_PEOPLE_NOTE,
    DataSource,
    PreparedData,
    counted,
)
from physiosync_training.datasets.index import DatasetInfo
from physiosync_training.datasets.trials import Label, PlannedTrial, Trial, TrialSegment
from physiosync_training.loop.progress import Progress

ShowCount = Callable[[float, float], None]
"""Shows how many of how many people are done."""


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
        """Return the people that are drawn."""
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


class Subject(Protocol):
    """What a reader makes of one subject's files."""

    def to_recording(self) -> Recording:
        """Lay all trials on one time axis."""
        ...


@dataclass(frozen=True, slots=True)
class OpenFiles:
    """Files of a published data set, opened.

    Attributes
    ----------
    subjects : iterable of Subject
        Read one by one, as they are asked for.
    n_subjects : int
    simulated : bool
        Whether the files say that their people are simulated.
    """

    subjects: Iterable[Subject]
    n_subjects: int
    simulated: bool


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
        """Return whether people are simulated; those of real files are in the files alone."""
        return self.simulate is not None

    def existing_path(self) -> Path:
        """Return the place of the real files.

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

    @abstractmethod
    def open_files(self, path: Path) -> OpenFiles:
        """Open the real files, or simulated ones in their format.

        Raises
        ------
        UserError
            They are missing or damaged.
        """

    @abstractmethod
    def write_files(self, folder: Path, people: SimulatedPeople, show: ShowCount) -> Path:
        """Write files of simulated people, and return the place that `open_files` takes."""

    @abstractmethod
    def paper_trials(self, subjects: Iterable[Any]) -> Iterator[Trial]:
        """Yield the trials of profile ``paper``.

        Parameters
        ----------
        subjects : iterable of Subject
            From `open_files`.
        """

    def prepare(self, scratch: Path, progress: Progress) -> PreparedData:
        """Open the files, after writing them where people are simulated."""
        if self.simulate is not None:
            show = partial(progress, "simulate people")
            path = self.write_files(scratch, self.simulate, show)
        else:
            assert self.path is not None
            path = self.path.expanduser()
        found = self.open_files(path)
        info = self.describe(simulated=found.simulated)
        subjects = counted(found.subjects, found.n_subjects, "prepare windows", progress)
        if self.profile == "paper":
            return PreparedData(info, self.paper_trials(subjects))
        recordings = (subject.to_recording() for subject in subjects)
        return PreparedData(info, self.live_trials_of_each(recordings, info))

    def info(self) -> DatasetInfo:
        """Describe the data set, as real unless its people are to be simulated here."""
        return self.describe(simulated=self.simulate is not None)

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what a reader of a report should know of these settings."""
        return ()

    @property
    def released_quadrants(self) -> bool:
        """Return whether quadrants are numbered with the release's rule for DEAP."""
        return False

    def describe(self, *, simulated: bool) -> DatasetInfo:
        """Describe the data set; files of simulated people say so themselves, whoever made them."""
        facts = self.facts
        return DatasetInfo(
            name=f"simulated-{facts.name.lower()}" if simulated else facts.name.lower(),
            title=self._title(simulated=simulated),
            public_name=facts.name.lower(),
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
        """Name a stimulus, counted from 1."""
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
