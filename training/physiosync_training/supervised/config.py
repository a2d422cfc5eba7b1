"""Fine-tuning, as a person writes it in YAML below ``finetune``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field, model_validator

from physiosync_rt.preprocess.labels import QUADRANT, QUADRANT_NAMES
from physiosync_rt.utils.yaml_config import FrozenModel

Target = Literal["valence", "arousal", "quadrant"]


def n_classes(targets: Sequence[str]) -> int:
    """Classes of each of the targets that one network is trained for."""
    return len(QUADRANT_NAMES) if QUADRANT in targets else 2


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
