"""The ways to train that the benchmark compares: the release's, written plainly, and this one."""

from __future__ import annotations

import torch
from lightning_fabric import Fabric
from torch import Tensor
from torch.nn import functional as F

from models.config import EncoderConfig, Modality, ModelConfig
from models.encoder import Encoder
from models.fusion import Features, PhysioSync
from models.losses import draw_fixed_halves
from training.augment import N_KINDS, augment, sample_keys
from training.bench import Clock
from training.config import RELEASED_FINETUNE, RELEASED_PRETRAIN
from training.contrast import ContrastModel, dependent
from training.fast_linear import fast_linear
from training.memory import keep_freed_memory
from training.plain import PlainPretraining as PlainSteps
from training.plain import plain_encode, plain_groups

N_SUBJECTS = 32
N_WINDOWS = 16
"""Stimulus windows that batches are drawn from."""

_SEED = 0
_PRETRAIN = RELEASED_PRETRAIN["deap-dependent"]
_FINETUNE = RELEASED_FINETUNE["deap-dependent"]


# ------------------------------------------------------------------------------------ pre-training


def _encoders(network: ModelConfig, seconds: int) -> tuple[EncoderConfig, EncoderConfig]:
    named = network.encoders
    return named[f"eeg_{seconds}s"], named[f"pps_{seconds}s"]


class _Pretraining:
    """What both ways share: weights, windows of all subjects, and who is drawn when."""

    def __init__(self, network: ModelConfig, seconds: int, device: torch.device) -> None:
        torch.manual_seed(_SEED)
        eeg, pps = _encoders(network, seconds)
        self.device = device
        self.model = ContrastModel(eeg, pps, dependent(_PRETRAIN.tau), _PRETRAIN.group_size)
        self.model.to(device)
        shape = (N_WINDOWS, N_SUBJECTS)
        self.eeg = torch.randn(*shape, eeg.n_chans, eeg.n_times)
        self.pps = torch.randn(*shape, pps.n_chans, pps.n_times)

    def draw(self, number: int) -> tuple[Tensor, Tensor, Tensor]:
        """Stimulus windows, their versions and the groups of subjects of a batch."""
        generator = torch.Generator().manual_seed(number)
        n = _PRETRAIN.n_pairs
        windows = torch.randperm(N_WINDOWS, generator=generator)[:n]
        kinds = torch.randint(N_KINDS, (n,), generator=generator)
        size = _PRETRAIN.group_size
        return windows, kinds, draw_fixed_halves(N_SUBJECTS, n, size, generator=generator)


def _version(x: Tensor, windows: Tensor, subjects: Tensor, kinds: Tensor, modality: int) -> Tensor:
    """Windows of subjects in their versions, as rows."""
    numbers = (windows * N_SUBJECTS + subjects).numpy()
    versions = kinds.numpy()
    return augment(x, versions, sample_keys(_SEED, numbers, versions, modality))


class PlainPretraining(_Pretraining):
    """The release's way: a six-fold copy in memory, loops, default Adam, all parameters."""

    def __init__(self, network: ModelConfig, seconds: int, device: torch.device) -> None:
        super().__init__(network, seconds, device)
        self._steps = PlainSteps(
            self.model, False, _PRETRAIN.tau, _PRETRAIN.lr, _PRETRAIN.weight_decay
        )
        self._steps.unused.to(device)
        self._copies = [self._copy(kind) for kind in range(N_KINDS)]
        self.model.train()

    def _copy(self, kind: int) -> tuple[Tensor, Tensor]:
        windows = torch.arange(N_WINDOWS).repeat_interleave(N_SUBJECTS)
        subjects = torch.arange(N_SUBJECTS).repeat(N_WINDOWS)
        kinds = torch.full_like(windows, kind)
        eeg, pps = (
            _version(x.flatten(0, 1), windows, subjects, kinds, modality).view_as(x)
            for modality, x in enumerate((self.eeg, self.pps))
        )
        return eeg, pps

    def step(self, number: int, clock: Clock) -> float:
        """Train on one batch; returns the loss."""
        with clock.phase("data"):
            windows, kinds, groups = self.draw(number)
            chosen = list(zip(windows.tolist(), kinds.tolist(), strict=True))
            eeg, pps = (
                plain_groups(
                    torch.stack([self._copies[kind][m][window] for window, kind in chosen]).to(
                        self.device
                    ),
                    groups,
                )
                for m in range(2)
            )
        with clock.phase("forward"):
            loss = self._steps.losses(eeg, pps)
        with clock.phase("backward"):
            self._steps.optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
        with clock.phase("optimiser"):
            self._steps.optimiser.step()
        return loss.item()


class OurPretraining(_Pretraining):
    """The way of `training.pretrain`."""

    def __init__(self, network: ModelConfig, seconds: int, device: torch.device) -> None:
        keep_freed_memory()
        super().__init__(network, seconds, device)
        self._fabric = Fabric(accelerator=device.type, devices=1)
        adam = torch.optim.Adam(
            self.model.parameters(), _PRETRAIN.lr, weight_decay=_PRETRAIN.weight_decay, fused=True
        )
        self._module, self._optimiser = self._fabric.setup(self.model, adam)
        self._module.train()

    def step(self, number: int, clock: Clock) -> float:
        """Train on one batch; returns the loss."""
        with clock.phase("data"):
            windows, kinds, groups = self.draw(number)
            subjects = groups.transpose(0, 1).flatten()
            rows, versions = (
                x[:, None, None].expand_as(groups).transpose(0, 1).flatten()
                for x in (windows, kinds)
            )
            eeg, pps = (
                _version(x[rows, subjects].to(self.device), rows, subjects, versions, modality)
                for modality, x in enumerate((self.eeg, self.pps))
            )
        with clock.phase("forward"), fast_linear():
            terms = self._module(eeg, pps, _PRETRAIN.n_pairs)
        with clock.phase("backward"):
            self._optimiser.zero_grad()
            self._fabric.backward(terms.total)
        with clock.phase("optimiser"):
            self._optimiser.step()
        return float(terms.total.detach())


# ------------------------------------------------------------------------------------- fine-tuning


class _Finetuning:
    """What both ways share: weights and windows."""

    def __init__(self, network: ModelConfig, batch_size: int, device: torch.device) -> None:
        torch.manual_seed(_SEED)
        self.model = PhysioSync(network).to(device)
        self.model.train()
        self._windows = (
            torch.randn(4 * batch_size, network.eeg_1s.n_chans, network.n_times),
            torch.randn(4 * batch_size, network.pps_1s.n_chans, network.n_times),
        )
        self._labels = torch.arange(4 * batch_size) % 2
        self._batch_size, self._device = batch_size, device

    def draw(self, number: int) -> tuple[Tensor, Tensor, Tensor]:
        """Windows of both modalities and their classes."""
        generator = torch.Generator().manual_seed(number)
        which = torch.randperm(len(self._labels), generator=generator)[: self._batch_size]
        eeg, pps, labels = (x[which].to(self._device) for x in (*self._windows, self._labels))
        return eeg, pps, labels

    def logits(self, eeg: Tensor, pps: Tensor) -> Tensor:
        """Logits of the one target."""
        found: dict[str, Tensor] = self.model(eeg, pps)
        return next(iter(found.values()))

    optimiser: torch.optim.Optimizer

    def step(self, number: int, clock: Clock) -> float:
        """Train on one batch; returns the loss."""
        with clock.phase("data"):
            eeg, pps, labels = self.draw(number)
        with clock.phase("forward"):
            loss = F.cross_entropy(self.logits(eeg, pps), labels)
        with clock.phase("backward"):
            self.optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
        with clock.phase("optimiser"):
            self.optimiser.step()
        return loss.item()


class PlainFinetuning(_Finetuning):
    """A pass of its own for every one-second slice, and default Adam, as released."""

    def __init__(self, network: ModelConfig, batch_size: int, device: torch.device) -> None:
        super().__init__(network, batch_size, device)
        self.optimiser = torch.optim.Adam(self.model.parameters(), _FINETUNE.lr)

    def logits(self, eeg: Tensor, pps: Tensor) -> Tensor:
        """Logits of the one target, each slice encoded on its own."""
        features: dict[Modality, Features] = {
            "eeg": self._encode("eeg", eeg),
            "pps": self._encode("pps", pps),
        }
        return next(iter(self.model.classify(features, "fused").values()))

    def _encode(self, modality: Modality, x: Tensor) -> Features:
        short, long = (self.model.encoders[f"{modality}_{s}s"] for s in (1, 5))
        assert isinstance(short, Encoder)
        assert isinstance(long, Encoder)
        slices = [plain_encode(short, piece) for piece in torch.split(x, 128, dim=2)]
        return Features(torch.stack(slices, dim=1), plain_encode(long, x))


class OurFinetuning(_Finetuning):
    """The way of `training.finetune`: all slices in one pass, fused Adam."""

    def __init__(self, network: ModelConfig, batch_size: int, device: torch.device) -> None:
        keep_freed_memory()
        super().__init__(network, batch_size, device)
        self.optimiser = torch.optim.Adam(self.model.parameters(), _FINETUNE.lr, fused=True)

    def logits(self, eeg: Tensor, pps: Tensor) -> Tensor:
        """Logits of the one target."""
        with fast_linear():
            return super().logits(eeg, pps)
