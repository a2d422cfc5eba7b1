"""A training in a process of its own, to be killed.

Started with a pickle of (data set, fold, configuration) and a folder for what comes out.
"""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import torch
from helpers.training import train_fold

from physiosync_training.experiment.runtime import Runtime, make_fabric


def main() -> None:
    torch.set_num_threads(1)
    job, out = Path(sys.argv[1]), Path(sys.argv[2])
    dataset, fold, config = pickle.loads(job.read_bytes())
    fabric = make_fabric(config)
    fabric.launch()

    def progress(what: str, done: float, total: float) -> None:
        if fabric.global_rank == 0:
            print(f"{what} {done:.0f}/{total:.0f}", flush=True)

    train_fold(dataset, fold, config, out, runtime=Runtime(fabric, progress=progress))


if __name__ == "__main__":
    main()
