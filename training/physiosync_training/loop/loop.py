"""The loop that every training goes through: steps, epochs, checkpoints, curves, a clean stop."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Protocol

import torch

from physiosync_training.loop.checkpoint import State, load_state, save_state
from physiosync_training.loop.distributed import agreed, rank
from physiosync_training.loop.provenance import TrainingCost
from physiosync_training.loop.rng import seed_of

if TYPE_CHECKING:
    from physiosync_training.loop.tensorboard import Board

Progress = Callable[[str, float, float], None]
"""Called with what is going on, how much of it is done, and how much there is."""

Curves = dict[str, list[float]]
"""Means of every epoch, by name."""


def no_progress(what: str, done: float, total: float) -> None:
    """Show nothing."""


class Interrupted(Exception):  # noqa: N818  it is no error
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
    effort : TrainingCost
        Time that the training took so far; checkpoints keep it.
    """

    folder: Path
    fingerprint: str
    resume: bool = False
    checkpoint_every_s: float = 300.0
    progress: Progress = no_progress
    what: str = "train"
    stop: StopRequest = field(default_factory=StopRequest)
    effort: TrainingCost = field(default_factory=TrainingCost)


class Loop:
    """Epochs of steps that can be left at any step and taken up again with the same outcome.

    Chance is drawn anew for every step from the seed and the step's number, so that nothing of a
    random generator's state needs to be kept.

    Parameters
    ----------
    around : StageContext
    seed, n_epochs : int
    parts : mapping of str to Stateful
        What makes up the state: modules and optimisers.
    extra : dict, optional
        Further state in plain containers and tensors, kept by reference and changed by the caller
        at the end of an epoch (the best weights, say).
    """

    def __init__(
        self,
        around: StageContext,
        seed: int,
        n_epochs: int,
        parts: Mapping[str, Stateful],
        extra: State | None = None,
    ) -> None:
        self.curves: Curves = {}
        self._around = around
        self._seed = seed
        self._n_epochs = n_epochs
        self._parts = parts
        self._extra = {} if extra is None else extra
        self._epoch = self._step = 0
        self._sums: dict[str, float] = {}
        self._unread: dict[str, list[torch.Tensor]] = {}
        self._saved_at = time.monotonic()
        if around.resume:
            self._load()

    @property
    def path(self) -> Path:
        """The checkpoint."""
        return self._around.folder / "checkpoint.pt"

    def run(
        self,
        n_steps: Callable[[int], int],
        steps: Callable[[int, int], Iterator[Callable[[], Mapping[str, torch.Tensor]]]],
        end_epoch: Callable[[int], Mapping[str, float]] | None = None,
    ) -> Curves:
        """Train to the end.

        Parameters
        ----------
        n_steps : callable
            Epoch to its number of steps.
        steps : callable
            Epoch and first step to the steps from there on; each, called, trains once and returns
            what is to be averaged over the epoch.
        end_epoch : callable, optional
            Called with the epoch just finished; returns further points of the curves.

        Raises
        ------
        Interrupted
            Somebody asked to stop; the checkpoint is written.
        """
        with _board(self._around.folder, self._epoch) as board:
            while self._epoch < self._n_epochs:
                total = n_steps(self._epoch)
                for step in steps(self._epoch, self._step):
                    torch.manual_seed(seed_of(self._seed, self._epoch, self._step, rank()))
                    self._add(step())
                    self._step += 1
                    self._around.progress(
                        self._around.what, self._epoch * total + self._step, self._n_epochs * total
                    )
                    if self._step < total:
                        self._checkpoint_if_due()
                self._finish_epoch(total, end_epoch, board)
        return self.curves

    def _finish_epoch(
        self,
        n_steps: int,
        end_epoch: Callable[[int], Mapping[str, float]] | None,
        board: Board | None,
    ) -> None:
        points = {name: total / max(n_steps, 1) for name, total in self._read().items()}
        if end_epoch is not None:
            points |= dict(end_epoch(self._epoch))
        for name, value in points.items():
            self.curves.setdefault(name, []).append(value)
        if board is not None:
            board.add(points, self._epoch + 1)
        self._sums = {}
        self._epoch, self._step = self._epoch + 1, 0
        if self._epoch < self._n_epochs:
            self._checkpoint_if_due()

    def _add(self, values: Mapping[str, torch.Tensor]) -> None:
        for name, value in values.items():
            # Kept as tensors: reading a number would make a GPU wait for its last step.
            self._unread.setdefault(name, []).append(value.detach())

    def _read(self) -> dict[str, float]:
        """Sums of the epoch so far, in double precision, which not every device has."""
        for name, values in self._unread.items():
            total = self._sums.get(name, 0.0)
            for number in torch.stack(values).cpu().double().tolist():
                total += number  # one by one: the same wherever a checkpoint cuts the epoch
            self._sums[name] = total
        self._unread = {}
        return self._sums

    def _checkpoint_if_due(self) -> None:
        asked, late = agreed(
            bool(self._around.stop),
            time.monotonic() - self._saved_at > self._around.checkpoint_every_s,
        )
        if asked or late:
            self._save()
        if asked:
            raise Interrupted

    def _save(self) -> None:
        if rank() == 0:
            state = {name: part.state_dict() for name, part in self._parts.items()}
            place = {"epoch": self._epoch, "step": self._step, "sums": self._read()}
            save_state(
                self.path,
                {
                    "parts": state,
                    "extra": self._extra,
                    "curves": self.curves,
                    "effort": self._around.effort.state(),
                    **place,
                },
                self._around.fingerprint,
            )
        self._saved_at = time.monotonic()

    def _load(self) -> None:
        state = load_state(self.path, self._around.fingerprint)
        if state is None:
            return
        for name, part in self._parts.items():
            part.load_state_dict(state["parts"][name])
        self._extra.clear()
        self._extra.update(state["extra"])
        self.curves = state["curves"]
        self._around.effort.go_on(state["effort"])
        self._epoch, self._step, self._sums = state["epoch"], state["step"], state["sums"]


def _board(folder: Path, first_epoch: int) -> AbstractContextManager[Board | None]:
    """Curves for TensorBoard, of the first process."""
    if rank() != 0:
        return nullcontext()
    from physiosync_training.loop.tensorboard import Board

    return Board(folder, first_epoch + 1)
