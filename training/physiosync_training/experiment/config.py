"""What a person can ask of a training, as one frozen tree that YAML files are read into."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from physiosync_models.config import Route
from physiosync_models.losses.cross import Stratify
from physiosync_rt.utils.yaml_config import FrozenModel
from physiosync_training.contrastive.sampler import Pairing
from physiosync_training.datasets.config import DataConfig
from physiosync_training.datasets.splits import ProtocolConfig
from physiosync_training.experiment.network import NetworkConfig
from physiosync_training.loop.paths import slug

Target = Literal["valence", "arousal", "quadrant"]
IntervalUnit = Literal["auto", "subject", "trial", "20 s block"]
Precision = Literal["32-true", "bf16-mixed"]

QUADRANT = "quadrant"
N_QUADRANTS = 4


def n_classes(targets: Sequence[str]) -> int:
    """Classes of each of the targets that one network is trained for."""
    return N_QUADRANTS if QUADRANT in targets else 2


_TEMPERATURE = {"dependent": 0.1, "cross": 0.07}


class PretrainConfig(FrozenModel):
    """Contrastive training of the encoders, without labels.

    Attributes
    ----------
    loss : {"dependent", "cross"}
        Which form of the loss, with its temperature unless one is given.
    pairing : {"groups", "halves", "aligned", "random"}
        Who meets in a batch (see `contrastive.sampler.Pairing`): ``groups`` unless one is given,
        and with the loss ``cross`` ``aligned``. ``halves`` and ``random`` are the release's.
    n_pairs : int
        Positive pairs of a batch: the release's Dependent batch of 8 windows has 8, its Cross
        batch of 128 samples has 64.
    group_size : int
        Subjects pooled into one row; 1 for ``aligned`` and ``random``, else 2 unless given.
    epochs : int
    lr, weight_decay : float
        Of Adam; the decay is added to the gradient (L2), as released.
    augment : bool
        Whether windows come in six versions.
    redraw : bool
        Draw a version's chance anew in every epoch; the release draws it once.
    """

    loss: Literal["dependent", "cross"] = "dependent"
    pairing: Pairing = "groups"
    n_pairs: int = Field(8, ge=2)
    group_size: int = Field(2, ge=1)
    temperature: float | None = Field(None, gt=0)
    stratify: Stratify = "no"
    epochs: int = Field(20, ge=1)
    lr: float = Field(7e-4, gt=0)
    weight_decay: float = Field(1e-3, ge=0)
    augment: bool = True
    redraw: bool = True

    @model_validator(mode="before")
    @classmethod
    def _follow_the_loss(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        pairing = given.get("pairing", "aligned" if given.get("loss") == "cross" else "groups")
        size = 1 if pairing in ("aligned", "random") else 2
        return {"pairing": pairing, "group_size": size} | given

    @model_validator(mode="after")
    def _goes_together(self) -> PretrainConfig:
        if self.pairing in ("aligned", "random") and self.group_size != 1:
            raise ValueError(f"pairing {self.pairing!r} has single subjects: set group_size to 1")
        if self.stratify != "no" and self.loss != "cross":
            raise ValueError("stratify belongs to the loss 'cross'")
        return self

    @property
    def tau(self) -> float:
        """Temperature of the loss."""
        return self.temperature or _TEMPERATURE[self.loss]


class FinetuneConfig(FrozenModel):
    """Supervised training of encoders and heads.

    Attributes
    ----------
    targets : tuple of {"valence", "arousal", "quadrant"}
    joint : bool
        One network for all targets, or one for each as released. The quadrant, which has four
        classes, is a network of its own.
    epochs, batch_size : int
    lr, weight_decay : float
    optimiser : {"adamw", "adam"}
    schedule : {"cosine", "restarts", "constant"}
        ``cosine``: down to nothing, step by step, after ``warmup_steps`` or a tenth of all steps.
        ``restarts``: cosine annealing with warm restarts after every third of the epochs, set
        once an epoch, as released.
    clip : float, optional
        Largest norm of the gradient.
    encoder_lr : float
        Learning rate of the encoders over that of the heads; 0 keeps them as they are.
    select : {"best", "last"}
        Keep the epoch that is best on validation, or the last one as released.
    windows : int
        Windows drawn from each window of the data set in an epoch; more than one is of use where
        offsets are random.
    head_epochs : int
        Epochs of the heads of one modality, on the frozen encoders.
    """

    targets: tuple[Target, ...] = Field(("valence", "arousal"), min_length=1)
    joint: bool = True
    epochs: int = Field(10, ge=1)
    batch_size: int = Field(64, ge=4)
    lr: float = Field(1e-3, gt=0)
    weight_decay: float = Field(1e-2, ge=0)
    optimiser: Literal["adamw", "adam"] = "adamw"
    schedule: Literal["cosine", "restarts", "constant"] = "cosine"
    warmup_steps: int = Field(100, ge=0)
    clip: float | None = Field(1.0, gt=0)
    encoder_lr: float = Field(1.0, ge=0, le=1)
    select: Literal["best", "last"] = "best"
    windows: int = Field(1, ge=1)
    head_epochs: int = Field(10, ge=0)

    @model_validator(mode="after")
    def _goes_together(self) -> FinetuneConfig:
        if len(set(self.targets)) != len(self.targets):
            raise ValueError(f"targets hold one twice: {', '.join(self.targets)}")
        if self.joint and QUADRANT in self.targets and len(self.targets) > 1:
            raise ValueError("the quadrant cannot be trained jointly: set joint to false")
        if self.schedule == "restarts" and self.epochs < 3:
            raise ValueError("schedule 'restarts' needs three epochs or more")
        return self

    @property
    def tasks(self) -> tuple[tuple[Target, ...], ...]:
        """Targets of every network to train."""
        return (self.targets,) if self.joint else tuple((target,) for target in self.targets)


class TrainConfig(FrozenModel):
    """One training: networks, schedule and where it runs.

    Attributes
    ----------
    networks : tuple of NetworkConfig
        Trained one after the other on the same folds, so that reports can compare them; the
        first becomes the bundle.
    pretrain : PretrainConfig or None
        None starts from random weights.
    modalities : tuple of {"fused", "eeg", "pps"}
        Kinds of heads: one of them, or the fused ones with others beside them.
    random_offsets : bool
        Draw training windows anywhere in their trial, as windows of a live stream lie.
    processes : int
        Processes (or GPUs) that share every batch.
    checkpoint_every_s : float
        Seconds between two checkpoints.
    """

    networks: tuple[NetworkConfig, ...] = Field((NetworkConfig(),), min_length=1)
    pretrain: PretrainConfig | None = None
    finetune: FinetuneConfig = FinetuneConfig()
    modalities: tuple[Route, ...] = Field(("fused", "eeg", "pps"), min_length=1)
    random_offsets: bool = False
    seed: int = Field(0, ge=0)
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    precision: Precision = "32-true"
    processes: int = Field(1, ge=1)
    checkpoint_every_s: float = Field(300.0, gt=0)

    @model_validator(mode="after")
    def _every_head_is_trained(self) -> TrainConfig:
        routes = self.modalities
        if len(set(routes)) != len(routes):
            raise ValueError(f"modalities hold one twice: {', '.join(routes)}")
        if len(routes) > 1 and "fused" not in routes:
            raise ValueError(
                "modalities eeg and pps share encoders that the fused heads train: add fused, or "
                "keep one of them"
            )
        if len(routes) > 1 and not self.finetune.head_epochs:
            raise ValueError(
                "finetune.head_epochs 0 leaves the heads of eeg and pps untrained: give them "
                "epochs, or set modalities to [fused]"
            )
        if self.pretrain is not None and "fused" not in routes:
            raise ValueError(
                "pre-training compares EEG with a peripheral signal: set pretrain to null for a "
                "training of one modality"
            )
        return self

    @model_validator(mode="after")
    def _networks_have_folders_of_their_own(self) -> TrainConfig:
        titles = [network.title for network in self.networks]
        if not all(slug(title) for title in titles):
            raise ValueError("a network's name needs a letter or a digit")
        if len({slug(title) for title in titles}) != len(titles):
            raise ValueError(
                f"two networks are called {', '.join(titles)}: names must differ by more than "
                "spaces, signs and capitals"
            )
        return self


class RunConfig(TrainConfig):
    """A whole run, as a YAML file describes it: the data, the splits, the training.

    Attributes
    ----------
    kind : str
        Tells the file from one of another kind.
    name, title : str
        Short name, of the bundle too, and what it is in words.
    data : DataConfig
    protocols : tuple of ProtocolConfig
        Each is trained and reported on its own.
    cache : Path, optional
        Folder of prepared windows.
    interval_unit : {"auto", "subject", "trial", "20 s block"}
        What the report's intervals resample (see `physiosync_training.evaluation.evaluate.assess`).
    bundles : {"first", "each", "none"}
        Which folds' models become bundles, of the strictest protocol that is not inflated and of
        the first network. Data in profile ``paper`` gives bundles that say "approximate": live,
        the released preprocessing can only be come close to.
    alternative : str
        Bundle to recommend for streams that this run's bundle refuses.
    withhold : bool
        Have bundles say nothing below the least confidences that were chosen on validation (see
        `supervised.selective`); the report tells what that is worth in any case.
    """

    kind: Literal["training"] = "training"
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: str
    data: DataConfig
    protocols: tuple[ProtocolConfig, ...] = Field(min_length=1)
    cache: Path | None = None
    interval_unit: IntervalUnit = "auto"
    bundles: Literal["first", "each", "none"] = "first"
    alternative: str = ""
    withhold: bool = False

    @model_validator(mode="after")
    def _protocols_differ(self) -> RunConfig:
        protocols = [each.protocol for each in self.protocols]
        if len(set(protocols)) != len(protocols):
            raise ValueError(f"two protocols are called {', '.join(protocols)}")
        return self


RELEASED_PRETRAIN = {
    "deap-dependent": PretrainConfig(
        loss="dependent", pairing="halves", n_pairs=8, epochs=500, lr=7e-4, redraw=False
    ),
    "deap-cross": PretrainConfig(
        loss="cross", pairing="random", n_pairs=64, group_size=1, epochs=500, lr=7e-4, redraw=False
    ),
    "dreamer-dependent": PretrainConfig(
        loss="dependent", pairing="halves", n_pairs=8, epochs=500, lr=1e-4, redraw=False
    ),
    "dreamer-cross": PretrainConfig(
        loss="cross", pairing="random", n_pairs=16, group_size=1, epochs=500, lr=1e-4, redraw=False
    ),
}
"""The four schedules of the paper's released code (arXiv 2504.17163), pre-training."""

_RELEASED_EPOCHS = {
    "deap-dependent": 6,
    "deap-cross": 10,
    "dreamer-dependent": 15,
    "dreamer-cross": 10,
}

RELEASED_FINETUNE = {
    name: FinetuneConfig(
        joint=False,
        epochs=epochs,
        batch_size=256,
        lr=1e-3,
        weight_decay=0.0,
        optimiser="adam",
        schedule="restarts",
        warmup_steps=0,
        clip=None,
        select="last",
    )
    for name, epochs in _RELEASED_EPOCHS.items()
}
"""The four schedules of the release, fine-tuning."""
