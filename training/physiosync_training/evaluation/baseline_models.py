"""Baseline models that any network has to beat: guessing, and logistic regression on features.

They answer the windows that the networks answer: of 5 s, or each second of these where every
network is one of 1 s. Where a run has both, baseline models have the 5 s.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from physiosync_models.config import Route
from physiosync_rt.datatypes import FloatArray, IntArray, Modality
from physiosync_training.datasets.dataset import Dataset
from physiosync_training.datasets.index import ABSENT, WINDOW_S
from physiosync_training.datasets.loader import Seconds, WindowLoader
from physiosync_training.datasets.splits import Fold
from physiosync_training.evaluation.features import N_HEART, describe
from physiosync_training.loop.progress import Progress
from physiosync_training.supervised.config import n_classes
from physiosync_training.supervised.results import FoldResult, Predictions

MAJORITY: Final = "majority class"
ALWAYS_HIGH: Final = "always high"
LINEAR: Final[dict[Route, str]] = {
    "eeg": "linear (EEG band power)",
    "pps": "linear (peripheral features)",
    "fused": "linear (both)",
}
HEART_RATE: Final = "linear (heart rate)"
"""Of ECG alone: the rate's change from rest, or the rate where there is no rest."""

NAMES: Final = (MAJORITY, ALWAYS_HIGH, *LINEAR.values(), HEART_RATE)

STRENGTHS: Final = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""Inverse regularisation to choose from."""

_WITHOUT_VALIDATION: Final = 1e-2
_N_ITERATIONS: Final = 300


class Baselines:
    """Baseline models of a data set; features are computed once and serve all folds and targets.

    Parameters
    ----------
    dataset : Dataset
    targets : sequence of str
    progress : callable
    seconds : {1, 5}
        Length of the windows to answer.
    """

    def __init__(
        self,
        dataset: Dataset,
        targets: Sequence[str],
        progress: Progress,
        seconds: Seconds = WINDOW_S,
    ) -> None:
        self._progress = progress
        self._loader = WindowLoader(dataset, seconds, torch.device("cpu"))
        self._truth = {
            target: np.repeat(dataset.truth(target), self._loader.per_row) for target in targets
        }
        eeg, pps = describe(dataset, np.arange(len(dataset)), seconds)
        self._features: list[tuple[str, Route, FloatArray]] = [
            (LINEAR["eeg"], "eeg", eeg),
            (LINEAR["pps"], "pps", pps),
            (LINEAR["fused"], "fused", np.concatenate([eeg, pps], axis=1)),
        ]
        if dataset.info.pps.modality is Modality.ECG:
            rate = pps[:, [N_HEART if pps.shape[1] > N_HEART else 0]]
            self._features.append((HEART_RATE, "pps", rate))

    def run(self, folds: Sequence[Fold]) -> list[FoldResult]:
        """Fit and evaluate every baseline model on every fold, for all targets."""
        results = []
        for k, fold in enumerate(folds):
            found: dict[str, list[Predictions]] = {name: [] for name in NAMES}
            for target, truth in self._truth.items():
                for name, predictions in self._fold(fold, target, truth):
                    found[name].append(predictions)
            results += [
                FoldResult(
                    fold=fold.name,
                    protocol=fold.protocol,
                    inflated=fold.inflated,
                    network=name,
                    predictions=predictions,
                )
                for name, predictions in found.items()
                if predictions
            ]
            self._progress("baseline models", k + 1, len(folds))
        return results

    def _fold(self, fold: Fold, target: str, truth: IntArray) -> list[tuple[str, Predictions]]:
        parts = [self._loader.numbers(rows) for rows in (fold.train, fold.validation, fold.test)]
        train, validation, test = (numbers[truth[numbers] != ABSENT] for numbers in parts)
        rows = self._loader.rows(test)
        return answers(self._features, target, truth, (train, validation, test), rows)


def answers(
    features: Sequence[tuple[str, Route, FloatArray]],
    target: str,
    truth: IntArray,
    parts: tuple[IntArray, IntArray, IntArray],
    rows: IntArray,
) -> list[tuple[str, Predictions]]:
    """Fit every baseline model and predict the test part.

    Parameters
    ----------
    features : sequence of (name, route, array of shape (n, n_features))
        What the linear models learn from.
    target : str
    truth : int array, shape (n,)
    parts : three int arrays
        Labelled windows for training, validation and test.
    rows : int array
        Rows of the data set that the test windows belong to.
    """
    train, validation, test = parts
    n = n_classes((target,))
    share = np.bincount(truth[train], minlength=n) / len(train)

    def answer(route: Route, probability: FloatArray) -> Predictions:
        return Predictions("test", route, target, rows, truth[test], probability, probability)

    found = [(MAJORITY, answer("fused", np.tile(share, (len(test), 1))))]
    if n == 2:
        found.append((ALWAYS_HIGH, answer("fused", np.tile([0.0, 1.0], (len(test), 1)))))
    for name, route, x in features:
        model = choose(x, truth, train, validation)
        found.append((name, answer(route, probabilities(model, x[test], n))))
    return found


def choose(x: FloatArray, truth: IntArray, train: IntArray, validation: IntArray) -> Pipeline:
    """Fit on training rows with the regularisation that serves the validation rows best.

    The model is a standardised logistic regression that fills gaps with the median of the
    training. Classes have equal weight, as they have in the balanced accuracy that models are
    compared by.

    Parameters
    ----------
    x : array, shape (n_rows, n_features)
    truth : int array, shape (n_rows,)
    train, validation : int arrays
        Labelled rows; a middling regularisation is taken where there is nothing to choose by.
    """
    strengths = STRENGTHS if len(validation) else (_WITHOUT_VALIDATION,)
    n_classes = int(truth.max()) + 1
    gaps = SimpleImputer(strategy="median", keep_empty_features=True)
    scaler = StandardScaler()
    # They do not depend on the regularisation.
    fitted = scaler.fit_transform(gaps.fit_transform(x[train]))
    shown = scaler.transform(gaps.transform(x[validation])) if len(validation) else None
    best: tuple[float, LogisticRegression] | None = None
    for strength in strengths:
        model = _fit(strength, fitted, truth[train])
        loss = 0.0
        if shown is not None:
            loss = _loss(probabilities(model, shown, n_classes), truth[validation])
        if best is None or loss < best[0]:
            best = (loss, model)
    assert best is not None
    return make_pipeline(gaps, scaler, best[1])


def _loss(p: FloatArray, truth: IntArray) -> float:
    """Return the cross-entropy with equal weight for every class that is there."""
    each = -np.log(p[np.arange(len(p)), truth] + 1e-9)
    return float(np.mean([each[truth == k].mean() for k in np.unique(truth)]))


def _fit(strength: float, x: FloatArray, truth: IntArray) -> LogisticRegression:
    model = LogisticRegression(C=strength, class_weight="balanced", max_iter=_N_ITERATIONS)
    with warnings.catch_warnings():
        # A fit that stops early is a baseline model all the same.
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted: LogisticRegression = model.fit(x, truth)
    return fitted


def probabilities(model: Any, x: FloatArray, n_classes: int) -> FloatArray:
    """Predict class probabilities, shape (n, n_classes); 0 for a class that training lacked."""
    out = np.zeros((len(x), n_classes))
    out[:, model.classes_] = model.predict_proba(x)
    return out
