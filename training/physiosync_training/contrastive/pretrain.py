"""Contrastive training of both modalities' encoders at one resolution, without labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from physiosync_models.config import EncoderConfig
from physiosync_rt.datatypes import IntArray
from physiosync_rt.errors import UserError
from physiosync_training.contrastive.augment import N_KINDS, augment
from physiosync_training.contrastive.config import PretrainConfig
from physiosync_training.contrastive.model import ContrastModel, ContrastTerms, cross, dependent
from physiosync_training.contrastive.sampler import EpochPlan, Grid, PairBatch, make_grid
from physiosync_training.datasets.loader import WindowLoader
from physiosync_training.loop.distributed import rank, synchronise_batch_norm, world_size
from physiosync_training.loop.loop import VALIDATION, Curves, Loop, StageContext
from physiosync_training.loop.rng import sample_keys, seed_of
from physiosync_training.loop.step_graph import StepGraph

_EEG, _PPS = 0, 1
_VALIDATION_EPOCH = 1 << 19
"""Number of an epoch that no training reaches: its plan serves validation alone."""


@dataclass(frozen=True, slots=True)
class Pretrained:
    """Weights of the encoders, by modality, and the course of the training."""

    encoders: dict[str, dict[str, Tensor]]
    curves: Curves


def lay_out(loader: WindowLoader, rows: IntArray, config: PretrainConfig) -> Grid:
    """Lay out the windows of some rows by stimulus window and subject.

    Raises
    ------
    UserError
        Too few subjects share a stimulus.
    """
    numbers = loader.numbers(rows)
    subjects, windows = loader.subjects(numbers), loader.stimulus_windows(numbers)
    try:
        return make_grid(numbers, subjects, windows, config.least_subjects)
    except ValueError as error:
        raise UserError(f"{error}; set pretrain to null to start from random weights") from error


def lay_out_validation(loader: WindowLoader, rows: IntArray, config: PretrainConfig) -> Grid | None:
    """Lay out windows to follow the losses on; None where those held out cannot be paired."""
    try:
        grid = lay_out(loader, rows, config)
    except UserError:
        return None
    return grid if config.pairing != "halves" or grid.complete else None


class Pretraining:
    """One stage of pre-training, step by step.

    Parameters
    ----------
    eeg, pps : EncoderConfig
    config : PretrainConfig
    loader : WindowLoader
    seed : int
    fabric : Fabric
        Launched.
    """

    def __init__(
        self,
        eeg: EncoderConfig,
        pps: EncoderConfig,
        config: PretrainConfig,
        loader: WindowLoader,
        seed: int,
        fabric: Fabric,
    ) -> None:
        self._config, self._loader, self._seed = config, loader, seed
        torch.manual_seed(seed)
        if config.loss == "dependent":
            loss = dependent(config.tau)
        else:
            loss = cross(config.tau, config.stratify)
        within = config.pairs_people
        self.model = ContrastModel(eeg, pps, loss, config.group_size, within=within)
        if world_size() > 1:
            # CM-CA works on rows that are already gathered.
            synchronise_batch_norm(self.model.eeg)
            synchronise_batch_norm(self.model.pps)
        adam = torch.optim.Adam(
            self.model.parameters(),
            config.lr,
            weight_decay=config.weight_decay,
            fused=True,
        )
        self._module, self.optimiser = fabric.setup(self.model, adam)
        # Of functions: a step that knew this object would keep it and all its memory in a circle.
        learn = partial(_learn, self._module, self.optimiser, fabric)
        self.learn = StepGraph(learn, self.optimiser, fabric.device)

    def plan(self, grid: Grid, epoch: int) -> EpochPlan:
        """Batches of an epoch."""
        return EpochPlan(
            grid,
            self._config.pairing,
            self._config.n_pairs,
            self._config.group_size,
            seed=self._seed,
            epoch=epoch,
            versions=N_KINDS if self._config.augment else 1,
        )

    def run(self, grid: Grid, validation: Grid | None, context: StageContext) -> Pretrained:
        """Train to the end.

        Parameters
        ----------
        grid : Grid
            Windows to train on.
        validation : Grid or None
            Windows to follow the losses on; they choose nothing.
        context : StageContext

        Raises
        ------
        Interrupted
            Somebody asked to stop.
        UserError
            A loss or a weight became NaN or infinite.
        """
        parts = {"model": self._module, "optimiser": self.optimiser}
        loop = Loop(context, self._seed, self._config.epochs, parts)
        for epoch in loop.epochs():
            for step, batch in loop.steps(self.plan(grid, epoch)):
                loop.log(_named(self.step(batch, epoch, step)))
            if validation is not None:
                loop.log_epoch(self._validate(validation))
        encoders = {"eeg": self.model.eeg.encoder, "pps": self.model.pps.encoder}
        return Pretrained({name: e.state_dict() for name, e in encoders.items()}, loop.curves)

    def step(self, batch: PairBatch, epoch: int, step: int) -> ContrastTerms:
        """Train on one batch."""
        self._module.train()
        eeg, pps = self.windows(batch, epoch, step)
        return ContrastTerms(**self.learn(eeg, pps, n_pairs=batch.n_pairs))

    def windows(self, batch: PairBatch, epoch: int, step: int) -> tuple[Tensor, Tensor]:
        """Augmented windows of this process's share of a batch."""
        part = batch.part(rank(), world_size())
        key = seed_of(self._seed, epoch, step)
        eeg, pps = self._loader.fetch_groups(batch.rows, key, part)
        if not self._config.augment:
            return eeg, pps
        numbers, kind = batch.rows[:, part].ravel(), batch.kind[:, part].ravel()
        drawn_in = epoch if self._config.redraw else 0
        return (
            augment(eeg, kind, sample_keys(self._seed, numbers, kind, _EEG, drawn_in)),
            augment(pps, kind, sample_keys(self._seed, numbers, kind, _PPS, drawn_in)),
        )

    @torch.no_grad()
    def _validate(self, grid: Grid) -> dict[str, float]:
        self._module.eval()
        sums: dict[str, float] = {}
        plan = EpochPlan(
            grid,
            self._config.pairing,
            self._config.n_pairs,
            self._config.group_size,
            seed=self._seed,
            epoch=_VALIDATION_EPOCH,
            versions=1,
        )
        for batch in plan:
            eeg, pps = self._loader.fetch_groups(batch.rows, 0, batch.part(rank(), world_size()))
            for name, value in _named(self._module(eeg, pps, batch.n_pairs)).items():
                sums[name] = sums.get(name, 0.0) + value.item()
        return {f"{VALIDATION}{name}": value / len(plan) for name, value in sums.items()}


def _learn(
    module: nn.Module,
    optimiser: torch.optim.Optimizer,
    fabric: Fabric,
    eeg: Tensor,
    pps: Tensor,
    *,
    n_pairs: int,
) -> Mapping[str, Tensor]:
    optimiser.zero_grad()
    terms: ContrastTerms = module(eeg, pps, n_pairs)
    fabric.backward(terms.total)
    optimiser.step()
    return {name: value.detach() for name, value in terms._asdict().items()}


def _named(terms: ContrastTerms) -> dict[str, Tensor]:
    return {
        "loss": terms.total,
        "eeg loss": terms.eeg,
        "pps loss": terms.pps,
        "cross-modal loss": terms.cross_modal,
        "eeg accuracy": terms.accuracy_eeg,
        "pps accuracy": terms.accuracy_pps,
    }
