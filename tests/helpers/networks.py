"""Networks for comparing engines, and windows that they answer in different ways."""

from __future__ import annotations

import numpy as np
import torch

from physiosync_models.config import ModelConfig
from physiosync_models.ensemble import PerTargetEnsemble
from physiosync_models.fusion import PhysioSync
from physiosync_models.presets import compact, deap_paper, dreamer_paper
from physiosync_rt.bundle.bundle import load_bundle
from physiosync_rt.bundle.torch_engine import SignalNetwork


def make_network(name: str) -> SignalNetwork:
    """A shipped bundle's network, or a large one of random weights that are not all alike."""
    torch.manual_seed(0)
    if name.startswith("demo"):
        model = load_bundle(name).model
        assert isinstance(model, PhysioSync | PerTargetEnsemble)
        return model
    if name == "members":
        both = {t: PhysioSync(compact(4, 2, targets=(t,))) for t in ("valence", "arousal")}
        return _lively(PerTargetEnsemble(both))
    configs = {"deap": deap_paper(), "dreamer": dreamer_paper(), "released": _released()}
    return _lively(PhysioSync(configs[name]))


def _released() -> ModelConfig:
    return dreamer_paper(faithful=True, routes=("fused",), targets=("valence",))


def _lively(model: SignalNetwork) -> SignalNetwork:
    """Make answers depend on the window: freshly made heads say one half to all of them."""
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if name.endswith("running_var"):
                value.uniform_(0.5, 2.0)
            elif name.endswith("running_mean"):
                value.normal_(std=0.1)
            elif "heads" in name and name.endswith("fc3.weight"):
                value.mul_(8.0)
            elif name.endswith("temperature"):
                value.fill_(1.3)
    return model.eval()


def make_windows(model: SignalNetwork, n: int = 4, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Windows of both modalities, from quiet to loud."""
    rng, config = np.random.default_rng(seed), model.config
    made = (
        rng.normal(size=(n, n_chans, config.n_times)) * np.linspace(0.5, 2.0, n)[:, None, None]
        for n_chans in (config.eeg_1s.n_chans, config.pps_1s.n_chans)
    )
    eeg, pps = (each.astype(np.float32) for each in made)
    return eeg, pps
