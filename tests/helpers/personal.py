"""A bundle that sums features of four electrodes and a heart, and people who are unlike it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from helpers.hearts import regular
from scipy import signal

from physiosync_models import GatedSum, GatedSumConfig
from physiosync_rt.bundle.bundle import save_bundle
from physiosync_rt.bundle.card import Card, Meaning
from physiosync_rt.datatypes import (
    UNITS,
    FloatArray,
    Modality,
    RecordedStream,
    Recording,
    StreamSpec,
)
from physiosync_rt.features.tracker import feature_names
from physiosync_rt.formats.xdf_writer import XdfWriter
from physiosync_rt.preprocess.config import LiveProfile, ModalityContract

CHANNELS = ("Fz", "Pz", "C3", "C4")
EEG = ModalityContract(modality=Modality.EEG, ch_names=CHANNELS, min_electrodes=4)
ECG = ModalityContract(modality=Modality.ECG, ch_names=("ECG",))
CONFIG = GatedSumConfig(("arousal",), feature_names(EEG), ("heart rate",))
EEG_HZ, ECG_HZ = 250.0, 128.0
REST_S, TASK_S = 31.0, 46.0
"""Rest until 31 s, then 46 s of either class."""

LABELS = """file,start,stop,subject,trial,kind,valence,arousal
me.xdf,0,30,me,0,baseline,,
me.xdf,31,76,me,1,trial,,0
me.xdf,77,122,me,2,trial,,1
"""


def effort_card(**more: object) -> Card:
    """Return the card of a bundle that learned effort from others."""
    given = {
        "name": "effort-others",
        "title": "Mental effort",
        "trained_on": "others: weights made by hand",
        "people": 24,
        "provenance": {"data": {"scale": [0, 1], "threshold": 0.5}},
    }
    return Card(
        simulated=False,
        eeg=EEG,
        pps=ECG,
        profile=LiveProfile(),
        gated_sum=CONFIG.to_dict(),
        meaning={"arousal": Meaning(name="mental effort", low="rest", high="arithmetic")},
        **(given | more),  # type: ignore[arg-type]
    )


def effort_model() -> GatedSum:
    """Return a sum by which alpha at Pz falls with effort and the heart is faster."""
    model = GatedSum(CONFIG)
    place = CONFIG.eeg.index("alpha Pz")
    model.eeg.scale.fill_(0.5)
    model.eeg.weight[:, place] = -1.0
    model.pps.scale.fill_(5.0)
    model.pps.weight.fill_(1.0)
    model.weight[:] = 1.1
    model.bias.fill_(0.1)
    return model.eval()


def write_parent(path: Path) -> Path:
    """Write the bundle."""
    save_bundle(path, effort_card(), effort_model())
    return path


def make_person(
    seed: int = 0,
    *,
    beta: float = 2.0,
    courses: Sequence[float] = (0.0, 0.0, 1.0),
    seconds: float = 124.0,
    heart: bool = True,
) -> Recording:
    """Make a person whose effort shows in beta at C3, which others do not have.

    Parameters
    ----------
    seed : int
    beta : float
        By which factor the amplitude grows with effort.
    courses : sequence of float
        Effort in [0, 1] at rest and in the two stretches.
    seconds : float
    heart : bool
        Whether the ECG shows one.
    """
    rng = np.random.default_rng(seed)
    n = round(seconds * EEG_HZ)
    t = np.arange(n) / EEG_HZ
    effort = np.array(courses)[np.searchsorted([REST_S, REST_S + TASK_S], t, side="right")]
    eeg = 10.0 * rng.standard_normal((n, len(CHANNELS)))
    sos = signal.butter(4, [14, 28], "bandpass", fs=EEG_HZ, output="sos")
    eeg[:, 2] += 10.0 * (beta**effort) * signal.sosfilt(sos, rng.standard_normal(n))
    ecg = regular(62, seconds, seed).ecg if heart else np.zeros(round(seconds * ECG_HZ))
    ecg = ecg + 0.02 * rng.standard_normal(len(ecg))
    return Recording(
        (
            _stream("cap", Modality.EEG, CHANNELS, EEG_HZ, eeg),
            _stream("heart", Modality.ECG, ("ECG",), ECG_HZ, ecg[:, None]),
        )
    )


def write_person(path: Path, recording: Recording) -> Path:
    """Write a recording as XDF."""
    with XdfWriter(path) as writer:
        for stream in recording.streams:
            number = writer.add_stream(stream.spec)
            writer.write_samples(number, stream.samples, stream.timestamps)
    return path


def _stream(
    name: str, modality: Modality, ch_names: tuple[str, ...], sfreq: float, samples: FloatArray
) -> RecordedStream:
    spec = StreamSpec(name, modality, ch_names, sfreq, UNITS[modality])
    stamps = 100.0 + np.arange(len(samples)) / sfreq
    return RecordedStream(spec, samples.astype(np.float32), stamps)
