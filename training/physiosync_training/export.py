"""Turn trained folds into bundles that run live."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from physiosync_models.ensemble import PerTargetEnsemble
from physiosync_models.fusion import PhysioSync
from physiosync_models.gated_sum import GatedSum
from physiosync_rt.bundle.bundle import Network, save_bundle
from physiosync_rt.bundle.card import FEW_PEOPLE, OURS, Card, Score
from physiosync_rt.bundle.engines import INT8_CHECK, is_onnx_here
from physiosync_rt.errors import UserError
from physiosync_rt.preprocess.config import PaperProfile, Profile
from physiosync_rt.preprocess.labels import QUADRANT
from physiosync_training.datasets.dataset import Dataset
from physiosync_training.datasets.index import DatasetInfo, WindowIndex
from physiosync_training.datasets.loader import Seconds
from physiosync_training.datasets.splits import STRICTEST_FIRST, Fold
from physiosync_training.evaluation.evaluate import Assessment, ScoreRow
from physiosync_training.evaluation.metrics import PRIMARY
from physiosync_training.evaluation.pooled import confidence_thresholds
from physiosync_training.experiment.experiment import Experiment, Job
from physiosync_training.experiment.network import NetworkConfig
from physiosync_training.int8_windows import check_rows
from physiosync_training.loop.checkpoint import load_weights
from physiosync_training.reporting.report import provenance
from physiosync_training.supervised.config import n_classes
from physiosync_training.supervised.results import FoldResult

_N_INT8 = 128
"""Validation windows, evenly among all, on which int8 is compared with single precision."""

_METRICS = (PRIMARY, "accuracy", "F1 macro", "ROC AUC", "calibration error")


def write_bundles(
    experiment: Experiment,
    results: Sequence[FoldResult],
    assessment: Assessment,
    *,
    half: bool = False,
    few: bool = False,
) -> list[Path]:
    """Write the bundles that the configuration asks for.

    The scores of a bundle are those of its protocol over all folds; a fold's own model was
    trained as those that were scored, and never on its own test rows.

    Parameters
    ----------
    experiment : Experiment
    results : sequence of FoldResult
        One for each job.
    assessment : Assessment
    half : bool
        Store weights as float16.
    few : bool
        Write bundles of fewer than eight real people too.

    Raises
    ------
    UserError
        The models saw fewer than eight real people, and ``few`` is not set.

    Returns
    -------
    list of Path
        ``bundle`` below the run's folder, or ``bundles/FOLD`` for each; none where the only
        protocol is the inflated one, or the only target the quadrant.
    """
    config = experiment.config
    chosen = _folds_to_keep(experiment)
    if config.bundles == "first":
        chosen = chosen[:1]
    if not any(QUADRANT not in task for task in config.finetune.tasks):
        return []
    for job in chosen:
        check_people(experiment.dataset, _people(experiment.dataset, job.fold), few=few)
    paths = []
    for job in chosen:
        name = "bundle" if config.bundles == "first" else f"bundles/{job.fold.name}"
        result = results[experiment.jobs.index(job)]
        model = _load(experiment, job, result)
        card = _card(experiment, job, result, model, assessment)
        save_bundle(experiment.out / name, card, model, half=half)
        paths.append(experiment.out / name)
    return paths


def _folds_to_keep(experiment: Experiment) -> list[Job]:
    """Return the jobs of the first network under the strictest protocol that is not inflated."""
    if experiment.config.bundles == "none":
        return []
    first = experiment.config.networks[0]
    jobs = [job for job in experiment.jobs if job.network == first and not job.fold.inflated]
    if not jobs:
        return []
    strictest = min(jobs, key=lambda job: STRICTEST_FIRST.index(job.fold.protocol)).fold.protocol
    return [job for job in jobs if job.fold.protocol == strictest]


def _load(experiment: Experiment, job: Job, result: FoldResult) -> Network:
    """Load the network of a fold, or one for each target where these were tuned apart."""
    config, info = experiment.config, experiment.dataset.info
    folder = job.folder(experiment.out)
    models = {}
    for task in config.finetune.tasks:
        if QUADRANT in task:
            continue
        network = job.network.build(
            info.eeg.n_chans, info.pps.n_chans, task, n_classes(task), config.modalities
        )
        model = PhysioSync(network)
        model.load_state_dict(load_weights(folder / result.models["+".join(task)]))
        models["_".join(task)] = model.eval()
    return next(iter(models.values())) if len(models) == 1 else PerTargetEnsemble(models).eval()


def _card(
    experiment: Experiment,
    job: Job,
    result: FoldResult,
    model: Network,
    assessment: Assessment,
) -> Card:
    config, dataset = experiment.config, experiment.dataset
    info = dataset.info
    networks: dict[str, object] = {}
    if isinstance(model, PerTargetEnsemble):
        networks["members"] = {n: m.config.to_dict() for n, m in _members(model).items()}
    else:
        networks["model"] = model.config.to_dict()
    return Card.model_validate(
        {
            "name": config.name,
            "title": config.title,
            "trained_on": _trained_on(dataset, job),
            "simulated": info.simulated,
            "eeg": info.eeg,
            "pps": None if config.modalities == ("eeg",) else info.pps,
            "profile": _profile(dataset, job.network),
            "least_confidence": _least(dataset, result) if config.withhold else {},
            "alternative": config.alternative,
            "scores": (
                *scores_of(assessment, assessment.scores, job.fold.protocol),
                *(
                    score.model_copy(update={"without": way})
                    for way, rows in assessment.left_out.items()
                    for score in scores_of(assessment, rows, job.fold.protocol)
                    if score.primary
                ),
            ),
            "people": _people(dataset, job.fold),
            **words_of(info),
            "provenance": provenance(dataset, config, [result])
            | {"fold": job.fold.name, "network": job.network.title, "weights": result.n_weights}
            | _int8_check(dataset, result, model),
            **networks,
        }
    )


def _least(dataset: Dataset, result: FoldResult) -> dict[str, float]:
    """Return the confidence threshold of each of a bundle's heads that has one above 0."""
    found = {h: choice.threshold for h, choice in confidence_thresholds(dataset, result).items()}
    return {h: least for h, least in found.items() if least > 0 and not h.endswith(QUADRANT)}


def _int8_check(dataset: Dataset, result: FoldResult, model: Network) -> dict[str, object]:
    """Return what int8 changes on validation windows, where ONNX Runtime is here to say it."""
    rows = [p.rows for p in result.predictions if p.split == "validation" and not p.without]
    if isinstance(model, GatedSum) or not rows or not is_onnx_here():
        return {}
    known = np.unique(np.concatenate(rows))
    chosen = known[np.linspace(0, len(known) - 1, min(len(known), _N_INT8)).round().astype(int)]
    return {INT8_CHECK: check_rows(dataset, chosen, model)}


def _members(model: PerTargetEnsemble) -> dict[str, PhysioSync]:
    return {n: m for n, m in model.members.items() if isinstance(m, PhysioSync)}


def check_people(index: WindowIndex, people: int, *, few: bool) -> None:
    """Refuse a bundle of so few real people that it tells little of anybody else.

    Raises
    ------
    UserError
        There are fewer than eight, and ``few`` is not set.
    """
    if people < FEW_PEOPLE and not (index.info.simulated or few):
        raise UserError(
            f"a bundle from {people} people says little of anybody else, and {FEW_PEOPLE} are the "
            "least: the report is written; add --few to write the bundle all the same, marked as "
            "one of few people"
        )


def _people(index: WindowIndex, fold: Fold) -> int:
    """How many people a fold trains on."""
    return len(set(index.table.subject[fold.train].tolist()))


def words_of(info: DatasetInfo) -> dict[str, object]:
    """What a card says of the data in words: meaning, limits and citation."""
    return {"meaning": info.meaning, "limits": info.limits, "citation": info.citation}


def _trained_on(dataset: Dataset, job: Job) -> str:
    """Say in one sentence whose signals the weights saw."""
    info = dataset.info
    who = _people(dataset, job.fold)
    kind = ("simulated " if info.simulated else "") + ("person" if who == 1 else "people")
    left_out = {"subject": "the tested people", "trial": "the tested stimuli"}
    return (
        f"{info.title}: {len(job.fold.train)} windows of {who} {kind}, without "
        f"{left_out.get(job.fold.protocol, 'the tested windows')}"
    )


def _profile(dataset: Dataset, network: NetworkConfig) -> Profile:
    seconds: Seconds = 5 if network.with_5s else 1
    if dataset.info.live is None:
        return PaperProfile(window_s=seconds)
    # Signals are preprocessed as they flow, so shorter windows are cut from the same ones.
    return dataset.info.live.model_copy(update={"window_s": float(seconds)})


def scores_of(assessment: Assessment, rows: Sequence[ScoreRow], protocol: str) -> tuple[Score, ...]:
    """Return the pooled scores of the network and of the baseline models under one protocol."""
    return tuple(
        Score(
            protocol=assessment.named(row.protocol),
            target=row.target,
            modalities=row.modalities,
            model=row.model,
            metric=row.metric,
            value=row.value,
            ci_low=row.ci_low,
            ci_high=row.ci_high,
            n=row.n,
            unit=row.unit,
        )
        for row in rows
        if row.subject is None
        and row.protocol == protocol
        and row.metric in (_METRICS if row.model == OURS else (PRIMARY,))
        and row.target != QUADRANT
    )
