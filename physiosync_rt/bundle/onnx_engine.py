"""Networks computed by ONNX Runtime: in single precision, or in whole numbers of eight bits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from physiosync_models.config import Modality, Route
from physiosync_models.ensemble import PerTargetEnsemble
from physiosync_models.fusion import PhysioSync
from physiosync_models.layers import of_whole_layers
from physiosync_rt.bundle.engines import EngineFacts, Precision
from physiosync_rt.bundle.onnx_graph import Classify, Encode, Graph, graph_of, modalities_of
from physiosync_rt.bundle.onnx_graph import window_like as like
from physiosync_rt.bundle.onnx_int8 import with_whole_weights
from physiosync_rt.bundle.torch_engine import SignalNetwork
from physiosync_rt.bundle.torch_threads import threads_for
from physiosync_rt.datatypes import SampleArray

if TYPE_CHECKING:
    import onnxruntime


class OnnxEngine:
    """A network computed by ONNX Runtime.

    Parameters
    ----------
    model : PhysioSync or PerTargetEnsemble
        On the CPU, in eval mode; it is not changed.
    precision : {"fp32", "int8"}
    why : str
    """

    def __init__(self, model: SignalNetwork, precision: Precision, why: str) -> None:
        n_threads = threads_for(model)
        twin = of_whole_layers(model)
        networks = twin.members.values() if isinstance(twin, PerTargetEnsemble) else (twin,)
        self._members = [
            _Member(network, precision, n_threads)
            for network in networks
            if isinstance(network, PhysioSync)
        ]
        self.facts = EngineFacts("onnx", precision, n_threads, "cpu", why)

    def __call__(self, eeg: SampleArray | None, pps: SampleArray | None) -> dict[str, SampleArray]:
        """Compute probabilities; see `Forward`. Windows are computed one after the other."""
        named: dict[Modality, SampleArray | None] = {"eeg": eeg, "pps": pps}
        given = {modality: windows for modality, windows in named.items() if windows is not None}
        rows: list[dict[str, SampleArray]] = []
        for k in range(len(next(iter(given.values())))):
            one = {modality: windows[k : k + 1] for modality, windows in given.items()}
            rows.append({t: p for member in self._members for t, p in member(one).items()})
        return {target: np.concatenate([row[target] for row in rows]) for target in rows[0]}


class _Member:
    """One network: the encoders of each modality and the heads of each route, as sessions."""

    def __init__(self, network: PhysioSync, precision: Precision, n_threads: int) -> None:
        config = network.config
        self._targets = config.targets
        self._encoders: dict[Modality, _Session] = {}
        self._heads: dict[Route, _Session] = {}
        features: dict[Modality, list[torch.Tensor]] = {}
        for modality in {m: None for route in config.routes for m in modalities_of(route)}:
            encode, window = Encode(network, modality), like(network, modality)
            with torch.no_grad():
                features[modality] = list(encode(window))
            names = [f"{modality}.{k}" for k in range(len(features[modality]))]
            graph = graph_of(encode, [window], [modality], names)
            self._encoders[modality] = _Session(graph, precision, n_threads)
        for route in config.routes:
            parts = [part for m in modalities_of(route) for part in features[m]]
            names = [f"part.{k}" for k in range(len(parts))]
            # Names of targets are names of a person's, and may be those of inputs.
            found = [f"target.{target}" for target in config.targets]
            graph = graph_of(Classify(network, route), parts, names, found)
            self._heads[route] = _Session(graph, precision, n_threads)

    def __call__(self, given: dict[Modality, SampleArray]) -> dict[str, SampleArray]:
        """Compute probabilities of one window, each of shape (1, n_classes)."""
        route: Route = "fused" if len(given) > 1 else next(iter(given))
        parts = [part for m in modalities_of(route) for part in self._encoders[m]([given[m]])]
        return dict(zip(self._targets, self._heads[route](parts), strict=True))


class _Session:
    """A graph that is ready to be computed; its weights are those of the network."""

    def __init__(self, graph: Graph, precision: Precision, n_threads: int) -> None:
        import onnxruntime as ort

        if precision == "int8":
            graph = with_whole_weights(graph)
        options = ort.SessionOptions()
        options.intra_op_num_threads = n_threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # A thread that waits for the next window does not keep a core busy with it.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._weights = [ort.OrtValue.ortvalue_from_numpy(v) for v in graph.weights.values()]
        options.add_external_initializers(list(graph.weights), self._weights)
        self._session: onnxruntime.InferenceSession = ort.InferenceSession(
            graph.model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        self._names = [each.name for each in self._session.get_inputs()]

    def __call__(self, inputs: Sequence[SampleArray]) -> list[SampleArray]:
        given = dict(zip(self._names, inputs, strict=True))
        found: list[Any] = self._session.run(None, given)
        return found
