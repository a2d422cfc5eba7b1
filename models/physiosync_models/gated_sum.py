"""Add logits of slow features, and a network's logit beside them, each only where it is known.

P(high) is the sigmoid of ``bias + sum of weight * logit`` over the terms that are known: a linear
logit of EEG features, one of peripheral features, and the network's as a residual. Every logit is
centred on its training data, so what remains when one is left out is a usable probability.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import torch
from torch import Tensor, nn

from physiosync_models.config import ROUTES, ModelConfig, Route
from physiosync_models.fusion import PhysioSync

TERMS: Final = ("eeg", "pps")
"""Linear terms of a sum, in the order of their weights; the network's weight comes last."""

_MOST_FEATURES: Final = 100_000


@dataclass(frozen=True, slots=True)
class GatedSumConfig:
    """Terms of a gated sum.

    Attributes
    ----------
    targets : tuple of str
    eeg, pps : tuple of str
        Names of the features of each linear term, which enter as change from rest.
    network : ModelConfig or None
        The network of the residual; it has fused heads for the same targets. None for a sum of
        the linear terms alone.

    Raises
    ------
    ValueError
        A name is missing or doubled, or the network has other targets.
    """

    targets: tuple[str, ...]
    eeg: tuple[str, ...]
    pps: tuple[str, ...]
    network: ModelConfig | None = None

    def __post_init__(self) -> None:
        for what in ("targets", *TERMS):
            names = getattr(self, what)
            if not names or len(names) > _MOST_FEATURES:
                raise ValueError(f"{what} has {len(names)} names")
            if not all(isinstance(name, str) and name for name in names):
                raise ValueError(f"{what} holds something that is not a name")
            if len(set(names)) < len(names):
                raise ValueError(f"{what} names one twice")
        if self.network is None:
            return
        if self.network.targets != self.targets or "fused" not in self.network.routes:
            raise ValueError(f"the network needs fused heads for {', '.join(self.targets)}")
        if self.network.n_classes != 2:
            raise ValueError("the network needs two classes: the terms are logits of P(high)")

    @property
    def routes(self) -> tuple[Route, ...]:
        """Which modalities can be used: both, or one alone."""
        return ROUTES

    @property
    def n_terms(self) -> int:
        """Number of weighted logits."""
        return len(TERMS) + (self.network is not None)

    def to_dict(self) -> dict[str, Any]:
        """Return all fields, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> GatedSumConfig:
        """Create a configuration from `to_dict` values; ValueError for unknown or missing keys."""
        known = dict(values)
        if isinstance(known.get("network"), Mapping):
            known["network"] = ModelConfig.from_dict(known["network"])
        try:
            known |= {name: tuple(known[name]) for name in ("targets", *TERMS)}
            return cls(**known)
        except (TypeError, KeyError) as error:
            raise ValueError(f"GatedSumConfig: {error}") from None


class LinearTerm(nn.Module):
    """Logit of the features of one modality, per target.

    Parameters
    ----------
    n_features, n_targets : int

    Attributes
    ----------
    mean, scale, weight : Tensor, shape (n_targets, n_features)
        Features are standardised by their mean and spread in training.
    bias : Tensor, shape (n_targets,)
        Logit of the mean features; the classes of the fit have equal shares.
    """

    mean: Tensor
    scale: Tensor
    weight: Tensor
    bias: Tensor

    def __init__(self, n_features: int, n_targets: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(n_targets, n_features))
        self.register_buffer("scale", torch.ones(n_targets, n_features))
        self.register_buffer("weight", torch.zeros(n_targets, n_features))
        self.register_buffer("bias", torch.zeros(n_targets))

    def forward(self, change: Tensor) -> Tensor:
        """Return logits, shape (batch, n_targets); NaN where a feature is not known.

        Parameters
        ----------
        change : Tensor, shape (batch, n_features)
            Features as change from rest.
        """
        standard = (change[:, None] - self.mean) / self.scale  # (B, T, F)
        return (standard * self.weight).sum(-1) + self.bias


class GatedSum(nn.Module):
    """Sum of the logits that are known.

    Parameters
    ----------
    config : GatedSumConfig

    Attributes
    ----------
    eeg, pps : LinearTerm
    network : PhysioSync or None
    weight : Tensor, shape (n_targets, n_terms)
        That of the network starts at 0, the others at 1.
    bias : Tensor, shape (n_targets,)
    temperature : Tensor, shape (n_targets,)
    """

    weight: Tensor
    bias: Tensor
    temperature: Tensor

    def __init__(self, config: GatedSumConfig) -> None:
        super().__init__()
        self.config = config
        n_targets = len(config.targets)
        self.eeg = LinearTerm(len(config.eeg), n_targets)
        self.pps = LinearTerm(len(config.pps), n_targets)
        self.network = None if config.network is None else PhysioSync(config.network)
        weight = torch.ones(n_targets, config.n_terms)
        weight[:, len(TERMS) :] = 0.0
        self.register_buffer("weight", weight)
        self.register_buffer("bias", torch.zeros(n_targets))
        self.register_buffer("temperature", torch.ones(n_targets))

    def forward(
        self, eeg: Tensor | None, pps: Tensor | None, network: Tensor | None = None
    ) -> Tensor:
        """Compute calibrated logits of P(high).

        Parameters
        ----------
        eeg, pps : Tensor, shape (batch, n_features), or None
            Features as change from rest; a row with a NaN leaves the term out.
        network : Tensor, shape (batch, n_targets), or None
            The network's logits; NaN where it was not asked.

        Returns
        -------
        Tensor, shape (batch, n_targets)
            NaN where no term is known.

        Raises
        ------
        ValueError
            Nothing is given.
        """
        given = [
            (place, term(change))
            for place, (term, change) in enumerate(((self.eeg, eeg), (self.pps, pps)))
            if change is not None
        ]
        if not given:
            raise ValueError("neither eeg nor pps was given")
        # The network corrects the linear terms and says nothing without them.
        some = torch.stack([logit.isfinite() for _, logit in given]).any(0)
        if network is not None and self.network is not None:
            given.append((len(TERMS), network))
        total = self.bias
        for place, logit in given:
            total = total + torch.where(logit.isfinite(), logit, 0.0) * self.weight[:, place]
        return torch.where(some, total / self.temperature, torch.nan)

    @torch.no_grad()
    def predict_proba(
        self,
        eeg: Tensor | None,
        pps: Tensor | None,
        windows: tuple[Tensor, Tensor] | None = None,
    ) -> dict[str, Tensor]:
        """Compute probabilities of low and high by target, each of shape (batch, 2).

        Parameters
        ----------
        eeg, pps
            As in `forward`.
        windows : pair of Tensor, shape (batch, n_chans, n_times), or None
            Windows of both modalities for the network of the residual.
        """
        network = None
        if self.network is not None and windows is not None:
            network = torch.stack(
                [p.logit(1e-6)[:, 1] for p in self.network.predict_proba(*windows).values()], dim=1
            )
        high = self(eeg, pps, network).sigmoid()
        pairs = torch.stack([1 - high, high], dim=-1)
        return {target: pairs[:, k] for k, target in enumerate(self.config.targets)}
