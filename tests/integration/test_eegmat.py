"""From real recordings to rows about a person whom training never saw, as a person does it."""

from __future__ import annotations

import csv
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from physiosync_rt.bundle.bundle import load_bundle
from physiosync_rt.utils.yaml_config import read_yaml

COMMAND = [sys.executable, "-m", "physiosync_rt"]
CONFIG = Path(__file__).parents[1] / "helpers" / "three_people.yaml"
PERSON = "31"
REST_S = 30.0


def _train(folder: Path, recordings: Path) -> Path:
    """Train shortly on every two people; returns a bundle of those that never saw the third."""
    # With these imports every worker of live tests would load torch's compiler.
    from physiosync_training.experiment.config import RunConfig
    from physiosync_training.experiment.experiment import prepare
    from physiosync_training.loop.progress import no_progress

    changes = [
        f"data.path={recordings}",
        f"data.labels={CONFIG.with_suffix('.csv')}",
        f"cache={folder / 'cache'}",
        *("finetune.epochs=1", "finetune.windows=1", "finetune.head_epochs=1"),
    ]
    out = folder / "run"
    sets = [word for change in changes for word in ("--set", change)]
    command = [*COMMAND, "train", "--config", str(CONFIG), "--out", str(out), "--few", *sets]
    subprocess.run(command, capture_output=True, text=True, timeout=240, check=True)
    config = read_yaml(CONFIG, RunConfig, changes)
    work = prepare(config, folder / "nothing", no_progress)
    info, table = work.dataset.info, work.dataset.table
    tested = {
        job.fold.name: {info.subjects[code] for code in table.subject[job.fold.test]}
        for job in work.jobs
    }
    assert {path.name for path in (out / "bundles").iterdir()} == set(tested)
    fold = next(name for name, people in tested.items() if people == {PERSON})
    return out / "bundles" / fold


def _watch(bundle: Path, files: list[Path], log: Path) -> list[dict[str, str]]:
    """Replay files one after the other through LSL, and log what a live run makes of them."""
    prefix = f"t{uuid.uuid4().hex[:8]}-"
    play = [*COMMAND, "replay", *map(str, files), "--join", "turn", "--prefix", prefix]
    live = [*COMMAND, "live", "--source", "lsl", "--headless", "--timeout", "60"]
    live += ["--eeg", f"{prefix}EEG", "--pps", f"{prefix}ECG"]
    live += ["--bundle", str(bundle), "--csv", str(log)]
    with (
        subprocess.Popen([*play, "--speed", "3"], stderr=subprocess.PIPE) as player,
        subprocess.Popen(live, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as watcher,
    ):
        try:
            player.communicate(timeout=180)
            # What was played last is on its way still.
            time.sleep(3)
            watcher.send_signal(signal.SIGINT)
            watcher.communicate(timeout=30)
            assert (player.returncode, watcher.returncode) == (0, 0)
        finally:
            player.kill()
            watcher.kill()
    with log.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_people_train_and_the_third_is_watched(data_dir: Path, tmp_path: Path) -> None:
    recordings = data_dir / "eegmat-eeg-ecg-edf"
    bundle = _train(tmp_path, recordings)
    card = load_bundle(bundle).card
    assert card.pps is not None
    assert card.pps.modality == "ECG"
    assert {(s.protocol, s.target, s.unit) for s in card.scores} == {
        ("subject", "arousal", "20 s block")
    }

    files = [recordings / f"Subject{PERSON}_{part}.edf" for part in (1, 2)]
    rows = _watch(bundle, files, tmp_path / "live.csv")
    # 81 s of rest, a second without anything, 62 s of arithmetic.
    assert 130 <= len(rows) <= 145
    reasons = [row["reason"] for row in rows]
    assert set(reasons[: int(REST_S) - 1]) == {"warming_up", "no_baseline"}
    assert "gap" in reasons
    told = [row for row in rows if row["valid"] == "1"]
    assert len(told) >= 90
    assert {row["modalities"] for row in told} <= {"eeg+ecg", "eeg", "ecg"}
    assert sum(row["modalities"] == "eeg+ecg" for row in told) >= 0.9 * len(told)
    assert all(0 < float(row["arousal"]) < 1 for row in told)
    assert all(row["arousal"] == "" for row in rows if row["valid"] != "1")
    assert all(row["valence"] == row["quadrant"] == "" for row in rows)
