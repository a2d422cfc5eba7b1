"""Turn fitted gated sums into bundles that run live."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from physiosync_models.gated_sum import GatedSum
from physiosync_rt.bundle.bundle import save_bundle
from physiosync_rt.bundle.card import OURS, Card, Score
from physiosync_training.datasets.splits import STRICTEST_FIRST, Fold
from physiosync_training.evaluation.evaluate import Assessment
from physiosync_training.evaluation.metrics import PRIMARY
from physiosync_training.evaluation.people import PeopleScore
from physiosync_training.evaluation.pooled import confidence_thresholds
from physiosync_training.experiment.fusion_run import TITLE, FusionRun, fit_everybody, load_fitted
from physiosync_training.export import check_people, scores_of, words_of
from physiosync_training.fusion.fit import PRIOR
from physiosync_training.reporting.report import provenance
from physiosync_training.supervised.results import FoldResult

PEOPLE_METRIC = f"{PRIMARY}, mean over people"
"""Each person counts once; see `physiosync_training.evaluation.people`."""


def write_fusion_bundles(
    run: FusionRun,
    results: Sequence[FoldResult],
    assessment: Assessment,
    *,
    few: bool = False,
) -> list[Path]:
    """Write the bundles that the configuration asks for.

    Parameters
    ----------
    run : FusionRun
    results : sequence of FoldResult
        Of the first repeat, one for each of its folds.
    assessment : Assessment
    few : bool
        Write bundles of fewer than eight real people too.

    Returns
    -------
    list of Path
        ``bundle`` below the run's folder, or ``bundles/FOLD`` for each fold.

    Raises
    ------
    UserError
        The models saw fewer than eight real people, and ``few`` is not set.
    """
    config, table = run.config, run.table
    if config.bundles == "none":
        return []
    strictest = min((fold.protocol for fold in run.repeats[0]), key=STRICTEST_FIRST.index)
    folds = [fold for fold in run.repeats[0] if fold.protocol == strictest]
    by_fold = {(result.protocol, result.fold): result for result in results}
    if config.bundles == "all":
        check_people(table, len(table.info.subjects), few=few)
        model, _ = fit_everybody(run)
        card = _card(run, None, model, list(results), assessment, strictest)
        save_bundle(run.out / "bundle", card, model)
        return [run.out / "bundle"]
    paths = []
    for fold in folds[:1] if config.bundles == "first" else folds:
        result = by_fold[fold.protocol, fold.name]
        check_people(table, _people(run, fold), few=few)
        model = load_fitted(run, fold, result)
        name = "bundle" if config.bundles == "first" else f"bundles/{fold.name}"
        card = _card(run, fold, model, [result], assessment, strictest)
        save_bundle(run.out / name, card, model)
        paths.append(run.out / name)
    return paths


def _people(run: FusionRun, fold: Fold | None) -> int:
    """How many people a fold fits, or how many there are."""
    if fold is None:
        return len(run.table.info.subjects)
    return len({*run.table.table.subject[fold.train], *run.table.table.subject[fold.validation]})


def _card(
    run: FusionRun,
    fold: Fold | None,
    model: GatedSum,
    results: list[FoldResult],
    assessment: Assessment,
    protocol: str,
) -> Card:
    config, table = run.config, run.table
    info = table.info
    assert assessment.people is not None
    mine = [
        each
        for each in assessment.people.scores
        if each.protocol == protocol and each.model == OURS
    ]
    widest = {each.target: each for each in reversed(mine)}
    return Card.model_validate(
        {
            "name": config.name,
            "title": config.title,
            "trained_on": _trained_on(run, fold),
            "simulated": info.simulated,
            "eeg": info.eeg,
            "pps": info.pps,
            "profile": info.live,
            "gated_sum": model.config.to_dict(),
            "prior": dict.fromkeys(config.finetune.targets, PRIOR),
            "people": _people(run, fold),
            "by_person": {
                target: {name: round(value, 3) for name, value in each.by_person.items()}
                for target, each in widest.items()
            },
            "least_confidence": _least(run, results) if config.withhold else {},
            "alternative": config.alternative,
            "scores": (
                *scores_of(assessment, assessment.scores, protocol),
                *(_person_score(each) for each in assessment.people.scores),
            ),
            "provenance": provenance(table, config, results)
            | {
                "fold": "everybody" if fold is None else fold.name,
                "network": f"{TITLE} of EEG and peripheral features; no network is part of it",
                "weights": results[0].n_weights,
            },
            **words_of(info),
        }
    )


def _trained_on(run: FusionRun, fold: Fold | None) -> str:
    """Say in one sentence whose signals the weights saw."""
    info, people = run.table.info, _people(run, fold)
    kind = "simulated people" if info.simulated else "people"
    if fold is None:
        return (
            f"{info.title}: {len(run.table)} windows of {people} {kind}, all of them; the scores "
            "are of models fitted in the same way without the tested people"
        )
    n = len(fold.train) + len(fold.validation)
    left_out = "the tested people" if fold.protocol == "subject" else "the tested stimuli"
    return f"{info.title}: {n} windows of {people} {kind}, without {left_out}"


def _least(run: FusionRun, results: list[FoldResult]) -> dict[str, float]:
    """Return the confidence threshold of each head: of a fold, or the mean over all folds."""
    found: dict[str, list[float]] = {}
    for result in results:
        for head, choice in confidence_thresholds(run.table, result).items():
            found.setdefault(head, []).append(choice.threshold)
    means = {head: sum(each) / len(each) for head, each in found.items()}
    return {head: least for head, least in means.items() if least > 0}


def _person_score(found: PeopleScore) -> Score:
    return Score(
        protocol=found.protocol,
        target=found.target,
        modalities=found.modalities,
        model=found.model,
        metric=PEOPLE_METRIC,
        value=found.mean.value,
        ci_low=found.mean.low,
        ci_high=found.mean.high,
        n=len(found.by_person),
        unit="subject",
    )
