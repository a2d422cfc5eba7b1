"""A network on the CPU that is recorded once, so that no Python runs between its layers."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn
from torch.jit import TracerWarning  # type: ignore[attr-defined]

from physiosync_models.ensemble import PerTargetEnsemble
from physiosync_models.fusion import PhysioSync

Replay = Callable[..., tuple[Tensor, ...]]


class RecordedNetwork:
    """Probabilities of one window from a recording of each route; of several, layer by layer.

    Python and torch's modules take 9 ms for a window of the full-size network, as much as half of
    the time that its weights in half precision take.

    Parameters
    ----------
    network : PhysioSync or PerTargetEnsemble
        On the CPU, in eval mode. Its weights are shared and must not change any more.
    """

    def __init__(self, network: PhysioSync | PerTargetEnsemble) -> None:
        self.network = network
        self._targets = network.config.targets
        self._replays: dict[tuple[bool, bool], Replay] = {}

    def predict_proba(self, eeg: Tensor | None, pps: Tensor | None) -> dict[str, Tensor]:
        """Compute calibrated probabilities; see `PhysioSync.predict_proba`.

        The first window of a route is recorded, which takes about a second at full size.
        """
        given = [window for window in (eeg, pps) if window is not None]
        if any(window.shape[0] != 1 for window in given):
            return self.network.predict_proba(eeg, pps)
        route = eeg is not None, pps is not None
        if route not in self._replays:
            self._replays[route] = _record(_Route(self.network, *route), given)
        return dict(zip(self._targets, self._replays[route](*given), strict=True))


class _Route(nn.Module):
    """A network as a function of the windows that are given, to probabilities by target."""

    def __init__(
        self, network: PhysioSync | PerTargetEnsemble, has_eeg: bool, has_pps: bool
    ) -> None:
        super().__init__()
        self.network = network
        self.has_eeg, self.has_pps = has_eeg, has_pps

    def forward(self, *given: Tensor) -> tuple[Tensor, ...]:
        """Compute probabilities, each of shape (1, n_classes)."""
        eeg = given[0] if self.has_eeg else None
        pps = given[-1] if self.has_pps else None
        found = self.network.predict_proba(eeg, pps)
        return tuple(found[target] for target in self.network.config.targets)


def _record(network: nn.Module, given: list[Tensor]) -> Replay:
    with warnings.catch_warnings(), torch.no_grad():
        # Shapes become constants, as they are to be. torch.compile, which torch recommends in the
        # place of this, needs a compiler of C++ on the person's computer.
        warnings.simplefilter("ignore", TracerWarning)
        warnings.filterwarnings("ignore", r".*torch\.jit\.", DeprecationWarning)
        recorded = torch.jit.trace(network, tuple(given), check_trace=False)  # type: ignore[no-untyped-call]
        frozen = torch.jit.freeze(recorded.eval())
    return cast("Replay", frozen)
