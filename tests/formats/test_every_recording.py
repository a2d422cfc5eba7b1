"""Every real recording is read with plausible numbers, or refused in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from physiosync_rt.datatypes import UNITS, Modality, Recording
from physiosync_rt.errors import UserError
from physiosync_rt.formats.clocks import corrected
from physiosync_rt.formats.rates import effective_rate
from physiosync_rt.formats.registry import read
from physiosync_rt.pipeline.inspect import recording_facts

_ECG = "xdf-ecg-markers"
_OBCI = "xdf-openbci-eeg-markers"
_EMG = "xdf-openbci-emg-ekg"
_MUSE = "xdf-muse"
_WORN = "devicely-wearables"
_MNE = "mne-io-testfiles"
_EEGMAT = "eegmat-eeg-ecg-edf"

# What each holds: (modality, channels, Hz) of its streams other than OTHER.
_EEG5 = [("EEG", 5, 256)]
_EEGMAT_HOLDS = [("ECG", 1, 500), ("EEG", 19, 500)]
_READABLE = {
    f"{_ECG}/ecg_twohost_gaps_95s.xdf": [("ECG", 1, 128)],
    f"{_ECG}/ecg_twohost_clean_68s.xdf": [("ECG", 1, 128)],
    f"{_ECG}/ecg_only_9s.xdf": [("ECG", 1, 128)],
    f"{_ECG}/ecg_empty_with_markers_474s.xdf": [],
    f"{_ECG}/ecg_many_gaps_138s.xdf": [("ECG", 1, 128)],
    f"{_ECG}/marker_time_jump_4439s.xdf": [("ECG", 1, 128)],
    "xdf-examples/clock_resets.xdf": [("EEG", 8, 100)],
    "xdf-examples/empty_streams.xdf": [],
    "xdf-examples/minimal.xdf": [("EEG", 3, 10)],
    "xdf-examples/out_of_order_sample_chunk.xdf": [],
    "xdf-examples/twochannel_string_marker.xdf": [("EEG", 64, 1000)],
    f"{_MUSE}/sub-P001_older_25s.xdf": _EEG5,
    **{
        f"{_MUSE}/sub-P{n:03d}_ses-S001_task-Default_run-001_eeg.xdf": _EEG5
        for n in (1, 2, 3, 31, 50)
    },
    f"{_OBCI}/eeg16_markers_428s.xdf": [("EEG", 16, 125)],
    f"{_OBCI}/eeg16_22s_truncated_192KiB.xdf": [("EEG", 16, 125)],
    f"{_EMG}/handFive.xdf": [],
    f"{_EMG}/handFour.xdf": [("EEG", 8, 250)],
    f"{_EMG}/handTwo.xdf": [("EEG", 8, 250)],
    f"{_EMG}/justMarkers.xdf": [],
    f"{_EMG}/markersPlusEKG.xdf": [("EEG", 8, 250)],
    **{f"{_EEGMAT}/Subject{n}_{k}.edf": _EEGMAT_HOLDS for n in ("00", "05", "31") for k in (1, 2)},
    f"{_MNE}/test.bdf": [("EEG", 66, 2048)],
    f"{_MNE}/test.edf": [("EEG", 136, 512)],
    f"{_MNE}/test_edf_stim_channel.edf": [("ECG", 2, 128), ("EEG", 19, 128)],
    f"{_MNE}/duplicate_channel_labels.edf": [("EEG", 3, 250)],
    f"{_MNE}/test_uneven_samp.edf": [],
    f"{_MNE}/test.vhdr": [("EEG", 26, 1000)],
    "openbci-gui-txt/OpenBCI_GUI-v6-blinks-jawClench-alpha.txt": [("EEG", 8, 250)],
    "openbci-gui-txt/OpenBCI-sampleData-1-blinks-jawClench-alpha.txt": [("EEG", 8, 250)],
    "stress-predict-e4/S02": [("GSR", 1, 4)],
    "stress-predict-e4/S14": [("GSR", 1, 4)],
    f"{_WORN}/empatica": [("GSR", 1, 4)],
    f"{_WORN}/shimmer.csv": [("GSR", 1, 51.2)],
    f"{_WORN}/muse.csv": [("EEG", 4, 256)],
    f"{_WORN}/faros_ecg.edf": [("ECG", 1, 500)],
}
_REFUSED = (
    f"{_ECG}/header_only_no_streams.xdf",
    f"{_ECG}/markers_declared_no_samples_no_clock.xdf",
    f"{_ECG}/ecg_empty_stream.xdf",
    "xdf-examples/chunk_length_lie.xdf",
    "xdf-examples/out_of_order_clock_offsets.xdf",
)
# The sender's rate is not the declared one here, or there is too little to tell.
_OTHER_RATE = {f"{_EMG}/handFour.xdf", "xdf-examples/clock_resets.xdf"}
# Parts of other recordings, and words about them.
_NO_RECORDINGS = (".md", ".eeg", ".vmrk", ".xlsx", "LICENSE", "info.txt")


@pytest.fixture(scope="module")
def recorded(data_dir: Path) -> Callable[[str], Recording]:
    """Read a recording; each is read once."""
    return cache(lambda name: read(data_dir / name))


@pytest.mark.parametrize("name", _READABLE)
def test_it_is_read(recorded: Callable[[str], Recording], name: str) -> None:
    recording = recorded(name)
    signals = [s for s in recording.streams if s.spec.modality is not Modality.OTHER]
    found = sorted((s.spec.modality.value, s.spec.n_chans, s.spec.sfreq) for s in signals)
    assert found == _READABLE[name]
    assert recording.streams or recording.markers
    assert not [note for note in recording.notes if " cannot be " in note]
    names = [s.spec.name for s in recording.streams]
    assert len(set(names)) == len(names)
    for stream in signals:
        times = corrected(stream)
        assert len(times) == len(stream.samples) > 0
        assert np.isfinite(times).all()
        assert np.isfinite(stream.samples).all()
        assert stream.spec.unit in ("", UNITS[stream.spec.modality])
        if name in _OTHER_RATE or len(times) < 100:
            continue
        # Over its length: what a drop-out holds back comes in a burst, and some never comes.
        assert effective_rate(times) == pytest.approx(stream.spec.sfreq, rel=0.15)


@pytest.mark.parametrize("name", _REFUSED)
def test_it_is_refused_in_one_sentence(data_dir: Path, name: str) -> None:
    with pytest.raises(UserError) as told:
        read(data_dir / name)
    assert str(told.value).startswith(Path(name).name)
    assert "\n" not in str(told.value)


def test_no_recording_is_left_out(data_dir: Path) -> None:
    folders = [p for p in data_dir.iterdir() if p.is_dir() and p.name != "neurokit-bio"]
    files = [f for folder in folders for f in folder.rglob("*") if f.is_file()]
    listed = {str(data_dir / name) for name in (*_READABLE, *_REFUSED)}
    missing = [
        f
        for f in files
        if not str(f).endswith(_NO_RECORDINGS)
        and not f.name.startswith("LICENSE")
        and str(f) not in listed
        and str(f.parent) not in listed
    ]
    assert missing == []


# Seconds that are missing, by stamps alone: the file's span less its samples, and how many holes.
_GAPS = {
    f"{_ECG}/ecg_many_gaps_138s.xdf": ("HeartyPatch", 5, 14.4),
    f"{_ECG}/ecg_twohost_gaps_95s.xdf": ("HeartyPatch", 0, 0.0),
    f"{_ECG}/ecg_twohost_clean_68s.xdf": ("HeartyPatch", 0, 0.0),
    f"{_ECG}/marker_time_jump_4439s.xdf": ("HeartyPatch", 2, 9.0),
    f"{_MUSE}/sub-P001_older_25s.xdf": ("Muse-EEG", 0, 0.0),
    "xdf-examples/clock_resets.xdf": ("BioSemi", 1, 0.0),
    "stress-predict-e4/S02": ("EDA", 0, 0.0),
    "openbci-gui-txt/OpenBCI_GUI-v6-blinks-jawClench-alpha.txt": ("obci_eeg", 0, 0.0),
}


_LONG = "stress-predict-e4/S02"
"""A recording of an hour and more, for the slow tests."""


@pytest.mark.parametrize(
    "name",
    [*sorted(_GAPS.keys() - {_LONG}), pytest.param(_LONG, marks=pytest.mark.slow)],
)
def test_gaps_are_counted_and_bursts_after_them_are_not(
    recorded: Callable[[str], Recording], name: str
) -> None:
    stream, n_gaps, missing_s = _GAPS[name]
    facts = {s["name"]: s for s in recording_facts(recorded(name))["streams"]}
    found = facts[stream]
    assert found["gaps"] == n_gaps
    assert found["lost"] / found["sfreq"] == pytest.approx(missing_s, abs=3.0)
    assert found["clock_resets"] == (1 if name.endswith("clock_resets.xdf") else 0)
