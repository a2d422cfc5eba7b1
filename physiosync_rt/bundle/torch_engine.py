"""Networks computed by torch: in single precision, or with weights in half precision."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from physiosync_models.ensemble import PerTargetEnsemble
from physiosync_models.fusion import PhysioSync
from physiosync_models.layers import of_whole_layers
from physiosync_rt.bundle.engines import EngineFacts, Precision
from physiosync_rt.bundle.recorded_network import RecordedNetwork
from physiosync_rt.bundle.torch_threads import threads_for, torch_threads
from physiosync_rt.datatypes import SampleArray
from physiosync_rt.errors import UserError

SignalNetwork = PhysioSync | PerTargetEnsemble
"""A network of windows."""

LEAST_WEIGHTS = 1 << 14
"""Smaller layers stay as they are: they take no time, and the last ones decide."""


class TorchEngine:
    """A network computed by torch.

    Parameters
    ----------
    model : PhysioSync or PerTargetEnsemble
        On the device, in eval mode; it is not changed.
    device : torch.device
    precision : {"fp32", "fp16"}
    why : str
    many : bool
        As in `EngineChoice`.

    Raises
    ------
    UserError
        This build of torch has no half precision for a CPU.
    """

    def __init__(
        self,
        model: SignalNetwork,
        device: torch.device,
        precision: Precision,
        why: str,
        *,
        many: bool = False,
    ) -> None:
        n_threads = threads_for(model, spare=int(many))
        is_half = precision == "fp16"
        self._model = RecordedNetwork(with_half_weights(model)) if is_half else model
        self._device = device
        self.facts = EngineFacts("torch", precision, n_threads, str(device), why)

    def __call__(self, eeg: SampleArray | None, pps: SampleArray | None) -> dict[str, SampleArray]:
        """Compute probabilities; see `Forward`."""
        with torch.inference_mode(), torch_threads(self.facts.threads):
            found = self._model.predict_proba(self._on_device(eeg), self._on_device(pps))
            return {target: p.cpu().numpy() for target, p in found.items()}

    def _on_device(self, windows: SampleArray | None) -> Tensor | None:
        return None if windows is None else torch.from_numpy(windows).to(self._device)


class HalfLinear(nn.Module):
    """A dense layer with weights in half precision and sums in single precision (FBGEMM).

    Parameters
    ----------
    trained : nn.Linear
    """

    def __init__(self, trained: nn.Linear) -> None:
        super().__init__()
        bias: Tensor | None = trained.bias
        bias = None if bias is None else bias.detach()
        # Packed weights are an object of FBGEMM's, not a tensor.
        self._packed: Any = torch.ops.quantized.linear_prepack_fp16(trained.weight.detach(), bias)

    def forward(self, x: Tensor) -> Tensor:
        """Transform (..., n_in) to (..., n_out)."""
        out: Tensor = torch.ops.quantized.linear_dynamic_fp16(x, self._packed)
        return out


def is_half_here() -> bool:
    """Whether this build of torch has half precision for a CPU."""
    return "fbgemm" in torch.backends.quantized.supported_engines


def with_half_weights(model: SignalNetwork) -> SignalNetwork:
    """Return a twin of a network whose large layers have weights in half precision.

    Raises
    ------
    UserError
        This build of torch has none for a CPU.
    """
    if not is_half_here():
        raise UserError(
            "--precision fp16: this build of torch is without FBGEMM, which computes it; "
            "use --precision fp32"
        )
    twin = of_whole_layers(model)
    for module in tuple(twin.modules()):
        for name, child in tuple(module.named_children()):
            if isinstance(child, nn.Linear) and child.weight.numel() >= LEAST_WEIGHTS:
                setattr(module, name, HalfLinear(child))
    return twin
