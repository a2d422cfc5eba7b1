"""Networks on a GPU: equal to the processor's, as one graph and kernel by kernel."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from helpers.networks import make_network, make_windows

from physiosync_rt.bundle import cuda_engine
from physiosync_rt.bundle.bundle import load_bundle
from physiosync_rt.bundle.cuda_engine import CudaEngine, HalfOnGpu, exact_products
from physiosync_rt.bundle.engines import EngineChoice, Precision
from physiosync_rt.bundle.heads import make_forward
from physiosync_rt.bundle.predictor import Predictor
from physiosync_rt.bundle.torch_engine import TorchEngine

CPU = torch.device("cpu")
cuda = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU here"),
]
on_gpu = [pytest.param(torch.device("cuda"), marks=cuda)]

NETWORKS = ["demo-eeg32", "demo-muse", "members", "dreamer", "deap"]


def _given(route: str, eeg: np.ndarray, pps: np.ndarray):
    return None if route == "pps" else eeg, None if route == "eeg" else pps


MOST: dict[Precision, float] = {"fp32": 1e-5, "fp16": 3e-3, "bf16": 3e-2}


@pytest.mark.parametrize("precision", MOST)
@pytest.mark.parametrize("device", on_gpu)
@pytest.mark.parametrize("name", NETWORKS)
def test_a_window_as_a_graph_has_the_answer_of_the_processor(
    name: str, device: torch.device, precision: Precision
) -> None:
    model = make_network(name)
    windows = [make_windows(model, 1, seed) for seed in range(5)]
    on_cpu = TorchEngine(model, CPU, "fp32", "")
    routes = model.config.routes
    expected = {(r, k): on_cpu(*_given(r, *w)) for r in routes for k, w in enumerate(windows)}
    engine = make_forward(model.to(device), device, "torch", precision, "it computes on cuda")
    assert isinstance(engine, CudaEngine)
    # A modality that comes and goes: graphs take turns, and none keeps an earlier window.
    for (route, k), answer in expected.items():
        found = engine(*_given(route, *windows[k]))
        assert found.keys() == answer.keys()
        for target, p in answer.items():
            assert found[target].shape == p.shape
            assert found[target].dtype == np.float32
            assert np.abs(found[target] - p).max() <= MOST[precision], (route, target)
    spread = [np.ptp([expected["eeg", k][t][0, 0] for k in range(5)]) for t in answer]
    assert max(spread) > 1e-4, "every window has an answer of its own"
    assert engine.facts.why == "it computes on cuda, as one CUDA graph"
    assert (engine.facts.precision, engine.facts.device) == (precision, str(device))


@pytest.mark.parametrize("device", on_gpu)
def test_several_windows_have_the_answers_of_each(device: torch.device) -> None:
    model = make_network("demo-muse")
    eeg, pps = make_windows(model, 4, 1)
    expected = TorchEngine(model, CPU, "fp32", "")(eeg, pps)
    engine = make_forward(model.to(device), device, "torch", "fp32", "")
    found = engine(eeg, pps)
    for target, p in expected.items():
        assert found[target].shape == (4, 2)
        assert np.abs(found[target] - p).max() <= 1e-5


@pytest.mark.parametrize("device", on_gpu)
def test_an_answer_outlives_the_next_window(device: torch.device) -> None:
    model = make_network("demo-muse").to(device)
    engine = make_forward(model, device, "torch", "fp32", "")
    first = engine(*make_windows(model, 1, 1))
    kept = {target: p.copy() for target, p in first.items()}
    engine(*make_windows(model, 1, 2))
    assert all(np.array_equal(first[target], p) for target, p in kept.items())


@pytest.mark.parametrize("device", on_gpu)
def test_without_graphs_it_computes_kernel_by_kernel(monkeypatch, device) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("operation not permitted when stream is capturing\nmore")

    monkeypatch.setattr(cuda_engine, "_Recorded", broken)
    model = make_network("demo-muse")
    window = make_windows(model, 1, 1)
    expected = TorchEngine(model, CPU, "fp32", "")(*window)
    engine = make_forward(model.to(device), device, "torch", "fp32", "it computes on cuda")
    found = engine(*window)
    assert all(np.abs(found[target] - p).max() <= 1e-5 for target, p in expected.items())
    assert "kernel by kernel: no CUDA graph can be recorded (operation not" in engine.facts.why


@pytest.mark.parametrize("device", on_gpu)
def test_a_predictor_takes_the_gpu_where_there_is_one(device: torch.device) -> None:
    predictor = Predictor(load_bundle("demo-muse"), "auto", EngineChoice())
    assert predictor.facts.device.startswith(device.type)
    assert "as one CUDA graph" in predictor.facts.why


# --- what holds without a GPU ---------------------------------------------------------------------


def test_a_window_without_a_graph_is_the_network_s() -> None:
    model = make_network("demo-muse")
    window = make_windows(model, 1, 1)
    engine = CudaEngine(model, CPU, "fp32", "tried", as_graph=False)
    expected = TorchEngine(model, CPU, "fp32", "")(*window)
    found = engine(*window)
    assert all(np.abs(found[target] - p).max() < 1e-6 for target, p in expected.items())
    assert engine.facts.why == "tried, kernel by kernel: asked for"


def test_half_precision_leaves_the_network_as_it_was() -> None:
    model = make_network("demo-muse")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    engine = CudaEngine(model, CPU, "bf16", "tried", as_graph=False)
    halves = [m for n in engine._members for m in n.modules() if isinstance(m, HalfOnGpu)]
    assert all(half.weight.dtype == torch.bfloat16 for half in halves)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    large = torch.nn.Linear(200, 100)
    x = torch.randn(3, 5, 200)
    half = HalfOnGpu(large, torch.bfloat16)(x)
    assert half.dtype == torch.float32
    assert 0.0 < (half - large(x)).abs().max() < 0.05


def test_the_settings_of_others_come_back() -> None:
    matmul = torch.backends.cuda.matmul
    before, conv = matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    with exact_products():
        assert not matmul.allow_tf32
        assert not torch.backends.cudnn.allow_tf32
    assert (matmul.allow_tf32, torch.backends.cudnn.allow_tf32) == (before, conv)
