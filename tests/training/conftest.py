"""Small data sets made by hand, and one thread for torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch

from physiosync_rt.datatypes import GRID_SFREQ, Modality
from physiosync_rt.preprocess.config import ModalityContract
from training.data.dataset import ABSENT, WINDOW_S, About, Dataset, Signals, Table

MakeDataset = Callable[..., Dataset]


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def make_dataset() -> MakeDataset:
    """Make a data set of noise in which every subject had every stimulus."""

    def make(
        n_subjects: int = 4,
        n_stimuli: int = 6,
        n_windows: int = 3,
        *,
        named: bool = True,
        n_eeg: int = 2,
        seed: int = 0,
    ) -> Dataset:
        rng = np.random.default_rng(seed)
        n_trials = n_subjects * n_stimuli
        trial = np.repeat(np.arange(n_trials), n_windows)
        window = np.tile(np.arange(n_windows), n_trials)
        stimulus = trial % n_stimuli
        ratings = rng.uniform(1, 9, (n_trials, 2))
        length = n_windows * WINDOW_S * GRID_SFREQ
        table = Table(
            subject=trial // n_stimuli,
            stimulus=stimulus if named else np.full_like(trial, ABSENT),
            trial=trial,
            window=window,
            t_start=window * float(WINDOW_S),
            valence=ratings[trial, 0],
            arousal=ratings[trial, 1],
            stretch=trial,
            offset=window * WINDOW_S * GRID_SFREQ,
        )

        def signals(n_chans: int) -> Signals:
            return Signals(
                rng.standard_normal(n_trials * length * n_chans, dtype=np.float32),
                np.arange(n_trials) * length,
                np.full(n_trials, length),
                n_chans,
            )

        about = About(
            name="noise",
            title="noise for tests",
            profile="paper",
            live=None,
            eeg=ModalityContract(
                modality=Modality.EEG, ch_names=tuple(f"E{i}" for i in range(n_eeg))
            ),
            pps=ModalityContract(modality=Modality.GSR, ch_names=("GSR",)),
            subjects=tuple(f"s{i:02d}" for i in range(n_subjects)),
            stimuli=tuple(f"video{i:02d}" for i in range(n_stimuli)) if named else (),
            scale=(1.0, 9.0),
            threshold=5.0,
            simulated=True,
        )
        return Dataset(about, table, signals(n_eeg), signals(1))

    return make


@pytest.fixture
def double() -> Iterator[None]:
    """Double precision: Adam blows up the rounding of a gradient that is zero."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)
