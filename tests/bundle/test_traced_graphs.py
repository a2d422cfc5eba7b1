"""Graphs kept from run to run: only the first start traces, and none is believed blindly."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from physiosync_models.fusion import PhysioSync
from physiosync_models.presets import compact
from physiosync_rt.bundle import onnx_engine, onnx_graph, traced_graphs
from physiosync_rt.bundle.engines import is_onnx_here
from physiosync_rt.bundle.heads import make_forward

pytestmark = pytest.mark.skipif(not is_onnx_here(), reason="the extra fast is not installed")

PARTS = ["encoders of eeg", "heads of eeg"]
"""What is traced of a network that has heads for EEG alone."""


@pytest.fixture(scope="module")
def graphs() -> dict[str, bytes]:
    """What tracing gave, by part: all tests ask for the same network, and a trace takes seconds."""
    return {}


@pytest.fixture
def traced(graphs: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was traced, with a folder of its own."""
    done: list[str] = []
    trace = onnx_graph.trace

    def noted(module: onnx_graph.Encode | onnx_graph.Classify, *rest: Any) -> bytes:
        done.append(module.part)
        if module.part not in graphs:
            graphs[module.part] = trace(module, *rest)
        return graphs[module.part]

    monkeypatch.setattr(onnx_graph, "trace", noted)
    monkeypatch.setenv(traced_graphs.FOLDER, str(tmp_path))
    monkeypatch.setattr(traced_graphs, "_KEPT", {})
    return done


def _network(seed: int) -> PhysioSync:
    """A small network with the weights of a seed."""
    torch.manual_seed(seed)
    model = PhysioSync(compact(4, 1, routes=("eeg",), targets=("valence",))).eval()
    if seed:
        # Not those of a fresh batch norm, which are all alike.
        for name, value in model.state_dict().items():
            if value.is_floating_point():
                value.uniform_(0.5, 1.5) if "var" in name else value.normal_(0.2, 0.3)
    return model


def _difference(seed: int) -> float:
    """Largest difference of ONNX Runtime from torch after a start, with the weights of a seed."""
    traced_graphs._KEPT.clear()
    onnx_engine._NEWEST.clear()
    model = _network(seed)
    eeg = np.random.default_rng(seed).standard_normal((1, 4, 640), dtype=np.float32)
    cpu = torch.device("cpu")
    found, right = (
        make_forward(model, cpu, name, "fp32", "")(eeg, None)["valence"]
        for name in ("onnx", "torch")
    )
    return float(np.abs(found - right).max())


def test_only_the_first_start_traces_whatever_the_weights(traced: list[str]) -> None:
    for seed in (0, 0, 1):
        assert _difference(seed) < 1e-5
        assert traced == PARTS


@pytest.mark.parametrize("damage", ["empty", "other", "longer"])
def test_a_damaged_file_is_traced_again(traced: list[str], tmp_path: Path, damage: str) -> None:
    _difference(seed=0)
    traced.clear()
    assert _difference(seed=0) < 1e-5
    assert traced == []
    paths = list(tmp_path.rglob("*.onnx"))
    assert len(paths) == len(PARTS)
    for path in paths:
        whole = path.read_bytes()
        path.write_bytes({"empty": b"", "other": b"nonsense", "longer": whole + b"0"}[damage])
    for _ in range(2):
        assert _difference(seed=0) < 1e-5
        assert traced == PARTS


def test_without_a_folder_it_is_traced_each_time(
    traced: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv(traced_graphs.FOLDER, str(file))
    for n in (1, 2):
        assert _difference(seed=0) < 1e-5
        assert traced == n * PARTS


@pytest.mark.usefixtures("traced")
def test_the_engine_that_was_made_last_serves_the_same_network_alone() -> None:
    first = onnx_engine.onnx_engine(_network(0), "fp32", "")
    assert onnx_engine.onnx_engine(_network(0), "fp32", "") is first
    assert onnx_engine.onnx_engine(_network(0), "fp32", "asked for").facts.why == "asked for"
    changed = _network(0)
    with torch.no_grad():
        next(changed.parameters()).add_(1e-3)
    assert onnx_engine.onnx_engine(changed, "fp32", "asked for") is not first
    assert onnx_engine.onnx_engine(_network(0), "fp32", "") is not first
    assert len(onnx_engine._NEWEST) == 1


@pytest.mark.usefixtures("traced")
def test_another_network_part_or_code_has_a_graph_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    graphs = {
        (n, part): traced_graphs.traced(compact(n, 1), part, f"{n} {part}".encode)
        for n in (4, 5)
        for part in PARTS
    }
    assert len(set(graphs.values())) == 4
    monkeypatch.setattr(traced_graphs, "_code", lambda: "changed")
    assert traced_graphs.traced(compact(4, 1), PARTS[0], lambda: b"new") == b"new"


def test_the_folder_is_the_users_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(traced_graphs.FOLDER)
    assert "physiosync-rt" in traced_graphs.cache_dir().parts
    if sys.platform == "linux":
        monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
        assert traced_graphs.cache_dir() == Path("/somewhere/physiosync-rt")
