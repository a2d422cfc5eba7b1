"""Fuse features of both modalities and resolutions, and classify emotion.

A head weights every feature vector by the confidence of its own small classifier, concatenates
them and classifies. `PhysioSync` has shared encoders and one head per route (both modalities, or
one alone) and target.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from physiosync_models.config import MODALITIES, SFREQ, Modality, ModelConfig, Route
from physiosync_models.encoder import Encoder


class Features(NamedTuple):
    """Encoder features of one modality's windows.

    Attributes
    ----------
    short : Tensor, shape (batch, n_slices, 4 * dim_1s)
        Features of the one-second slices, oldest first.
    long : Tensor, shape (batch, 4 * dim_5s), or None
        Features of the whole window; None where the network has no 5 s encoders.
    """

    short: Tensor
    long: Tensor | None


class ConfidenceWeight(nn.Module):
    """Layer that scales a feature vector by its own largest class probability.

    The weight is in [1 / n_classes, 1]. The layer has no separate loss; it is trained through
    the weight.

    Parameters
    ----------
    n_features, n_classes : int
    """

    def __init__(self, n_features: int, n_classes: int) -> None:
        super().__init__()
        self.fc = nn.Linear(n_features, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Weight features, shape (..., n_features); the shape stays."""
        weight: Tensor = self.fc(x).softmax(-1).amax(-1, keepdim=True)
        return x * weight


class Head(nn.Module):
    """Classifier of one target over the features of one or both modalities.

    The confidence layer of a resolution is shared by the modalities and the slices. Features
    are concatenated modality by modality, the whole window before its slices.

    Parameters
    ----------
    config : ModelConfig
    modalities : tuple of {"eeg", "pps"}
        Input modalities, in the order of concatenation.

    Attributes
    ----------
    temperature : Tensor, shape ()
        Calibration temperature: divides the logits before the softmax (1 until set).
    """

    temperature: Tensor

    def __init__(self, config: ModelConfig, modalities: tuple[Modality, ...]) -> None:
        super().__init__()
        self.modalities = modalities
        self.slices = config.slices
        self.dropout = config.dropout
        n_short = config.eeg_1s.out_dim
        self.confidence_1s = ConfidenceWeight(n_short, config.n_classes)
        n_inputs = n_short * (1 if config.slices == "mean" else config.n_slices)
        self.confidence_5s: ConfidenceWeight | None = None
        if config.eeg_5s is not None:
            self.confidence_5s = ConfidenceWeight(config.eeg_5s.out_dim, config.n_classes)
            n_inputs += config.eeg_5s.out_dim
        first, second = config.head_dims
        self.fc1 = nn.Linear(n_inputs * len(modalities), first)
        self.bn1 = nn.BatchNorm1d(first)
        self.fc2 = nn.Linear(first, second)
        self.bn2 = nn.BatchNorm1d(second)
        self.fc3 = nn.Linear(second, config.n_classes)
        self.register_buffer("temperature", torch.ones(()))

    def _join(self, features: Mapping[Modality, Features]) -> Tensor:
        parts = []
        for modality in self.modalities:
            short, long = features[modality]
            if self.confidence_5s is not None and long is not None:
                parts.append(self.confidence_5s(long))
            weighted = self.confidence_1s(short)  # (B, S, M)
            parts.append(weighted.mean(1) if self.slices == "mean" else weighted.flatten(1))
        return torch.cat(parts, dim=1)

    def forward(self, features: Mapping[Modality, Features]) -> Tensor:
        """Compute the logits, shape (batch, n_classes), without the temperature."""
        x = self._join(features)
        x = F.relu(self.bn1(self.fc1(x)))
        x = F.relu(self.bn2(self.fc2(x)))
        logits: Tensor = self.fc3(F.dropout(x, self.dropout, self.training))
        return logits


class PhysioSync(nn.Module):
    """The whole network, without the projectors of pre-training.

    Parameters are named ``encoders.{eeg,pps}_{1s,5s}.*`` and ``heads.{route}.{target}.*``. Heads
    share no parameters, so that they can be trained separately.

    Parameters
    ----------
    config : ModelConfig

    Notes
    -----
    All slices of a batch pass their 1 s encoder in one call. In eval mode this is equivalent to
    slice by slice. In train mode batch norm sees one large batch; a *faithful* network encodes
    slice by slice in train mode instead, with five batches of statistics, as the release does.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.encoders = nn.ModuleDict(
            {name: Encoder(encoder) for name, encoder in config.encoders.items()}
        )
        self.heads = nn.ModuleDict(
            {
                route: nn.ModuleDict(
                    {target: Head(config, _route_modalities(route)) for target in config.targets}
                )
                for route in config.routes
            }
        )

    def head(self, route: Route, target: str) -> Head:
        """Return the head of one route and target; ValueError where the network has none."""
        if route not in self.config.routes:
            raise ValueError(f"no {route} heads: this network has {', '.join(self.config.routes)}")
        if target not in self.config.targets:
            raise ValueError(
                f"no target {target!r}: this network has {', '.join(self.config.targets)}"
            )
        return cast("Head", cast("nn.ModuleDict", self.heads[route])[target])

    def embed(self, eeg: Tensor | None, pps: Tensor | None) -> dict[Modality, Features]:
        """Encode windows without classifying them.

        Parameters
        ----------
        eeg, pps : Tensor, shape (batch, n_chans, n_times), or None
            Windows at 128 Hz, of `ModelConfig.n_times` samples.

        Returns
        -------
        dict of str to Features
            One entry per given modality.

        Raises
        ------
        ValueError
            Both are None or a shape does not fit.
        """
        given: dict[Modality, Tensor] = {}
        if eeg is not None:
            given["eeg"] = eeg
        if pps is not None:
            given["pps"] = pps
        if not given:
            raise ValueError("neither eeg nor pps was given")
        if eeg is not None and pps is not None and len(eeg) != len(pps):
            raise ValueError(f"{len(eeg)} windows of eeg but {len(pps)} of pps")
        return {modality: self._encode(modality, x) for modality, x in given.items()}

    def _encode(self, modality: Modality, x: Tensor) -> Features:
        if x.ndim != 3 or x.shape[2] != self.config.n_times:
            raise ValueError(
                f"{modality} windows have shape {tuple(x.shape)}, expected "
                f"(batch, n_chans, {self.config.n_times})"
            )
        short = self.encode_slices(modality, x)
        has_long = self.config.eeg_5s is not None
        return Features(short, self.encode_window(modality, x) if has_long else None)

    def encode_slices(self, modality: Modality, x: Tensor) -> Tensor:
        """Encode the one-second slices of windows; see `Features.short`."""
        encoder = self.encoders[f"{modality}_1s"]
        slices = torch.unflatten(x, 2, (-1, SFREQ)).transpose(1, 2)  # (B, S, C, 128)
        if self.training and self.config.faithful:
            return torch.stack([encoder(piece) for piece in slices.unbind(1)], dim=1)
        return torch.unflatten(encoder(slices.flatten(0, 1)), 0, slices.shape[:2])  # (B, S, M)

    def encode_window(self, modality: Modality, x: Tensor) -> Tensor:
        """Encode whole windows; see `Features.long`."""
        encoded: Tensor = self.encoders[f"{modality}_5s"](x)
        return encoded

    def classify(
        self, features: Mapping[Modality, Features], route: Route | None = None
    ) -> dict[str, Tensor]:
        """Classify what `embed` returned.

        Parameters
        ----------
        features : mapping of str to Features
        route : {"fused", "eeg", "pps"}, optional
            Which heads; by default those that use all given modalities.

        Returns
        -------
        dict of str to Tensor, shape (batch, n_classes)
            Logits by target.

        Raises
        ------
        ValueError
            The network has no such heads, or they need a missing modality.
        """
        route = route or _route_for(features)
        missing = [modality for modality in _route_modalities(route) if modality not in features]
        if missing:
            raise ValueError(f"{route} heads need {' and '.join(missing)}")
        return {target: self.head(route, target)(features) for target in self.config.targets}

    def forward(self, eeg: Tensor | None, pps: Tensor | None) -> dict[str, Tensor]:
        """Compute logits by target from windows of one or both modalities.

        Parameters and errors as in `embed` and `classify`; the heads are the fused ones, or
        those of the one modality given.
        """
        return self.classify(self.embed(eeg, pps))

    @torch.no_grad()
    def predict_proba(self, eeg: Tensor | None, pps: Tensor | None) -> dict[str, Tensor]:
        """Compute calibrated probabilities by target, shape (batch, n_classes).

        Raises
        ------
        ValueError
            As `forward`, and in train mode, where dropout and batch statistics would make the
            result random and dependent on the other windows.
        """
        if self.training:
            raise ValueError("predict_proba needs eval mode: call eval() first")
        return self.probabilities(self.embed(eeg, pps))

    def probabilities(self, features: Mapping[Modality, Features]) -> dict[str, Tensor]:
        """Compute calibrated probabilities by target of what `embed` returned.

        The heads are those that use all given modalities; ValueError where the network has none.
        """
        return {t: self.probability(features, t) for t in self.config.targets}

    def probability(self, features: Mapping[Modality, Features], target: str) -> Tensor:
        """Compute the calibrated probabilities of one target; see `probabilities`."""
        head = self.head(_route_for(features), target)
        calibrated: Tensor = (head(features) / head.temperature).softmax(-1)
        return calibrated


def _route_modalities(route: Route) -> tuple[Modality, ...]:
    """Return the input modalities of a route's heads."""
    return MODALITIES if route == "fused" else (route,)


def _route_for(features: Mapping[Modality, Features]) -> Route:
    """Return the route that uses all given modalities."""
    return "fused" if len(features) == len(MODALITIES) else next(iter(features))
