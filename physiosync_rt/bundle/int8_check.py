"""What int8 changes of a network's answers, measured on windows of its own validation."""

from __future__ import annotations

import torch

from physiosync_rt.bundle.onnx_engine import OnnxEngine
from physiosync_rt.bundle.torch_engine import SignalNetwork, TorchEngine
from physiosync_rt.datatypes import SampleArray


def check_int8(model: SignalNetwork, eeg: SampleArray, pps: SampleArray) -> dict[str, float | int]:
    """Compare int8 with single precision on windows, with the heads of every route.

    Parameters
    ----------
    model : PhysioSync or PerTargetEnsemble
        On the CPU, in eval mode.
    eeg, pps : float32 array, shape (n, n_chans, n_times)

    Returns
    -------
    dict
        ``largest_difference`` of any probability, and ``windows``: so a card's provenance has it.
    """
    exact = TorchEngine(model, torch.device("cpu"), "fp32", "compared with")
    rounded = OnnxEngine(model, "int8", "checked")
    largest = 0.0
    for route in model.config.routes:
        given = None if route == "pps" else eeg, None if route == "eeg" else pps
        expected, found = exact(*given), rounded(*given)
        largest = max(
            largest, *(float(abs(found[target] - p).max()) for target, p in expected.items())
        )
    return {"largest_difference": largest, "windows": len(eeg)}
