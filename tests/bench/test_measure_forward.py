"""The bench of engines: every one that is here takes turns, beside the time of its weights."""

from __future__ import annotations

import json

import pytest

from physiosync_models.fusion import PhysioSync
from physiosync_models.presets import compact
from physiosync_rt.bench.measure_forward import measure_forward
from physiosync_rt.bundle.engines import is_onnx_here
from physiosync_rt.bundle.torch_engine import is_half_here
from physiosync_rt.cli import main


@pytest.mark.slow
def test_every_engine_that_is_here_is_measured() -> None:
    model = PhysioSync(compact(4, 1)).eval()
    done: list[tuple[float, float]] = []
    found = measure_forward(model, 5, progress=lambda *step: done.append(step))
    assert done[-1] == (5, 5)
    expected = [("torch", "fp32")]
    expected += [("torch", "fp16")] if is_half_here() else []
    expected += [("onnx", "fp32"), ("onnx", "int8")] if is_onnx_here() else []
    assert [(each.engine, each.precision) for each in found] == expected
    first = found[0]
    assert (first.speedup, first.difference) == (1.0, 0.0)
    n_used = sum(
        p.numel()
        for name, p in model.named_parameters()
        if not name.startswith(("heads.eeg.", "heads.pps."))
    )
    assert first.weights_mib == pytest.approx(4 * n_used / 2**20)
    for each in found:
        assert each.threads == 1
        assert 0.0 < each.p50_ms <= each.p99_ms
        assert each.read_ms > 0.0
        assert each.difference < 0.01


@pytest.mark.slow
def test_the_command_prints_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["bench", "forward", "--bundle", "demo-muse", "--turns", "5", "--json"]
    monkeypatch.setattr("sys.argv", ["physiosync", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert json.loads(capsys.readouterr().out)[0]["engine"] == "torch"
