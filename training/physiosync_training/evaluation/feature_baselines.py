"""Baseline models on slow features, for data that is a table of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from physiosync_models.config import Route
from physiosync_rt.datatypes import FloatArray, Modality
from physiosync_training.datasets.index import ABSENT
from physiosync_training.datasets.splits import Fold
from physiosync_training.evaluation.baseline_models import (
    HEART_RATE,
    LINEAR,
    answers,
)
from physiosync_training.fusion.table import FeatureTable
from physiosync_training.supervised.results import FoldResult, Predictions


def run_feature_baselines(
    table: FeatureTable, targets: Sequence[str], folds: Sequence[Fold]
) -> list[FoldResult]:
    """Fit and evaluate every baseline model on every fold, for all targets.

    All answer every window: a feature that is not known is filled with the training's median.
    """
    features: list[tuple[str, Route, FloatArray]] = [
        (LINEAR["eeg"], "eeg", table.eeg),
        (LINEAR["pps"], "pps", table.pps),
        (LINEAR["fused"], "fused", np.concatenate([table.eeg, table.pps], axis=1)),
    ]
    if table.info.pps.modality is Modality.ECG:
        features.append((HEART_RATE, "pps", table.peripheral(("heart rate",))))
    results = []
    for fold in folds:
        found: dict[str, list[Predictions]] = {}
        for target in targets:
            truth = table.truth(target)
            train, validation, test = (
                rows[truth[rows] != ABSENT] for rows in (fold.train, fold.validation, fold.test)
            )
            parts = (train, validation, test)
            for name, answer in answers(features, target, truth, parts, test):
                found.setdefault(name, []).append(answer)
        results += [
            FoldResult(
                fold=fold.name,
                protocol=fold.protocol,
                inflated=fold.inflated,
                network=name,
                predictions=predictions,
            )
            for name, predictions in found.items()
        ]
    return results
