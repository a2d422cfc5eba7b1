"""From predictions on folds to numbers that a person may publish.

Predictions are pooled over each fold of a protocol, every tested window counts once, and the
baselines are scored on the same windows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np

from models.config import Route
from physiosync_rt.datatypes import FloatArray, IntArray
from training.baselines import NAMES as BASELINES
from training.config import IntervalUnit
from training.data.dataset import Dataset
from training.metrics import N_DRAWS, Estimate, Unit, margin, score
from training.results import FoldResult

OURS: Final = "physiosync"
"""Name of the first network in `report.json`; others have their title added."""

PRIMARY: Final = "balanced accuracy"
"""What models are compared by: guessing scores 1 / n_classes, whatever the classes' shares."""

_LEAST_UNITS = 8
_BLOCK_S = 20.0
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


@dataclass(frozen=True, slots=True, eq=False)
class Pooled:
    """All answers of one model's head to the test windows of a protocol.

    Attributes
    ----------
    protocol, model, modalities, target : str
    route : {"fused", "eeg", "pps"}
    inflated : bool
    rows, truth : int64 arrays, shape (n,)
    fold : int64 array, shape (n,)
        Number of the fold that tested the window.
    probability, uncalibrated : float64 arrays, shape (n, n_classes)
    """

    protocol: str
    model: str
    modalities: str
    target: str
    route: Route
    inflated: bool
    rows: IntArray
    truth: IntArray
    fold: IntArray
    probability: FloatArray
    uncalibrated: FloatArray

    @property
    def is_baseline(self) -> bool:
        """Whether it is one of `training.baselines`."""
        return self.model in BASELINES

    @property
    def n_folds(self) -> int:
        """Folds that were pooled."""
        return len(np.unique(self.fold))


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
    results : list of FoldResult
        Of the networks.
    models : dict of str to str
        Title of every network by its name in the scores.
    """

    pooled: list[Pooled]
    scores: list[ScoreRow]
    verdicts: list[Verdict]
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
    verdicts = [
        _verdict(dataset, ours, pooled, unit, seed)
        for ours in pooled
        if ours.model == OURS and ours.route == _widest(pooled, ours)
    ]
    verdicts.sort(key=lambda verdict: verdict.inflated)
    return Assessment(
        pooled, scores, verdicts, list(results), {name: title for title, name in names.items()}
    )


def pool(dataset: Dataset, results: Iterable[FoldResult], names: dict[str, str]) -> list[Pooled]:
    """Put the test predictions of all folds together, head by head.

    Where a fold was trained several times (see `ProtocolConfig.rotations`), what was said of a
    window is averaged.
    """
    heads: dict[tuple[str, str, str, Route], list[Pooled]] = {}
    for result in results:
        for p in result.predictions:
            if p.split != "test":
                continue
            model = names.get(result.network, result.network)
            key = (result.protocol, p.target, model, p.route)
            parts = heads.setdefault(key, [])
            part = Pooled(
                protocol=result.protocol,
                model=model,
                modalities=modalities_of(dataset, p.route, model),
                target=p.target,
                route=p.route,
                inflated=result.inflated,
                rows=p.rows,
                truth=p.truth,
                fold=np.full(len(p.rows), len(parts)),
                probability=p.probability,
                uncalibrated=p.uncalibrated,
            )
            parts.append(part)
    return [_joined(parts) for parts in heads.values()]


def _joined(parts: list[Pooled]) -> Pooled:
    """One after the other, turns of the same fold averaged."""
    turns: dict[bytes, list[Pooled]] = {}
    for part in parts:
        turns.setdefault(part.rows.tobytes(), []).append(part)
    whole = [
        replace(
            same[0],
            fold=np.full(len(same[0].rows), number),
            probability=np.mean([part.probability for part in same], axis=0),
            uncalibrated=np.mean([part.uncalibrated for part in same], axis=0),
        )
        for number, same in enumerate(turns.values())
    ]
    joined: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in whole])
        for name in ("rows", "truth", "fold", "probability", "uncalibrated")
    }
    return replace(whole[0], **joined)


def modalities_of(dataset: Dataset, route: Route, model: str = OURS) -> str:
    """Name what a head was given, as predictions do; empty for a guess."""
    if model in BASELINES[:2]:
        return ""
    pps = str(dataset.about.pps.modality).lower()
    return {"fused": f"eeg+{pps}", "eeg": "eeg", "pps": pps}[route]


def units(dataset: Dataset, rows: IntArray, wanted: IntervalUnit) -> tuple[IntArray, Unit]:
    """Independent unit of every window, and what it is."""
    table = dataset.table
    subject, trial = table.subject[rows], table.trial[rows]
    chosen: Unit
    if wanted != "auto":
        chosen = wanted
    elif len(np.unique(subject)) >= _LEAST_UNITS:
        chosen = "subject"
    else:
        chosen = "trial" if len(np.unique(trial)) >= _LEAST_UNITS else "20 s block"
    if chosen == "subject":
        return subject, chosen
    if chosen == "trial":
        return trial, chosen
    block = (table.t_start // _BLOCK_S).astype(np.int64)
    return trial * (int(block.max()) + 1) + block[rows], chosen


def _rows(dataset: Dataset, pooled: Pooled, wanted: IntervalUnit, seed: int) -> list[ScoreRow]:
    """Pooled scores and those of each subject."""
    folds = [
        score(pooled.truth[at], pooled.probability[at], pooled.rows[at], n_draws=1)
        for at in (pooled.fold == k for k in range(pooled.n_folds))
    ]
    out = []
    for row in _score_rows(dataset, pooled, None, wanted, seed, N_DRAWS):
        values = np.array([fold[row.metric].value for fold in folds])
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
    value = found[PRIMARY].value
    return value if np.isfinite(value) else 0.0


def plain(row: ScoreRow) -> dict[str, Any]:
    """A row for `report.json`."""
    return asdict(row)
