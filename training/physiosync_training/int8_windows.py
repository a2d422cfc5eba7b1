"""Check int8 on a bundle's own validation windows: while it is exported, and afterwards.

A card keeps the configuration that its network was trained with, and so which windows validated
it: they can be made again without training.
"""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from pydantic import ValidationError

from physiosync_models.gated_sum import GatedSum
from physiosync_rt.bundle.bundle import load_bundle
from physiosync_rt.bundle.card import CARD, Card, find_bundle
from physiosync_rt.bundle.engines import INT8_CHECK, require_onnx
from physiosync_rt.bundle.torch_engine import SignalNetwork
from physiosync_rt.datatypes import IntArray
from physiosync_rt.errors import UserError
from physiosync_rt.utils.atomic import WRITE_ERRORS, atomic_file, reason_of
from physiosync_training.datasets.dataset import Dataset
from physiosync_training.datasets.load import load_dataset
from physiosync_training.datasets.simulated import SimulatedData
from physiosync_training.datasets.splits import make_folds
from physiosync_training.experiment.config import RunConfig
from physiosync_training.loop.progress import Progress, no_progress


def check_rows(dataset: Dataset, rows: IntArray, model: SignalNetwork) -> dict[str, float | int]:
    """Compare int8 with single precision on these windows, as a card's provenance has it."""
    from physiosync_rt.bundle.int8_check import check_int8

    n_times = model.config.n_times
    eeg, pps = (windows[..., :n_times] for windows in dataset.fetch(rows))
    return check_int8(model, np.ascontiguousarray(eeg), np.ascontiguousarray(pps))


def check_bundle(
    name: str, *, write: bool = False, progress: Progress = no_progress
) -> dict[str, Any]:
    """Check int8 on all validation windows of a bundle.

    Parameters
    ----------
    name : str
        Folder, or name of a shipped bundle.
    write : bool
        Put what is found on the bundle's card, which then allows int8 or refuses it.
    progress : callable

    Returns
    -------
    dict
        ``largest_difference`` of any probability of any route, and ``windows``.

    Raises
    ------
    UserError
        The bundle is a sum of features, its card does not say how it was trained, its data are
        not here, or ONNX Runtime is not installed.
    """
    require_onnx("int8")
    bundle = load_bundle(name)
    if isinstance(bundle.model, GatedSum):
        raise UserError(
            f"bundle {name!r} is a sum of features, which has no int8: torch adds it up in single "
            "precision"
        )
    with TemporaryDirectory() as folder:
        dataset, rows = _validation(bundle.card, Path(folder), progress)
        found = check_rows(dataset, rows, bundle.model)
    if write:
        path = find_bundle(name) / CARD
        card = json.loads(path.read_text(encoding="utf-8"))
        card["provenance"][INT8_CHECK] = found
        try:
            with atomic_file(path) as fresh:
                text = json.dumps(card, indent=2, ensure_ascii=False)
                fresh.write_text(text + "\n", encoding="utf-8")
        except WRITE_ERRORS as error:
            raise UserError(
                f"the card {path} cannot be written ({reason_of(error)}); copy the bundle to a "
                "folder of yours"
            ) from error
    return found


class _SomePeople(SimulatedData):
    """Some of a data set's simulated people, for whom the others need not be simulated."""

    people: tuple[int, ...]

    @property
    def seeds(self) -> tuple[int, ...]:  # type: ignore[override]
        """Seed of every person and of their session."""
        return self.people


def _validation(card: Card, folder: Path, progress: Progress) -> tuple[Dataset, IntArray]:
    """Prepare the windows that validated a bundle, and say which rows they are."""
    try:
        config = RunConfig.model_validate(card.provenance["config"])
    except (KeyError, ValidationError) as error:
        raise UserError(
            f"the card of bundle {card.name!r} does not say how it was trained, so that its "
            "validation windows are not known; train it again"
        ) from error
    data = config.data
    index = data.index()
    folds = [fold for each in config.protocols for fold in make_folds(index, each)]
    wanted = card.provenance.get("fold")
    validation = next((fold.validation for fold in folds if fold.name == wanted), None)
    if validation is None or not len(validation):
        raise UserError(f"bundle {card.name!r}: its fold {wanted!r} has no validation windows")
    if not isinstance(data, SimulatedData):
        return load_dataset(data, config.cache, progress), validation
    people = np.unique(index.table.subject[validation])
    settings = data.model_dump() | {"subjects": len(people)}
    settings["people"] = tuple(data.seeds[int(person)] for person in people)
    dataset = load_dataset(_SomePeople.model_validate(settings), folder, progress)
    if len(dataset) != len(validation):
        raise UserError(
            f"bundle {card.name!r}: {len(dataset)} validation windows are made here, and its "
            f"training had {len(validation)}; train it again"
        )
    return dataset, np.arange(len(dataset))
