"""mne-lsl's player, in its own environment and process, sends EEG and GSR as one stream."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from physiosync_rt.simulation import Person, simulate

PLAYER = Path(__file__).resolve().parents[1] / "helpers" / "mne_lsl_player.py"


@pytest.fixture(scope="module")
def player_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Python of an environment with mne-lsl, which our own need not agree with."""
    folder = tmp_path_factory.mktemp("player") / "env"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=300)
    python = str(folder / ("Scripts" if sys.platform == "win32" else "bin") / "python")
    install = [python, "-m", "pip", "install", "-q", "mne-lsl==1.14.0"]
    subprocess.run(install, check=True, timeout=900)
    return python


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_a_mixed_stream_of_mne_lsl_is_predicted_from_both_modalities(
    player_python: str, tmp_path: Path
) -> None:
    person = simulate(Person.draw(3), 60.0, seed=3, gsr_sfreq=128.0, ecg_sfreq=0.0, rest_s=5.0)
    eeg, gsr = person.recording.streams
    np.savez(
        tmp_path / "mixed.npz",
        eeg=eeg.samples.T.astype(np.float64),
        gsr=gsr.samples.T.astype(np.float64),
        ch_names=eeg.spec.ch_names,
        sfreq=128.0,
    )
    command = [player_python, str(PLAYER), str(tmp_path / "mixed.npz"), "60"]
    # The configuration of LSL comes down in the environment: nothing leaves this computer.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as player:
        assert player.stdout is not None
        assert player.stdout.readline() == "ready\n"
        log = tmp_path / "run.csv"
        live = [sys.executable, "-m", "physiosync_rt", "live", "--headless", "--local"]
        options = ["--baseline", "5", "--duration", "14", "--csv", str(log)]
        done = subprocess.run([*live, *options], capture_output=True, text=True, timeout=120)
        player.kill()
    assert done.returncode == 0, done.stderr
    with log.open(encoding="utf-8") as file:
        used = {row["modalities"] for row in csv.DictReader(file) if row["valid"] == "1"}
    assert used == {"eeg+gsr"}
