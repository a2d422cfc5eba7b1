"""Contrastive pre-training, as a person writes it in YAML below ``pretrain``."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import Field, model_validator

from physiosync_models.losses.cross import Stratify
from physiosync_rt.utils.yaml_config import FrozenModel
from physiosync_training.contrastive.sampler import Pairing

_TEMPERATURE: Final = {"dependent": 0.1, "cross": 0.07}
_SINGLE: Final = ("aligned", "random", "own")
"""Pairings of single subjects."""


class PretrainConfig(FrozenModel):
    """Contrastive training of the encoders, without labels.

    Attributes
    ----------
    loss : {"dependent", "cross"}
        Which form of the loss, with its temperature unless one is given.
    pairing : {"groups", "halves", "aligned", "random", "own"}
        Who meets in a batch (see `contrastive.sampler.Pairing`): ``groups`` unless one is given,
        and with the loss ``cross`` ``aligned``. ``halves`` and ``random`` are the release's;
        ``own`` is CM-CA alone, for people without a shared stimulus.
    n_pairs : int
        Positive pairs of a batch: the release's Dependent batch of 8 windows has 8, its Cross
        batch of 128 samples has 64.
    group_size : int
        Subjects pooled into one row; 1 for ``aligned``, ``random`` and ``own``, else 2 unless
        given.
    epochs : int
    lr, weight_decay : float
        Of Adam; the decay is added to the gradient (L2), as released.
    augment : bool
        Whether windows come in six versions.
    redraw : bool
        Draw a version's random numbers again in every epoch; the release draws them once.
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
        size = 1 if pairing in _SINGLE else 2
        return {"pairing": pairing, "group_size": size} | given

    @model_validator(mode="after")
    def _goes_together(self) -> PretrainConfig:
        if self.pairing in _SINGLE and self.group_size != 1:
            raise ValueError(f"pairing {self.pairing!r} has single subjects: set group_size to 1")
        if self.stratify != "no" and self.loss != "cross":
            raise ValueError("stratify belongs to the loss 'cross'")
        return self

    @property
    def least_subjects(self) -> int:
        """Subjects that a stimulus window needs to be of use."""
        return 1 if self.pairing == "own" else 2 * self.group_size

    @property
    def pairs_people(self) -> bool:
        """Whether LS-TCL takes part, which pairs people within a modality."""
        return self.pairing != "own"

    @property
    def tau(self) -> float:
        """Temperature of the loss."""
        return self.temperature or _TEMPERATURE[self.loss]


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
