"""Predictions of a head pooled over all folds of a protocol, and their independent units."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from physiosync_models.config import Route
from physiosync_rt.bundle.card import OURS
from physiosync_rt.datatypes import FloatArray, IntArray
from physiosync_training.datasets.index import WINDOW_S, WindowIndex
from physiosync_training.evaluation.baseline_models import ALWAYS_HIGH, MAJORITY
from physiosync_training.evaluation.baseline_models import NAMES as BASELINES
from physiosync_training.evaluation.metrics import Unit
from physiosync_training.experiment.config import IntervalUnit
from physiosync_training.supervised.results import FoldResult
from physiosync_training.supervised.selective import Choice, choose, mean_of

_LEAST_UNITS = 8
_BLOCK_S = 20.0


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
    choices : tuple of Choice or None
        By fold; None where there was nothing to choose by, as for baseline models.
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
    choices: tuple[Choice | None, ...]

    @property
    def is_baseline(self) -> bool:
        """Return whether it is one of `physiosync_training.evaluation.baseline_models`."""
        return self.model in BASELINES

    @property
    def n_folds(self) -> int:
        """Return how many folds were pooled."""
        return len(np.unique(self.fold))

    @property
    def seconds(self) -> int:
        """Return the length of the windows: of 1 s there are five to a row."""
        return 1 if len(self.rows) > len(np.unique(self.rows)) else WINDOW_S


def pool(
    dataset: WindowIndex, results: Iterable[FoldResult], names: dict[str, str], without: str = ""
) -> list[Pooled]:
    """Put the test predictions of all folds together, head by head.

    ``without`` names the way in which an electrode was missing; empty where none was.

    Where a fold was trained several times (see `ProtocolConfig.rotations`), its
    predictions of a window are averaged.
    """
    heads: dict[tuple[str, str, str, Route], list[Pooled]] = {}
    for result in results:
        choices = confidence_thresholds(dataset, result)
        for p in result.predictions:
            if p.split != "test" or p.without != without:
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
                choices=(choices.get(f"{p.route}/{p.target}"),),
            )
            parts.append(part)
    return [_joined(parts) for parts in heads.values()]


def confidence_thresholds(dataset: WindowIndex, result: FoldResult) -> dict[str, Choice]:
    """Choose confidence thresholds on a fold's validation windows, by ``route/target``."""
    found = {
        f"{p.route}/{p.target}": choose(p.truth, p.probability, dataset.table.trial[p.rows])
        for p in result.predictions
        if p.split == "validation"
    }
    return {head: choice for head, choice in found.items() if choice is not None}


def _joined(parts: list[Pooled]) -> Pooled:
    """Concatenate the folds; average repeated trainings (rotations) of one fold first."""
    turns: dict[bytes, list[Pooled]] = {}
    for part in parts:
        turns.setdefault(part.rows.tobytes(), []).append(part)
    whole = [
        replace(
            same[0],
            fold=np.full(len(same[0].rows), number),
            probability=np.mean([part.probability for part in same], axis=0),
            uncalibrated=np.mean([part.uncalibrated for part in same], axis=0),
            choices=(mean_of([part.choices[0] for part in same]),),
        )
        for number, same in enumerate(turns.values())
    ]
    joined: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in whole])
        for name in ("rows", "truth", "fold", "probability", "uncalibrated")
    }
    return replace(whole[0], **joined, choices=tuple(part.choices[0] for part in whole))


def modalities_of(dataset: WindowIndex, route: Route, model: str = OURS) -> str:
    """Name what a head was given, as predictions do; empty for a guess."""
    if model in (MAJORITY, ALWAYS_HIGH):
        return ""
    pps = str(dataset.info.pps.modality).lower()
    return {"fused": f"eeg+{pps}", "eeg": "eeg", "pps": pps}[route]


def units(dataset: WindowIndex, rows: IntArray, wanted: IntervalUnit) -> tuple[IntArray, Unit]:
    """Return the code of every window's independent unit, and which unit was chosen."""
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
