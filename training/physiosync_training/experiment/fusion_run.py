"""A run that fits gated sums: features made once, then every fold of every repeat."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch

from physiosync_models.config import ROUTES, Route
from physiosync_models.gated_sum import GatedSum
from physiosync_rt.datatypes import FloatArray, IntArray
from physiosync_training.datasets.index import ABSENT
from physiosync_training.datasets.recordings import RecordingsData
from physiosync_training.datasets.splits import Fold, make_folds
from physiosync_training.experiment.config import RunConfig
from physiosync_training.fusion.fit import (
    SumFit,
    as_model,
    fit_sum,
    peripheral_features,
    sum_config,
)
from physiosync_training.fusion.store import load_table
from physiosync_training.fusion.table import FeatureTable
from physiosync_training.loop.checkpoint import (
    fingerprint,
    load_weights,
    save_weights,
)
from physiosync_training.loop.loop import Interrupted, StopRequest
from physiosync_training.loop.paths import check_room, folder_of, refuse_used_folder
from physiosync_training.loop.progress import Progress, no_progress
from physiosync_training.loop.provenance import TrainingCost, code_digest
from physiosync_training.supervised.labels import check_classes, classes
from physiosync_training.supervised.results import (
    FoldResult,
    Predictions,
    Split,
    load_result,
    result_path,
    save_result,
)

TITLE: Final = "gated sum"
"""What the model is called in reports and folders."""

_FITTERS: Final = ("physiosync_training.fusion", "physiosync_training.experiment.fusion_run")
_WEIGHTS: Final = "sum.safetensors"
_BYTES: Final = 1_000_000


@dataclass(frozen=True)
class FusionRun:
    """What a configuration with ``fusion`` asks for, with the features at hand.

    Attributes
    ----------
    config : RunConfig
    out : Path
    table : FeatureTable
    repeats : list of list of Fold
        The folds of every repeat.
    """

    config: RunConfig
    out: Path
    table: FeatureTable
    repeats: list[list[Fold]]


def prepare_fusion(
    config: RunConfig, out: Path, progress: Progress, *, resume: bool = False
) -> FusionRun:
    """Check what can be checked, make the features and split the people.

    Raises
    ------
    UserError
        The folder cannot be written or holds a training already; the data is not in order, or too
        little for the folds or the targets.
    """
    assert config.fusion is not None
    assert isinstance(config.data, RecordingsData)
    config.data.index()
    if not resume:
        for repeat in range(config.fusion.repeats):
            for protocol in config.protocols:
                refuse_used_folder(_below(out, repeat) / protocol.protocol)
    check_room(out, _BYTES)
    table = load_table(config.data, config.cache, progress)
    repeats = [
        [
            fold
            for protocol in config.protocols
            for fold in make_folds(
                table, protocol.model_copy(update={"seed": protocol.seed + repeat})
            )
        ]
        for repeat in range(config.fusion.repeats)
    ]
    for target in config.finetune.targets:
        labels = classes(table, (target,))
        for fold in repeats[0]:
            check_classes(labels[fold.train], (target,), f"fold {fold.name}, training part")
    return FusionRun(config, out, table, repeats)


def fit_folds(
    run: FusionRun,
    *,
    progress: Progress = no_progress,
    stop: StopRequest | None = None,
) -> list[list[FoldResult]]:
    """Fit and test every fold of every repeat, or read what an earlier run made of it.

    Raises
    ------
    Interrupted
        Somebody asked to stop.
    UserError
        A result is another run's, or training people do not show both classes.
    """
    n_jobs, done = sum(map(len, run.repeats)), 0
    found: list[list[FoldResult]] = []
    for repeat, folds in enumerate(run.repeats):
        results = []
        for fold in folds:
            progress("folds", done, n_jobs)
            if stop:
                raise Interrupted
            results.append(_fit_fold(run, repeat, fold))
            done += 1
        found.append(results)
    progress("folds", n_jobs, n_jobs)
    return found


def load_fitted(run: FusionRun, fold: Fold, result: FoldResult) -> GatedSum:
    """Load the model of a fold of the first repeat.

    Raises
    ------
    UserError
        It is missing or cannot be read.
    """
    folder = folder_of(run.out, fold.protocol, fold.name, TITLE)
    state = load_weights(folder / result.models["+".join(run.config.finetune.targets)])
    assert run.config.fusion is not None
    model = GatedSum(sum_config(run.table, run.config.finetune.targets, run.config.fusion))
    model.load_state_dict(state)
    return model.eval()


def fit_everybody(run: FusionRun) -> tuple[GatedSum, dict[str, SumFit]]:
    """Fit all people in the way that was scored fold by fold."""
    assert run.config.fusion is not None
    fits = _fits(run, np.arange(len(run.table)), run.config.seed)
    return as_model(fits, run.table, run.config.fusion), fits


def _below(out: Path, repeat: int) -> Path:
    return out if repeat == 0 else out / f"repeat-{repeat + 1}"


def _fits(run: FusionRun, rows: IntArray, seed: int) -> dict[str, SumFit]:
    assert run.config.fusion is not None
    fits: dict[str, SumFit] = {}
    for target in run.config.finetune.targets:
        own = rows[run.table.truth(target)[rows] != ABSENT]
        fits[target] = fit_sum(run.table, own, target, run.config.fusion, seed)
    return fits


def _fit_fold(run: FusionRun, repeat: int, fold: Fold) -> FoldResult:
    """Fit one fold and answer its test windows, or read what an earlier run made of it."""
    config, table = run.config, run.table
    assert config.fusion is not None
    folder = folder_of(_below(run.out, repeat), fold.protocol, fold.name, TITLE)
    seed = config.seed + repeat
    identity = fingerprint(
        table.digest,
        [fold.name, fold.protocol, fold.train.tolist(), fold.test.tolist(), seed],
        config.fusion.model_dump(mode="json", exclude={"repeats"}),
        config.finetune.targets,
        code_digest(_FITTERS),
    )
    earlier = load_result(result_path(folder), identity)
    if earlier is not None:
        return earlier
    cost = TrainingCost()
    # Inner people choose everything, so those set aside for a network's choices train too.
    fits = _fits(run, np.union1d(fold.train, fold.validation), seed)
    model = as_model(fits, table, config.fusion)
    predictions = [
        answer
        for target, fit in fits.items()
        for answer in (*_held_out(run, fold, target, fit), *_tested(run, fold, target, model))
    ]
    name = "+".join(config.finetune.targets)
    save_weights(folder / _WEIGHTS, model.state_dict(), identity)
    result = FoldResult(
        fold=fold.name,
        protocol=fold.protocol,
        inflated=fold.inflated,
        network=TITLE,
        predictions=predictions,
        temperatures={
            f"{route}/{target}": fit.temperature for target, fit in fits.items() for route in ROUTES
        },
        models={name: _WEIGHTS},
        n_weights=sum(len(term.weight) + 1 for fit in fits.values() for term in fit.terms.values()),
        seconds=cost.seconds,
        machines=cost.machines,
    )
    save_result(result_path(folder), result, identity)
    return result


def _held_out(run: FusionRun, fold: Fold, target: str, fit: SumFit) -> list[Predictions]:
    """Answers to training windows by models and weights that never saw the person."""
    rows = np.union1d(fold.train, fold.validation)
    rows = rows[run.table.truth(target)[rows] != ABSENT]
    return [
        _predictions(run, "validation", route, target, rows, logit, fit.temperature)
        for route, logit in fit.sums.items()
    ]


def _tested(run: FusionRun, fold: Fold, target: str, model: GatedSum) -> list[Predictions]:
    """Answers to test windows, by the model as a bundle holds it."""
    config, table = run.config, run.table
    assert config.fusion is not None
    rows = fold.test[table.truth(target)[fold.test] != ABSENT]
    names = peripheral_features(table, config.fusion)
    eeg, pps = (
        torch.from_numpy(x[rows].astype(np.float32)) for x in (table.eeg, table.peripheral(names))
    )
    place = config.finetune.targets.index(target)
    given = {"fused": (eeg, pps), "eeg": (eeg, None), "pps": (None, pps)}
    found = []
    for route in ROUTES:
        with torch.inference_mode():
            logit = model(*given[route])[:, place].double().numpy()
        temperature = float(model.temperature[place])
        found.append(
            _predictions(run, "test", route, target, rows, logit * temperature, temperature)
        )
    return found


def _predictions(
    run: FusionRun,
    split: Split,
    route: Route,
    target: str,
    rows: IntArray,
    logit: FloatArray,
    temperature: float,
) -> Predictions:
    """Answers of one head to the windows that it knows; ``logit`` is at temperature 1."""
    known = np.isfinite(logit)
    rows, logit = rows[known], logit[known]
    truth = run.table.truth(target)[rows]
    after, before = _pairs(logit / temperature), _pairs(logit)
    return Predictions(split, route, target, rows, truth, after, before)


def _pairs(logit: FloatArray) -> FloatArray:
    """Probabilities of low and high, shape (n, 2)."""
    high = 1.0 / (1.0 + np.exp(-logit))
    return np.column_stack([1.0 - high, high])
