"""Analyse the CSV of a run with pandas, and plot it.

    physiosync demo --headless --duration 60 --csv demo.csv
    python examples/analyse_run.py demo.csv

You see how many rows have a prediction and why the others have none, mean probabilities by
quadrant, and the path of a picture: valence and arousal over time, grey where nothing was
predicted.
"""

import json
import sys
from pathlib import Path

import matplotlib as mpl
import pandas as pd

mpl.use("Agg")
import matplotlib.pyplot as plt

path = Path(sys.argv[1])
rows = pd.read_csv(path, keep_default_na=True)
run = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
seconds = rows["t_end_lsl"] - rows["t_end_lsl"].iloc[0]
valid = rows["valid"].astype(bool)

print(f"bundle {run['bundle']['name']}, trained on {run['bundle']['trained_on']}")
print(f"{len(rows)} rows, {valid.sum()} with a prediction")
print(rows.loc[~valid, "reason"].value_counts().to_string())
print(rows[valid].groupby("quadrant")[["valence", "arousal", "confidence"]].mean().round(2))

figure, axes = plt.subplots(figsize=(9, 3), layout="constrained")
for target in ("valence", "arousal"):
    axes.plot(seconds, rows[target], label=target)
axes.fill_between(seconds, 0, 1, where=~valid, color="0.9", step="pre", label="no prediction")
axes.axhline(0.5, color="0.6", linewidth=0.8)
axes.set(xlabel="time (s)", ylabel="P(high)", ylim=(0, 1), title=run["bundle"]["title"])
figure.legend(loc="outside right upper")
figure.savefig(path.with_suffix(".png"), dpi=150)
print(f"wrote {path.with_suffix('.png')}")
