"""Small data sets made by hand, and one thread for torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from helpers.started import Started, start

from physiosync_rt.datatypes import GRID_SFREQ, Modality
from physiosync_rt.preprocess.config import ModalityContract
from physiosync_training.datasets.dataset import Dataset, Signals
from physiosync_training.datasets.index import ABSENT, WINDOW_S, DatasetInfo, Table
from physiosync_training.datasets.splits import ProtocolConfig, make_folds
from physiosync_training.evaluation.baseline_models import Baselines
from physiosync_training.evaluation.evaluate import Assessment, assess
from physiosync_training.supervised.results import FoldResult, Predictions

MakeDataset = Callable[..., Dataset]

MACHINE = {
    "system": "Abacus",
    "cpus": 10,
    "threads": 3,
    "gpu": None,
    "versions": {"torch": "0.1"},
}


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
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

        info = DatasetInfo(
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
        return Dataset(info, table, signals(n_eeg), signals(1))

    return make


@pytest.fixture(scope="session")
def started(tmp_path_factory) -> Callable[[str], Started]:
    """Start a configuration that reproduces the paper; each is started once."""
    folder, made = tmp_path_factory.mktemp("released"), {}

    def get(name: str) -> Started:
        if name not in made:
            made[name] = start(name, folder)
        return made[name]

    return get


@pytest.fixture
def double() -> Iterator[None]:
    """Double precision: Adam blows up the rounding of a gradient that is zero."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lay out and write no figure, which takes most of a report's time, where none is looked at."""
    monkeypatch.setattr("physiosync_training.reporting.figures._svg", lambda _: b"<svg/>")


def _answers(data, fold, skill, network="ours", route="fused", target="arousal", seed=0):
    """A network's answers of a given skill: 0 guesses, large values know."""
    rng = np.random.default_rng([seed, len(fold.name), int(fold.test[0])])
    truth = data.truth(target)[fold.test]
    logit = skill * (2 * truth - 1) + rng.standard_normal(len(truth))
    p = 1 / (1 + np.exp(-logit))
    both = np.stack([1 - p, p], axis=1)
    predictions = Predictions("test", route, target, fold.test, truth, both, both)
    validation = Predictions("validation", route, target, fold.validation, truth[:0], both, both)
    return FoldResult(
        fold.name,
        fold.protocol,
        fold.inflated,
        network,
        [validation, predictions],
        {f"{route}/{target}": 1.5},
        {"finetune": {"loss": [1.0, 0.5], "validation loss": [0.9, 0.8]}},
        {"arousal": "arousal.safetensors"},
        1234,
        3.75,
        [MACHINE],
    )


@pytest.fixture(scope="session")
def answers() -> Callable[..., FoldResult]:
    """Make up a network's answers on a fold."""
    return _answers


@pytest.fixture(scope="session")
def assessed() -> Callable[..., Assessment]:
    """Make up networks' answers on all folds and score them; the same is done once."""
    fitted: dict[tuple[str, tuple[str, ...]], list[FoldResult]] = {}
    scored: dict[str, Assessment] = {}

    def make(data, skill, protocols=("subject",), networks=("ours",), **options):
        same = repr((data.digest, skill, protocols, networks, options))
        if same not in scored:
            scored[same] = _scored(data, skill, protocols, networks, options)
        return scored[same]

    def _scored(data, skill, protocols, networks, options):
        folds = [
            fold
            for protocol in protocols
            for fold in make_folds(data, ProtocolConfig(protocol=protocol, folds=4))
        ]
        results = [
            _answers(data, f, skill, n, seed=k) for k, n in enumerate(networks) for f in folds
        ]
        key = data.digest, protocols
        if key not in fitted:
            fitted[key] = Baselines(data, ["arousal"], lambda what, done, total: None).run(folds)
        return assess(data, results, fitted[key], **options)

    return make
