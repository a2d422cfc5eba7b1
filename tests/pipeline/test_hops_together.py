"""Hops that are preprocessed in one go are the hops that come one after the other, to the bit."""

from __future__ import annotations

import numpy as np
import pytest

from physiosync_rt.datatypes import UNITS, Chunk, FloatArray, Modality, Reason, StreamSpec, Window
from physiosync_rt.pipeline import pipeline as pipeline_module
from physiosync_rt.pipeline.pipeline import Pipeline
from physiosync_rt.preprocess.baseline import BaselineRequest
from physiosync_rt.preprocess.config import LiveProfile, ModalityContract

NAMES = tuple(f"E{i}" for i in range(16))
SECONDS = 24
SFREQ = 128.0
HOLES = {"EEG": [(0.6, 1.2), (17.3, 17.9)], "ECG": [(0.9, 1.7), (16.0, 18.0)]}
"""In seconds: within the first warm-up, and later over the end of a hop and over whole ones."""


def _signal(modality: Modality, t: FloatArray) -> tuple[StreamSpec, FloatArray]:
    rng = np.random.default_rng(0)
    if modality is Modality.ECG:
        spec = StreamSpec("ECG", modality, ("ECG",), SFREQ, UNITS[modality])
        beat = np.exp(-((((t + 0.4) % 0.8 - 0.4) / 0.012) ** 2))
        return spec, (beat + rng.normal(0, 0.01, len(t)))[:, None]
    spec = StreamSpec("EEG", modality, NAMES, SFREQ, UNITS[modality])
    common = 10 * np.sin(2 * np.pi * 10 * t)[:, None]
    x = common + rng.normal(0, 5, (len(t), len(NAMES)))
    # An electrode goes bad, so that not all windows have the same montage.
    x[(t > 4) & (t < 8), 3] = 7.0
    return spec, x


def _windows(hop_s: float, chunk_s: float) -> list[Window]:
    t = np.arange(int(SECONDS * SFREQ)) / SFREQ
    sides, chunks = [], []
    for modality in (Modality.EEG, Modality.ECG):
        spec, x = _signal(modality, t)
        keep = np.all([(t < a) | (t >= b) for a, b in HOLES[spec.name]], axis=0)
        contract = ModalityContract(modality=modality, ch_names=spec.ch_names, min_electrodes=8)
        sides.append((spec, contract))
        for start in np.arange(0, SECONDS, chunk_s):
            part = keep & (t >= start) & (t < start + chunk_s)
            if part.any():
                chunk = Chunk(spec.name, x[part].astype(np.float32), t[part])
                chunks.append((float(t[part][-1]), chunk))
    rest = BaselineRequest(0.0, None, 2.0)
    pipeline = Pipeline(LiveProfile(min_quality=0.3), *sides, hop_s=hop_s, baseline=rest)
    in_order = [chunk for _, chunk in sorted(chunks, key=lambda each: each[0])]
    return [w for chunk in in_order for w in pipeline.push(chunk)] + pipeline.flush()


@pytest.mark.parametrize("hop_s", [1.0, 0.75, 1.25])
def test_many_hops_at_once_are_hops_one_by_one(
    hop_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = _windows(hop_s, 6.0)
    monkeypatch.setattr(pipeline_module, "TOGETHER", 1)
    one_by_one = _windows(hop_s, 0.3)
    assert len(together) == len(one_by_one) >= (SECONDS - 1) // hop_s
    reasons = {window.pps.reason for window in together if window.pps is not None}
    assert {Reason.WARMING_UP, Reason.GAP, Reason.NONE} <= reasons
    for a, b in zip(together, one_by_one, strict=True):
        for x, y in ((a.eeg, b.eeg), (a.pps, b.pps)):
            assert x is not None
            assert y is not None
            assert (x.reason, x.completeness, x.quality) == (y.reason, y.completeness, y.quality)
            assert (x.data is None) == (y.data is None)
            if x.data is not None and y.data is not None:
                np.testing.assert_array_equal(x.data, y.data)
            assert x.features is not None
            assert y.features is not None
            np.testing.assert_array_equal(x.features.values, y.features.values)
