"""Provenance of a result: the code that made it, the computers, and the time that they took."""

from __future__ import annotations

import hashlib
import os
import platform
import time
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import torch

from physiosync_rt import __version__

SHAPING: Final = (
    "physiosync_models",
    "physiosync_training.contrastive.augment",
    "physiosync_training.contrastive.model",
    "physiosync_training.contrastive.pretrain",
    "physiosync_training.contrastive.sampler",
    "physiosync_training.datasets.loader",
    "physiosync_training.experiment.fold",
    "physiosync_training.loop.distributed",
    "physiosync_training.loop.fast_linear",
    "physiosync_training.loop.loop",
    "physiosync_training.loop.rng",
    "physiosync_training.loop.step_graph",
    "physiosync_training.supervised.calibration",
    "physiosync_training.supervised.finetune",
    "physiosync_training.supervised.labels",
    "physiosync_training.supervised.predict",
    "physiosync_training.supervised.trainer",
)
"""Modules that decide what comes out of a training.

The windows are in the data's hash and the configuration in the run's fingerprint; reports and
baseline models are made again each time."""

_PACKAGES: Final = ("torch", "numpy", "scipy", "scikit-learn", "mne", "lightning-fabric")

Machine = dict[str, Any]
"""System, processors, threads in use, GPU and versions of a computer, in plain containers. Threads
count, because sums in another order round differently."""


@cache
def code_version() -> str:
    """Name the training code and torch version; other versions may give other weights."""
    return f"training code {code_digest(SHAPING)[:8]} with torch {torch.__version__}"


def code_digest(modules: Iterable[str]) -> str:
    """Hash the files of modules, and of packages with all below them."""
    sha = hashlib.sha256()
    for source in sources(modules):
        sha.update(source.read_bytes())
    return sha.hexdigest()


def sources(modules: Iterable[str]) -> Iterable[Path]:
    """Yield the Python files of modules, and of packages with all below them."""
    for name in modules:
        path = Path(str(import_module(name).__file__))
        yield from sorted(path.parent.rglob("*.py")) if path.name == "__init__.py" else [path]


def this_machine(device: torch.device | None = None) -> Machine:
    """Describe this computer, with its GPU where the device is one."""
    kind = "cpu" if device is None else device.type
    gpu = torch.cuda.get_device_name(device) if kind == "cuda" else kind.upper()
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpu": None if kind == "cpu" else gpu,
        "versions": {
            "physiosync-rt": __version__,
            "python": platform.python_version(),
            **{name: version(name) for name in _PACKAGES},
        },
    }


def distinct(machines: Iterable[Machine]) -> list[Machine]:
    """Return each kind of computer once, in order."""
    found: list[Machine] = []
    for machine in machines:
        if machine not in found:
            found.append(machine)
    return found


class TrainingCost:
    """Time and computers that went into a training, across all its interruptions.

    What was done after the last checkpoint of a run that was killed is lost, and not counted.

    Parameters
    ----------
    device : torch.device, optional
    """

    def __init__(self, device: torch.device | None = None) -> None:
        self._before = 0.0
        self._since = time.monotonic()
        self.machines = [this_machine(device)]

    @property
    def seconds(self) -> float:
        """Return the seconds up to now."""
        return self._before + time.monotonic() - self._since

    def state(self) -> dict[str, Any]:
        """Return what `add_earlier` takes."""
        return {"seconds": self.seconds, "machines": self.machines}

    def add_earlier(self, earlier: Mapping[str, Any]) -> None:
        """Add the cost of an earlier state of the same training, which is resumed here."""
        # A later state holds the time of those before it.
        self._before = max(self._before, earlier["seconds"])
        self.machines = distinct([*earlier["machines"], *self.machines])
