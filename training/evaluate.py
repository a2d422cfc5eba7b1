"""From predictions on folds to numbers that a person may publish.

Predictions are pooled over each fold of a protocol, every tested window counts once, and the
baselines are scored on the same windows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np

from models.config import Route
from training.config import IntervalUnit
from training.data.dataset import Dataset
from training.metrics import BEFORE, N_DRAWS, Estimate, Unit, margin, score
from training.pooling import OURS, Pooled, pool, units
from training.results import FoldResult

PRIMARY: Final = "balanced accuracy"
"""What models are compared by: guessing scores 1 / n_classes, whatever the classes' shares."""

_SUBJECT_DRAWS = 200


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One number of a report.

    Attributes
    ----------
    protocol, target : str
    modalities : str
        ``eeg+gsr``, ``eeg``, ``gsr`` ...
    model : str
        ``physiosync``, another network, or a baseline's name.
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


@dataclass(frozen=True, slots=True)
class Verdict:
    """The first network against the best of the baselines, on one protocol and target.

    Attributes
    ----------
    protocol, target : str
    inflated : bool
    ours, theirs : float
        Balanced accuracy.
    baseline : str
    margin : Estimate
        Of ours over theirs.
    n, unit
        What the interval was drawn from.
    """

    protocol: str
    target: str
    inflated: bool
    ours: float
    theirs: float
    baseline: str
    margin: Estimate
    n: int
    unit: Unit

    @property
    def loses(self) -> bool:
        """Whether the baseline is as good or better."""
        return not self.ours > self.theirs

    @property
    def is_clear(self) -> bool:
        """Whether the interval of the margin leaves out 0."""
        return self.margin.low > 0 or self.margin.high < 0


@dataclass(frozen=True, slots=True, eq=False)
class Assessment:
    """All that a report shows of a run.

    Attributes
    ----------
    pooled : list of Pooled
    scores : list of ScoreRow
    verdicts : list of Verdict
        Honest protocols first.
    undecided : list of (str, str)
        Protocols and targets of whose tested windows all have one class, so that there is
        nothing to compare.
    results : list of FoldResult
        Of the networks.
    models : dict of str to str
        Title of every network by its name in the scores.
    """

    pooled: list[Pooled]
    scores: list[ScoreRow]
    verdicts: list[Verdict]
    undecided: list[tuple[str, str]]
    results: list[FoldResult]
    models: dict[str, str]


def assess(
    dataset: Dataset,
    results: Sequence[FoldResult],
    baselines: Sequence[FoldResult],
    *,
    unit: IntervalUnit = "auto",
    seed: int = 0,
) -> Assessment:
    """Score networks and baselines on the same folds.

    Parameters
    ----------
    dataset : Dataset
    results : sequence of FoldResult
        Of one network or several; the first one's network is the one that is judged.
    baselines : sequence of FoldResult
        From `training.baselines.Baselines`.
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
    main = [p for p in pooled if p.model == OURS and p.route == _widest(pooled, p)]
    decided = [p for p in main if np.isfinite(_primary(p))]
    undecided = [(p.protocol, p.target) for p in main if not np.isfinite(_primary(p))]
    verdicts = [_verdict(dataset, ours, pooled, unit, seed) for ours in decided]
    verdicts.sort(key=lambda verdict: verdict.inflated)
    return Assessment(
        pooled,
        scores,
        verdicts,
        undecided,
        list(results),
        {name: title for title, name in names.items()},
    )


def _rows(dataset: Dataset, pooled: Pooled, wanted: IntervalUnit, seed: int) -> list[ScoreRow]:
    """Pooled scores and those of each subject."""
    folds = [
        score(pooled.truth[at], pooled.probability[at], pooled.rows[at], n_draws=1)
        for at in (pooled.fold == k for k in range(pooled.n_folds))
    ]
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
        name = dataset.about.subjects[subject]
        out += _score_rows(dataset, part, name, below, seed, _SUBJECT_DRAWS)
    return out


def _score_rows(
    dataset: Dataset,
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
    """The fused head, or the one there is."""
    routes = [p.route for p in pooled if (p.model, p.target) == (like.model, like.target)]
    return "fused" if "fused" in routes else routes[0]


def _verdict(
    dataset: Dataset, ours: Pooled, pooled: list[Pooled], wanted: IntervalUnit, seed: int
) -> Verdict:
    rivals = [
        each
        for each in pooled
        if each.is_baseline and (each.protocol, each.target) == (ours.protocol, ours.target)
    ]
    if not rivals:
        raise ValueError(f"no baseline for {ours.target} on protocol {ours.protocol}")
    theirs = max(rivals, key=_primary)
    order = np.argsort(theirs.rows, kind="stable")
    answers = theirs.probability[order[np.searchsorted(theirs.rows[order], ours.rows)]]
    unit, what = units(dataset, ours.rows, wanted)
    return Verdict(
        protocol=ours.protocol,
        target=ours.target,
        inflated=ours.inflated,
        ours=_primary(ours),
        theirs=_primary(theirs),
        baseline=theirs.model,
        margin=margin(ours.truth, ours.probability, answers, unit, ours.fold, seed=seed),
        n=len(np.unique(unit)),
        unit=what,
    )


def _primary(pooled: Pooled) -> float:
    found = score(pooled.truth, pooled.probability, pooled.rows, pooled.fold, n_draws=1)
    return found[PRIMARY].value


def plain(row: ScoreRow) -> dict[str, Any]:
    """A row for `report.json`."""
    return asdict(row)
