"""DREAMER: 23 people, 18 film clips, wireless EEG and ECG (Katsigiannis & Ramzan 2018)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import ClassVar, Final, Literal

import numpy as np
from pydantic import model_validator

from physiosync_rt.bundle.contracts import DREAMER_ECG, DREAMER_EEG
from physiosync_rt.formats import dreamer
from physiosync_rt.preprocess.paper import TRIAL_S, dreamer_mended, dreamer_released
from physiosync_rt.simulation.write_dreamer import dreamer_ratings, write_dreamer
from physiosync_training.datasets.index import WINDOW_S
from physiosync_training.datasets.public import (
    Facts,
    OpenFiles,
    PublicData,
    ShowCount,
    SimulatedPeople,
)
from physiosync_training.datasets.trials import PlannedTrial, Trial

_SHAM_ECG: Final = (
    "version 'released': what is called ECG is the sign of a difference of two EEG channels, as in "
    "the released code; no ECG is used"
)
_LONGEST_CLIP_S: Final = 393.0


class DreamerData(PublicData):
    """``DREAMER.mat``.

    Attributes
    ----------
    version : {"mended", "released"}
        Profile ``paper`` only: as it was meant, or with all faults of the released code, among
        them that no ECG is used.
    part : {"first", "last"}
        Which 60 s of a clip; the release has the first.
    """

    facts: ClassVar = Facts(
        name="DREAMER",
        place="DREAMER.mat",
        eeg=DREAMER_EEG,
        pps=DREAMER_ECG,
        scale=(1.0, 5.0),
        threshold=dreamer.DREAMER_THRESHOLD,
        stimulus="clip",
    )

    kind: Literal["dreamer"]
    version: Literal["mended", "released"] = "mended"
    part: Literal["first", "last"] = "first"

    @model_validator(mode="after")
    def _released_is_first(self) -> DreamerData:
        if self.version == "released" and self.part == "last":
            raise ValueError("version 'released' uses the first 60 s of a clip")
        return self

    @property
    def notes(self) -> tuple[str, ...]:
        """Return that the ECG is not an ECG, in profile ``paper`` as released."""
        sham = self.profile == "paper" and self.version == "released"
        return (_SHAM_ECG,) if sham else ()

    def files(self) -> list[Path]:
        """Return the one file."""
        return [] if self.path is None else [self.existing_path()]

    def planned_trials(self) -> Iterator[PlannedTrial]:
        """Yield all clips of all subjects; the file tells fewer only when it is read as a whole."""
        people = self.simulate
        if people is None:
            self.existing_path()
        n_subjects = dreamer.N_SUBJECTS if people is None else people.subjects
        n_clips = (people and people.trials) or dreamer.N_CLIPS
        length_s = TRIAL_S if self.profile == "paper" else _LONGEST_CLIP_S
        for i in range(n_subjects):
            ratings = None if people is None else dreamer_ratings(people.population, i, n_clips)
            yield from self.plan_subject(f"{i + 1:02d}", n_clips, ratings, length_s)

    def open_files(self, path: Path) -> OpenFiles:
        """Open the file, and read its first subject."""
        loaded = dreamer.load_subjects(path)
        first = next(loaded)
        n_subjects = dreamer.N_SUBJECTS if self.simulate is None else self.simulate.subjects
        return OpenFiles(chain([first], loaded), n_subjects, first.simulated)

    def write_files(self, folder: Path, people: SimulatedPeople, show: ShowCount) -> Path:
        """Write the one file of all simulated people."""
        return write_dreamer(
            folder,
            people.subjects,
            people.seed,
            effect=people.effect,
            variability=people.variability,
            fingerprint=people.fingerprint,
            n_clips=people.trials or dreamer.N_CLIPS,
            progress=show,
        )

    def paper_trials(self, subjects: Iterable[dreamer.DreamerSubject]) -> Iterator[Trial]:
        """Yield the trials of profile ``paper``.

        With version ``released`` the 60 s of a clip are its 60 released 1 s windows in a row, of
        which the first comes twice.
        """
        for each in subjects:
            signals = (each.eeg_baseline, each.eeg_stimuli, each.ecg_baseline)
            if self.version == "released":
                eeg, ecg = dreamer_released(*signals)
            else:
                eeg, ecg = dreamer_mended(*signals, each.ecg_stimuli, WINDOW_S, part=self.part)
            ratings = np.stack([each.valence, each.arousal], axis=1).astype(np.float64)
            yield from self.whole_trials(each.subject, eeg, ecg, ratings)
