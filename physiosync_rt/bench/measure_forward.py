"""Measure every engine and precision that this computer has, on one window of a network."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from physiosync_rt.bundle.cuda_engine import CudaEngine
from physiosync_rt.bundle.engines import Forward, Precision, is_onnx_here
from physiosync_rt.bundle.heads import make_forward
from physiosync_rt.bundle.torch_engine import SignalNetwork, TorchEngine, is_half_here
from physiosync_rt.bundle.torch_threads import torch_threads
from physiosync_rt.datatypes import SampleArray

_BYTES: dict[Precision, int] = {"fp32": 4, "fp16": 2, "int8": 1, "bf16": 2}
_ON_CUDA: tuple[Precision, ...] = ("fp32", "fp16", "bf16")
_WARM_UP = 3


@dataclass(frozen=True, slots=True)
class ForwardFigures:
    """Figures of one engine in one precision; all engines took turns.

    Attributes
    ----------
    engine : str
        With what is special about it.
    precision : str
    threads : int
    p50_ms, p99_ms : float
        Of one window, both modalities and all targets.
    speedup : float
        Of the medians, against torch in single precision.
    read_ms : float
        Median time of reading the weights once, in this precision, on the same device and with as
        many threads.
    weights_mib : float
        How large they are.
    difference : float
        Largest difference of any probability from torch in single precision on the CPU.
    """

    engine: str
    precision: str
    threads: int
    p50_ms: float
    p99_ms: float
    speedup: float
    read_ms: float
    weights_mib: float
    difference: float


def measure_forward(
    model: SignalNetwork,
    n_turns: int,
    device: str = "cpu",
    progress: Callable[[float, float], None] | None = None,
) -> list[ForwardFigures]:
    """Measure a network on noise; the engines take turns, torch in single precision first.

    Parameters
    ----------
    model : PhysioSync or PerTargetEnsemble
        In eval mode.
    n_turns : int
    device : str
        As torch names it.
    progress : callable, optional
        Called with turns done and all turns.
    """
    config = model.config
    rng = np.random.default_rng(0)
    eeg, pps = (
        rng.normal(size=(1, n, config.n_times)).astype(np.float32)
        for n in (config.eeg_1s.n_chans, config.pps_1s.n_chans)
    )
    given = eeg, pps if "fused" in config.routes else None
    cpu = torch.device("cpu")
    expected = TorchEngine(model, cpu, "fp32", "compared with")(*given)
    engines = _engines(model, torch.device(device))
    readers = [_reader(model, each, device) for each in engines]
    times: list[list[float]] = [[] for _ in engines]
    reads: list[list[float]] = [[] for _ in engines]
    for turn in range(-_WARM_UP, n_turns):
        for k, engine in enumerate(engines):
            took, read = _timed(partial(engine, *given)), _timed(readers[k])
            if turn >= 0:
                times[k].append(took)
                reads[k].append(read)
        if progress is not None:
            progress(max(turn + 1, 0), n_turns)
    return [
        ForwardFigures(
            "torch, CUDA graph" if isinstance(engine, CudaEngine) else engine.facts.engine,
            engine.facts.precision,
            engine.facts.threads,
            float(np.median(times[k])),
            float(np.percentile(times[k], 99)),
            float(np.median(times[0]) / np.median(times[k])),
            float(np.median(reads[k])),
            _n_weights(model) * _BYTES[engine.facts.precision] / 2**20,
            _largest_difference(engine(*given), expected),
        )
        for k, engine in enumerate(engines)
    ]


def _engines(model: SignalNetwork, device: torch.device) -> list[Forward]:
    """Make every engine and precision that is here, torch in single precision first."""
    why = "measured"
    on_device = model.to(device)
    made: list[Forward] = [TorchEngine(on_device, device, "fp32", why)]
    if device.type == "cuda":
        made += [make_forward(on_device, device, "torch", each, why) for each in _ON_CUDA]
    if device.type != "cpu":
        return made
    if is_half_here():
        made.append(make_forward(model, device, "torch", "fp16", why))
    if is_onnx_here():
        made += [make_forward(model, device, "onnx", each, why) for each in ("fp32", "int8")]
    return made


def _n_weights(model: SignalNetwork) -> int:
    """How many weights the fused heads, or the only ones, read for a window."""
    unused = {f"heads.{route}." for route in model.config.routes[1:]}
    return sum(
        weight.numel()
        for name, weight in model.named_parameters()
        if not any(part in name for part in unused)
    )


def _reader(model: SignalNetwork, engine: Forward, device: str) -> Callable[[], object]:
    """Return what reads as many bytes as the weights are, once, in the threads of an engine."""
    n_bytes = _n_weights(model) * _BYTES[engine.facts.precision]
    weights = torch.ones(n_bytes // 4, device=device)

    def read() -> float:
        with torch_threads(engine.facts.threads):
            return float(weights.sum())

    return read


def _timed(step: Callable[[], object]) -> float:
    """Return the milliseconds that a step takes."""
    started = time.perf_counter()
    step()
    return 1e3 * (time.perf_counter() - started)


def _largest_difference(found: dict[str, SampleArray], expected: dict[str, SampleArray]) -> float:
    return max(float(abs(found[target] - p).max()) for target, p in expected.items())
