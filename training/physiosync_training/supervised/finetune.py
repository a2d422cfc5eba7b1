"""From encoders to a classifier: the main heads with the encoders, then the heads of one modality.

The main heads (of both modalities, where there are two) are trained together with the encoders.
The heads of a single modality come afterwards, on the encoders as they then are, so that a stream
that loses a modality still has a model and the fused model does not pay for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from physiosync_models.config import MODALITIES, Modality, Route
from physiosync_models.encoder import Encoder
from physiosync_models.fusion import Features, PhysioSync
from physiosync_rt.datatypes import FloatArray, IntArray
from physiosync_training.datasets.dataset import ABSENT
from physiosync_training.datasets.loader import WindowLoader
from physiosync_training.experiment.config import FinetuneConfig
from physiosync_training.loop.distributed import synchronise_batch_norm, world_size
from physiosync_training.loop.loop import Curves, StageContext
from physiosync_training.loop.rng import seed_of
from physiosync_training.supervised.calibration import best_temperature, tempered
from physiosync_training.supervised.results import Predictions
from physiosync_training.supervised.results import Split as ScoredSplit
from physiosync_training.supervised.trainer import Labels, Split, Supervised

_EMBED_BATCH = 256


@dataclass(frozen=True, slots=True)
class Examples:
    """Which windows are trained and validated on, and the classes of every row.

    Attributes
    ----------
    train, validation : int64 arrays
        Numbers of windows (see `physiosync_training.datasets.loader.WindowLoader`).
    classes : int64 array, shape (n_rows, n_targets)
    """

    train: IntArray
    validation: IntArray
    classes: IntArray

    def truth(self, feed: WindowLoader) -> Labels:
        """Classes by window."""
        return Labels(self.classes[feed.rows(self.train)], self.classes[feed.rows(self.validation)])


def make_examples(
    feed: WindowLoader, train: IntArray, validation: IntArray, classes: IntArray, windows: int
) -> Examples:
    """Windows of the rows of a fold that have at least one label.

    Parameters
    ----------
    feed : WindowLoader
    train, validation : int arrays
        Rows.
    classes : int array, shape (n_rows, n_targets)
    windows : int
        How often every training window is drawn in an epoch.
    """
    known = (classes != ABSENT).any(axis=1)
    numbers = [feed.numbers(rows[known[rows]]) for rows in (train, validation)]
    return Examples(np.repeat(numbers[0], windows), numbers[1], classes)


def fed(route: Route) -> tuple[Modality, ...]:
    """Modalities that the heads of a route are fed with."""
    return MODALITIES if route == "fused" else (route,)


def main_route(routes: Sequence[Route]) -> Route:
    """The route that the encoders are trained for."""
    return "fused" if "fused" in routes else routes[0]


class _EndToEnd:
    """Task: windows through encoders and the main heads."""

    def __init__(
        self,
        module: nn.Module,
        route: Route,
        feed: WindowLoader,
        examples: Examples,
        targets: list[str],
    ) -> None:
        self.module = module
        self.columns: Mapping[str, int] = {t: column for column, t in enumerate(targets)}
        self._feed, self._modalities = feed, fed(route)
        self._numbers = {"train": examples.train, "validation": examples.validation}
        self._frozen = [m for m in module.modules() if isinstance(m, Encoder) and not _trained(m)]

    def train_mode(self) -> None:
        self.module.train()
        for encoder in self._frozen:
            encoder.eval()

    def logits(self, split: Split, which: IntArray, key: int, part: slice) -> Mapping[str, Tensor]:
        numbers = self._numbers[split][which]
        if self._feed.random_offsets:
            # Offsets are drawn for the whole batch, so that processes agree on them.
            eeg, pps = self._feed.fetch(numbers, key if split == "train" else None)
            eeg, pps = eeg[part], pps[part]
        else:
            eeg, pps = self._feed.fetch(numbers[part])
        found: Mapping[str, Tensor] = self.module(
            eeg if "eeg" in self._modalities else None, pps if "pps" in self._modalities else None
        )
        return found


class _OnFeatures:
    """Task: stored features through the heads of single modalities."""

    def __init__(
        self,
        module: nn.Module,
        heads: Mapping[str, tuple[Route, int]],
        features: Mapping[Split, Mapping[Modality, Features]],
    ) -> None:
        self.module = module
        self.columns: Mapping[str, int] = {name: column for name, (_, column) in heads.items()}
        self._features = features

    def train_mode(self) -> None:
        self.module.train()

    def logits(self, split: Split, which: IntArray, _: int, part: slice) -> Mapping[str, Tensor]:
        some = torch.from_numpy(which[part])
        features = {
            modality: Features(short[some], None if long is None else long[some])
            for modality, (short, long) in self._features[split].items()
        }
        found: Mapping[str, Tensor] = self.module(features)
        return found


class _Heads(nn.Module):
    """Heads of single modalities side by side; outputs are named ``route/target``."""

    def __init__(self, model: PhysioSync, heads: Mapping[str, tuple[Route, int]]) -> None:
        super().__init__()
        targets = model.config.targets
        self.each = nn.ModuleList(model.head(r, targets[c]) for r, c in heads.values())
        self._names = list(heads)

    def forward(self, features: Mapping[Modality, Features]) -> dict[str, Tensor]:
        return {name: head(features) for name, head in zip(self._names, self.each, strict=True)}


def train_main(
    model: PhysioSync,
    feed: WindowLoader,
    examples: Examples,
    config: FinetuneConfig,
    seed: int,
    fabric: Fabric,
    around: StageContext,
) -> Curves:
    """Train the encoders and the main heads, in place."""
    route = main_route(model.config.routes)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(_takes_part(name, route, config))
    if world_size() > 1:
        synchronise_batch_norm(model)
    encoders = [p for p in model.encoders.parameters() if p.requires_grad]
    heads = [p for p in model.heads.parameters() if p.requires_grad]
    groups = [{"params": heads, "lr": config.lr}]
    if encoders:
        groups.append({"params": encoders, "lr": config.lr * config.encoder_lr})
    module, optimiser = fabric.setup(model, _optimiser(groups, config))
    task = _EndToEnd(module, route, feed, examples, list(model.config.targets))
    truth = examples.truth(feed)
    training = Supervised(task, truth, config, config.epochs, optimiser, seed, fabric)
    return training.run(around)


def _trained(module: nn.Module) -> bool:
    return any(parameter.requires_grad for parameter in module.parameters())


def _takes_part(name: str, route: Route, config: FinetuneConfig) -> bool:
    """Whether a parameter is trained together with the main heads."""
    if name.startswith("encoders."):
        modality = name.removeprefix("encoders.")[:3]
        return config.encoder_lr > 0 and modality in fed(route)
    return name.startswith(f"heads.{route}.")


def _optimiser(groups: list[dict[str, object]], config: FinetuneConfig) -> torch.optim.Optimizer:
    kind = torch.optim.AdamW if config.optimiser == "adamw" else torch.optim.Adam
    return kind(groups, lr=config.lr, weight_decay=config.weight_decay, fused=True)


def train_heads(
    model: PhysioSync,
    feed: WindowLoader,
    examples: Examples,
    config: FinetuneConfig,
    seed: int,
    fabric: Fabric,
    around: StageContext,
) -> Curves:
    """Train the heads of single modalities on the encoders as they are, in place."""
    main = main_route(model.config.routes)
    heads = {
        f"{route}/{target}": (route, column)
        for route in model.config.routes
        for column, target in enumerate(model.config.targets)
        if route != main
    }
    if not heads or not config.head_epochs:
        return {}
    features: dict[Split, Mapping[Modality, Features]] = {
        "train": embed_all(model, feed, examples.train, seed),
        "validation": embed_all(model, feed, examples.validation, None),
    }
    module = _Heads(model, heads)
    module.requires_grad_(True)
    # The release has no such heads, so no schedule of it applies.
    plain = replace_config(config, schedule="cosine", optimiser="adamw", warmup_steps=0)
    groups: list[dict[str, object]] = [{"params": list(module.parameters()), "lr": config.lr}]
    wrapped, optimiser = fabric.setup(module, _optimiser(groups, plain))
    task = _OnFeatures(wrapped, heads, features)
    truth = examples.truth(feed)
    training = Supervised(task, truth, plain, config.head_epochs, optimiser, seed, fabric)
    return training.run(around)


def replace_config(config: FinetuneConfig, **changes: object) -> FinetuneConfig:
    """Copy a configuration with other values, checked."""
    return FinetuneConfig.model_validate(config.model_dump() | changes)


@torch.no_grad()
def embed_all(
    model: PhysioSync, feed: WindowLoader, numbers: IntArray, seed: int | None
) -> dict[Modality, Features]:
    """Features of all windows, in eval mode, by modality.

    Parameters
    ----------
    model : PhysioSync
    feed : WindowLoader
    numbers : int array, shape (n,)
    seed : int, optional
        For random offsets; fixed ones when not given.
    """
    model.eval()
    parts: dict[Modality, list[Features]] = {}
    modalities = fed(main_route(model.config.routes))
    for at in range(0, len(numbers), _EMBED_BATCH):
        key = None if seed is None else seed_of(seed, at)
        eeg, pps = feed.fetch(numbers[at : at + _EMBED_BATCH], key)
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
    model: PhysioSync, feed: WindowLoader, rows: IntArray, classes: IntArray, split: ScoredSplit
) -> list[Predictions]:
    """Answers of all heads to all windows of some rows that have a label.

    Returns
    -------
    list of Predictions
        One per route and target, with the temperatures that the heads have.
    """
    numbers = feed.numbers(rows)
    features = embed_all(model, feed, numbers, None)
    out = []
    for route in model.config.routes:
        given = {modality: features[modality] for modality in fed(route) if modality in features}
        if not given:
            continue
        logits = _classify(model, given, route)
        for column, target in enumerate(model.config.targets):
            truth = classes[feed.rows(numbers), column]
            known = truth != ABSENT
            plain = logits[target][known]
            temperature = float(model.head(route, target).temperature)
            out.append(
                Predictions(
                    split=split,
                    route=route,
                    target=target,
                    rows=feed.rows(numbers)[known],
                    truth=truth[known],
                    probability=tempered(plain, temperature),
                    uncalibrated=plain,
                )
            )
    return out


@torch.no_grad()
def _classify(
    model: PhysioSync, features: Mapping[Modality, Features], route: Route
) -> dict[str, FloatArray]:
    """Probabilities at temperature 1 by target."""
    logits = model.classify(features, route)
    return {t: values.cpu().double().softmax(-1).numpy() for t, values in logits.items()}


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
    """The same answers with the temperature that their head has now."""
    head = model.head(predictions.route, predictions.target)
    probability = tempered(predictions.uncalibrated, float(head.temperature))
    return replace(predictions, probability=probability)
