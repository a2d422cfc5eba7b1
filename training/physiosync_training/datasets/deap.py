"""DEAP: 32 people, 40 music videos, EEG and skin conductance (Koelstra et al. 2012)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar, Final, Literal

from physiosync_rt.bundle.contracts import DEAP_EEG, DEAP_GSR
from physiosync_rt.formats import deap
from physiosync_rt.preprocess.paper import deap_eeg, deap_gsr
from physiosync_rt.simulation.write_deap import deap_ratings, write_deap
from physiosync_training.datasets.index import WINDOW_S
from physiosync_training.datasets.public import (
    Facts,
    OpenFiles,
    PublicData,
    ShowCount,
    SimulatedPeople,
)
from physiosync_training.datasets.trials import PlannedTrial, Trial

_RELEASED_SKIN: Final = "skin resistance in ohms above its template, not normalised, as released"


class DeapData(PublicData):
    """DEAP's ``data_preprocessed_python``.

    Attributes
    ----------
    quadrants : {"mended", "released"}
        Whether a rating of exactly 5 counts in the quadrants as it does in the binary labels.
    """

    facts: ClassVar = Facts(
        name="DEAP",
        place="DEAP's data_preprocessed_python",
        eeg=DEAP_EEG,
        pps=DEAP_GSR,
        scale=(1.0, 9.0),
        threshold=deap.DEAP_THRESHOLD,
        stimulus="video",
    )

    kind: Literal["deap"]
    quadrants: Literal["mended", "released"] = "mended"

    @property
    def notes(self) -> tuple[str, ...]:
        """Return the unit of the skin signal, in profile ``paper``."""
        return (_RELEASED_SKIN,) if self.profile == "paper" else ()

    @property
    def released_quadrants(self) -> bool:
        """Return whether quadrants are numbered with the release's rule."""
        return self.quadrants == "released"

    def files(self) -> list[Path]:
        """Return one file per subject, and the mark of a folder of simulated people."""
        if self.path is None:
            return []
        folder = self.existing_path()
        files, mark = list(deap.subject_files(folder)), folder / deap.SIMULATED_FILE
        return [*files, mark] if mark.is_file() else files

    def planned_trials(self) -> Iterator[PlannedTrial]:
        """Yield all trials of every file, or of every simulated person."""
        people = self.simulate
        if people is None:
            n_subjects, n_trials = len(deap.subject_files(self.existing_path())), deap.N_TRIALS
        else:
            n_subjects, n_trials = people.subjects, people.trials or deap.N_TRIALS
        for i in range(n_subjects):
            ratings = None if people is None else deap_ratings(people.population, i, n_trials)
            yield from self.plan_subject(f"s{i + 1:02d}", n_trials, ratings, deap.TRIAL_S)

    def open_files(self, path: Path) -> OpenFiles:
        """Open the folder; a file is read when its subject is asked for."""
        files = deap.subject_files(path)
        simulated = (path / deap.SIMULATED_FILE).exists()
        return OpenFiles(map(deap.load_subject, files), len(files), simulated)

    def write_files(self, folder: Path, people: SimulatedPeople, show: ShowCount) -> Path:
        """Write a file for each simulated person."""
        write_deap(
            folder,
            people.subjects,
            people.seed,
            effect=people.effect,
            variability=people.variability,
            fingerprint=people.fingerprint,
            n_trials=people.trials or deap.N_TRIALS,
            progress=show,
        )
        return folder

    def paper_trials(self, subjects: Iterable[deap.DeapSubject]) -> Iterator[Trial]:
        """Yield the trials of profile ``paper``; skin resistance in Ω above its template."""
        for each in subjects:
            eeg, gsr = deap_eeg(each.data, WINDOW_S), deap_gsr(each.data, WINDOW_S)
            yield from self.whole_trials(each.subject, eeg, gsr, each.labels[:, :2])
