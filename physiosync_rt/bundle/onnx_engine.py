"""Networks computed by ONNX Runtime: in single precision, or in whole numbers of eight bits."""

from __future__ import annotations

import hashlib
import json
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


BLOCK = 8
"""Windows of a block. Of the full-size network it takes as long as two and a half windows."""

LEAST_IN_BLOCK = 3
"""Fewer windows are computed one after the other."""


class OnnxEngine:
    """A network computed by ONNX Runtime.

    Parameters
    ----------
    model : PhysioSync or PerTargetEnsemble
        On the CPU, in eval mode; it is not changed.
    precision : {"fp32", "int8"}
    why : str
    many : bool
        As in `EngineChoice`: windows are computed `BLOCK` at a time as well, for which weights of
        single precision are laid out in memory a second time.
    """

    def __init__(
        self, model: SignalNetwork, precision: Precision, why: str, *, many: bool = False
    ) -> None:
        n_threads = threads_for(model, spare=int(many))
        twin = of_whole_layers(model)
        members = twin.members.values() if isinstance(twin, PerTargetEnsemble) else (twin,)
        networks = [network for network in members if isinstance(network, PhysioSync)]
        self._members = [_Member(network, precision, n_threads, 1) for network in networks]
        # Numbers of eight bits have one scale for all that is computed together.
        in_blocks = networks if many and precision == "fp32" else []
        self._blocks = [_Member(network, precision, n_threads, BLOCK) for network in in_blocks]
        self.facts = EngineFacts("onnx", precision, n_threads, "cpu", why)

    def __call__(self, eeg: SampleArray | None, pps: SampleArray | None) -> dict[str, SampleArray]:
        """Compute probabilities; see `Forward`. Graphs have a fixed number of windows."""
        named: dict[Modality, SampleArray | None] = {"eeg": eeg, "pps": pps}
        given = {modality: windows for modality, windows in named.items() if windows is not None}
        rows: list[dict[str, SampleArray]] = []
        n, start = len(next(iter(given.values()))), 0
        while start < n:
            is_block = bool(self._blocks) and n - start >= LEAST_IN_BLOCK
            size = min(BLOCK, n - start) if is_block else 1
            some = {modality: windows[start : start + size] for modality, windows in given.items()}
            if is_block:
                some = {modality: _filled(windows) for modality, windows in some.items()}
            members = self._blocks if is_block else self._members
            found = {t: p for member in members for t, p in member(some).items()}
            rows.append({target: p[:size] for target, p in found.items()})
            start += size
        return {target: np.concatenate([row[target] for row in rows]) for target in rows[0]}


_NEWEST: dict[str, OnnxEngine] = {}


def onnx_engine(
    model: SignalNetwork, precision: Precision, why: str, *, many: bool = False
) -> OnnxEngine:
    """Return the engine that was made last where it computes the same, else make it.

    Whoever predicts file after file, or starts run after run, waits for it once. It keeps nothing
    of what it computes, and runs may share it.
    """
    key = _digest(model, precision, why, many)
    if key not in _NEWEST:
        _NEWEST.clear()
        _NEWEST[key] = OnnxEngine(model, precision, why, many=many)
    return _NEWEST[key]


def _digest(model: SignalNetwork, precision: Precision, why: str, many: bool) -> str:
    """Return a digest of all that an engine follows from."""
    networks = {
        name: network.config.to_dict()
        for name, network in model.named_modules()
        if isinstance(network, PhysioSync)
    }
    about = [networks, precision, why, many, threads_for(model, spare=int(many))]
    found = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    for name, value in model.state_dict().items():
        found.update(name.encode())
        found.update(value.contiguous().numpy().tobytes())
    return found.hexdigest()


def _filled(windows: SampleArray) -> SampleArray:
    """Repeat the last window until a block is full."""
    return np.concatenate([windows, np.repeat(windows[-1:], BLOCK - len(windows), axis=0)])


class _Member:
    """One network: the encoders of each modality and the heads of each route, as sessions.

    Parameters
    ----------
    network : PhysioSync
    precision : {"fp32", "int8"}
    n_threads : int
    n_windows : int
        How many windows are computed at once.
    """

    def __init__(
        self, network: PhysioSync, precision: Precision, n_threads: int, n_windows: int
    ) -> None:
        config = network.config
        self._targets = config.targets
        self._encoders: dict[Modality, _Session] = {}
        self._heads: dict[Route, _Session] = {}
        features: dict[Modality, list[torch.Tensor]] = {}
        for modality in {m: None for route in config.routes for m in modalities_of(route)}:
            encode = Encode(network, modality)
            window = like(network, modality).repeat(n_windows, 1, 1)
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
        """Compute probabilities, each of shape (n_windows, n_classes)."""
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
