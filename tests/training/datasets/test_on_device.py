"""Windows cut by the device are those that are cut here."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from physiosync_training.datasets.loader import WindowLoader
from physiosync_training.datasets.on_device import copy_there, on_device

CPU = torch.device("cpu")


@pytest.mark.parametrize("n_times", [128, 640])
def test_windows_cut_there_are_the_same(make_dataset, n_times: int) -> None:
    dataset = make_dataset(n_eeg=3)
    there = copy_there(dataset, CPU)
    rng = np.random.default_rng(0)
    rows = rng.integers(0, len(dataset), 20)
    offsets = dataset.offsets(rows, rng)
    expected = dataset.cut(rows, offsets, n_times)
    for found, wanted in zip(there.cut(rows, offsets, n_times), expected, strict=True):
        np.testing.assert_array_equal(found.numpy(), wanted)


def test_a_processor_keeps_no_copy(make_dataset) -> None:
    assert on_device(make_dataset(), CPU) is None


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU here")
@pytest.mark.parametrize("seconds", [1, 5])
def test_a_gpu_has_the_windows_of_the_processor(make_dataset, seconds) -> None:
    dataset, gpu = make_dataset(n_eeg=3), torch.device("cuda")
    here, there = (WindowLoader(dataset, seconds, device) for device in (CPU, gpu))
    numbers = np.random.default_rng(0).permutation(here.numbers(np.arange(len(dataset))))[:20]
    for found, wanted in zip(there.fetch(numbers), here.fetch(numbers), strict=True):
        assert found.device.type == "cuda"
        assert torch.equal(found.cpu(), wanted)
    assert on_device(dataset, gpu) is on_device(dataset, gpu)
