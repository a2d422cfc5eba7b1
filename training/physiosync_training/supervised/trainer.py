"""Supervised training of any task: batches, learning rates, the best epoch."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from physiosync_rt.datatypes import FloatArray, IntArray
from physiosync_training.datasets.index import ABSENT
from physiosync_training.datasets.on_device import to_device
from physiosync_training.loop.checkpoint import State
from physiosync_training.loop.distributed import (
    mean_cross_entropy,
    mean_over_processes,
    rank,
    share_bounds,
    world_size,
)
from physiosync_training.loop.loop import VALIDATION, Curves, Loop, StageContext
from physiosync_training.loop.rng import seed_of
from physiosync_training.loop.step_graph import StepGraph
from physiosync_training.supervised.calibration import best_temperature
from physiosync_training.supervised.config import FinetuneConfig

Split = Literal["train", "validation"]

_EVAL_BATCH = 256
_LEAST_BATCH = 8
"""Fewer examples than these are not a batch: batch norm would follow single examples."""


class Task(Protocol):
    """Trained modules, and the logits they give for examples."""

    module: nn.Module
    """What has train and eval mode; set up by Fabric."""

    columns: Mapping[str, int]
    """Column of the labels for every output."""

    def train_mode(self) -> None:
        """Set the trained modules to train mode."""
        ...

    def inputs(self, split: Split, which: IntArray, key: int, part: slice) -> tuple[Tensor, ...]:
        """Return what the logits of one part of examples ``which`` of a split follow from."""
        ...

    def logits(self, *inputs: Tensor) -> Mapping[str, Tensor]:
        """Compute the logits of every output from its inputs."""
        ...


@dataclass(frozen=True, slots=True)
class Labels:
    """Classes of the examples of both splits, shape (n, n_columns), -1 where not known."""

    train: IntArray
    validation: IntArray


def epoch_batches(n: int, size: int, seed: int, epoch: int) -> list[IntArray]:
    """Shuffle the examples of an epoch and cut them into batches; a very small rest is left out."""
    generator = torch.Generator().manual_seed((seed << 20) + epoch)
    order = torch.randperm(n, generator=generator).numpy()
    batches = [order[at : at + size] for at in range(0, n, size)]
    return [batch for batch in batches if len(batch) >= min(_LEAST_BATCH, n)]


def learning_rate(config: FinetuneConfig, n_epochs: int, epoch: int, at: float) -> float:
    """Return the learning rate over its largest value.

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
    labels : Labels
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
        labels: Labels,
        config: FinetuneConfig,
        n_epochs: int,
        optimiser: torch.optim.Optimizer,
        seed: int,
        fabric: Fabric,
    ) -> None:
        self._task, self._labels, self._config = task, labels, config
        self._n_epochs, self._optimiser, self._seed = n_epochs, optimiser, seed
        self._fabric = fabric
        self._largest = [group["lr"] for group in optimiser.param_groups]
        self._best: State = {}

    def run(self, context: StageContext) -> Curves:
        """Train, and leave the chosen epoch's weights in the task's module, in eval mode.

        Raises
        ------
        Interrupted
            Somebody asked to stop.
        UserError
            A loss or a weight became NaN or infinite.
        """
        task, size = self._task, self._config.batch_size
        parts: dict[str, Any] = {"module": task.module, "optimiser": self._optimiser}
        loop = Loop(context, self._seed, self._n_epochs, parts, self._best)
        learn = StepGraph(self._learn, self._optimiser, self._fabric.device)
        for epoch in loop.epochs():
            batches = epoch_batches(len(self._labels.train), size, self._seed, epoch)
            for step, batch in loop.steps(batches):
                self._set_lr(epoch, step, len(batches))
                task.train_mode()
                part = slice(*share_bounds(len(batch), rank(), world_size()))
                inputs = task.inputs("train", batch, seed_of(self._seed, epoch, step), part)
                found = learn(*inputs, *self._targets(batch, part))
                # Every process has a part of the loss alone.
                loop.log({"loss": mean_over_processes(found["loss"])})
            loop.log_epoch(self._validate())
        if "weights" in self._best:
            task.module.load_state_dict(self._best["weights"])
        task.module.eval()
        return loop.curves

    def _targets(self, batch: IntArray, part: slice) -> tuple[Tensor, Tensor]:
        """Return the classes of a part of a batch by output, and how many the whole batch has."""
        labels = self._labels.train[batch][:, list(self._task.columns.values())].T
        n_known = (labels != ABSENT).sum(axis=1)
        device = self._fabric.device
        return to_device(np.ascontiguousarray(labels[:, part]), device), to_device(n_known, device)

    def _learn(self, *tensors: Tensor) -> Mapping[str, Tensor]:
        """Train on inputs, the classes by output and how many of them are known."""
        *inputs, targets, n_known = tensors
        logits = self._task.logits(*inputs)
        # This process's part in the cross-entropies, averaged over the outputs.
        losses = [
            mean_cross_entropy(logits[name], *each)
            for name, *each in zip(self._task.columns, targets, n_known, strict=True)
        ]
        loss = torch.stack(losses).mean()
        self._optimiser.zero_grad()
        self._fabric.backward(loss)
        if self._config.clip is not None:
            # The loop looks whether weights are finite; a look here would end a recording.
            self._fabric.clip_gradients(
                self._task.module,
                self._optimiser,
                max_norm=self._config.clip,
                error_if_nonfinite=False,
            )
        self._optimiser.step()
        return {"loss": loss.detach()}

    def _set_lr(self, epoch: int, step: int, n_steps: int) -> None:
        done = epoch * n_steps + step
        warm_up = min(self._config.warmup_steps, self._n_epochs * n_steps // 10)
        warm = min(1.0, (done + 1) / max(warm_up, 1))
        factor = warm * learning_rate(self._config, self._n_epochs, epoch, done / n_steps)
        for group, largest in zip(self._optimiser.param_groups, self._largest, strict=True):
            group["lr"] = largest * factor

    def _validate(self) -> dict[str, float]:
        """Return curve points from the validation windows; keep the weights of the best epoch."""
        if not len(self._labels.validation):
            return {}
        points, losses = {}, []
        for name, probability in self._held_out().items():
            column = self._labels.validation[:, self._task.columns[name]]
            known = column != ABSENT
            if not known.any():
                continue
            # Calibration afterwards takes care of over-confidence; it must not choose the epoch.
            losses.append(best_temperature(probability[known], column[known])[1])
            right = probability[known].argmax(axis=1) == column[known]
            points[f"{VALIDATION}accuracy {name}"] = float(right.mean())
        if losses:
            points[f"{VALIDATION}loss"] = loss = float(np.mean(losses))
            best = self._best.get("loss", math.inf)
            if self._config.select == "best" and loss < best:
                weights = copy.deepcopy(dict(self._task.module.state_dict()))
                self._best.update(loss=loss, weights=weights)
        return points

    @torch.no_grad()
    def _held_out(self) -> dict[str, FloatArray]:
        self._task.module.eval()
        parts: dict[str, list[FloatArray]] = {}
        n = len(self._labels.validation)
        for at in range(0, n, _EVAL_BATCH):
            which = np.arange(at, min(at + _EVAL_BATCH, n))
            inputs = self._task.inputs("validation", which, 0, slice(None))
            for name, values in self._task.logits(*inputs).items():
                probability = values.cpu().double().softmax(-1).numpy()
                parts.setdefault(name, []).append(probability)
        return {name: np.concatenate(part) for name, part in parts.items()}
