"""The loop that every training goes through: steps, epochs, checkpoints, curves, a clean stop."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

import torch

from physiosync_rt.errors import UserError
from physiosync_training.loop.checkpoint import State, load_state, save_state
from physiosync_training.loop.distributed import agreed, rank
from physiosync_training.loop.progress import Progress, no_progress
from physiosync_training.loop.provenance import TrainingCost
from physiosync_training.loop.rng import seed_of

if TYPE_CHECKING:
    from physiosync_training.loop.tensorboard import TensorboardWriter

Batch_co = TypeVar("Batch_co", covariant=True)
Batch = TypeVar("Batch")

Curves = dict[str, list[float]]
"""Means of every epoch, by name."""

VALIDATION: Final = "validation "
"""First word of the name of a curve that is measured on validation windows."""


class Interrupted(Exception):  # noqa: N818  it is not an error
    """The person wants to stop; everything that is needed to go on is on disk."""


class StopRequest:
    """Whether somebody asked to stop, noticed between two steps."""

    def __init__(self) -> None:
        self._asked = threading.Event()

    def set(self) -> None:
        """Ask to stop after the step that is running."""
        self._asked.set()

    def __bool__(self) -> bool:
        return self._asked.is_set()


@contextmanager
def stop_on_signals() -> Iterator[StopRequest]:
    """Turn the first Ctrl-C or SIGTERM into a request; a second Ctrl-C stops at once.

    Notes
    -----
    For the main thread alone, as Python's signal handlers are.
    """
    stop = StopRequest()

    def ask(number: int, _: FrameType | None) -> None:
        if stop and number == signal.SIGINT:
            raise KeyboardInterrupt
        stop.set()

    before = {s: signal.signal(s, ask) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Stateful(Protocol):
    """A module or an optimiser."""

    def state_dict(self) -> dict[str, Any]:
        """All of its state."""
        ...

    def load_state_dict(self, state: Mapping[str, Any], /) -> object:
        """Take on a state."""
        ...


class Batches(Protocol[Batch_co]):
    """The batches of an epoch, each to be had by the number of its step."""

    def __len__(self) -> int: ...

    def __getitem__(self, step: int, /) -> Batch_co: ...


@dataclass(frozen=True, slots=True)
class StageContext:
    """What a stage needs to know of the world around it.

    Attributes
    ----------
    folder : Path
        For checkpoints and TensorBoard's files of this stage.
    fingerprint : str
        Of everything that shapes the stage; a checkpoint of another one is refused.
    resume : bool
        Go on from a checkpoint, if there is one.
    checkpoint_every_s : float
    progress : callable
    what : str
        Name of the stage for people.
    stop : StopRequest
    cost : TrainingCost
        Time that the training took so far; checkpoints keep it.
    """

    folder: Path
    fingerprint: str
    resume: bool = False
    checkpoint_every_s: float = 300.0
    progress: Progress = no_progress
    what: str = "train"
    stop: StopRequest = field(default_factory=StopRequest)
    cost: TrainingCost = field(default_factory=TrainingCost)


class Loop:
    """Epochs of steps that can be left at any step and taken up again with the same outcome.

    Resuming, checkpoints, progress, learning curves and the wish to stop are dealt with between
    two steps, so that a training is written as one loop within another::

        for epoch in loop.epochs():
            for step, batch in loop.steps(batches):
                ...
                loop.log({"loss": loss})
            loop.log_epoch({"validation loss": 0.5})

    Random numbers follow from the seed and the step's number, so that nothing of a generator's
    state needs to be kept.

    Parameters
    ----------
    context : StageContext
    seed, n_epochs : int
    parts : mapping of str to Stateful
        What makes up the state: modules and optimisers.
    extra : dict, optional
        Further state in plain containers and tensors, kept by reference and changed by the caller
        at the end of an epoch (the best weights, say).
    """

    def __init__(
        self,
        context: StageContext,
        seed: int,
        n_epochs: int,
        parts: Mapping[str, Stateful],
        extra: State | None = None,
    ) -> None:
        self.curves: Curves = {}
        self._context = context
        self._seed = seed
        self._n_epochs = n_epochs
        self._parts = parts
        self._extra = {} if extra is None else extra
        self._epoch = self._step = 0
        self._sums: dict[str, float] = {}
        self._unread: dict[str, list[torch.Tensor]] = {}
        self._epoch_points: dict[str, float] = {}
        self._saved_at = time.monotonic()
        if context.resume:
            self._load()

    @property
    def path(self) -> Path:
        """The checkpoint."""
        return self._context.folder / "checkpoint.pt"

    def epochs(self) -> Iterator[int]:
        """Epochs that are left; each is closed when the next one is asked for.

        Raises
        ------
        Interrupted
            Somebody asked to stop; the checkpoint is written.
        """
        writer = _writer(self._context.folder, self._epoch)
        while self._epoch < self._n_epochs:
            yield self._epoch
            self._finish_epoch(writer)

    def steps(self, batches: Batches[Batch]) -> Iterator[tuple[int, Batch]]:
        """Steps that are left of the epoch, each with its batch and a seed of its own.

        Raises
        ------
        Interrupted
            As `epochs`.
        UserError
            A loss or a weight is NaN or infinite; no checkpoint holds it.
        """
        n_steps = len(batches)
        while self._step < n_steps:
            batch = batches[self._step]
            torch.manual_seed(seed_of(self._seed, self._epoch, self._step, rank()))
            yield self._step, batch
            self._step += 1
            self._context.progress(
                self._context.what,
                self._epoch * n_steps + self._step,
                self._n_epochs * n_steps,
            )
            if self._step < n_steps:
                self._checkpoint_if_due()
        # Before anything is made of weights that are NaN.
        self._read()
        self._check_weights()

    def log(self, values: Mapping[str, torch.Tensor]) -> None:
        """Add what a step came to; the curves get the mean of the epoch."""
        for name, value in values.items():
            # Kept as tensors: reading a number would make a GPU wait for its last step.
            self._unread.setdefault(name, []).append(value.detach())

    def log_epoch(self, points: Mapping[str, float]) -> None:
        """Add what the epoch came to as a whole."""
        self._epoch_points = dict(points)

    def _finish_epoch(self, writer: TensorboardWriter | None) -> None:
        points = {name: total / max(self._step, 1) for name, total in self._read().items()}
        points |= self._epoch_points
        for name, value in points.items():
            self.curves.setdefault(name, []).append(value)
        if writer is not None:
            writer.add(points, self._epoch + 1)
        self._sums, self._epoch_points = {}, {}
        self._epoch, self._step = self._epoch + 1, 0
        if self._epoch < self._n_epochs:
            self._checkpoint_if_due()

    def _read(self) -> dict[str, float]:
        """Sums of the epoch so far, in double precision, which not every device has."""
        for name, values in self._unread.items():
            total = self._sums.get(name, 0.0)
            for number in torch.stack(values).cpu().double().tolist():
                total += number  # one by one: the same wherever a checkpoint cuts the epoch
            if not math.isfinite(total):
                raise self._not_finite(f"the {name}")
            self._sums[name] = total
        self._unread = {}
        return self._sums

    def _check_weights(self) -> None:
        """Look at the weights themselves: gradients may be NaN or infinite where no loss is."""
        for part in self._parts.values():
            if not isinstance(part, torch.nn.Module):
                continue
            sums = [x.sum() for x in part.state_dict().values() if x.is_floating_point()]
            if not torch.stack(sums).isfinite().all():
                raise self._not_finite("a weight")

    def _not_finite(self, what: str) -> UserError:
        return UserError(
            f"{self._context.what}: {what} of epoch {self._epoch + 1} is NaN or infinite; train "
            "with a smaller lr, and look whether the data hold huge values"
        )

    def _checkpoint_if_due(self) -> None:
        asked, late = agreed(
            bool(self._context.stop),
            time.monotonic() - self._saved_at > self._context.checkpoint_every_s,
        )
        if asked or late:
            self._save()
        if asked:
            raise Interrupted

    def _save(self) -> None:
        sums = self._read()
        self._check_weights()
        if rank() == 0:
            state = {name: part.state_dict() for name, part in self._parts.items()}
            place = {"epoch": self._epoch, "step": self._step, "sums": sums}
            save_state(
                self.path,
                {
                    "parts": state,
                    "extra": self._extra,
                    "curves": self.curves,
                    "cost": self._context.cost.state(),
                    **place,
                },
                self._context.fingerprint,
            )
        self._saved_at = time.monotonic()

    def _load(self) -> None:
        state = load_state(self.path, self._context.fingerprint)
        if state is None:
            return
        for name, part in self._parts.items():
            part.load_state_dict(state["parts"][name])
        self._extra.clear()
        self._extra.update(state["extra"])
        self.curves = state["curves"]
        self._context.cost.add_earlier(state["cost"])
        self._epoch, self._step, self._sums = state["epoch"], state["step"], state["sums"]


def _writer(folder: Path, first_epoch: int) -> TensorboardWriter | None:
    """Curves for TensorBoard, of the first process."""
    if rank() != 0:
        return None
    from physiosync_training.loop.tensorboard import TensorboardWriter

    return TensorboardWriter(folder, first_epoch + 1)
