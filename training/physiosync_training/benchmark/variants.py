"""The ways to train that the benchmark compares: the release's and this one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.nn import functional as F

from physiosync_models.config import MODALITIES, Modality, ModelConfig
from physiosync_models.encoder import Encoder
from physiosync_models.fusion import Features, PhysioSync
from physiosync_rt.datatypes import IntArray
from physiosync_training.benchmark.arithmetic import Variant, computed
from physiosync_training.benchmark.released import ReleasedSteps, released_encode, released_groups
from physiosync_training.benchmark.watch import Watch
from physiosync_training.contrastive.augment import N_KINDS, augment
from physiosync_training.contrastive.config import RELEASED_PRETRAIN
from physiosync_training.contrastive.pretrain import Pretraining, lay_out
from physiosync_training.contrastive.sampler import PairBatch
from physiosync_training.datasets.dataset import Dataset
from physiosync_training.datasets.deap import DeapData
from physiosync_training.datasets.load import load_dataset
from physiosync_training.datasets.loader import WindowLoader
from physiosync_training.datasets.public import SimulatedPeople
from physiosync_training.loop.fast_linear import fast_linear
from physiosync_training.loop.loop import StageContext
from physiosync_training.loop.memory import keep_freed_memory
from physiosync_training.loop.progress import Progress, no_progress
from physiosync_training.loop.rng import sample_keys, seed_of
from physiosync_training.supervised.config import RELEASED_FINETUNE, FinetuneConfig
from physiosync_training.supervised.finetune import FinetuneSetup, make_examples, train_main
from physiosync_training.supervised.labels import classes
from physiosync_training.supervised.trainer import epoch_batches

_SEED = 0
_CPU = torch.device("cpu")
_PRETRAIN = RELEASED_PRETRAIN["deap-dependent"]


def simulated(folder: Path, n_subjects: int, progress: Progress = no_progress) -> Dataset:
    """Simulated people in DEAP's files, one trial each, preprocessed as released."""
    people = SimulatedPeople(subjects=n_subjects, trials=1)
    return load_dataset(DeapData(kind="deap", simulate=people), folder, progress)


class _WatchedFabric(Fabric):
    """Fabric as training has it; the watch learns where the network begins and what it found."""

    def __init__(self, device: torch.device, watch: Watch, variant: Variant | None) -> None:
        precision: Any = "bf16-mixed" if variant == "bf16" else "32-true"
        super().__init__(accelerator=device.type, devices=1, precision=precision)
        self._watch = watch

    def setup(self, module: nn.Module, *optimisers: Any, **options: Any) -> Any:
        found = super().setup(module, *optimisers, **options)
        found[0].register_forward_pre_hook(lambda *_: self._watch.mark("data"))
        return found

    def backward(self, tensor: Tensor, *args: Any, **options: Any) -> None:
        self._watch.forwarded(tensor)
        super().backward(tensor, *args, **options)
        self._watch.mark("backward")


def _context(folder: str, watch: Watch) -> StageContext:
    return StageContext(
        Path(folder),
        "benchmark",
        checkpoint_every_s=math.inf,
        progress=lambda *_: watch.end_step(),
    )


# ------------------------------------------------------------------------------------ pre-training


class _Pretraining:
    """What both ways share: the data, and the training that draws weights and batches."""

    def __init__(
        self,
        network: ModelConfig,
        seconds: int,
        folder: Path,
        n_subjects: int,
        device: torch.device,
    ) -> None:
        self.device = device
        self.dataset = simulated(folder, n_subjects)
        self.loader = WindowLoader(self.dataset, 1 if seconds == 1 else 5, device)
        self.grid = lay_out(self.loader, np.arange(len(self.dataset)), _PRETRAIN)
        self._encoders = [network.encoders[f"{modality}_{seconds}s"] for modality in MODALITIES]

    def training(self, fabric: Fabric) -> Pretraining:
        """Pre-training as `physiosync_training.experiment.fold` makes it."""
        eeg, pps = self._encoders
        return Pretraining(eeg, pps, _PRETRAIN, self.loader, _SEED, fabric)


class ReleasedPretraining(_Pretraining):
    """The release's way: a six-fold copy in memory, loops, default Adam, all parameters."""

    def __init__(self, *shared: Any) -> None:
        super().__init__(*shared)
        training = self.training(Fabric(accelerator=self.device.type, devices=1))
        self._plan = training.plan
        self._steps = ReleasedSteps(
            training.model, False, _PRETRAIN.tau, _PRETRAIN.lr, _PRETRAIN.weight_decay
        )
        self._steps.unused.to(self.device)
        self._copies = [self._copy(kind) for kind in range(N_KINDS)]
        self._places = {int(number): place for place, number in np.ndenumerate(self.grid.rows)}
        training.model.train()

    def _copy(self, kind: int) -> tuple[Tensor, Tensor]:
        numbers = self.grid.rows.ravel()
        kinds = np.full_like(numbers, kind)
        loader = WindowLoader(self.dataset, self.loader.seconds, _CPU)
        eeg, pps = (
            torch.unflatten(
                augment(x, kinds, sample_keys(_SEED, numbers, kinds, modality, 0)),
                0,
                self.grid.rows.shape,
            )
            for modality, x in enumerate(loader.fetch(numbers))
        )
        return eeg, pps

    def _batches(self) -> Iterator[tuple[int, int, PairBatch]]:
        for epoch in count():
            for step, batch in enumerate(self._plan(self.grid, epoch)):
                yield epoch, step, batch

    def run(self, watch: Watch) -> None:
        """Train until the watch raises."""
        for epoch, step, batch in self._batches():
            # The same chance either way.
            torch.manual_seed(seed_of(_SEED, epoch, step, 0))
            eeg, pps = self._windows(batch)
            watch.mark("data")
            loss = self._steps.losses(eeg, pps)
            watch.forwarded(loss)
            self._steps.optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            watch.mark("backward")
            self._steps.optimiser.step()
            watch.end_step()

    def _windows(self, batch: PairBatch) -> tuple[Tensor, Tensor]:
        """All people's windows, of which the drawn ones are then taken."""
        chosen = [
            (self._places[int(number)][0], int(kind))
            for number, kind in zip(batch.rows[0, :, 0], batch.kind[0, :, 0], strict=True)
        ]
        subjects = [
            [[self._places[int(n)][1] for n in pair] for pair in side] for side in batch.rows
        ]
        groups = torch.tensor(subjects).transpose(0, 1)
        eeg, pps = (
            released_groups(
                torch.stack([self._copies[kind][m][window] for window, kind in chosen]).to(
                    self.device
                ),
                groups,
            )
            for m in range(2)
        )
        return eeg, pps


class OurPretraining(_Pretraining):
    """Pre-training as it is."""

    def __init__(self, *shared: Any, variant: Variant | None = None) -> None:
        keep_freed_memory()
        super().__init__(*shared)
        self._variant = variant

    def run(self, watch: Watch) -> None:
        """Train until the watch raises."""
        fabric = _WatchedFabric(self.device, watch, self._variant)
        with TemporaryDirectory() as folder, fast_linear(), computed(self._variant):
            training = self.training(fabric)
            if self._variant == "compiled":
                training.model.compile()
            training.run(self.grid, None, _context(folder, watch))


# ------------------------------------------------------------------------------------- fine-tuning


class _Finetuning:
    """What both ways share: weights, windows and schedule."""

    def __init__(
        self,
        network: ModelConfig,
        batch_size: int,
        folder: Path,
        n_subjects: int,
        device: torch.device,
    ) -> None:
        self.device = device
        released = (
            RELEASED_FINETUNE["deap-dependent"] if network.eeg_1s.faithful else FinetuneConfig()
        )
        # The rate of learning does not change how fast a step is.
        self.config = released.model_copy(
            update={
                "schedule": "constant",
                "warmup_steps": 0,
                "epochs": 10**6,
                "batch_size": batch_size,
            }
        )
        dataset = simulated(folder, n_subjects)
        self.loader = WindowLoader(dataset, 5, device)
        self.rows = np.arange(len(dataset))
        self.classes = classes(dataset, ("arousal",))
        torch.manual_seed(_SEED)
        self.model = PhysioSync(network).to(device)


class ReleasedFinetuning(_Finetuning):
    """A pass of its own for every one-second slice, and the optimiser as torch has it."""

    def __init__(self, *shared: Any) -> None:
        super().__init__(*shared)
        kind = torch.optim.AdamW if self.config.optimiser == "adamw" else torch.optim.Adam
        self._optimiser = kind(
            self.model.parameters(), self.config.lr, weight_decay=self.config.weight_decay
        )
        self.model.train()

    def _batches(self) -> Iterator[tuple[int, int, IntArray]]:
        for epoch in count():
            batches = epoch_batches(len(self.rows), self.config.batch_size, _SEED, epoch)
            for step, batch in enumerate(batches):
                yield epoch, step, batch

    def run(self, watch: Watch) -> None:
        """Train until the watch raises."""
        for epoch, step, batch in self._batches():
            torch.manual_seed(seed_of(_SEED, epoch, step, 0))
            eeg, pps = self.loader.fetch(self.rows[batch])
            labels = torch.from_numpy(self.classes[batch, 0]).to(self.device)
            watch.mark("data")
            loss = F.cross_entropy(self._logits(eeg, pps), labels)
            watch.forwarded(loss)
            self._optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            watch.mark("backward")
            if self.config.clip is not None:
                nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip)
            self._optimiser.step()
            watch.end_step()

    def _logits(self, eeg: Tensor, pps: Tensor) -> Tensor:
        features: dict[Modality, Features] = {
            "eeg": self._encode("eeg", eeg),
            "pps": self._encode("pps", pps),
        }
        return self.model.classify(features, "fused")["arousal"]

    def _encode(self, modality: Modality, x: Tensor) -> Features:
        short, long = (self.model.encoders[f"{modality}_{s}s"] for s in (1, 5))
        assert isinstance(short, Encoder)
        assert isinstance(long, Encoder)
        slices = [released_encode(short, second) for second in torch.split(x, 128, dim=2)]
        return Features(torch.stack(slices, dim=1), released_encode(long, x))


class OurFinetuning(_Finetuning):
    """Fine-tuning as it is."""

    def __init__(self, *shared: Any, variant: Variant | None = None) -> None:
        keep_freed_memory()
        super().__init__(*shared)
        self._variant = variant
        if variant == "compiled":
            self.model.compile()

    def run(self, watch: Watch) -> None:
        """Train until the watch raises."""
        examples = make_examples(self.loader, self.rows, self.rows[:0], self.classes, 1)
        fabric = _WatchedFabric(self.device, watch, self._variant)
        with TemporaryDirectory() as folder, fast_linear(), computed(self._variant):
            context = _context(folder, watch)
            setup = FinetuneSetup(self.model, self.loader, examples, self.config, _SEED, fabric)
            train_main(setup, context)
