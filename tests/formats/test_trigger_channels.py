"""Trigger channels of clinical files are markers, whatever the format."""

from __future__ import annotations

from pathlib import Path

import mne
import numpy as np
import pytest
from helpers.write_edf import write_edf

from physiosync_rt.datatypes import Modality, RecordedMarkers, Recording
from physiosync_rt.formats.channels import Channel
from physiosync_rt.formats.registry import read
from physiosync_rt.formats.trigger_channels import split_triggers

TIMES = np.arange(512) / 128.0


def _triggers() -> np.ndarray:
    levels = np.zeros(512)
    levels[128:140], levels[256:258], levels[300:] = 3, 200, 7
    return levels


def _expect(markers: RecordedMarkers) -> None:
    assert markers.labels == ("3", "200", "7")
    assert markers.timestamps == pytest.approx([1.0, 2.0, 300 / 128])


@pytest.mark.parametrize("label", ["TRG", "Trigger", "STI 014", "Status", "stim"])
def test_a_trigger_channel_becomes_markers(label: str) -> None:
    channels = [
        Channel("Fz", 128.0, "uV", np.sin(TIMES), TIMES),
        Channel(label, 128.0, "", _triggers(), TIMES),
    ]
    signals, (markers,) = split_triggers(channels)
    assert [channel.label for channel in signals] == ["Fz"]
    assert markers.name == label
    _expect(markers)


def test_biosemi_status_bits_are_not_triggers() -> None:
    # Bit 20: the common mode is in range; bit 16: the first sample of a new epoch.
    levels = _triggers() + (1 << 20)
    levels[0] += 1 << 16
    _, (markers,) = split_triggers([Channel("Status", 128.0, "Boolean", levels, TIMES)])
    _expect(markers)


def test_a_signal_named_like_a_trigger_stays_a_signal() -> None:
    (kept,), markers = split_triggers([Channel("Trigger", 128.0, "mV", np.sin(TIMES), TIMES)])
    assert kept.label == "Trigger"
    assert markers == ()


def test_a_trigger_channel_at_rest_is_neither() -> None:
    assert split_triggers([Channel("TRG", 128.0, "", np.zeros(512), TIMES)]) == ([], ())


def _in_fif(path: Path) -> Recording:
    info = mne.create_info(["Fz", "Cz", "STI 014"], 128.0, ["eeg", "eeg", "stim"])
    eeg = 2e-5 * np.random.default_rng(0).normal(size=(2, 512))
    raw = mne.io.RawArray(np.vstack([eeg, _triggers()]), info, verbose="ERROR")
    raw.save(path / "t_raw.fif", verbose="ERROR")
    return read(path / "t_raw.fif")


def test_a_fif_file_with_a_stim_channel(tmp_path: Path) -> None:
    recording = _in_fif(tmp_path)
    assert [s.spec.modality for s in recording.streams] == [Modality.EEG]
    (markers,) = recording.markers
    _expect(markers)


def test_an_edf_file_with_a_trigger_channel(tmp_path: Path) -> None:
    eeg = (200 * np.random.default_rng(0).normal(size=(4, 128))).astype(np.int16)
    levels = _triggers().reshape(4, 128).astype(np.int16)
    path = tmp_path / "t.edf"
    whole = {"TRG": (-32768, 32767, -32768, 32767)}
    write_edf(path, [("EEG Fz", "uV", eeg), ("TRG", "", levels)], ranges=whole)
    recording = read(path)
    assert [s.spec.ch_names for s in recording.streams] == [("Fz",)]
    (markers,) = recording.markers
    _expect(markers)
