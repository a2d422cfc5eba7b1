"""Simulated people, streamed as a live session would be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from physiosync_rt.bundle.contracts import eeg_contract
from physiosync_rt.datatypes import Modality, Recording
from physiosync_rt.formats.deap import DEAP_CH_NAMES
from physiosync_rt.preprocess.config import ModalityContract
from physiosync_rt.simulation import Person, plan_session, simulate
from physiosync_training.datasets.base import (
    SIMULATED_PEOPLE_NOTE,
    PreparedData,
    StreamedSource,
    counted,
)
from physiosync_training.datasets.index import DatasetInfo
from physiosync_training.datasets.trials import PlannedTrial, planned_trials_of
from physiosync_training.loop.progress import Progress


class SimulatedData(StreamedSource):
    """Simulated people whose latent valence and arousal are the ratings.

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

    @model_validator(mode="after")
    def _has_trials(self) -> SimulatedData:
        if self.duration_s < self.rest_s + self.trial_s:
            raise ValueError(
                f"{self.duration_s:g} s leave no trial of {self.trial_s:g} s after "
                f"{self.rest_s:g} s of rest"
            )
        return self

    @property
    def seeds(self) -> range:
        """Seed of every person and of their session."""
        return range(self.seed * 1000, self.seed * 1000 + self.subjects)

    @property
    def rest_s(self) -> float:
        """Rest before the first trial."""
        return self.live.baseline_s + self.live.window_s

    def files(self) -> list[Path]:
        """None: people follow from their seeds."""
        return []

    def info(self) -> DatasetInfo:
        """Describe the people; their latents go from 0 to 1."""
        eeg = eeg_contract(self.ch_names, self.min_electrodes)
        return DatasetInfo(
            name="simulated",
            title=f"simulated people (effect {self.effect:g})",
            profile="live",
            live=self.live,
            eeg=eeg,
            pps=ModalityContract(modality=Modality(self.pps), ch_names=(self.pps,)),
            subjects=(),
            stimuli=(),
            scale=(0.0, 1.0),
            threshold=0.5,
            simulated=True,
            notes=(SIMULATED_PEOPLE_NOTE,),
            electrode_out=self.electrode_out,
            left_out=self.left_out(eeg),
        )

    def planned_trials(self) -> Iterator[PlannedTrial]:
        """Trials of every session, with ratings but without signals."""
        for seed in self.seeds:
            session = plan_session(
                self._person(seed), self.duration_s, seed=seed, rest_s=self.rest_s
            )
            yield from planned_trials_of(session.with_trials(self.trial_s).segments)

    def prepare(self, scratch: Path, progress: Progress) -> PreparedData:  # noqa: ARG002
        """Simulate person after person."""
        info = self.info()
        recordings = map(self._recording, self.seeds)
        people = counted(recordings, self.subjects, "simulate people", progress)
        trials = (trial for one in people for trial in self.live_trials_of([one], info))
        return PreparedData(info, trials)

    def _person(self, seed: int) -> Person:
        return Person.draw(seed, self.effect, self.variability)

    def _recording(self, seed: int) -> Recording:
        session = simulate(
            self._person(seed),
            self.duration_s,
            seed=seed,
            ch_names=self.ch_names,
            gsr_sfreq=32.0 if self.pps == "GSR" else 0,
            ecg_sfreq=256.0 if self.pps == "ECG" else 0,
            rest_s=self.rest_s,
        )
        return session.with_trials(self.trial_s)
