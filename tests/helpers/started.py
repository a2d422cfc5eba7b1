"""The configurations that reproduce the paper, started on simulated people."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from helpers import release

from physiosync_models.config import ModelConfig
from physiosync_rt.simulation.write_deap import write_deap
from physiosync_rt.simulation.write_dreamer import write_dreamer
from physiosync_rt.utils.resources import find_config
from physiosync_rt.utils.yaml_config import read_yaml
from physiosync_training.datasets.dataset import Dataset
from physiosync_training.datasets.loader import WindowLoader
from physiosync_training.datasets.splits import Fold
from physiosync_training.experiment.config import RunConfig
from physiosync_training.experiment.experiment import prepare
from physiosync_training.loop.progress import no_progress
from physiosync_training.supervised.config import n_classes

N_TRIALS, N_WINDOWS = 6, 12


@dataclass(frozen=True)
class Started:
    """A shipped configuration on simulated people, and the same data read literally."""

    name: str
    config: RunConfig
    dataset: Dataset
    fold: Fold
    trials: tuple[np.ndarray, np.ndarray]
    """EEG and the other signal, shape (trials, subjects, n_chans, 7680)."""

    ratings: np.ndarray

    @property
    def schedule(self) -> release.Schedule:
        return release.SCHEDULES[self.name]

    @property
    def cross(self) -> bool:
        return self.name.endswith("cross")

    @property
    def n_subjects(self) -> int:
        return self.trials[0].shape[1]

    def loader(self, seconds: int) -> WindowLoader:
        return WindowLoader(self.dataset, 1 if seconds == 1 else 5, torch.device("cpu"))

    def place(self, seconds: int, number: int) -> tuple[int, int]:
        """Stimulus window and subject of a window, as the release numbers them."""
        row, within = divmod(number, 5 // seconds)
        table = self.dataset.table
        window = int(table.t_start[row]) // seconds + within
        return int(table.stimulus[row]) * (60 // seconds) + window, int(table.subject[row])

    def network(self, target: str = "valence") -> ModelConfig:
        """The paper's network, narrow."""
        info = self.dataset.info
        n_chans = info.eeg.n_chans, info.pps.n_chans
        modalities = self.config.modalities
        return self.config.networks[0].build(*n_chans, (target,), n_classes((target,)), modalities)

    def train(self, seconds: int) -> tuple[list[int], list[int]]:
        """Stimulus windows and subjects that the release trains on in the first fold."""
        per_row = 5 // seconds
        everybody, whole = list(range(self.n_subjects)), list(range(N_TRIALS * N_WINDOWS))
        n_folds = self.config.protocols[0].folds or self.n_subjects
        if self.cross:
            tested = release.tested_subjects(self.n_subjects, n_folds, 0)
            everybody = [s for s in everybody if s not in tested]
        else:
            tested = release.tested_windows(len(whole), n_folds, 0)
            whole = [w for w in whole if w not in tested]
        return [w * per_row + second for w in whole for second in range(per_row)], everybody


def dreamer_trials(dataset: Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Whole trials put together from their windows, and ratings."""
    table = dataset.table
    order = np.lexsort((table.t_start, table.subject, table.stimulus))
    shape = (N_TRIALS, len(dataset.info.subjects), N_WINDOWS)
    eeg, pps = (
        x.reshape(*shape, *x.shape[1:]).transpose(0, 1, 3, 2, 4).reshape(*shape[:2], x.shape[1], -1)
        for x in dataset.fetch(order)
    )
    both = np.stack([table.valence[order], table.arousal[order]], axis=1)
    return eeg, pps, both.reshape(*shape, 2)[:, :, 0]


def start(name: str, folder: Path) -> Started:
    """Read a shipped configuration and prepare its data, which is written where there is none."""
    kind = name.split("-", maxsplit=1)[0]
    source = _written(kind, folder / kind)
    changes = [f"data.path={source}", f"cache={folder / 'cache'}", "networks.0.dim_1s=8"]
    changes += [] if kind == "dreamer" else ["networks.0.dim_5s=16"]
    # Ten folds of people or of stimuli need more of them.
    changes += ["protocols.0.folds=3"] if name == "deap-cross" else []
    changes += ["protocols.1.folds=3"] if name.endswith("dependent") else []
    config = read_yaml(find_config("train", name), RunConfig, changes)
    work = prepare(config, folder / "out" / name, no_progress)
    if kind == "deap":
        *trials, ratings = release.deap_trials(source)
    else:
        *trials, ratings = dreamer_trials(work.dataset)
    return Started(name, config, work.dataset, work.jobs[0].fold, tuple(trials), ratings)


def _written(kind: str, folder: Path) -> Path:
    if kind == "deap":
        if not folder.exists():
            write_deap(folder, 6, 3, n_trials=N_TRIALS)
        return folder
    path = folder / "DREAMER.mat"
    if not path.exists():
        write_dreamer(folder, 4, 3, n_clips=N_TRIALS, clip_s=(65, 66))
    return path
