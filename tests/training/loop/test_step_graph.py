"""A training step as a CUDA graph learns what it learns kernel by kernel."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from contextlib import nullcontext

import pytest
import torch
from torch import Tensor, nn

from physiosync_training.loop import step_graph
from physiosync_training.loop.step_graph import StepGraph

CPU = torch.device("cpu")
cuda = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU here"),
]
on_gpu = pytest.mark.parametrize("device", [pytest.param(torch.device("cuda"), marks=cuda)])


class _Learner:
    """A small network with dropout and batch norm, and Adam."""

    def __init__(self, device: torch.device) -> None:
        torch.manual_seed(0)
        layers = nn.Linear(8, 16), nn.BatchNorm1d(16), nn.Dropout(0.5), nn.Linear(16, 2)
        self.net = nn.Sequential(*layers).to(device)
        self.adam = torch.optim.Adam(self.net.parameters(), 1e-2, fused=True)
        self.calls = 0

    def learn(self, x: Tensor, *, power: int) -> Mapping[str, Tensor]:
        self.calls += 1
        self.adam.zero_grad()
        loss = self.net(x).pow(power).mean()
        loss.backward()
        self.adam.step()
        return {"loss": loss.detach(), "twice": 2 * loss.detach()}


def _batches(device: torch.device) -> list[Tensor]:
    generator = torch.Generator().manual_seed(1)
    sizes = [32] * 6 + [20] + [32] * 4
    return [torch.randn(n, 8, generator=generator).to(device) for n in sizes]


@on_gpu
def test_a_replayed_step_learns_what_single_kernels_do(device: torch.device) -> None:
    plain, recorded = _Learner(device), _Learner(device)
    step = StepGraph(recorded.learn, recorded.adam, device)
    losses: list[list[Tensor]] = [[], []]
    for seed, x in enumerate(_batches(device)):
        for kept, learn in zip(losses, (plain.learn, step), strict=True):
            torch.manual_seed(seed)
            for learner in (plain, recorded):
                learner.adam.param_groups[0]["lr"] = 1e-2 / (1 + seed)
            found = learn(x, power=2)
            assert set(found) == {"loss", "twice"}
            kept.append(found["loss"])
    assert step.refusal == ""
    # Three batches warm up, one is recorded, and one is of another shape.
    assert recorded.calls == 5
    expected, got = (torch.stack(kept).tolist() for kept in losses)
    assert got == pytest.approx(expected, rel=1e-4)
    assert len(set(got)) == len(got)
    for mine, other in zip(recorded.net.parameters(), plain.net.parameters(), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-3, atol=1e-4)
    settings = [
        {k: v for k, v in learner.adam.param_groups[0].items() if k != "params"}
        for learner in (plain, recorded)
    ]
    assert settings[0] == settings[1], "a checkpoint holds plain settings"


@on_gpu
def test_a_step_that_looks_at_a_value_goes_on_kernel_by_kernel(
    device: torch.device, caplog: pytest.LogCaptureFixture
) -> None:
    learner = _Learner(device)

    def learn(x: Tensor) -> Mapping[str, Tensor]:
        found = learner.learn(x, power=2)
        return found if found["loss"].item() >= 0.0 else {}

    step = StepGraph(learn, learner.adam, device)
    losses = [float(step(x)["loss"]) for x in _batches(device)]
    assert step.refusal
    assert "kernel by kernel" in caplog.text
    assert losses[-1] < losses[0]


class _Stream:
    def wait_stream(self, _: object) -> None:
        pass


class _Replayed:
    """Computes again what it was made of, into the same tensors, as a graph does."""

    def __init__(self, compute: Callable[[], tuple[tuple[str, ...], Tensor]]) -> None:
        self._compute = compute
        self.names, found = compute()
        self.found = found.clone()

    def replay(self) -> None:
        self.found.copy_(self._compute()[1])


def test_the_step_of_a_resumed_epoch_is_recorded_for_whole_batches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain, learner = _Learner(CPU), _Learner(CPU)
    recorded: list[int] = []

    def record(compute: Callable[[], tuple[tuple[str, ...], Tensor]], *_: object, **__: object):
        """Compute once and take it all back: what is recorded is not carried out."""
        states = learner.net.state_dict(), *learner.adam.state.values()
        changed = [tensor for state in states for tensor in state.values()]
        before, chance = copy.deepcopy(changed), torch.get_rng_state()
        graph = _Replayed(compute)
        with torch.no_grad():
            for tensor, kept in zip(changed, before, strict=True):
                tensor.copy_(kept)
        torch.set_rng_state(chance)
        recorded.append(len(step._inputs[0]))
        return graph, (graph.names, graph.found)

    monkeypatch.setattr(step_graph, "record", record)
    monkeypatch.setattr(step_graph, "new_stream", lambda _: _Stream())
    monkeypatch.setattr(torch.cuda, "current_stream", lambda _: _Stream())
    monkeypatch.setattr(torch.cuda, "stream", lambda _: nullcontext())
    step = StepGraph(learner.learn, learner.adam, CPU)
    step.refusal = ""
    generator = torch.Generator().manual_seed(1)
    for seed, n in enumerate([9, 64, 64, 9, 64, 64, 64, 9, 64]):
        x = torch.randn(n, 8, generator=generator)
        found = []
        for learn in (plain.learn, step):
            for each in (plain, learner):
                each.adam.param_groups[0]["lr"] = 1e-2 / (1 + seed)
            torch.manual_seed(seed)
            found.append(learn(x, power=2)["loss"])
        torch.testing.assert_close(*found)
    assert recorded == [64]


def test_without_a_gpu_a_step_is_computed_as_it_is() -> None:
    plain, learner = _Learner(CPU), _Learner(CPU)
    step = StepGraph(learner.learn, learner.adam, CPU)
    assert step.refusal
    for seed, x in enumerate(_batches(CPU)):
        torch.manual_seed(seed)
        expected = plain.learn(x, power=2)
        torch.manual_seed(seed)
        assert torch.equal(step(x, power=2)["loss"], expected["loss"])
