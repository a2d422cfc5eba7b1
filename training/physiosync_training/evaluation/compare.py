"""Compare two models on the same windows, and score a network's selective prediction."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from physiosync_training.datasets.index import WindowIndex
from physiosync_training.evaluation.metrics import PRIMARY, Estimate, Unit, margin, score
from physiosync_training.evaluation.pooled import Pooled, units
from physiosync_training.experiment.config import IntervalUnit


@dataclass(frozen=True, slots=True)
class Verdict:
    """The first network against another model, on one protocol and target.

    Attributes
    ----------
    protocol, target : str
    inflated : bool
    ours, theirs : float
        Balanced accuracy.
    rival : str
        The best baseline model, or another network.
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
    rival: str
    margin: Estimate
    n: int
    unit: Unit

    @property
    def loses(self) -> bool:
        """Whether the rival is as good or better."""
        return not self.ours > self.theirs

    @property
    def is_clear(self) -> bool:
        """Whether the interval of the margin leaves out 0."""
        return self.margin.low > 0 or self.margin.high < 0


@dataclass(frozen=True, slots=True)
class SelectiveResult:
    """Scores of a network where it is confident enough to answer.

    Attributes
    ----------
    protocol, target, modalities, model : str
    thresholds : tuple of float
        Confidence threshold by fold (see `physiosync_training.supervised.selective`).
    validation_coverage, validation_accuracy : float
        Where these were chosen, mean over folds.
    coverage : float
        Share of the test windows that is answered.
    accuracy, balanced : Estimate
        On these; NaN where none is answered.
    all_accuracy, all_balanced : float
        On all test windows.
    """

    protocol: str
    target: str
    modalities: str
    model: str
    thresholds: tuple[float, ...]
    validation_coverage: float
    validation_accuracy: float
    coverage: float
    accuracy: Estimate
    balanced: Estimate
    all_accuracy: float
    all_balanced: float


def primary(pooled: Pooled) -> float:
    """Balanced accuracy; NaN where the tested windows are of one class."""
    found = score(pooled.truth, pooled.probability, pooled.rows, pooled.fold, n_draws=1)
    return found[PRIMARY].value


def compare(
    dataset: WindowIndex, ours: Pooled, theirs: Pooled, wanted: IntervalUnit, seed: int
) -> Verdict:
    """Judge one model against another, unit by unit."""
    one, other = on_same_windows(ours, theirs)
    unit, what = units(dataset, one.rows, wanted)
    return Verdict(
        protocol=ours.protocol,
        target=ours.target,
        inflated=ours.inflated,
        ours=primary(ours),
        theirs=primary(theirs),
        rival=theirs.model,
        margin=margin(one.truth, one.probability, other.probability, unit, one.fold, seed=seed),
        n=len(np.unique(unit)),
        unit=what,
    )


def on_same_windows(one: Pooled, other: Pooled) -> tuple[Pooled, Pooled]:
    """Put answers to windows of 1 s and of 5 s side by side.

    What was answered once for 5 s counts for each of its seconds.
    """
    fine = max(one, other, key=lambda pooled: len(pooled.rows))
    place = np.argsort(fine.rows, kind="stable")

    def laid_out(pooled: Pooled) -> Pooled:
        order = np.argsort(pooled.rows, kind="stable")
        # Both are in the order of rows now, and a row's seconds in the order of time.
        if len(order) < len(place):
            order = order[np.searchsorted(pooled.rows[order], fine.rows[place])]
        answers = np.empty_like(fine.probability)
        answers[place] = pooled.probability[order]
        return replace(fine, model=pooled.model, probability=answers)

    return laid_out(one), laid_out(other)


def best_baseline(ours: Pooled, pooled: list[Pooled]) -> Pooled:
    """Return the best baseline model on the same protocol and target."""
    rivals = [
        each
        for each in pooled
        if each.is_baseline and (each.protocol, each.target) == (ours.protocol, ours.target)
    ]
    if not rivals:
        raise ValueError(f"no baseline model for {ours.target} on protocol {ours.protocol}")
    return max(rivals, key=primary)


def selective_result(
    dataset: WindowIndex, pooled: Pooled, wanted: IntervalUnit, seed: int
) -> SelectiveResult | None:
    """Score the windows that are answered at every fold's confidence threshold.

    Returns
    -------
    SelectiveResult or None
        None where a fold had nothing to choose a threshold by.
    """
    choices = [choice for choice in pooled.choices if choice is not None]
    if len(choices) < pooled.n_folds:
        return None
    threshold = np.array([choice.threshold for choice in choices])[pooled.fold]
    kept = pooled.probability.max(axis=1) >= threshold
    unit, _ = units(dataset, pooled.rows, wanted)
    nothing = Estimate(np.nan, np.nan, np.nan)
    found = {"accuracy": nothing, PRIMARY: nothing}
    if kept.any():
        found = score(
            pooled.truth[kept], pooled.probability[kept], unit[kept], pooled.fold[kept], seed=seed
        )
    whole = score(pooled.truth, pooled.probability, unit, pooled.fold, n_draws=1)
    return SelectiveResult(
        protocol=pooled.protocol,
        target=pooled.target,
        modalities=pooled.modalities,
        model=pooled.model,
        thresholds=tuple(choice.threshold for choice in choices),
        validation_coverage=float(np.mean([choice.coverage for choice in choices])),
        validation_accuracy=float(np.mean([choice.accuracy for choice in choices])),
        coverage=float(kept.mean()),
        accuracy=found["accuracy"],
        balanced=found[PRIMARY],
        all_accuracy=whole["accuracy"].value,
        all_balanced=whole[PRIMARY].value,
    )
