"""A simulated person's EEG and skin conductance in one stream: predictions from both."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from helpers.raw_xdf import RawStream, channel, header, write_xdf

import physiosync_rt as ps
from physiosync_rt.datatypes import Modality


def test_one_stream_of_eeg_and_gsr_predicts_from_both(tmp_path: Path) -> None:
    recording = ps.simulate(60, seed=3).recording
    (eeg,), (gsr,) = recording.of(Modality.EEG), recording.of(Modality.GSR)
    skin = np.interp(eeg.timestamps, gsr.timestamps, gsr.samples[:, 0])
    # As MNE-LSL's player sends it: SI units and powers of ten, no type of the stream.
    samples = np.column_stack([eeg.samples * 1e-6, skin, np.zeros(len(skin))])
    channels = b"".join(channel(name, "0", "eeg") for name in eeg.spec.ch_names)
    channels += channel("GSR", "-6", "gsr") + channel("STI 014", "0", "stim")
    xml = header("player", "", samples.shape[1], eeg.spec.sfreq, "double64", channels=channels)
    path = write_xdf(tmp_path / "m.xdf", RawStream(xml, "double64", samples, eeg.timestamps))
    mixed = ps.read(path)
    assert [s.spec.name for s in mixed.streams] == ["player EEG", "player GSR", "player OTHER"]
    np.testing.assert_allclose(mixed.streams[0].samples, eeg.samples, rtol=1e-5, atol=1e-4)
    rows = list(ps.predict(mixed, "demo-eeg32", baseline=15))
    apart = list(ps.predict(recording, "demo-eeg32", baseline=15))
    assert {row.modalities for row in rows if row.valid} == {"eeg+gsr"}
    assert sum(row.valid for row in rows) == sum(row.valid for row in apart) > 20
