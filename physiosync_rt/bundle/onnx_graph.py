"""Networks as ONNX graphs, without or with their weights."""

from __future__ import annotations

import copy
import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy.typing as npt
import torch
from torch import Tensor, nn

from physiosync_models.config import MODALITIES, Modality, Route
from physiosync_models.fusion import Features, PhysioSync
from physiosync_rt.bundle.torch_engine import SignalNetwork
from physiosync_rt.bundle.torch_threads import torch_threads
from physiosync_rt.bundle.traced_graphs import traced

if TYPE_CHECKING:
    import onnx

AnyArray = npt.NDArray[Any]

OPSET = 17
"""Of 2022; ONNX Runtime reads it since 1.12."""


@dataclass(frozen=True, slots=True)
class Graph:
    """An ONNX graph, and apart from it the weights that it names.

    Attributes
    ----------
    model : onnx.ModelProto
        Its weights are stated as stored outside of it.
    weights : dict of str to array
        They share the memory of the network's.
    """

    model: onnx.ModelProto
    weights: dict[str, AnyArray]


class Encode(nn.Module):
    """Encoders of one modality: window in; features of its slices, and of the whole where it has.

    Parameters
    ----------
    network : PhysioSync
    modality : {"eeg", "pps"}
    """

    def __init__(self, network: PhysioSync, modality: Modality) -> None:
        super().__init__()
        self.network, self.modality = network, modality
        self.part = f"encoders of {modality}"

    def forward(self, window: Tensor) -> tuple[Tensor, ...]:
        """Encode windows, shape (batch, n_chans, n_times)."""
        is_eeg = self.modality == "eeg"
        found = self.network.embed(window if is_eeg else None, None if is_eeg else window)
        return tuple(part for part in found[self.modality] if part is not None)


class Classify(nn.Module):
    """Heads of one route: features of `Encode` in, probabilities of each target out.

    Parameters
    ----------
    network : PhysioSync
    route : {"fused", "eeg", "pps"}
    """

    def __init__(self, network: PhysioSync, route: Route) -> None:
        super().__init__()
        self.network, self.modalities = network, modalities_of(route)
        self.part = f"heads of {route}"

    def forward(self, *parts: Tensor) -> tuple[Tensor, ...]:
        """Classify the features of the route's modalities, in their order."""
        n = len(parts) // len(self.modalities)
        features = {
            modality: Features(parts[n * k], parts[n * k + 1] if n > 1 else None)
            for k, modality in enumerate(self.modalities)
        }
        return tuple(self.network.probabilities(features).values())


class Whole(nn.Module):
    """A network with the heads of one route: windows in, probabilities of each target out.

    Parameters
    ----------
    network : PhysioSync or PerTargetEnsemble
    route : {"fused", "eeg", "pps"}
    """

    def __init__(self, network: SignalNetwork, route: Route) -> None:
        super().__init__()
        self.network, self.modalities = network, modalities_of(route)

    def forward(self, *windows: Tensor) -> tuple[Tensor, ...]:
        """Predict from windows of the route's modalities, in their order."""
        given = dict(zip(self.modalities, windows, strict=True))
        return tuple(self.network.predict_proba(given.get("eeg"), given.get("pps")).values())


def modalities_of(route: Route) -> tuple[Modality, ...]:
    """Return what the heads of a route take in, in the order of their inputs."""
    return MODALITIES if route == "fused" else (route,)


def window_like(network: SignalNetwork, modality: Modality) -> Tensor:
    """Return an empty window of a modality, shape (1, n_chans, n_times)."""
    config = network.config
    n_chans = (config.eeg_1s if modality == "eeg" else config.pps_1s).n_chans
    return torch.zeros(1, n_chans, config.n_times)


def trace(
    module: nn.Module,
    inputs: Sequence[Tensor],
    input_names: Sequence[str],
    output_names: Sequence[str],
    *,
    stored: bool = False,
) -> bytes:
    """Write a module that takes inputs of these shapes as an ONNX graph.

    Parameters
    ----------
    module : nn.Module
        In eval mode.
    inputs : sequence of Tensor
        Their shapes are those of the graph.
    input_names, output_names : sequence of str
    stored : bool
        Whether the weights are part of it.
    """
    file = io.BytesIO()
    with warnings.catch_warnings(), torch_threads(1):
        # The exporter that traces is deprecated for one that needs another package, and takes
        # every length for a constant: here they are.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(),
            tuple(inputs),
            cast("Any", file),
            dynamo=False,
            export_params=stored,
            do_constant_folding=stored,
            opset_version=OPSET,
            input_names=list(input_names),
            output_names=list(output_names),
        )
    return file.getvalue()


def graph_of(
    module: Encode | Classify,
    inputs: Sequence[Tensor],
    input_names: Sequence[str],
    output_names: Sequence[str],
) -> Graph:
    """Return a part of a network as a graph whose weights stay where they are; see `trace`."""
    import onnx

    stored = traced(
        module.network.config,
        f"{module.part}, {[tuple(each.shape) for each in inputs]}",
        lambda: trace(_with_weights_apart(module), inputs, input_names, output_names),
    )
    model = onnx.load_from_string(stored)
    known = cast("dict[str, Tensor]", module.state_dict())
    weights: dict[str, AnyArray] = {}
    kept = []
    for each in model.graph.input:
        if each.name in input_names:
            kept.append(each)
        else:
            weights[each.name] = known[each.name].detach().contiguous().numpy()
    del model.graph.input[:]
    model.graph.input.extend(kept)
    for name, value in weights.items():
        model.graph.initializer.append(outside(name, value))
    return Graph(model, weights)


def _with_weights_apart(module: Encode | Classify) -> Encode | Classify:
    """Return a twin of random weights, for a graph that serves any.

    The exporter takes tensors of equal values for one; those of a fresh batch norm are.
    """
    twin = copy.deepcopy(module)
    dice = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for value in cast("dict[str, Tensor]", twin.state_dict()).values():
            if value.is_floating_point():
                value.uniform_(0.5, 1.5, generator=dice)
    return twin


def outside(name: str, value: AnyArray) -> onnx.TensorProto:
    """Return the statement that a weight is stored outside of the graph."""
    import onnx

    stated = onnx.TensorProto(
        name=name,
        data_type=onnx.helper.np_dtype_to_tensor_dtype(value.dtype),
        dims=value.shape,
        data_location=onnx.TensorProto.EXTERNAL,
    )
    stated.external_data.add(key="location", value="in memory")
    return stated
