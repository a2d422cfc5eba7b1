"""Supervised training of all heads at once, chosen and calibrated on held-out persons."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from models.config import Modality, Route
from models.fusion import Features, PhysioSync
from physiosync_rt.datatypes import BoolArray, FloatArray
from physiosync_rt.preprocess.config import Frozen
from training.data.windows import Batch, WindowSet

_FEEDS: dict[Route, tuple[Modality, ...]] = {
    "fused": ("eeg", "pps"),
    "eeg": ("eeg",),
    "pps": ("pps",),
}

_TEMPERATURES = np.geomspace(0.25, 8.0, 61)


class FitConfig(Frozen):
    """How to train: AdamW with a warm-up of 100 steps and a cosine down to nothing."""

    epochs: int = Field(10, ge=1)
    batch_size: int = Field(64, ge=4)
    windows_per_run: int = Field(40, ge=1)
    lr: float = Field(1e-3, gt=0)
    weight_decay: float = Field(1e-2, ge=0)


@dataclass(frozen=True, slots=True)
class Fit:
    """What came out: the network with its best epoch's weights, in eval mode."""

    model: PhysioSync
    best_epoch: int
    validation_loss: float


def _loss(model: PhysioSync, features: dict[Modality, Features], high: Tensor) -> Tensor:
    """Mean cross-entropy over all routes and targets of a batch.

    The uni-modal heads see detached features, so that the encoders serve the fusion alone.
    """
    losses = []
    for route in model.config.routes:
        feed = {m: features[m] for m in _FEEDS[route]}
        if route != "fused":
            feed = {m: _detach(f) for m, f in feed.items()}
        for column, logits in enumerate(model.classify(feed, route).values()):
            losses.append(F.cross_entropy(logits, high[:, column]))
    return torch.stack(losses).mean()


def _detach(features: Features) -> Features:
    long = None if features.long is None else features.long.detach()
    return Features(features.short.detach(), long)


def fit(
    model: PhysioSync,
    data: WindowSet,
    validation: Batch,
    config: FitConfig,
    seed: int,
    progress: Callable[[str, int, int], None],
) -> Fit:
    """Train, keep the epoch that is best on validation, and fit the temperatures there.

    Parameters
    ----------
    model : PhysioSync
        Trained in place.
    data : WindowSet
        Windows are drawn anew at random offsets in every epoch.
    validation : Batch
        Persons that training does not see.
    config : FitConfig
    seed : int
    progress : callable
    """
    rng = np.random.default_rng(seed)
    optimiser = torch.optim.AdamW(model.parameters(), config.lr, weight_decay=config.weight_decay)
    best = Fit(model, -1, float("inf"))
    best_state = model.state_dict()
    step = 0
    for epoch in range(config.epochs):
        batch = data.random(rng, config.windows_per_run)
        order = rng.permutation(len(batch))
        n_steps = len(order) // config.batch_size
        model.train()
        for k in range(n_steps):
            _set_lr(optimiser, config.lr, step, config.epochs * n_steps)
            rows = order[k * config.batch_size : (k + 1) * config.batch_size]
            features = model.embed(
                torch.from_numpy(batch.eeg[rows]), torch.from_numpy(batch.pps[rows])
            )
            loss = _loss(model, features, torch.from_numpy(batch.high[rows]).long())
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            step += 1
        held_out = _validation_loss(model, validation)
        if held_out < best.validation_loss:
            best, best_state = Fit(model, epoch, held_out), copy.deepcopy(model.state_dict())
        progress("train", epoch + 1, config.epochs)
    model.load_state_dict(best_state)
    model.eval()
    calibrate(model, validation)
    return best


def _set_lr(optimiser: torch.optim.Optimizer, lr: float, step: int, n_steps: int) -> None:
    warm = min(1.0, (step + 1) / 100)
    for group in optimiser.param_groups:
        group["lr"] = lr * warm * 0.5 * (1 + np.cos(np.pi * step / n_steps))


def _validation_loss(model: PhysioSync, validation: Batch) -> float:
    """Mean cross-entropy of the fused heads, each at its best temperature.

    Over-confidence is mended by calibration afterwards, so it must not choose the epoch.
    """
    probabilities = validation.predict(model, "fused")
    losses = [
        best_temperature(p, validation.high[:, column])[1]
        for column, p in enumerate(probabilities.values())
    ]
    return float(np.mean(losses))


def best_temperature(probability: FloatArray, high: BoolArray) -> tuple[float, float]:
    """Temperature that makes probabilities fit the truth best, and the loss that remains.

    Parameters
    ----------
    probability : array, shape (n,)
        P(high) at temperature 1.
    high : bool array, shape (n,)

    Notes
    -----
    Guo et al. 2017, *On Calibration of Modern Neural Networks*: one number per head, fitted by
    cross-entropy on held-out data.
    """
    p = np.clip(probability, 1e-6, 1 - 1e-6)
    signed = np.where(high, 1.0, -1.0) * np.log(p / (1 - p))
    losses = [float(np.logaddexp(0.0, -signed / t).mean()) for t in _TEMPERATURES]
    best = int(np.argmin(losses))
    return float(_TEMPERATURES[best]), losses[best]


def calibrate(model: PhysioSync, validation: Batch) -> None:
    """Set every head's temperature to the one that fits held-out data best."""
    for route in model.config.routes:
        probabilities = validation.predict(model, route)
        for column, target in enumerate(model.config.targets):
            temperature, _ = best_temperature(probabilities[target], validation.high[:, column])
            model.head(route, target).temperature.fill_(temperature)
