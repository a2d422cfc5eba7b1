"""Engines and precisions: equal to torch in single precision, or refused with the reason."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.networks import make_network, make_windows

from physiosync_models.fusion import PhysioSync
from physiosync_models.layers import of_whole_layers
from physiosync_rt.bundle import engines, torch_engine
from physiosync_rt.bundle.bundle import load_bundle, save_bundle
from physiosync_rt.bundle.card import CARD, read_card
from physiosync_rt.bundle.engines import (
    INT8_CHECK,
    EngineChoice,
    EngineName,
    Forward,
    choose_engine,
    int8_refusal,
    is_onnx_here,
)
from physiosync_rt.bundle.heads import make_forward
from physiosync_rt.bundle.predictor import Predictor
from physiosync_rt.bundle.recorded_network import RecordedNetwork
from physiosync_rt.bundle.torch_engine import SignalNetwork, is_half_here
from physiosync_rt.bundle.torch_threads import SMALL_NETWORK, threads_for, torch_threads
from physiosync_rt.errors import UserError
from physiosync_rt.live.engine import Engine
from physiosync_rt.live.run_log import describe_run
from physiosync_rt.lsl.demo_player import person_stream
from physiosync_rt.sources.simulated import SimulatedSource
from physiosync_rt.utils.resources import bundle_path

CPU = torch.device("cpu")
needs_onnx = pytest.mark.skipif(not is_onnx_here(), reason="the extra fast is not installed")
needs_half = pytest.mark.skipif(not is_half_here(), reason="this torch is without FBGEMM")


def _largest(model: SignalNetwork, engine: Forward) -> float:
    """Largest difference of any probability of any route from the network itself."""
    eeg, pps = make_windows(model)
    largest = 0.0
    for route in model.config.routes:
        given = None if route == "pps" else eeg, None if route == "eeg" else pps
        tensors = [None if each is None else torch.from_numpy(each) for each in given]
        expected = model.predict_proba(*tensors)
        found = engine(*given)
        assert found.keys() == expected.keys()
        for target, p in expected.items():
            assert found[target].shape == p.shape
            assert found[target].dtype == np.float32
            assert np.ptp(found[target][:, 0]) > 1e-4, "every window has an answer of its own"
            largest = max(largest, float(np.abs(found[target] - p.numpy()).max()))
    return largest


SMALL = ["demo-eeg32", "demo-muse", "members", "dreamer", "released"]
_SLOW = ("demo-eeg32", "members")
BY_ONNX = [pytest.param(name, marks=pytest.mark.slow) if name in _SLOW else name for name in SMALL]
"""ONNX Runtime needs ten seconds and more to get the larger ones ready."""


@pytest.mark.parametrize("name", SMALL)
def test_torch_in_single_precision_is_the_network_itself(name: str) -> None:
    model = make_network(name)
    assert _largest(model, make_forward(model, CPU, "torch", "fp32", "")) == 0.0


@pytest.mark.parametrize("name", SMALL)
def test_whole_layers_compute_the_same_and_share_the_weights(name: str) -> None:
    model = make_network(name)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    twin = of_whole_layers(model)
    assert _largest(model, make_forward(twin, CPU, "torch", "fp32", "")) < 1e-6
    ours = {value.data_ptr() for value in model.state_dict().values()}
    copied = [v for v in twin.parameters() if v.data_ptr() not in ours]
    # Lower parts of one weight, and short biases, have addresses of their own.
    weights = [v for v in copied if v.ndim == 2]
    ours_in_full = {v.untyped_storage().data_ptr() for v in model.parameters()}
    assert all(v.untyped_storage().data_ptr() in ours_in_full for v in weights)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


@needs_half
@pytest.mark.parametrize("name", SMALL)
def test_half_precision_weights_change_little(name: str) -> None:
    model = make_network(name)
    half = make_forward(model, CPU, "torch", "fp16", "")
    assert half.facts.precision == "fp16"
    assert _largest(model, half) < 2e-3
    halves = [m for m in half._model.network.modules() if isinstance(m, torch_engine.HalfLinear)]
    assert halves or sum(p.numel() for p in model.parameters()) < 1 << 14


@needs_half
@pytest.mark.parametrize("name", ["demo-muse", "members"])
def test_a_recorded_network_answers_as_the_network_does(name: str) -> None:
    half = torch_engine.with_half_weights(make_network(name))
    recorded = RecordedNetwork(half)
    eeg, pps = map(torch.from_numpy, make_windows(half, 3))
    routes = {"fused": (eeg, pps), "eeg": (eeg, None), "pps": (None, pps)}
    with torch.inference_mode():
        for route in half.config.routes:
            for k in (slice(0, 1), slice(1, 2), slice(0, 3)):
                given = [None if windows is None else windows[k] for windows in routes[route]]
                expected = half.predict_proba(*given)
                found = recorded.predict_proba(*given)
                assert found.keys() == expected.keys()
                for target, p in found.items():
                    torch.testing.assert_close(p, expected[target], rtol=0, atol=1e-6)


@needs_onnx
@pytest.mark.parametrize("name", BY_ONNX)
def test_onnx_in_single_precision_is_equal(name: str) -> None:
    model = make_network(name)
    engine = make_forward(model, CPU, "onnx", "fp32", "")
    assert _largest(model, engine) < 1e-5
    # One window alone has the answer that it has among others.
    eeg, pps = make_windows(model)
    many, one = engine(eeg, pps), engine(eeg[2:3], pps[2:3])
    assert all(np.array_equal(many[target][2:3], one[target]) for target in many)


@pytest.mark.parametrize("engine", ["torch", pytest.param("onnx", marks=needs_onnx)])
def test_many_windows_at_once_have_the_answers_that_each_has_alone(engine: EngineName) -> None:
    model = make_network("demo-muse")
    many = make_forward(model, CPU, engine, "fp32", "", many=True)
    eeg, pps = make_windows(model, 11)
    alone = [many(eeg[k : k + 1], pps[k : k + 1]) for k in range(11)]
    for target, p in many(eeg, pps).items():
        assert p.shape == (11, 2)
        assert np.abs(p - np.concatenate([one[target] for one in alone])).max() < 1e-6
    for target, p in many(eeg[:3], None).items():
        assert np.abs(p[1:2] - many(eeg[1:2], None)[target]).max() < 1e-6


@needs_onnx
@pytest.mark.parametrize(
    "name", [*(pytest.param(n, marks=pytest.mark.slow) for n in SMALL[:-1]), SMALL[-1]]
)
def test_int8_changes_little_on_noise(name: str) -> None:
    model = make_network(name)
    assert 0.0 < _largest(model, make_forward(model, CPU, "onnx", "int8", "")) < 0.03


@pytest.mark.slow
@needs_onnx
@needs_half
def test_a_full_size_network_by_every_engine() -> None:
    model = make_network("deap")
    most = {("torch", "fp16"): 2e-3, ("onnx", "fp32"): 1e-5, ("onnx", "int8"): 0.02}
    for (engine, precision), allowed in most.items():
        made = make_forward(model, CPU, engine, precision, "")  # type: ignore[arg-type]
        assert _largest(model, made) < allowed


def test_torch_gets_its_threads_back() -> None:
    before = torch.get_num_threads()
    with torch_threads(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before
    small, large = torch.nn.Linear(10, 10), torch.nn.Linear(SMALL_NETWORK, 2, device="meta")
    with torch_threads(3):
        assert (threads_for(small), threads_for(large)) == (1, 3)


# --- the choice -----------------------------------------------------------------------------------


def _card(**provenance: object):
    card = read_card(bundle_path("demo-eeg32"))
    unchecked = {key: value for key, value in card.provenance.items() if key != INT8_CHECK}
    return card.model_copy(update={"provenance": unchecked | provenance})


FINE = {"largest_difference": 0.0094, "windows": 128}


@pytest.mark.parametrize(
    ("choice", "here", "device", "found"),
    [
        (("auto", "fp32"), True, "cpu", ("onnx", "fp32", "faster than torch")),
        (("auto", "fp32"), False, "cpu", ("torch", "fp32", "(extra fast) is not installed")),
        (("auto", "fp32"), True, "cuda", ("torch", "fp32", "it computes on cuda")),
        (("torch", "fp32"), True, "cpu", ("torch", "fp32", "asked for")),
        (("onnx", "fp32"), True, "cpu", ("onnx", "fp32", "asked for")),
        (("auto", "fp16"), True, "cpu", ("torch", "fp16", "the engine of fp16")),
        (("auto", "int8"), True, "cpu", ("onnx", "int8", "the engine of int8")),
        (("auto", "fp16"), True, "cuda", ("torch", "fp16", "the engine of fp16")),
        (("torch", "bf16"), False, "cuda", ("torch", "bf16", "the engine of bf16")),
    ],
)
def test_the_engine_follows_from_the_computer(monkeypatch, choice, here, device, found) -> None:
    monkeypatch.setattr(engines, "is_onnx_here", lambda: here)
    monkeypatch.setattr(engines, "require_packages", lambda *_: None)
    engine, precision, why = choose_engine(EngineChoice(*choice), _card(int8=FINE), device)
    assert (engine, precision) == found[:2]
    assert found[2] in why


@pytest.mark.parametrize(
    ("choice", "device", "said"),
    [
        (("tensorrt", "fp32"), "cpu", "--engine 'tensorrt' does not exist; use auto, torch, onnx"),
        (("auto", "fp8"), "cpu", "--precision 'fp8' does not exist; use fp32, fp16, int8"),
        (("torch", "int8"), "cpu", "engine 'torch' has no precision 'int8'; use --engine onnx"),
        (("onnx", "fp16"), "cpu", "engine 'onnx' has no precision 'fp16'; use --engine torch"),
        (("onnx", "fp32"), "cuda", "--engine onnx: it computes on the CPU, not on cuda"),
        (("auto", "int8"), "cuda", "--precision int8: it computes on the CPU, not on cuda"),
        (("auto", "fp16"), "mps", "--precision fp16: it computes on the CPU, not on mps"),
        (("auto", "bf16"), "cpu", "--precision bf16: it computes on a GPU; use --precision fp16"),
        (("onnx", "bf16"), "cpu", "--precision bf16: it computes on a GPU"),
    ],
)
def test_what_does_not_exist_is_refused(choice, device, said) -> None:
    with pytest.raises(UserError) as refused:
        choose_engine(EngineChoice(*choice), _card(int8=FINE), device)
    assert said in str(refused.value)


def test_an_engine_that_is_not_installed_is_refused(monkeypatch) -> None:
    monkeypatch.setattr("physiosync_rt.utils.extras.find_spec", lambda _: None)
    with pytest.raises(UserError, match=r"engine 'onnx': onnx is not installed; pip install"):
        choose_engine(EngineChoice("onnx"), _card(), "cpu")


def test_an_engine_that_is_damaged_is_refused(monkeypatch) -> None:
    for name in ("onnx", "onnxruntime"):
        monkeypatch.setitem(sys.modules, name, None)  # importing it fails
    with pytest.raises(UserError, match=r"engine 'onnx' cannot be loaded .* use --engine torch"):
        make_forward(make_network("demo-muse"), CPU, "onnx", "fp32", "")


def test_half_precision_that_torch_lacks_is_refused(monkeypatch) -> None:
    monkeypatch.setattr(torch_engine, "is_half_here", lambda: False)
    with pytest.raises(UserError, match="without FBGEMM"):
        Predictor(load_bundle("demo-muse"), "cpu", EngineChoice("torch", "fp16"))


@pytest.mark.parametrize("name", ["effort-eeg8", "effort-eeg19"])
def test_a_sum_of_features_is_torch_s(name: str) -> None:
    predictor = Predictor(load_bundle(name), "cpu")
    assert predictor.facts.engine == "torch"
    assert predictor.facts.why == "the bundle is a sum of features"
    for choice in (EngineChoice("onnx"), EngineChoice("auto", "fp16")):
        with pytest.raises(UserError, match="is a sum of features"):
            Predictor(load_bundle(name), "cpu", choice)


@pytest.mark.parametrize(
    ("check", "said"),
    [
        (None, "it was not checked with int8"),
        ({"largest_difference": 0.08, "windows": 128}, "on 128 of its validation windows a"),
        ({"largest_difference": float("nan"), "windows": 128}, "a probability changes by nan"),
        ({"largest_difference": "small", "windows": 128}, "cannot be read"),
        ({"largest_difference": 0.0, "windows": 0}, "cannot be read"),
    ],
)
def test_a_bundle_refuses_int8_and_says_why(check, said) -> None:
    card = _card() if check is None else _card(int8=check)
    assert said in int8_refusal(card)
    with pytest.raises(UserError, match=r"refuses int8: .*; use --precision fp32 or fp16"):
        choose_engine(EngineChoice("auto", "int8"), card, "cpu")


def test_a_bundle_allows_int8_up_to_a_hundredth() -> None:
    assert int8_refusal(_card(int8=FINE)) == ""


@pytest.mark.parametrize("name", ["demo-eeg32", "demo-muse"])
def test_shipped_networks_were_checked_with_int8(name: str) -> None:
    card = read_card(bundle_path(name))
    assert card.provenance[INT8_CHECK]["windows"] == 750
    assert int8_refusal(card) == ""


@needs_onnx
def test_a_bundle_whose_check_was_good_runs_in_int8(tmp_path: Path) -> None:
    shipped = load_bundle("demo-muse")
    card = shipped.card.model_copy(update={"provenance": {INT8_CHECK: FINE}})
    save_bundle(tmp_path / "checked", card, shipped.model)
    predictor = Predictor(
        load_bundle(str(tmp_path / "checked")), "cpu", EngineChoice(precision="int8")
    )
    assert (predictor.facts.engine, predictor.facts.precision) == ("onnx", "int8")


@pytest.mark.slow
@needs_onnx
def test_the_check_of_int8_finds_the_largest_difference() -> None:
    from physiosync_rt.bundle.int8_check import check_int8

    model = make_network("members")
    eeg, pps = make_windows(model)
    found = check_int8(model, eeg, pps)
    assert found["windows"] == len(eeg)
    expected = _largest(model, make_forward(model, CPU, "onnx", "int8", ""))
    assert found["largest_difference"] == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("engine", ["torch", pytest.param("onnx", marks=needs_onnx)])
def test_the_json_of_a_run_says_what_computed_it(engine: str) -> None:
    predictor = Predictor(load_bundle("demo-muse"), "cpu", EngineChoice(engine))
    names = predictor.bundle.card.eeg.ch_names
    with Engine(SimulatedSource(person_stream(1, names)), predictor) as run:
        said = json.loads(json.dumps(describe_run(run.state, {})))["engine"]
    threads = {"threads": 1, "device": "cpu"}
    assert said == {"engine": engine, "precision": "fp32", "why": "asked for", **threads}


# --- ONNX files -----------------------------------------------------------------------------------


@needs_onnx
@pytest.mark.parametrize("name", ["demo-muse", pytest.param("demo-eeg32", marks=pytest.mark.slow)])
def test_an_exported_bundle_says_what_the_network_says(tmp_path: Path, name: str) -> None:
    import onnxruntime

    from physiosync_rt.bundle.export_onnx import export_onnx

    bundle, out = load_bundle(name), tmp_path / "out"
    names = export_onnx(bundle, out)
    assert sorted(p.name for p in out.iterdir()) == sorted(names)
    assert json.loads((out / CARD).read_text())["name"] == name
    assert isinstance(bundle.model, PhysioSync)
    assert {f"{route}.onnx" for route in bundle.model.config.routes} | {CARD} == set(names)
    eeg, pps = make_windows(bundle.model, 1)
    given = {"eeg": eeg, "pps": pps}
    for route in bundle.model.config.routes:
        session = onnxruntime.InferenceSession(
            out / f"{route}.onnx", providers=["CPUExecutionProvider"]
        )
        inputs = {each.name: given[each.name] for each in session.get_inputs()}
        assert set(inputs) == ({"eeg", "pps"} if route == "fused" else {route})
        found = session.run(list(bundle.model.config.targets), inputs)
        tensors = [torch.from_numpy(inputs[m]) if m in inputs else None for m in ("eeg", "pps")]
        for p, expected in zip(found, bundle.model.predict_proba(*tensors).values(), strict=True):
            np.testing.assert_allclose(p, expected.numpy(), atol=1e-6)
    with pytest.raises(UserError, match="exists already"):
        export_onnx(bundle, out)


def test_a_sum_of_features_is_not_exported(tmp_path: Path) -> None:
    from physiosync_rt.bundle.export_onnx import export_onnx

    with pytest.raises(UserError, match="is a sum of features; only networks of windows"):
        export_onnx(load_bundle("effort-eeg8"), tmp_path / "out")
    assert not list(tmp_path.iterdir())
