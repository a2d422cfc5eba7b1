"""Networks that were tuned apart, one per target, answering as one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn

from physiosync_models.config import ModelConfig
from physiosync_models.fusion import PhysioSync


class PerTargetEnsemble(nn.Module):
    """Several networks for the same windows, each with targets of its own.

    The paper tunes the encoders again for every target, so that valence and arousal come from two
    networks. Parameters are named ``members.{name}.*``.

    Parameters
    ----------
    members : mapping of str to PhysioSync
        By name, in the order of their targets.

    Attributes
    ----------
    config : ModelConfig
        Inputs and routes, which all share, the targets of all of them, and the first one's rest.

    Raises
    ------
    ValueError
        If there are none, if they take other windows or have other routes than the first, or if
        two have the same target.
    """

    def __init__(self, members: Mapping[str, PhysioSync]) -> None:
        super().__init__()
        if not members:
            raise ValueError("no members")
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
        """Calibrated probabilities by target; parameters and errors as in `PhysioSync`."""
        found: dict[str, Tensor] = {}
        for member in self.members.values():
            assert isinstance(member, PhysioSync)
            found |= member.predict_proba(eeg, pps)
        return found


def _interface(config: ModelConfig) -> tuple[object, ...]:
    """What somebody who asks the network has to know of it."""
    return (
        ("channels", config.eeg_1s.n_chans, config.pps_1s.n_chans),
        ("samples", config.n_times),
        ("routes", *config.routes),
    )
