"""Inputs of bundles that are trained on DEAP and DREAMER: channels, and how many must be there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from physiosync_rt.datatypes import Modality
from physiosync_rt.formats.deap import DEAP_CH_NAMES
from physiosync_rt.formats.dreamer import DREAMER_CH_NAMES, ECG_NAMES
from physiosync_rt.preprocess.config import ModalityContract

_SHARE_OF_ELECTRODES: Final = 2


def eeg_contract(ch_names: Sequence[str], least: int | None = None) -> ModalityContract:
    """Return EEG of these electrodes, of which a stream must have half by name, or so many."""
    return ModalityContract(
        modality=Modality.EEG,
        ch_names=tuple(ch_names),
        min_electrodes=least or max(len(ch_names) // _SHARE_OF_ELECTRODES, 1),
    )


DEAP_EEG: Final = eeg_contract(DEAP_CH_NAMES)
DEAP_GSR: Final = ModalityContract(modality=Modality.GSR, ch_names=("GSR",))
DREAMER_EEG: Final = eeg_contract(DREAMER_CH_NAMES)
DREAMER_ECG: Final = ModalityContract(modality=Modality.ECG, ch_names=ECG_NAMES)
