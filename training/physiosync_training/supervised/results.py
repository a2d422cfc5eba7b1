"""What comes out of training one network on one fold."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from physiosync_models.config import Route
from physiosync_rt.datatypes import FloatArray, IntArray
from physiosync_rt.errors import UserError
from physiosync_rt.utils.atomic import READ_ERRORS
from physiosync_training.loop.checkpoint import check_stamp, stamp, write_atomically
from physiosync_training.loop.loop import Curves
from physiosync_training.loop.provenance import Machine

Split = Literal["validation", "test"]


@dataclass(frozen=True, slots=True)
class Predictions:
    """Answers of one head to all windows of one split of a fold.

    Attributes
    ----------
    split : {"validation", "test"}
    route : {"fused", "eeg", "pps"}
    target : str
    rows : int64 array, shape (n,)
        Of the data set; subject, trial and time follow from them.
    truth : int64 array, shape (n,)
        Class; windows without a label are left out.
    probability : float64 array, shape (n, n_classes)
        Calibrated.
    uncalibrated : float64 array, shape (n, n_classes)
        At temperature 1.
    without : str
        Way of `DatasetInfo.left_out` in which an electrode was missing; empty where none was.
    """

    split: Split
    route: Route
    target: str
    rows: IntArray
    truth: IntArray
    probability: FloatArray
    uncalibrated: FloatArray
    without: str = ""

    @property
    def high(self) -> FloatArray:
        """P(high), shape (n,), for a target of two classes."""
        return self.probability[:, 1]


@dataclass(frozen=True, slots=True)
class FoldResult:
    """One network on one fold.

    Attributes
    ----------
    fold, protocol : str
    inflated : bool
        True where windows of a test trial were trained on; every number must say so.
    network : str
        `NetworkConfig.title`.
    predictions : list of Predictions
    temperatures : dict
        By ``route/target``.
    curves : dict
        By stage, then by name: one value an epoch.
    models : dict
        Path of the weights (safetensors) by task, ``valence+arousal`` say.
    n_weights : int
        Of one network.
    seconds : float
        That the training took.
    machines : list of dict
        Computers that it ran on, each kind once (see `loop.provenance.this_machine`).
    """

    fold: str
    protocol: str
    inflated: bool
    network: str
    predictions: list[Predictions]
    temperatures: dict[str, float] = field(default_factory=dict)
    curves: dict[str, Curves] = field(default_factory=dict)
    models: dict[str, str] = field(default_factory=dict)
    n_weights: int = 0
    seconds: float = 0.0
    machines: list[Machine] = field(default_factory=list)

    def of(self, split: Split, route: Route, target: str) -> Predictions:
        """Predictions of one head, given all electrodes.

        Raises
        ------
        KeyError
            There are none.
        """
        for each in self.predictions:
            if (each.split, each.route, each.target, each.without) == (split, route, target, ""):
                return each
        raise KeyError(f"{split} {route} {target}")


_NAMES = ("split", "route", "target", "without")
_ARRAYS = ("rows", "truth", "probability", "uncalibrated")


def result_path(folder: Path) -> Path:
    """Where the result of one network on one fold lies."""
    return folder / "result.npz"


def save_result(path: Path, result: FoldResult, belongs_to: str) -> None:
    """Write a result (``.npz``) as a whole or not at all."""
    meta = {f: getattr(result, f) for f in FoldResult.__slots__ if f != "predictions"}
    heads = [{name: getattr(p, name) for name in _NAMES} for p in result.predictions]
    text = json.dumps(stamp(belongs_to) | {"meta": meta, "heads": heads})
    arrays = {
        f"{i}/{name}": getattr(p, name)
        for i, p in enumerate(result.predictions)
        for name in _ARRAYS
    }

    def write(where: Path) -> None:
        with where.open("wb") as file:
            np.savez(file, allow_pickle=False, text=np.array(text), **arrays)

    write_atomically(path, write)


def load_result(path: Path, belongs_to: str) -> FoldResult | None:
    """Read a result of the same fingerprint; None where there is none.

    Raises
    ------
    UserError
        The file cannot be read, or is another run's (see `loop.checkpoint.check_stamp`).
    """
    if not path.is_file():
        return None
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            content: dict[str, Any] = json.loads(str(stored["text"]))
            check_stamp(path, content, belongs_to)
            predictions = [
                Predictions(**head, **{name: stored[f"{i}/{name}"] for name in _ARRAYS})
                for i, head in enumerate(content["heads"])
            ]
            return FoldResult(predictions=predictions, **content["meta"])
    except READ_ERRORS as error:
        raise UserError(f"{path} cannot be read; remove it to train this fold again") from error
