"""Tables of slow features made by hand."""

from __future__ import annotations

import numpy as np

from physiosync_rt.bundle.card import Meaning
from physiosync_rt.datatypes import Modality
from physiosync_rt.features.tracker import feature_names
from physiosync_rt.preprocess.config import LiveProfile, ModalityContract
from physiosync_training.datasets.index import ABSENT, DatasetInfo, Table
from physiosync_training.fusion.table import FeatureTable

EEG = ModalityContract(modality=Modality.EEG, ch_names=("Fz", "Pz"), min_electrodes=2)
ECG = ModalityContract(modality=Modality.ECG, ch_names=("ECG",))


def make_features(
    n_people: int = 12,
    n_windows: int = 20,
    *,
    heartless: int = 2,
    eeg_shift: float = 1.0,
    heart_shift: float = 8.0,
    simulated: bool = False,
    seed: int = 0,
) -> FeatureTable:
    """Make people at rest and at work; both modalities tell, and some show no heart."""
    rng = np.random.default_rng(seed)
    n = 2 * n_people * n_windows
    subject = np.repeat(np.arange(n_people), 2 * n_windows)
    truth = np.tile(np.repeat([0, 1], n_windows), n_people)
    own = rng.normal(size=(n_people, 8))[subject]
    eeg = own + rng.normal(size=(n, 8)) + eeg_shift * truth[:, None]
    pps = np.column_stack([rng.normal(0, 3, n) + heart_shift * truth, rng.normal(size=n)])
    pps[subject < heartless] = np.nan
    window = np.tile(np.arange(n_windows), 2 * n_people)
    trial = np.repeat(np.arange(2 * n_people), n_windows)
    info = DatasetInfo(
        name="work",
        title="people at work",
        profile="live",
        live=LiveProfile(),
        eeg=EEG,
        pps=ECG,
        subjects=tuple(f"P{k:02d}" for k in range(n_people)),
        stimuli=(),
        scale=(0, 1),
        threshold=0.5,
        simulated=simulated,
        digest="0123456789abcdef",
        meaning={"arousal": Meaning(name="mental effort", low="rest", high="work")},
        limits=("Rest came first.",),
        citation="Somebody 2020",
    )
    table = Table(
        subject=subject,
        stimulus=np.full(n, ABSENT),
        trial=trial,
        window=window // 5,
        t_start=window.astype(np.float64),
        valence=np.full(n, np.nan),
        arousal=truth.astype(np.float64),
        stretch=trial,
        offset=128 * window,
    )
    return FeatureTable(
        info,
        table,
        eeg,
        pps,
        feature_names(EEG),
        feature_names(ECG),
        window >= n_windows // 2,
        np.full(n_people, 2),
    )
