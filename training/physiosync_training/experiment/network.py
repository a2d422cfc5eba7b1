"""Which network a training is of, as a person writes it in YAML."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from pydantic import Field, model_validator

from physiosync_models.config import Embedding, ModelConfig, Route, Slices
from physiosync_models.presets import compact, deap_paper
from physiosync_rt.utils.yaml_config import FrozenModel


class NetworkConfig(FrozenModel):
    """The network of a training.

    Attributes
    ----------
    name : str
        As reports call it.
    preset : {"paper", "compact"}
        Widths of the paper, or a network of some hundred thousand weights.
    embedding : {"paper", "conv"}, optional
        First stage of the encoders; that of the preset when not given (``compact``: ``conv``).
    with_5s : bool
        Encoders of 5 s windows too. Without them a window is 1 s long, as in the release for
        DREAMER.
    faithful : bool
        Compute exactly what the released code computes.
    dim_1s, dim_5s, depth, slices, dropout
        Other values than the preset's (see `physiosync_models.config`).
    """

    name: str = ""
    preset: Literal["paper", "compact"] = "paper"
    embedding: Embedding | None = None
    with_5s: bool = True
    faithful: bool = False
    dim_1s: int | None = Field(None, ge=4)
    dim_5s: int | None = Field(None, ge=4)
    depth: int | None = Field(None, ge=1)
    slices: Slices | None = None
    dropout: float | None = Field(None, ge=0, lt=1)

    @model_validator(mode="after")
    def _can_be_built(self) -> NetworkConfig:
        self.build(1, 1, ("valence",), 2, ("fused",))
        return self

    @property
    def title(self) -> str:
        """Name for reports."""
        return self.name or self.preset + (f" {self.embedding}" if self.embedding else "")

    def build(
        self,
        n_eeg: int,
        n_pps: int,
        targets: tuple[str, ...],
        n_classes: int,
        routes: tuple[Route, ...],
    ) -> ModelConfig:
        """Describe the network for so many channels and these targets.

        Raises
        ------
        ValueError
            The parts do not go together.
        """
        if self.preset == "paper":
            base = deap_paper(faithful=self.faithful)
        else:
            base = compact(n_eeg, n_pps)
        if base.eeg_5s is None or base.pps_5s is None:
            raise ValueError("a preset without 5 s encoders")
        short: dict[str, Any] = {"n_chans": n_eeg, **self._changes(self.dim_1s)}
        long: dict[str, Any] = {"n_chans": n_eeg, **self._changes(self.dim_5s)}
        pps: dict[str, Any] = {"n_chans": n_pps}
        return replace(
            base,
            eeg_1s=replace(base.eeg_1s, **short),
            pps_1s=replace(base.pps_1s, **short | pps),
            eeg_5s=replace(base.eeg_5s, **long) if self.with_5s else None,
            pps_5s=replace(base.pps_5s, **long | pps) if self.with_5s else None,
            targets=targets,
            n_classes=n_classes,
            routes=routes,
            slices=self.slices or base.slices,
            dropout=base.dropout if self.dropout is None else self.dropout,
        )

    def _changes(self, dim: int | None) -> dict[str, Any]:
        changes: dict[str, Any] = {
            "dim": dim,
            "depth": self.depth,
            "embedding": self.embedding,
            "dropout": self.dropout,
            "faithful": self.faithful,
        }
        return {name: value for name, value in changes.items() if value is not None}
