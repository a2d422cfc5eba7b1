"""Predictions of a trained network: features of many windows, all heads, calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch

from physiosync_models.config import MODALITIES, Modality, Route
from physiosync_models.fusion import Features, PhysioSync
from physiosync_rt.datatypes import FloatArray, IntArray
from physiosync_training.datasets.index import ABSENT
from physiosync_training.datasets.loader import WindowLoader
from physiosync_training.loop.rng import seed_of
from physiosync_training.supervised.calibration import best_temperature, tempered
from physiosync_training.supervised.results import Predictions, Split

_EMBED_BATCH = 256


def inputs_of(route: Route) -> tuple[Modality, ...]:
    """Return the modalities that the heads of a route take in."""
    return MODALITIES if route == "fused" else (route,)


def main_route(routes: Sequence[Route]) -> Route:
    """Return the route that the encoders are trained for."""
    return "fused" if "fused" in routes else routes[0]


@torch.no_grad()
def embed_all(
    model: PhysioSync, loader: WindowLoader, numbers: IntArray, seed: int | None
) -> dict[Modality, Features]:
    """Compute the features of all windows, in eval mode, by modality.

    Parameters
    ----------
    model : PhysioSync
    loader : WindowLoader
    numbers : int array, shape (n,)
    seed : int, optional
        For random offsets; fixed ones when not given.
    """
    model.eval()
    parts: dict[Modality, list[Features]] = {}
    modalities = inputs_of(main_route(model.config.routes))
    for at in range(0, len(numbers), _EMBED_BATCH):
        key = None if seed is None else seed_of(seed, at)
        eeg, pps = loader.fetch(numbers[at : at + _EMBED_BATCH], key)
        found = model.embed(
            eeg if "eeg" in modalities else None, pps if "pps" in modalities else None
        )
        for modality, features in found.items():
            parts.setdefault(modality, []).append(features)
    return {modality: _join(features) for modality, features in parts.items()}


def _join(parts: list[Features]) -> Features:
    long = [part.long for part in parts if part.long is not None]
    return Features(torch.cat([part.short for part in parts]), torch.cat(long) if long else None)


def predict(
    model: PhysioSync, loader: WindowLoader, rows: IntArray, classes: IntArray, split: Split
) -> list[Predictions]:
    """Predict with all heads all windows of some rows that have a label.

    Returns
    -------
    list of Predictions
        One per route and target, with the temperatures that the heads have.
    """
    numbers = loader.numbers(rows)
    features = embed_all(model, loader, numbers, None)
    out = []
    for route in model.config.routes:
        given = {m: features[m] for m in inputs_of(route) if m in features}
        if not given:
            continue
        logits = _classify(model, given, route)
        for column, target in enumerate(model.config.targets):
            truth = classes[loader.rows(numbers), column]
            known = truth != ABSENT
            uncalibrated = logits[target][known]
            temperature = float(model.head(route, target).temperature)
            out.append(
                Predictions(
                    split=split,
                    route=route,
                    target=target,
                    rows=loader.rows(numbers)[known],
                    truth=truth[known],
                    probability=tempered(uncalibrated, temperature),
                    uncalibrated=uncalibrated,
                )
            )
    return out


@torch.no_grad()
def _classify(
    model: PhysioSync, features: Mapping[Modality, Features], route: Route
) -> dict[str, FloatArray]:
    """Predict probabilities at temperature 1 by target."""
    logits = model.classify(features, route)
    return {t: values.cpu().double().softmax(-1).numpy() for t, values in logits.items()}


def predict_test(
    model: PhysioSync, loader: WindowLoader, rows: IntArray, classes: IntArray
) -> list[Predictions]:
    """Predict test rows: with all heads, then with heads of EEG without each electrode."""
    return predict(model, loader, rows, classes, "test") + [
        replace(each, without=name)
        for way, name in enumerate(loader.dataset.info.left_out)
        for each in predict(model, replace(loader, left_out=way), rows, classes, "test")
        if each.route != "pps"
    ]


def calibrate(model: PhysioSync, validation: Sequence[Predictions]) -> dict[str, float]:
    """Set every head's temperature to the one that fits the validation windows best.

    Returns
    -------
    dict of str to float
        Temperatures by ``route/target``.
    """
    found = {}
    for each in validation:
        if not len(each.truth):
            continue
        temperature, _ = best_temperature(each.uncalibrated, each.truth)
        model.head(each.route, each.target).temperature.fill_(temperature)
        found[f"{each.route}/{each.target}"] = temperature
    return found


def recalibrated(predictions: Predictions, model: PhysioSync) -> Predictions:
    """Apply the temperature that a head has now to its earlier answers."""
    head = model.head(predictions.route, predictions.target)
    probability = tempered(predictions.uncalibrated, float(head.temperature))
    return replace(predictions, probability=probability)
