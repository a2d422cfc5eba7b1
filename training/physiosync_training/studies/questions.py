"""What each study trains, and on which data: the shipped configurations, read together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, Literal

from physiosync_rt.errors import UserError
from physiosync_rt.utils.resources import find_config
from physiosync_training.datasets import cache
from physiosync_training.datasets.dataset import Dataset
from physiosync_training.datasets.load import load_dataset
from physiosync_training.experiment.check import read_run
from physiosync_training.experiment.config import RunConfig
from physiosync_training.loop.progress import no_progress
from physiosync_training.studies.pretraining import CMCA_ALONE, CMCA_AND_LSTCL, plan_pretraining
from physiosync_training.studies.residual import each_second, plan_residual
from physiosync_training.studies.trainings import Training
from physiosync_training.studies.workers import Plan

StudyName = Literal["residual", "people", "simulated"]
"""``residual``: logits of the network for the gated sum. ``people``: does CM-CA alone help on real
people? ``simulated``: do CM-CA and LS-TCL together, on the simulated effect?"""

NETWORK_CONFIG: Final = "eegmat"
"""Real people: data, network and schedule."""

SUM_CONFIG: Final = "effort-eeg19"
"""The gated sum that the residual is for."""

SIMULATED_CONFIG: Final = "effect_probe"

_FOLDS: Final = 3


@dataclass(frozen=True)
class Study:
    """A study, to be planned in any process.

    Attributes
    ----------
    name : {"residual", "people", "simulated"}
    changes : tuple of str
        Other values than the configurations', ``data.path=FOLDER`` say.
    seeds : int
        Of the comparisons; a gated sum has its own repeats.
    prepared : Path, optional
        Folder with prepared windows (``recordings-...``) of the people, where their recordings are
        not at hand.
    most : int, optional
        Plan no more trainings than these, the most important ones.
    """

    name: StudyName
    changes: tuple[str, ...] = ()
    seeds: int = 3
    prepared: Path | None = None
    most: int | None = None

    def __call__(self) -> Plan:
        """Plan the trainings, and map their data."""
        config = self.config
        dataset = self.dataset()
        plan: Sequence[Training]
        if self.name == "residual":
            fitted = self.sum_config
            assert fitted.fusion is not None
            dataset = each_second(dataset)
            plan = list(
                islice(
                    plan_residual(
                        dataset,
                        fitted.protocols[0],
                        fitted.fusion.repeats,
                        fitted.fusion.inner_folds,
                        config.model_copy(update={"seed": fitted.seed}),
                    ),
                    self.most,
                )
            )
        else:
            settings = CMCA_ALONE if self.name == "people" else CMCA_AND_LSTCL
            if config.pretrain is not None:
                settings = settings.model_copy(update={"epochs": config.pretrain.epochs})
            found = plan_pretraining(self.name, dataset, config, settings, _FOLDS, self.seeds)
            plan = list(islice(found, self.most))
        name = "people" if self.name == "residual" else self.name
        return plan, {name: dataset}

    @property
    def config(self) -> RunConfig:
        """Return data, network and schedule."""
        simulated = self.name == "simulated"
        return _read(SIMULATED_CONFIG if simulated else NETWORK_CONFIG, self.changes)

    @property
    def sum_config(self) -> RunConfig:
        """Return the configuration of the gated sum, on the same recordings."""
        changes = [each for each in self.changes if each.startswith(("data.", "cache="))]
        return _read(SUM_CONFIG, changes)

    def dataset(self) -> Dataset:
        """Map the prepared windows; they are prepared first where recordings are at hand."""
        if self.prepared is None or self.name == "simulated":
            config = self.config
            return load_dataset(config.data, config.cache, no_progress)
        folder = _only(self.prepared, "recordings-*")
        found = cache.load(folder, folder.name.removeprefix("recordings-"))
        if found is None:
            raise UserError(f"{folder} holds no prepared windows of this version")
        return found


def _read(name: str, changes: Sequence[str]) -> RunConfig:
    return read_run(find_config("train", name), changes)


def _only(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise UserError(f"{folder} holds {len(found)} of {pattern}; one is needed")
    return found[0]
