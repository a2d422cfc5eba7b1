"""Signals of a data set kept on the device, where a GPU has room for them.

A GPU takes a step in the time in which the processor cuts its windows from the disk's pages and
copies them. All of DEAP are 1.4 GB: copied once, windows are then cut by the GPU itself.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass

import torch
from torch import Tensor

from physiosync_rt.datatypes import IntArray
from physiosync_training.datasets.dataset import Dataset, Signals

_MOST = 0.25
"""Largest share of a GPU's free memory; the rest is for the network."""


def to_device(x: IntArray, device: torch.device) -> Tensor:
    """Copy a small array without waiting for what the device has yet to do."""
    return torch.from_numpy(x).to(device, non_blocking=True)


@dataclass(frozen=True, slots=True, eq=False)
class _SignalsThere:
    """`Signals` on a device."""

    flat: Tensor
    signals: Signals

    def cut(self, stretches: IntArray, offsets: IntArray, n_times: int) -> Tensor:
        """Cut windows, shape (n, n_chans, n_times), as `Signals.cut` does."""
        signals, device = self.signals, self.flat.device
        first = signals.starts[stretches] * signals.n_chans + offsets
        begin = to_device(first, device)[:, None, None]
        step = to_device(signals.lengths[stretches], device)[:, None, None]
        channel = torch.arange(signals.n_chans, device=device)[:, None]
        return self.flat[begin + step * channel + torch.arange(n_times, device=device)]


@dataclass(frozen=True, slots=True, eq=False)
class DatasetThere:
    """Signals of a data set on a device, and the stretch of every row."""

    stretch: IntArray
    eeg: _SignalsThere
    pps: _SignalsThere
    eeg_without: tuple[_SignalsThere, ...]

    def cut(
        self, rows: IntArray, offsets: IntArray, n_times: int, left_out: IntArray | None = None
    ) -> tuple[Tensor, Tensor]:
        """Cut windows; parameters and result as of `Dataset.cut`, as tensors of the device."""
        stretch = self.stretch[rows]
        eeg = self.eeg.cut(stretch, offsets, n_times)
        if left_out is not None:
            for way, signals in enumerate(self.eeg_without):
                at = (left_out == way).nonzero()[0]
                if len(at):
                    eeg[to_device(at, eeg.device)] = signals.cut(stretch[at], offsets[at], n_times)
        return eeg, self.pps.cut(stretch, offsets, n_times)


_there: weakref.WeakKeyDictionary[Dataset, dict[torch.device, DatasetThere | None]] = (
    weakref.WeakKeyDictionary()
)


def on_device(dataset: Dataset, device: torch.device) -> DatasetThere | None:
    """Return the signals of a data set on a GPU, copied once; None where they stay where they are.

    They stay for a processor, and where a GPU has too little memory.
    """
    if device.type != "cuda":
        return None
    kept = _there.setdefault(dataset, {})
    if device not in kept:
        kept[device] = copy_there(dataset, device) if _fits(dataset, device) else None
    return kept[device]


def copy_there(dataset: Dataset, device: torch.device) -> DatasetThere:
    """Copy the signals of a data set to a device."""

    def there(signals: Signals) -> _SignalsThere:
        return _SignalsThere(torch.tensor(signals.flat, device=device), signals)

    return DatasetThere(
        dataset.table.stretch,
        there(dataset.eeg),
        there(dataset.pps),
        tuple(there(each) for each in dataset.eeg_without),
    )


def _fits(dataset: Dataset, device: torch.device) -> bool:
    n_bytes = sum(x.flat.nbytes for x in (dataset.eeg, dataset.pps, *dataset.eeg_without))
    free, _ = torch.cuda.mem_get_info(device)
    return n_bytes <= _MOST * free
