"""Train a live bundle on simulated persons: the demo's, and a check that the method can learn.

The scores are those of persons whom training never saw, and the card says plainly that no real
signal was involved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
import torch
from pydantic import Field

from models.fusion import PhysioSync
from models.presets import compact
from physiosync_rt.bundle import Card, Score
from physiosync_rt.datatypes import FloatArray, Modality
from physiosync_rt.preprocess.config import Frozen, LiveProfile, ModalityContract
from physiosync_rt.synthetic import DEAP_CH_NAMES, Person, simulate
from training.cohort_fit import Fit, FitConfig, fit
from training.data.signals import Run, preprocess
from training.data.windows import Batch, WindowSet
from training.metrics import score

Progress = Callable[[str, int, int], None]
"""Called with what is going on, how much of it is done, and how much there is."""

# Disjoint ranges of person seeds, so that no split can share a person by accident.
_SPLITS = {"train": 0, "validation": 1_000_000, "test": 2_000_000}


class CohortConfig(Frozen):
    """Which persons, which electrodes, how long.

    ``n_train``, ``n_validation`` and ``n_test`` count persons; ``duration_s`` is the length of
    each one's session, of which the first ``profile.baseline_s`` are rest.
    """

    kind: str = Field("simulated-cohort", pattern="^simulated-cohort$")
    name: str
    title: str
    alternative: str = ""
    ch_names: tuple[str, ...] = DEAP_CH_NAMES
    min_electrodes: int = 8
    n_train: int = Field(80, ge=2)
    n_validation: int = Field(10, ge=1)
    n_test: int = Field(20, ge=2)
    duration_s: float = Field(300.0, ge=60)
    seed: int = 0
    profile: LiveProfile = LiveProfile()
    fit: FitConfig = FitConfig()


@dataclass(frozen=True, slots=True)
class Session:
    """One person's usable signals and the truth at whole seconds."""

    runs: list[Run]
    truth: FloatArray


def contracts(config: CohortConfig) -> tuple[ModalityContract, ModalityContract]:
    """What the bundle will ask of EEG and GSR."""
    eeg = ModalityContract(
        modality=Modality.EEG, ch_names=config.ch_names, min_electrodes=config.min_electrodes
    )
    return eeg, ModalityContract(modality=Modality.GSR, ch_names=("GSR",))


def load_session(config: CohortConfig, split: str, number: int) -> Session:
    """Simulate one person of a split and run the signals through the live pipeline."""
    seed = _SPLITS[split] + 10_000 * config.seed + number
    session = simulate(
        Person.draw(seed),
        config.duration_s,
        seed=seed,
        ch_names=config.ch_names,
        ecg_sfreq=0,
        rest_s=config.profile.baseline_s + config.profile.window_s,
    )
    runs = preprocess(session.recording, config.profile, *contracts(config))
    return Session(runs, np.stack([session.valence, session.arousal], axis=1))


def load_split(config: CohortConfig, split: str, n: int, progress: Progress) -> WindowSet:
    """Windows of ``n`` persons; a window's truth is the mean over its five seconds."""
    sessions = []
    for number in range(n):
        sessions.append(load_session(config, split, number))
        progress(f"simulate {split}", number + 1, n)
    return WindowSet(
        [(subject, run) for subject, s in enumerate(sessions) for run in s.runs],
        [s.truth for s in sessions],
        threshold=0.5,
    )


def train_cohort(config: CohortConfig, progress: Progress) -> tuple[Card, PhysioSync]:
    """Train, calibrate and score a bundle.

    Returns
    -------
    Card, PhysioSync
        Ready for `physiosync_rt.bundle.save_bundle`.
    """
    torch.manual_seed(config.seed)
    eeg, pps = contracts(config)
    model = PhysioSync(compact(eeg.n_chans, pps.n_chans))
    data = load_split(config, "train", config.n_train, progress)
    validation = load_split(config, "validation", config.n_validation, progress).every(1.0)
    fitted = fit(model, data, validation, config.fit, config.seed, progress)
    test = load_split(config, "test", config.n_test, progress).every(1.0)
    card = Card(
        name=config.name,
        title=config.title,
        trained_on=f"simulated signals of {config.n_train} invented persons, no real person",
        simulated=True,
        eeg=eeg,
        pps=pps,
        profile=config.profile,
        model=model.config.to_dict(),
        alternative=config.alternative,
        scores=tuple(_scores(model, test, config.seed)),
        provenance=_provenance(config, fitted),
    )
    return card, model


def _provenance(config: CohortConfig, fitted: Fit) -> dict[str, object]:
    packages = ("torch", "numpy", "scipy", "mne", "physiosync-rt")
    return {
        "config": config.model_dump(mode="json"),
        "best_epoch": fitted.best_epoch,
        "validation_loss": fitted.validation_loss,
        "versions": {name: version(name) for name in packages},
        "weights": sum(p.numel() for p in fitted.model.parameters()),
    }


def _scores(model: PhysioSync, test: Batch, seed: int) -> list[Score]:
    """Balanced accuracy on unseen persons with an interval over persons, chance beside it."""
    scores = []
    for route, names in (("fused", "eeg+gsr"), ("eeg", "eeg"), ("pps", "gsr")):
        probabilities = test.predict(model, route)
        for column, target in enumerate(("valence", "arousal")):
            truth = test.high[:, column]
            high = probabilities[target]
            both = np.stack([1 - high, high], axis=1)
            found = score(truth.astype(np.int64), both, test.subject, seed=seed)[
                "balanced accuracy"
            ]
            scores.append(
                Score(
                    protocol="unseen simulated persons",
                    target=target,
                    modalities=names,
                    model="physiosync",
                    metric="balanced accuracy",
                    value=found.value,
                    ci_low=found.low,
                    ci_high=found.high,
                    n=len(np.unique(test.subject)),
                    unit="person",
                )
            )
    return scores
