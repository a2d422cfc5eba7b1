"""Train on your own recordings, and predict one of them with the bundle that comes out.

    python examples/train_own.py WORKPLACE

Without a folder ``recordings`` in WORKPLACE, four simulated people are recorded into it, with the
table ``labels.csv`` that says what was shown and how it was rated: put your own files there
instead. You see the scores of the training and the last rows of the prediction. Training is kept
tiny so that it ends within a minute; its scores are those of guessing.
"""

import csv
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import physiosync_rt as ps
from physiosync_rt.simulation.write_xdf import write_recording

ELECTRODES = ("Fz", "Cz", "Pz", "Oz")
CONFIG = """
name: own
title: Trained on own recordings
data: {kind: recordings, path: RECORDINGS, pps: GSR, scale: [0, 1], threshold: 0.5, simulated: true}
protocols: [{protocol: subject, folds: 4, only: 1, validation: 0.34}]
networks: [{preset: compact, dim_1s: 8, dim_5s: 8, depth: 1}]
finetune: {epochs: 2, head_epochs: 1, batch_size: 16}
cache: CACHE
device: cpu
"""

COLUMNS = ("file", "start", "stop", "subject", "trial", "kind", "valence", "arousal")

workplace = Path(sys.argv[1])
recordings, labels = workplace / "recordings", workplace / "recordings" / "labels.csv"
if not recordings.exists():
    recordings.mkdir(parents=True)
    with labels.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
        table.writeheader()
        for seed in range(4):
            name = f"person{seed}.xdf"
            session = write_recording(
                recordings / name, seed, duration_s=110.0, ch_names=ELECTRODES
            )
            for part in session.with_trials(20.0).segments:
                table.writerow({"file": name, **asdict(part)})

config = workplace / "own.yaml"
text = CONFIG.replace("RECORDINGS", str(recordings)).replace("CACHE", str(workplace / "cache"))
config.write_text(text, encoding="utf-8")
command = [sys.executable, "-m", "physiosync_rt", "train", "--config", str(config)]
subprocess.run([*command, "--out", str(workplace / "run")], check=True)

with labels.open(encoding="utf-8") as file:
    first = next(csv.DictReader(file))["file"]
predictions = ps.predict(ps.read(recordings / first), bundle=workplace / "run" / "bundle")
print(predictions)
print(predictions.to_dataframe()[["t_end_lsl", "valence", "arousal", "reason"]].tail())
