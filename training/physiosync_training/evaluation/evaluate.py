"""Turn predictions on folds into scores that can be published.

Predictions are pooled over each fold of a protocol, every tested window counts once, and the
baseline models answer the same windows (see `evaluation.baseline_models` for networks of
other windows).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from physiosync_models.config import Route
from physiosync_rt.bundle.card import OURS
from physiosync_training.datasets.index import WindowIndex
from physiosync_training.datasets.splits import (
    STRICTEST_FIRST,
    ProtocolConfig,
    is_inflated,
    planned_folds,
)
from physiosync_training.evaluation.compare import (
    SelectiveResult,
    Verdict,
    best_baseline,
    compare,
    primary,
    selective_result,
)
from physiosync_training.evaluation.metrics import BEFORE, N_DRAWS, Unit, score
from physiosync_training.evaluation.people import PeopleReport
from physiosync_training.evaluation.pooled import Pooled, pool, units
from physiosync_training.experiment.config import IntervalUnit
from physiosync_training.supervised.results import FoldResult

_SUBJECT_DRAWS = 200


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One score of a report.

    Attributes
    ----------
    protocol, target : str
    modalities : str
        ``eeg+gsr``, ``eeg``, ``gsr`` ...
    model : str
        ``physiosync``, another network, or a baseline model's name.
    subject : str or None
        None for the pooled figure.
    metric : str
    value : float
    ci_low, ci_high : float or None
        95 % interval, where there are units to resample.
    n : int
        Independent units.
    unit : str
        What these are.
    n_subjects : int
    inflated : bool
    fold_mean, fold_std : float or None
        Over folds (population standard deviation), for the pooled figure.
    n_folds : int
        In which the score is defined.
    """

    protocol: str
    target: str
    modalities: str
    model: str
    subject: str | None
    metric: str
    value: float
    ci_low: float | None
    ci_high: float | None
    n: int
    unit: Unit
    n_subjects: int
    inflated: bool
    fold_mean: float | None = None
    fold_std: float | None = None
    n_folds: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Assessment:
    """All that a report shows of a run.

    Attributes
    ----------
    pooled : list of Pooled
    scores : list of ScoreRow
    verdicts : list of Verdict
        The first network against the best baseline model, the strictest protocol first.
    encoder_comparisons : list of Verdict
        The first network against every other network, in the same order.
    selective : list of SelectiveResult
        Of all heads whose confidence threshold could be chosen.
    undecided : list of (str, str)
        Protocols and targets of whose tested windows all have one class, so that there is
        nothing to compare.
    results : list of FoldResult
        Of the networks.
    models : dict of str to str
        Title of every network by its name in the scores.
    folds : dict of str to (int, int)
        How many folds of a protocol were trained on, and how many there would be.
    left_out : dict of str to list of ScoreRow
        Pooled scores of the first network with an electrode missing, by the way in which it is
        (`DatasetInfo.left_out`).
    people : PeopleReport or None
        Of a fusion: single people left out.
    """

    pooled: list[Pooled]
    scores: list[ScoreRow]
    verdicts: list[Verdict]
    encoder_comparisons: list[Verdict]
    selective: list[SelectiveResult]
    undecided: list[tuple[str, str]]
    results: list[FoldResult]
    models: dict[str, str]
    folds: dict[str, tuple[int, int]]
    left_out: dict[str, list[ScoreRow]]
    people: PeopleReport | None = None

    def named(self, protocol: str) -> str:
        """Label a protocol, with "(inflated)" or the missing folds where these apply."""
        done, planned = self.folds[protocol]
        inflated = " (inflated)" if is_inflated(protocol) else ""
        missing = f", {done} of {planned} folds" if done < planned else ""
        return f"{protocol}{inflated}{missing}"


def assess(
    dataset: WindowIndex,
    results: Sequence[FoldResult],
    baselines: Sequence[FoldResult],
    *,
    protocols: Sequence[ProtocolConfig] = (),
    unit: IntervalUnit = "auto",
    seed: int = 0,
) -> Assessment:
    """Score networks and baseline models on the same folds.

    Parameters
    ----------
    dataset : WindowIndex
    results : sequence of FoldResult
        Of one network or several; the first one's network is the one that is judged.
    baselines : sequence of FoldResult
        From `physiosync_training.evaluation.baseline_models.Baselines`.
    protocols : sequence of ProtocolConfig
        How the folds were made; all of a protocol's were trained on where it is not among them.
    unit : {"auto", "subject", "trial", "20 s block"}
        What intervals resample: by default subjects where there are eight or more, else trials
        where there are eight or more, else blocks of 20 s.
    seed : int
        Of the bootstrap.
    """
    titles = list(dict.fromkeys(result.network for result in results))
    names = {title: OURS if k == 0 else f"{OURS}: {title}" for k, title in enumerate(titles)}
    pooled = pool(dataset, results, names) + pool(dataset, baselines, {})
    scores = [row for each in pooled for row in _rows(dataset, each, unit, seed)]
    networks = [p for p in pooled if not p.is_baseline]
    heads = sorted((p for p in networks if p.route == _widest(networks, p)), key=_strictness)
    main = [p for p in heads if p.model == OURS]
    decided = [p for p in main if np.isfinite(primary(p))]
    planned: dict[str, int] = {
        config.protocol: planned_folds(dataset, config) for config in protocols
    }
    return Assessment(
        pooled=pooled,
        scores=scores,
        verdicts=[compare(dataset, p, best_baseline(p, pooled), unit, seed) for p in decided],
        encoder_comparisons=[
            compare(dataset, ours, other, unit, seed)
            for ours in decided
            for other in heads
            if other.model != OURS
            and (other.protocol, other.target) == (ours.protocol, ours.target)
        ],
        selective=[
            found
            for p in networks
            if (found := selective_result(dataset, p, unit, seed)) is not None
        ],
        undecided=[(p.protocol, p.target) for p in main if not np.isfinite(primary(p))],
        results=list(results),
        models={name: title for title, name in names.items()},
        folds={p.protocol: (p.n_folds, planned.get(p.protocol, p.n_folds)) for p in main},
        left_out={
            way: [
                row
                for each in pool(dataset, results, names, way)
                if each.model == OURS
                for row in _score_rows(dataset, each, None, unit, seed, N_DRAWS)
            ]
            for way in dataset.info.left_out
        },
    )


def _strictness(pooled: Pooled) -> int:
    return STRICTEST_FIRST.index(pooled.protocol)


def _rows(dataset: WindowIndex, pooled: Pooled, wanted: IntervalUnit, seed: int) -> list[ScoreRow]:
    """Score pooled answers, and those of each subject."""
    folds = [
        score(pooled.truth[at], pooled.probability[at], pooled.rows[at], n_draws=1)
        for at in (pooled.fold == k for k in range(pooled.n_folds))
    ]
    if not pooled.is_baseline:
        for k, fold in enumerate(folds):
            at = pooled.fold == k
            raw = score(pooled.truth[at], pooled.uncalibrated[at], pooled.rows[at], n_draws=1)
            fold[BEFORE] = raw["calibration error"]
    out = []
    for row in _score_rows(dataset, pooled, None, wanted, seed, N_DRAWS):
        values = np.array([fold[row.metric].value for fold in folds if row.metric in fold])
        values = values[np.isfinite(values)]
        if len(values):
            row = replace(
                row,
                fold_mean=float(values.mean()),
                fold_std=float(values.std()),
                n_folds=len(values),
            )
        out.append(row)
    code = dataset.table.subject[pooled.rows]
    for subject in np.unique(code).tolist():
        inside = code == subject
        part = replace(
            pooled,
            rows=pooled.rows[inside],
            truth=pooled.truth[inside],
            fold=pooled.fold[inside],
            probability=pooled.probability[inside],
            uncalibrated=pooled.uncalibrated[inside],
        )
        # Of one subject the unit cannot be the subject.
        below: IntervalUnit = "auto" if wanted == "subject" else wanted
        name = dataset.info.subjects[subject]
        out += _score_rows(dataset, part, name, below, seed, _SUBJECT_DRAWS)
    return out


def _score_rows(
    dataset: WindowIndex,
    pooled: Pooled,
    subject: str | None,
    wanted: IntervalUnit,
    seed: int,
    n_draws: int,
) -> list[ScoreRow]:
    unit, what = units(dataset, pooled.rows, wanted)
    # A person's few windows in one fold often lack a class, so theirs are pooled over folds.
    fold = pooled.fold if subject is None else None
    found = score(pooled.truth, pooled.probability, unit, fold, seed=seed, n_draws=n_draws)
    if subject is None and not pooled.is_baseline:
        raw = score(pooled.truth, pooled.uncalibrated, unit, fold, seed=seed, n_draws=n_draws)
        found[BEFORE] = raw["calibration error"]
    return [
        ScoreRow(
            protocol=pooled.protocol,
            target=pooled.target,
            modalities=pooled.modalities,
            model=pooled.model,
            subject=subject,
            metric=metric,
            value=estimate.value,
            ci_low=_known(estimate.low),
            ci_high=_known(estimate.high),
            n=len(np.unique(unit)),
            unit=what,
            n_subjects=len(np.unique(dataset.table.subject[pooled.rows])),
            inflated=pooled.inflated,
        )
        for metric, estimate in found.items()
        if np.isfinite(estimate.value)
    ]


def _known(x: float) -> float | None:
    return float(x) if np.isfinite(x) else None


def _widest(pooled: list[Pooled], like: Pooled) -> Route:
    """Return ``fused`` where a model has that head, else the first of its routes."""
    routes = [p.route for p in pooled if (p.model, p.target) == (like.model, like.target)]
    return "fused" if "fused" in routes else routes[0]
