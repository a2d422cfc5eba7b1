"""Networks on a GPU: one window is one CUDA graph.

A window needs some 300 small kernels. Started one by one they take several milliseconds, of which
the GPU works for a fraction; recorded once and replayed as one graph, they take what reading the
weights takes and little more. What does not wait for each other is recorded side by side: both
modalities and both resolutions, then the heads of all targets.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from physiosync_models.config import Modality
from physiosync_models.ensemble import PerTargetEnsemble
from physiosync_models.fusion import Features, PhysioSync
from physiosync_models.layers import of_whole_layers
from physiosync_rt.bundle.cuda_graph import graph_refusal, new_stream, record, why_not
from physiosync_rt.bundle.engines import EngineFacts, Precision
from physiosync_rt.bundle.torch_engine import LEAST_WEIGHTS, SignalNetwork
from physiosync_rt.datatypes import SampleArray

_HALVES: dict[Precision, torch.dtype] = {"fp16": torch.float16, "bf16": torch.bfloat16}
_WARM_UP = 3
"""Runs before a recording: the first ones choose algorithms and allocate."""

Given = Mapping[Modality, SampleArray]


class CudaEngine:
    """A network computed by torch on a GPU.

    A window by itself, as a live stream brings it, is a recorded graph; several at a time are
    computed kernel by kernel, and so is everything where no graph can be recorded.

    Parameters
    ----------
    model : PhysioSync or PerTargetEnsemble
        On the device, in eval mode; it is not changed.
    device : torch.device
    precision : {"fp32", "fp16", "bf16"}
    why : str
    as_graph : bool
        Record graphs.
    """

    def __init__(
        self,
        model: SignalNetwork,
        device: torch.device,
        precision: Precision,
        why: str,
        *,
        as_graph: bool = True,
    ) -> None:
        self._device, self._why = device, why
        half = _HALVES.get(precision)
        twin = of_whole_layers(model)
        if half is not None:
            _halve(twin, half)
        members = twin.members.values() if isinstance(twin, PerTargetEnsemble) else (twin,)
        self._members = [member for member in members if isinstance(member, PhysioSync)]
        self._graphs: dict[tuple[Modality, ...], _Recorded] = {}
        refusal = graph_refusal(device) if as_graph else "asked for"
        self._as_graph = not refusal
        how = "as one CUDA graph" if self._as_graph else f"kernel by kernel: {refusal}"
        self.facts = EngineFacts("torch", precision, 1, str(device), f"{why}, {how}")

    def __call__(self, eeg: SampleArray | None, pps: SampleArray | None) -> dict[str, SampleArray]:
        """Compute probabilities; see `Forward`."""
        named: dict[Modality, SampleArray | None] = {"eeg": eeg, "pps": pps}
        given = {modality: x for modality, x in named.items() if x is not None}
        with torch.inference_mode():
            recorded = self._recorded(given)
            if recorded is not None:
                return recorded(given)
            windows = {m: torch.from_numpy(x).to(self._device) for m, x in given.items()}
            found: dict[str, Tensor] = {}
            with exact_products():
                for member in self._members:
                    found |= member.predict_proba(windows.get("eeg"), windows.get("pps"))
            return {target: p.cpu().numpy() for target, p in found.items()}

    def _recorded(self, given: Given) -> _Recorded | None:
        """Return the graph of a window of these modalities; None where there is none."""
        if not self._as_graph or any(len(x) != 1 for x in given.values()):
            return None
        modalities = tuple(given)
        if modalities not in self._graphs:
            shapes = {modality: x.shape for modality, x in given.items()}
            try:
                with exact_products():
                    self._graphs[modalities] = _Recorded(self._members, shapes, self._device)
            except RuntimeError as error:
                self._as_graph = False
                why = f"kernel by kernel: {why_not(error)}"
                self.facts = replace(self.facts, why=f"{self._why}, {why}")
                return None
        return self._graphs[modalities]


class _Recorded:
    """A graph from windows to probabilities, with pinned memory before and behind it."""

    def __init__(
        self,
        members: list[PhysioSync],
        shapes: Mapping[Modality, tuple[int, ...]],
        device: torch.device,
    ) -> None:
        self._members = members
        # One piece of memory on either side, so that all windows travel in one copy.
        n_samples = sum(map(math.prod, shapes.values()))
        self._pinned = torch.zeros(n_samples, pin_memory=True)
        self._there = torch.zeros(n_samples, device=device)
        self._given = {m: x.numpy() for m, x in _views(self._pinned, shapes).items()}
        self._windows = _views(self._there, shapes)
        self._stream = new_stream(device)
        # One for each modality and resolution of every member, and one for each of its targets.
        n_beside = sum(4 + len(member.config.targets) for member in members)
        self._beside = [new_stream(device) for _ in range(n_beside)]
        self._stream.wait_stream(torch.cuda.current_stream(device))
        with torch.cuda.stream(self._stream):
            for _ in range(_WARM_UP):
                found = self._compute()
        self._targets = {target: p.shape[1] for target, p in found.items()}
        self._answer = torch.zeros(sum(self._targets.values()), pin_memory=True)
        self._stream.synchronize()
        self._graph, self._joined = record(
            lambda: torch.cat([p[0] for p in self._compute().values()]),
            self._stream,
            device,
            alone=False,
        )

    def __call__(self, given: Given) -> dict[str, SampleArray]:
        """Compute probabilities of one window, each of shape (1, n_classes)."""
        for modality, window in given.items():
            np.copyto(self._given[modality], window)
        with torch.cuda.stream(self._stream):
            self._there.copy_(self._pinned, non_blocking=True)
            self._graph.replay()
            self._answer.copy_(self._joined, non_blocking=True)
        self._stream.synchronize()
        parts = np.split(self._answer.numpy().copy(), np.cumsum(list(self._targets.values()))[:-1])
        return {t: p[None] for t, p in zip(self._targets, parts, strict=True)}

    def _compute(self) -> dict[str, Tensor]:
        """Compute probabilities by target; encoders run side by side, then the heads."""
        streams = iter(self._beside)
        used: list[torch.cuda.Stream] = []
        embedded: list[dict[Modality, Features]] = []
        for member in self._members:
            features: dict[Modality, Features] = {}
            for modality, window in self._windows.items():
                with self._aside(next(streams), used):
                    short = member.encode_slices(modality, window)
                long: Tensor | None = None
                if member.config.eeg_5s is not None:
                    with self._aside(next(streams), used):
                        long = member.encode_window(modality, window)
                features[modality] = Features(short, long)
            embedded.append(features)
        self._join(used)
        found: dict[str, Tensor] = {}
        for member, features in zip(self._members, embedded, strict=True):
            for target in member.config.targets:
                with self._aside(next(streams), used):
                    found[target] = member.probability(features, target)
        self._join(used)
        return found

    @contextmanager
    def _aside(self, stream: torch.cuda.Stream, used: list[torch.cuda.Stream]) -> Iterator[None]:
        """Compute on another stream, which begins where the main one is."""
        stream.wait_stream(self._stream)
        used.append(stream)
        with torch.cuda.stream(stream):
            yield

    def _join(self, used: list[torch.cuda.Stream]) -> None:
        """Let the main stream go on when the other ones are done."""
        for stream in used:
            self._stream.wait_stream(stream)
        used.clear()


def _views(flat: Tensor, shapes: Mapping[Modality, tuple[int, ...]]) -> dict[Modality, Tensor]:
    """Return the parts of a flat tensor, one of each shape."""
    parts = torch.split(flat, [math.prod(shape) for shape in shapes.values()])
    return {m: part.view(shapes[m]) for m, part in zip(shapes, parts, strict=True)}


class HalfOnGpu(nn.Module):
    """A dense layer with weights in half precision; products are summed in single precision.

    Parameters
    ----------
    trained : nn.Linear
    dtype : torch.dtype
        ``float16`` or ``bfloat16``.
    """

    def __init__(self, trained: nn.Linear, dtype: torch.dtype) -> None:
        super().__init__()
        self.weight = nn.Parameter(trained.weight.detach().to(dtype), requires_grad=False)
        self.bias: Tensor | None = trained.bias

    def forward(self, x: Tensor) -> Tensor:
        """Transform (..., n_in) to (..., n_out)."""
        out = nn.functional.linear(x.to(self.weight.dtype), self.weight).to(x.dtype)
        return out if self.bias is None else out + self.bias


def _halve(twin: SignalNetwork, dtype: torch.dtype) -> None:
    """Give the large layers of a network weights in half precision, in place."""
    for module in tuple(twin.modules()):
        for name, child in tuple(module.named_children()):
            if isinstance(child, nn.Linear) and child.weight.numel() >= LEAST_WEIGHTS:
                setattr(module, name, HalfOnGpu(child, dtype))


@contextmanager
def exact_products() -> Iterator[None]:
    """Multiply in full single precision, and sum products of half precision in it.

    Whoever else computes on the GPU gets their settings back.
    """
    matmul = torch.backends.cuda.matmul
    names = (
        *("allow_tf32", "allow_fp16_reduced_precision_reduction"),
        "allow_bf16_reduced_precision_reduction",
    )
    before = {name: getattr(matmul, name) for name in names}
    conv = torch.backends.cudnn.allow_tf32
    try:
        for name in names:
            setattr(matmul, name, False)
        torch.backends.cudnn.allow_tf32 = False
        yield
    finally:
        for name, value in before.items():
            setattr(matmul, name, value)
        torch.backends.cudnn.allow_tf32 = conv
