"""The largest memory that a way to train takes."""

from __future__ import annotations

import gc
from pathlib import Path

import torch


class Peak:
    """Largest memory since it was made: of the GPU, else resident on Linux."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        gc.collect()
        if device.type == "cuda":
            self._before: float | None = torch.cuda.memory_allocated(device) / 2**20
        elif Path("/proc/self/status").is_file():
            self._before = _status("VmRSS")
        else:
            self._before = None

    def mib(self) -> float | None:
        """Return it in MiB above what there was before; None where it cannot be told."""
        if self._before is None:
            return None
        if self._device.type == "cuda":
            return torch.cuda.max_memory_allocated(self._device) / 2**20 - self._before
        return _status("VmHWM") - self._before


def _status(name: str) -> float:
    """Read a field of this process's status, in MiB."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(name):
            return float(line.split()[1]) / 1024
    raise ValueError(f"no {name} in /proc/self/status")
