"""What blinks and muscle noise in the EEG of people left out do to a gated sum.

The recordings of a public set may have been cleaned by their authors; a live run is not. Artefacts
are added to the raw EEG, in rest and task alike; the models are those of the clean recordings.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy import signal

from physiosync_models.config import ROUTES
from physiosync_models.gated_sum import TERMS
from physiosync_rt.datatypes import FloatArray, Modality, RecordedStream, Recording
from physiosync_rt.errors import UserError
from physiosync_rt.simulation.electrodes import directions
from physiosync_training.datasets.index import ABSENT
from physiosync_training.datasets.recordings import RecordingsData
from physiosync_training.datasets.splits import make_folds
from physiosync_training.evaluation.metrics import Estimate
from physiosync_training.evaluation.people import over_people
from physiosync_training.experiment.config import RunConfig
from physiosync_training.fusion.fit import fit_sum, peripheral_features, seen_by
from physiosync_training.fusion.live_features import make_table
from physiosync_training.fusion.store import load_table
from physiosync_training.fusion.table import FeatureTable
from physiosync_training.loop.progress import Progress
from physiosync_training.studies.scores import by_person

_BLINKS_PER_MIN: Final = 15.0
_BLINK_UV: Final = (100.0, 200.0)
_BLINK_S: Final = 0.35
_BURSTS_PER_MIN: Final = 6.0
_BURST_S: Final = (1.0, 3.0)
_MUSCLE_UV: Final = 15.0
_MUSCLE_HZ: Final = 20.0
_SPREAD_DEG: Final = {"Fpz": 30.0, "T7": 25.0, "T8": 25.0}


@dataclass(frozen=True, slots=True)
class ArtefactReport:
    """Balanced accuracy without and with artefacts, mean over people left out.

    Attributes
    ----------
    target : str
    clean, noisy, drop : dict of str to Estimate
        By route: ``fused``, ``eeg``, ``pps``; each person is the mean over repeats.
    """

    target: str
    clean: dict[str, Estimate]
    noisy: dict[str, Estimate]
    drop: dict[str, Estimate]


def with_artefacts(recording: Recording) -> Recording:
    """Add blinks and muscle noise to the EEG of a recording.

    Blinks come 15 times a minute with 100 to 200 µV at the forehead, bursts of muscle noise of 1 to
    3 s six times a minute with 15 µV rms at one temple; the numbers follow from the file's name.
    """
    name = recording.path.name if recording.path else recording.subject
    rng = np.random.default_rng(list(name.encode()))
    streams = tuple(
        _noisy(stream, rng) if stream.spec.modality is Modality.EEG else stream
        for stream in recording.streams
    )
    return replace(recording, streams=streams)


def _noisy(stream: RecordedStream, rng: np.random.Generator) -> RecordedStream:
    sfreq, n = stream.spec.sfreq, len(stream.samples)
    minutes = n / sfreq / 60
    gains = {place: _gains(stream.spec.ch_names, place) for place in _SPREAD_DEG}
    out = stream.samples.astype(np.float64)
    width = round(_BLINK_S * sfreq)
    for start in rng.integers(0, max(n - width, 1), rng.poisson(_BLINKS_PER_MIN * minutes)):
        shape = rng.uniform(*_BLINK_UV) * np.hanning(width)[: n - start]
        out[start : start + width] += shape[:, None] * gains["Fpz"]
    sos = signal.butter(2, _MUSCLE_HZ, "highpass", fs=sfreq, output="sos")
    for start in rng.integers(0, n, rng.poisson(_BURSTS_PER_MIN * minutes)):
        length = min(round(rng.uniform(*_BURST_S) * sfreq), n - start)
        noise = signal.sosfilt(sos, rng.normal(size=length))
        noise *= _MUSCLE_UV / max(float(noise.std()), 1e-9)
        temple = ("T7", "T8")[rng.integers(2)]
        out[start : start + length] += noise[:, None] * gains[temple]
    return replace(stream, samples=out.astype(np.float32))


def _gains(ch_names: tuple[str, ...], place: str) -> FloatArray:
    """Strength of what comes from a place at every channel, 1 at the place itself."""
    out = np.zeros(len(ch_names))
    source = directions((place,))[0]
    for k, name in enumerate(ch_names):
        try:
            angle = np.degrees(np.arccos(np.clip(directions((name,))[0] @ source, -1.0, 1.0)))
        except UserError:  # not an electrode of the 10-10 system
            continue
        out[k] = np.exp(-0.5 * (angle / _SPREAD_DEG[place]) ** 2)
    return out


def try_artefacts(config: RunConfig, progress: Progress) -> ArtefactReport:
    """Score the people left out of every fold of every repeat, clean and with artefacts.

    Raises
    ------
    UserError
        The configuration fits no gated sum, or its data is not in order.
    """
    if config.fusion is None or not isinstance(config.data, RecordingsData):
        raise UserError(f"{config.name} fits no gated sum; choose effort-eeg19 or effort-eeg8")
    clean = load_table(config.data, config.cache, progress)
    noisy = make_table(config.data, "", progress, with_artefacts)
    if noisy.info.subjects != clean.info.subjects:
        raise UserError("with artefacts not everybody has a window with usable EEG")
    return compare_tables(config, clean, noisy)


def compare_tables(config: RunConfig, clean: FeatureTable, noisy: FeatureTable) -> ArtefactReport:
    """Fit each fold to clean features and answer both for the people left out."""
    assert config.fusion is not None
    target, n_people = config.finetune.targets[0], len(clean.info.subjects)
    names, truth = peripheral_features(clean, config.fusion), clean.truth(target)
    scores = np.full((config.fusion.repeats, 2, len(ROUTES), n_people), np.nan)
    for repeat in range(config.fusion.repeats):
        protocol = config.protocols[0]
        shuffled = protocol.model_copy(update={"seed": protocol.seed + repeat})
        for fold in make_folds(clean, shuffled):
            rows = np.union1d(fold.train, fold.validation)
            rows = rows[truth[rows] != ABSENT]
            fit = fit_sum(clean, rows, target, config.fusion, config.seed + repeat)
            people = np.unique(clean.table.subject[fold.test])
            for place, table in enumerate((clean, noisy)):
                own = table.truth(target)
                at = np.flatnonzero(np.isin(table.table.subject, people) & (own != ABSENT))
                given = table.eeg[at], table.peripheral(names)[at]
                terms = [fit.terms[t](x) for t, x in zip(TERMS, given, strict=True)]
                logits = np.column_stack(terms)
                for k, route in enumerate(ROUTES):
                    told = fit.whole(seen_by(route, logits))
                    found = by_person(told, own[at], table.table.subject[at], n_people)
                    scores[repeat, place, k, people] = found[people]
    mean = scores.mean(axis=0)

    def estimated(values: FloatArray) -> dict[str, Estimate]:
        return {route: over_people(values[k], config.seed) for k, route in enumerate(ROUTES)}

    return ArtefactReport(
        target, estimated(mean[0]), estimated(mean[1]), estimated(mean[1] - mean[0])
    )
