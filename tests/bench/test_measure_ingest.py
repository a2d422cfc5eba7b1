"""One pass over DEAP: what is counted, and the memory that it may take."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from physiosync_rt.bench import measure_offline
from physiosync_rt.bench.measure_ingest import measure_ingest
from physiosync_rt.cli import main
from physiosync_rt.simulation.write_deap import write_deap


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five seconds say what a minute says, less exactly."""
    monkeypatch.setattr(measure_offline, "_LENGTH_S", 5.0)
    monkeypatch.setattr(measure_offline, "_TURNS", 2)
    monkeypatch.setattr(measure_offline, "_LIVE_TURNS", 2)


def test_a_pass_takes_less_than_twice_the_memory_of_what_comes_out(tmp_path: Path) -> None:
    write_deap(tmp_path, 8, seed=1, n_trials=1)
    done: list[tuple[float, float]] = []
    found = measure_ingest(tmp_path, lambda *step: done.append(step))
    assert done[-1] == (8, 8)
    assert (found.n_subjects, found.n_trials, found.recorded_s) == (8, 1, 8 * 63.0)
    assert found.output_bytes == 8 * 12 * 33 * 640 * 8
    assert found.output_bytes < found.peak_bytes < 2 * found.output_bytes
    assert found.memory_ratio == found.peak_bytes / found.output_bytes
    assert found.paper_rate > found.live_rate > 1.0
    assert found.live_rate > found.live_rate_500 > 1.0
    assert found.same_work_rate > found.live_rate_500
    assert found.mne_rate > 1.0
    assert found.loop_speedup > 0.5
    assert list(found.feature_ms) == ["19 electrodes and ECG", "32 electrodes and GSR"]
    assert all(0.05 < ms < 20.0 for ms in found.feature_ms.values())


def test_the_command_takes_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_deap(tmp_path, 1, seed=1, n_trials=1)
    words = ["physiosync", "bench", "ingest", "--folder", str(tmp_path), "--json"]
    monkeypatch.setattr("sys.argv", words)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert json.loads(capsys.readouterr().out)["n_subjects"] == 1
