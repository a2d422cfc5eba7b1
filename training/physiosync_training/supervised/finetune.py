"""From encoders to a classifier: the main heads with the encoders, then the heads of one modality.

The main heads (of both modalities, where there are two) are trained together with the encoders.
The heads of a single modality come afterwards, on the encoders as they then are, so that a stream
that loses a modality still has a model and the fused model does not pay for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from physiosync_models.config import Modality, Route
from physiosync_models.encoder import Encoder
from physiosync_models.fusion import Features, PhysioSync
from physiosync_rt.datatypes import IntArray
from physiosync_training.datasets.index import ABSENT
from physiosync_training.datasets.loader import WindowLoader
from physiosync_training.loop.distributed import synchronise_batch_norm, world_size
from physiosync_training.loop.loop import Curves, StageContext
from physiosync_training.supervised.config import FinetuneConfig
from physiosync_training.supervised.predict import embed_all, inputs_of, main_route
from physiosync_training.supervised.trainer import Labels, Split, Supervised


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

    def labels(self, loader: WindowLoader) -> Labels:
        """Return the classes by window."""
        train, validation = (loader.rows(each) for each in (self.train, self.validation))
        return Labels(self.classes[train], self.classes[validation])


def make_examples(
    loader: WindowLoader, train: IntArray, validation: IntArray, classes: IntArray, windows: int
) -> Examples:
    """Return the windows of a fold's rows that have at least one label.

    Parameters
    ----------
    loader : WindowLoader
    train, validation : int arrays
        Rows.
    classes : int array, shape (n_rows, n_targets)
    windows : int
        How often every training window is drawn in an epoch.
    """
    known = (classes != ABSENT).any(axis=1)
    numbers = [loader.numbers(rows[known[rows]]) for rows in (train, validation)]
    return Examples(np.repeat(numbers[0], windows), numbers[1], classes)


@dataclass(frozen=True, slots=True, eq=False)
class FinetuneSetup:
    """What both stages of fine-tuning work with.

    Attributes
    ----------
    model : PhysioSync
        Trained in place.
    loader : WindowLoader
    examples : Examples
    config : FinetuneConfig
    seed : int
    fabric : Fabric
    """

    model: PhysioSync
    loader: WindowLoader
    examples: Examples
    config: FinetuneConfig
    seed: int
    fabric: Fabric


class _EndToEnd:
    """Task: windows through encoders and the main heads."""

    def __init__(
        self,
        module: nn.Module,
        route: Route,
        loader: WindowLoader,
        examples: Examples,
        targets: list[str],
    ) -> None:
        self.module = module
        self.columns: Mapping[str, int] = {t: column for column, t in enumerate(targets)}
        self._loader, self._modalities = loader, inputs_of(route)
        self._numbers = {"train": examples.train, "validation": examples.validation}
        self._frozen = [m for m in module.modules() if isinstance(m, Encoder) and not _trained(m)]

    def train_mode(self) -> None:
        self.module.train()
        for encoder in self._frozen:
            encoder.eval()

    def inputs(self, split: Split, which: IntArray, key: int, part: slice) -> tuple[Tensor, ...]:
        numbers = self._numbers[split][which]
        if not self._loader.draws:
            return self._loader.fetch(numbers[part])
        # Windows are drawn for the whole batch, so that processes agree on them.
        eeg, pps = self._loader.fetch(numbers, key if split == "train" else None)
        return eeg[part], pps[part]

    def logits(self, *inputs: Tensor) -> Mapping[str, Tensor]:
        eeg, pps = inputs
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

    def inputs(self, split: Split, which: IntArray, _: int, part: slice) -> tuple[Tensor, ...]:
        some = torch.from_numpy(which[part])
        each = (x for features in self._features[split].values() for x in features)
        return tuple(x[some] for x in each if x is not None)

    def logits(self, *inputs: Tensor) -> Mapping[str, Tensor]:
        each = iter(inputs)
        features = {
            modality: Features(next(each), None if long is None else next(each))
            for modality, (_, long) in self._features["train"].items()
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


def train_main(setup: FinetuneSetup, context: StageContext) -> Curves:
    """Train the encoders and the main heads, in place."""
    model, config = setup.model, setup.config
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
    module, optimiser = setup.fabric.setup(model, _optimiser(groups, config))
    task = _EndToEnd(module, route, setup.loader, setup.examples, list(model.config.targets))
    labels = setup.examples.labels(setup.loader)
    training = Supervised(task, labels, config, config.epochs, optimiser, setup.seed, setup.fabric)
    return training.run(context)


def _trained(module: nn.Module) -> bool:
    return any(parameter.requires_grad for parameter in module.parameters())


def _takes_part(name: str, route: Route, config: FinetuneConfig) -> bool:
    """Return whether a parameter is trained together with the main heads."""
    if name.startswith("encoders."):
        modality = name.removeprefix("encoders.")[:3]
        return config.encoder_lr > 0 and modality in inputs_of(route)
    return name.startswith(f"heads.{route}.")


def _optimiser(groups: list[dict[str, object]], config: FinetuneConfig) -> torch.optim.Optimizer:
    kind = torch.optim.AdamW if config.optimiser == "adamw" else torch.optim.Adam
    return kind(groups, lr=config.lr, weight_decay=config.weight_decay, fused=True)


def train_heads(setup: FinetuneSetup, context: StageContext) -> Curves:
    """Train the heads of single modalities on the encoders as they are, in place."""
    model, config = setup.model, setup.config
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
        "train": embed_all(model, setup.loader, setup.examples.train, setup.seed),
        "validation": embed_all(model, setup.loader, setup.examples.validation, None),
    }
    module = _Heads(model, heads)
    module.requires_grad_(True)
    # The release has no such heads, so no schedule of it applies.
    alone = replace_config(config, schedule="cosine", optimiser="adamw", warmup_steps=0)
    groups: list[dict[str, object]] = [{"params": list(module.parameters()), "lr": config.lr}]
    wrapped, optimiser = setup.fabric.setup(module, _optimiser(groups, alone))
    task = _OnFeatures(wrapped, heads, features)
    labels = setup.examples.labels(setup.loader)
    training = Supervised(
        task, labels, alone, config.head_epochs, optimiser, setup.seed, setup.fabric
    )
    return training.run(context)


def replace_config(config: FinetuneConfig, **changes: object) -> FinetuneConfig:
    """Copy a configuration with other values, checked."""
    return FinetuneConfig.model_validate(config.model_dump() | changes)
