"""Epochs of supervised steps, whatever is trained: batches, learning rates, the best epoch."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, Protocol

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from physiosync_rt.datatypes import FloatArray, IntArray
from physiosync_training.datasets.dataset import ABSENT
from physiosync_training.experiment.config import FinetuneConfig
from physiosync_training.loop.checkpoint import State
from physiosync_training.loop.distributed import (
    mean_cross_entropy,
    mean_over_processes,
    rank,
    share_bounds,
    world_size,
)
from physiosync_training.loop.loop import Curves, Loop, StageContext
from physiosync_training.loop.rng import seed_of
from physiosync_training.supervised.calibration import best_temperature

Split = Literal["train", "validation"]

_EVAL_BATCH = 256
_LEAST_BATCH = 8
"""Fewer examples than these are no batch: batch norm would follow single examples."""


class Task(Protocol):
    """What is trained: a way from examples to logits."""

    module: nn.Module
    """What has train and eval mode; set up by Fabric."""

    columns: Mapping[str, int]
    """Column of the truth for every output."""

    def train_mode(self) -> None:
        """Put into train mode what is trained."""
        ...

    def logits(self, split: Split, which: IntArray, key: int, part: slice) -> Mapping[str, Tensor]:
        """Logits of every output for the wanted part of examples ``which`` of a split."""
        ...


@dataclass(frozen=True, slots=True)
class Labels:
    """Classes of the examples of both splits, shape (n, n_columns), -1 where not known."""

    train: IntArray
    validation: IntArray


def epoch_batches(n: int, size: int, seed: int, epoch: int) -> list[IntArray]:
    """Examples of an epoch, shuffled and cut; a very small rest is left out."""
    generator = torch.Generator().manual_seed((seed << 20) + epoch)
    order = torch.randperm(n, generator=generator).numpy()
    batches = [order[at : at + size] for at in range(0, n, size)]
    return [batch for batch in batches if len(batch) >= min(_LEAST_BATCH, n)]


def learning_rate(config: FinetuneConfig, n_epochs: int, epoch: int, at: float) -> float:
    """Learning rate over its largest value.

    Parameters
    ----------
    config : FinetuneConfig
    n_epochs, epoch : int
    at : float
        Steps since the beginning, in epochs; the warm-up is not part of this.
    """
    if config.schedule == "constant":
        return 1.0
    if config.schedule == "restarts":
        period = n_epochs // 3
        return 0.5 * (1 + math.cos(math.pi * (epoch % period) / period))
    return 0.5 * (1 + math.cos(math.pi * at / n_epochs))


class Supervised:
    """Supervised training of a task.

    Parameters
    ----------
    task : Task
    truth : Labels
    config : FinetuneConfig
    n_epochs : int
    optimiser : torch optimiser
        Its groups' learning rates are the largest ones.
    seed : int
    fabric : Fabric
    """

    def __init__(
        self,
        task: Task,
        truth: Labels,
        config: FinetuneConfig,
        n_epochs: int,
        optimiser: torch.optim.Optimizer,
        seed: int,
        fabric: Fabric,
    ) -> None:
        self._task, self._truth, self._config = task, truth, config
        self._n_epochs, self._optimiser, self._seed = n_epochs, optimiser, seed
        self._fabric = fabric
        self._largest = [group["lr"] for group in optimiser.param_groups]
        self._best: State = {}

    def run(self, around: StageContext) -> Curves:
        """Train, and leave the chosen epoch's weights in the task's module, in eval mode.

        Raises
        ------
        Interrupted
            Somebody asked to stop.
        """
        module = self._task.module
        parts: dict[str, Any] = {"module": module, "optimiser": self._optimiser}
        loop = Loop(around, self._seed, self._n_epochs, parts, self._best)
        curves = loop.run(lambda epoch: len(self._batches(epoch)), self._steps, self._end_epoch)
        if "weights" in self._best:
            module.load_state_dict(self._best["weights"])
        module.eval()
        return curves

    def _batches(self, epoch: int) -> list[IntArray]:
        return epoch_batches(len(self._truth.train), self._config.batch_size, self._seed, epoch)

    def _steps(self, epoch: int, start: int) -> Iterator[Callable[[], Mapping[str, Tensor]]]:
        batches = self._batches(epoch)
        for at in range(start, len(batches)):
            yield partial(self.step, batches[at], epoch, at, len(batches))

    def step(self, batch: IntArray, epoch: int, step: int, n_steps: int) -> dict[str, Tensor]:
        """Train on one batch."""
        self._set_lr(epoch, step, n_steps)
        self._task.train_mode()
        key = seed_of(self._seed, epoch, step)
        part = slice(*share_bounds(len(batch), rank(), world_size()))
        logits = self._task.logits("train", batch, key, part)
        losses = self._losses(logits, self._truth.train[batch], part)
        loss = torch.stack(list(losses.values())).mean()
        self._optimiser.zero_grad()
        self._fabric.backward(loss)
        if self._config.clip is not None:
            self._fabric.clip_gradients(
                self._task.module, self._optimiser, max_norm=self._config.clip
            )
        self._optimiser.step()
        # Every process has a part of the loss alone.
        return {"loss": mean_over_processes(loss)}

    def _losses(
        self, logits: Mapping[str, Tensor], truth: IntArray, part: slice
    ) -> dict[str, Tensor]:
        losses = {}
        for name, values in logits.items():
            column = truth[:, self._task.columns[name]]
            target = torch.from_numpy(column[part]).to(values.device)
            n_known = int((column != ABSENT).sum())
            losses[name] = mean_cross_entropy(values, target, n_known)
        return losses

    def _set_lr(self, epoch: int, step: int, n_steps: int) -> None:
        done = epoch * n_steps + step
        warm_up = min(self._config.warmup_steps, self._n_epochs * n_steps // 10)
        warm = min(1.0, (done + 1) / max(warm_up, 1))
        factor = warm * learning_rate(self._config, self._n_epochs, epoch, done / n_steps)
        for group, largest in zip(self._optimiser.param_groups, self._largest, strict=True):
            group["lr"] = largest * factor

    def _end_epoch(self, _: int) -> dict[str, float]:
        if not len(self._truth.validation):
            return {}
        points, losses = {}, []
        for name, probability in self._validation().items():
            column = self._truth.validation[:, self._task.columns[name]]
            known = column != ABSENT
            if not known.any():
                continue
            # Over-confidence is mended by calibration afterwards; it must not choose the epoch.
            losses.append(best_temperature(probability[known], column[known])[1])
            right = probability[known].argmax(axis=1) == column[known]
            points[f"validation accuracy {name}"] = float(right.mean())
        if losses:
            points["validation loss"] = loss = float(np.mean(losses))
            best = self._best.get("loss", math.inf)
            if self._config.select == "best" and loss < best:
                weights = copy.deepcopy(dict(self._task.module.state_dict()))
                self._best.update(loss=loss, weights=weights)
        return points

    @torch.no_grad()
    def _validation(self) -> dict[str, FloatArray]:
        self._task.module.eval()
        parts: dict[str, list[FloatArray]] = {}
        n = len(self._truth.validation)
        for at in range(0, n, _EVAL_BATCH):
            which = np.arange(at, min(at + _EVAL_BATCH, n))
            for name, values in self._task.logits("validation", which, 0, slice(None)).items():
                probability = values.cpu().double().softmax(-1).numpy()
                parts.setdefault(name, []).append(probability)
        return {name: np.concatenate(part) for name, part in parts.items()}
