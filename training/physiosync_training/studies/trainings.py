"""One small training of a study, from its fold to stored answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from physiosync_rt.datatypes import FloatArray, IntArray
from physiosync_rt.utils.atomic import READ_ERRORS
from physiosync_training.datasets.dataset import Dataset
from physiosync_training.datasets.splits import Fold
from physiosync_training.experiment.config import TrainConfig
from physiosync_training.experiment.fold import FoldRun
from physiosync_training.experiment.runtime import Runtime, make_fabric
from physiosync_training.loop.checkpoint import write_atomically
from physiosync_training.loop.loop import StopRequest

_SELDOM_S: Final = 1e6
_SMALLEST: Final = 1e-9
_BY_TARGET: Final = ("truth", "logit")


@dataclass(frozen=True, slots=True, eq=False)
class Training:
    """What one training of a study is.

    Attributes
    ----------
    name : str
        Of its folder; unique in the study.
    data : str
        Name of the data set that it is about.
    fold : Fold
    config : TrainConfig
    about : mapping of str to str or int
        Columns of the study's table: fold, seed, role and the like.
    """

    name: str
    data: str
    fold: Fold
    config: TrainConfig
    about: Mapping[str, str | int]


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Logits of P(high) of people whom the model never saw, temperature left out.

    Attributes
    ----------
    about : dict of str to str or int
        As `Training.about`.
    rows : int64 array, shape (n,)
        The tested windows in the data set.
    subject : str array, shape (n,)
        Whose they are.
    truth : dict of str to int64 array, shape (n,)
        By target: 1 high, 0 low, -1 without a label.
    logit : dict of str to float64 array, shape (n,)
        By target, of the fused heads; NaN where a window has no label.
    seconds : float
    """

    about: dict[str, str | int]
    rows: IntArray
    subject: NDArray[np.str_]
    truth: dict[str, IntArray]
    logit: dict[str, FloatArray]
    seconds: float


def do_training(training: Training, dataset: Dataset, out: Path, device: str) -> Answers:
    """Train, test, and store the answers; those of an earlier run are read.

    Parameters
    ----------
    training : Training
    dataset : Dataset
    out : Path
        Folder of the study.
    device : str
        As `TrainConfig.device`.
    """
    path = answers_path(out, training)
    earlier = read_answers(path)
    if earlier is not None:
        return earlier
    config = training.config.model_copy(
        update={"device": device, "checkpoint_every_s": _SELDOM_S, "modalities": ("fused",)}
    )
    fabric = make_fabric(config)
    fabric.launch()
    runtime = Runtime(fabric, resume=True, stop=StopRequest())
    folder = out / "networks" / training.name
    run = FoldRun(dataset, training.fold, config, config.networks[0], folder, runtime)
    result = run.run()
    tested = training.fold.test
    subject = np.array(dataset.info.subjects)[dataset.table.subject[tested]]
    targets: tuple[str, ...] = config.finetune.targets
    truth = {target: dataset.truth(target)[tested] for target in targets}
    logit: dict[str, FloatArray] = {}
    for target in targets:
        found = result.of("test", "fused", target)
        column = np.full(len(tested), np.nan)
        p = np.clip(found.uncalibrated, _SMALLEST, None)
        column[np.searchsorted(tested, found.rows)] = np.log(p[:, 1]) - np.log(p[:, 0])
        logit[target] = column
    answers = Answers(dict(training.about), tested, subject, truth, logit, result.seconds)
    _write(path, answers)
    return answers


def answers_path(out: Path, training: Training) -> Path:
    """Where the answers of a training lie in the folder of its study."""
    return out / "answers" / f"{training.name}.npz"


def _write(path: Path, answers: Answers) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {
        f"{name}_{target}": values
        for name in _BY_TARGET
        for target, values in getattr(answers, name).items()
    }
    own = {"rows": answers.rows, "subject": answers.subject}
    text = json.dumps({"about": answers.about, "seconds": answers.seconds})

    def write(where: Path) -> None:
        with where.open("wb") as file:
            np.savez(file, allow_pickle=False, text=np.array(text), **own, **arrays)

    write_atomically(path, write)


def read_answers(path: Path) -> Answers | None:
    """Read the answers of a training; None where there are none."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            text: dict[str, Any] = json.loads(str(stored["text"]))
            by_target: dict[str, dict[str, Any]] = {
                name: {
                    key.removeprefix(f"{name}_"): stored[key]
                    for key in stored.files
                    if key.startswith(f"{name}_")
                }
                for name in _BY_TARGET
            }
            return Answers(
                text["about"],
                stored["rows"],
                stored["subject"],
                by_target["truth"],
                by_target["logit"],
                text["seconds"],
            )
    except READ_ERRORS:
        return None


def all_answers(out: Path) -> list[Answers]:
    """Read what a study has so far, in the order of the names."""
    found = (read_answers(path) for path in sorted((out / "answers").glob("*.npz")))
    return [each for each in found if each is not None]


def with_seed(config: TrainConfig, seed: int) -> TrainConfig:
    """Return the configuration with another seed of the weights and batches."""
    return config.model_copy(update={"seed": seed})


def fold_of(
    dataset: Dataset, name: str, train: IntArray, validation: IntArray, test: IntArray
) -> Fold:
    """Make a fold over people."""
    return Fold(name, "subject", train, validation, test, dataset.table)
