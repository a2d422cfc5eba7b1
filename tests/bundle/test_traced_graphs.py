"""Graphs kept from run to run: only the first start traces, and none is believed blindly."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from physiosync_models.fusion import PhysioSync
from physiosync_models.presets import compact
from physiosync_rt.bundle import onnx_graph, traced_graphs
from physiosync_rt.bundle.engines import is_onnx_here
from physiosync_rt.bundle.heads import make_forward

pytestmark = pytest.mark.skipif(not is_onnx_here(), reason="the extra fast is not installed")

N_GRAPHS = 5
"""Two modalities' encoders and three routes' heads."""


@pytest.fixture
def n_traced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was traced, with a folder of its own."""
    traced: list[str] = []
    trace = onnx_graph.trace

    def counted(module, *arguments, **options) -> bytes:
        traced.append(module.part)
        return trace(module, *arguments, **options)

    monkeypatch.setattr(onnx_graph, "trace", counted)
    monkeypatch.setenv(traced_graphs.FOLDER, str(tmp_path))
    monkeypatch.setattr(traced_graphs, "_KEPT", {})
    return traced


def _difference(seed: int, n_chans: int = 4) -> float:
    """Largest difference of ONNX Runtime from torch, with the weights of a seed."""
    torch.manual_seed(seed)
    model = PhysioSync(compact(n_chans, 1)).eval()
    eeg = np.random.default_rng(seed).standard_normal((1, n_chans, 640), dtype=np.float32)
    pps = eeg[:, :1]
    cpu = torch.device("cpu")
    found, right = (make_forward(model, cpu, name, "fp32", "") for name in ("onnx", "torch"))
    answers = found(eeg, pps), right(eeg, pps)
    return max(float(np.abs(answers[0][t] - answers[1][t]).max()) for t in answers[1])


def _next_start() -> None:
    traced_graphs._KEPT.clear()


def test_only_the_first_start_traces_whatever_the_weights(n_traced: list[str]) -> None:
    assert _difference(seed=0) < 1e-5
    assert len(n_traced) == N_GRAPHS
    for seed in (0, 1):
        _next_start()
        assert _difference(seed) < 1e-5
    assert len(n_traced) == N_GRAPHS


def test_another_network_or_other_code_is_traced(
    n_traced: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _difference(seed=0)
    assert _difference(seed=0, n_chans=5) < 1e-5
    assert n_traced.count("encoders of eeg") == 2
    monkeypatch.setattr(traced_graphs, "_code", lambda: "changed")
    _difference(seed=0)
    assert n_traced.count("encoders of eeg") == 3


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"\x00"], ids=["empty", "other", "more"])
def test_a_damaged_file_is_traced_again(n_traced: list[str], tmp_path: Path, damage: bytes) -> None:
    _difference(seed=0)
    for path in tmp_path.rglob("*.onnx"):
        path.write_bytes(path.read_bytes() + damage if damage == b"\x00" else damage)
    _next_start()
    assert _difference(seed=0) < 1e-5
    assert len(n_traced) == 2 * N_GRAPHS
    _next_start()
    _difference(seed=0)
    assert len(n_traced) == 2 * N_GRAPHS


def test_without_a_folder_it_is_traced_each_time(
    n_traced: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv(traced_graphs.FOLDER, str(file))
    assert _difference(seed=0) < 1e-5
    _next_start()
    assert _difference(seed=0) < 1e-5
    assert len(n_traced) == 2 * N_GRAPHS


def test_the_folder_is_the_users_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(traced_graphs.FOLDER)
    assert "physiosync-rt" in traced_graphs.cache_dir().parts
    if sys.platform == "linux":
        monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
        assert traced_graphs.cache_dir() == Path("/somewhere/physiosync-rt")
