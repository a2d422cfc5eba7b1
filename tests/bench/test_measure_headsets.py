"""The bench of many headsets, on two of them and for a moment."""

from __future__ import annotations

import pytest

from physiosync_rt.bench import measure_headsets as measured
from physiosync_rt.bundle.bundle import load_bundle
from physiosync_rt.bundle.predictor import Predictor
from physiosync_rt.cli import bench_headsets


@pytest.fixture(scope="module")
def room() -> measured.Room:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measured, "SEEDS", 1)
        patch.setattr(measured, "PLAYED_S", 5.0)
        return measured.Room(Predictor(load_bundle("demo-muse"), "cpu"))


def test_who_measures_nothing_says_so(
    room: measured.Room, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(measured, "SEEDS", 1)
    bench_headsets._in_real_time(room, "demo-muse", [2], 0.2, as_json=False)
    said = capsys.readouterr().out
    assert "no latency was measured: 0.2 s are over before the first prediction" in said


def test_nobody_falls_behind_and_every_row_is_made(
    room: measured.Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measured, "SEEDS", 1)
    first, second = measured.measure_lasting(room, 2, 2, 1)
    assert first.rows + second.rows == pytest.approx(2 * 120, abs=4)
    assert max(first.behind_s, second.behind_s) < 1.5
