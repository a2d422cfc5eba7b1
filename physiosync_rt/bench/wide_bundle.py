"""A bundle of 64 electrodes, to measure what a run with many channels costs."""

from __future__ import annotations

from dataclasses import replace

import torch

from physiosync_models.config import ModelConfig
from physiosync_models.fusion import PhysioSync
from physiosync_rt.bundle.bundle import Bundle
from physiosync_rt.bundle.card import find_bundle, read_card

WIDE_SFREQ = 500.0

_ROWS = """\
Fp1 Fpz Fp2 AF7 AF3 AFz AF4 AF8 F7 F5 F3 F1 Fz F2 F4 F6 F8 FT7 FC5 FC3 FC1 FCz FC2 FC4 FC6 FT8
T7 C5 C3 C1 Cz C2 C4 C6 T8 TP7 CP5 CP3 CP1 CPz CP2 CP4 CP6 TP8 P9 P7 P5 P3 P1 Pz P2 P4 P6 P8 P10
PO7 PO3 POz PO4 PO8 O1 Oz O2 Iz
"""
WIDE_MONTAGE = tuple(_ROWS.split())
"""The electrodes of a cap of 64, from the front to the back."""


def wide_bundle() -> Bundle:
    """Return a bundle as `demo-eeg32` with 64 electrodes, whose network is not trained.

    What it predicts means nothing; what it costs is that of a trained one.
    """
    path = find_bundle("demo-eeg32")
    card = read_card(path)
    config = ModelConfig.from_dict(card.model)
    assert config.eeg_5s is not None, "the network of the demo looks at five seconds"
    n_chans = len(WIDE_MONTAGE)
    config = replace(
        config,
        eeg_1s=replace(config.eeg_1s, n_chans=n_chans),
        eeg_5s=replace(config.eeg_5s, n_chans=n_chans),
    )
    torch.manual_seed(0)
    model = PhysioSync(config).eval()
    wide = card.model_copy(
        update={
            "name": "untrained-eeg64",
            "title": "Untrained, 64 electrodes + GSR",
            "trained_on": "nothing: it is there to measure what a run costs",
            "eeg": card.eeg.model_copy(update={"ch_names": WIDE_MONTAGE}),
            "model": config.to_dict(),
        }
    )
    return Bundle(wide, model, "untrained", path)
