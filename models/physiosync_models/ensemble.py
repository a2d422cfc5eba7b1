"""Ensemble of separately fine-tuned networks, one per target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn

from physiosync_models.config import ModelConfig
from physiosync_models.fusion import PhysioSync


class PerTargetEnsemble(nn.Module):
    """Ensemble of networks for the same windows, each with its own targets.

    The paper fine-tunes the encoders separately for every target, so that valence and arousal
    come from two networks. Parameters are named ``members.{name}.*``.

    Parameters
    ----------
    members : mapping of str to PhysioSync
        Networks by name, in the order of their targets.

    Attributes
    ----------
    config : ModelConfig
        The first network's configuration with the targets of all.

    Raises
    ------
    ValueError
        There are no members, their windows or routes differ, or two have the same target.
    """

    def __init__(self, members: Mapping[str, PhysioSync]) -> None:
        super().__init__()
        if not members:
            raise ValueError("no members; give at least one network")
        configs = {name: member.config for name, member in members.items()}
        first = next(iter(configs.values()))
        for name, config in configs.items():
            if _interface(config) != _interface(first):
                raise ValueError(
                    f"member {name} has {_interface(config)}, the first one {_interface(first)}"
                )
        targets = tuple(target for config in configs.values() for target in config.targets)
        self.config: ModelConfig = replace(first, targets=targets)
        self.members = nn.ModuleDict(members)

    @torch.no_grad()
    def predict_proba(self, eeg: Tensor | None, pps: Tensor | None) -> dict[str, Tensor]:
        """Return calibrated probabilities by target; parameters and errors as in `PhysioSync`."""
        found: dict[str, Tensor] = {}
        for member in self.members.values():
            assert isinstance(member, PhysioSync)
            found |= member.predict_proba(eeg, pps)
        return found


def _interface(config: ModelConfig) -> tuple[object, ...]:
    """Return the properties that all members must share."""
    return (
        ("channels", config.eeg_1s.n_chans, config.pps_1s.n_chans),
        ("samples", config.n_times),
        ("routes", *config.routes),
    )
