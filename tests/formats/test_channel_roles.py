"""What a channel measures, by type, unit and label."""

from __future__ import annotations

import pytest

from physiosync_rt.datatypes import Modality
from physiosync_rt.formats.channel_roles import channel_roles
from physiosync_rt.formats.metadata import stream_layout
from physiosync_rt.formats.triggers import TriggerReader
from physiosync_rt.sources.validate import find_problem

EEG, GSR, ECG, OTHER = Modality.EEG, Modality.GSR, Modality.ECG, Modality.OTHER


def _channels(text: str) -> list[dict[str, str]]:
    """Channels written as ``label/unit/type``."""
    return [
        dict(zip(("label", "unit", "type"), (each + "//").split("/"), strict=False))
        for each in text.split()
    ]


@pytest.mark.parametrize(
    ("stype", "channels", "expected"),
    [
        # MNE-LSL's player, with and without a stream type.
        ("eeg", "Fz/-6/eeg GSR/-6/gsr STI/0/stim", [EEG, GSR, OTHER]),
        ("", "Fz/-6/eeg ECG/-3/ecg EOG/-6/eog", [EEG, ECG, OTHER]),
        # OpenSignals: the type is the device's address.
        ("00:07:80:4D:2E:76", "nSeq// ECG0/mV/ECG EDA1/\u00b5S/EDA", [OTHER, ECG, GSR]),
        ("00:07:80:4D:2E:76", "nSeq ECG0/mV EDA1/uS PZT3/%", [OTHER, ECG, GSR, OTHER]),
        # BioSemi: external electrodes and the trigger have types of their own.
        ("EEG", "Fp1/microvolts/EEG EX1/microvolts/EXG Trig1//Trigger", [EEG, OTHER, OTHER]),
        # Programs that call everything EEG.
        ("EEG", "Fp1/uV/EEG ECG/uV/EEG EDA/uS/EEG", [EEG, ECG, GSR]),
        ("EEG", "Fp1/uV/EEG x/microsiemens/EEG CNT//EEG AccX/g/EEG", [EEG, GSR, OTHER, OTHER]),
        # Shimmer: of a GSR stream, only the conductance.
        ("GSR", "Timestamp/ms GSR/uS PPG/mV Accel_X/g", [OTHER, GSR, OTHER, OTHER]),
        # Muse: an auxiliary input may be an electrode.
        ("EEG", "TP9/microvolts/EEG Right_AUX/microvolts/EEG", [EEG, EEG]),
        # A stream's own type, where channels have none, or one that tells nothing.
        ("EEG", "ch1 ch2", [EEG, EEG]),
        ("EEG", "1//Voltage 2//Voltage", [EEG, EEG]),
        ("EEG", "1//Unipolar 2//Unipolar", [EEG, EEG]),
        ("GSR", "ch1/kohm", [GSR]),
        # Neither type nor stream tells: electrodes in volts, or several of them.
        ("", "Fp1 Fp2", [EEG, EEG]),
        ("Signal", "Fp1/uV x/uV", [EEG, OTHER]),
        ("", "P1", [OTHER]),
        ("ACC", "X/g Y/g Z/g", [OTHER, OTHER, OTHER]),
        # The impedance of an electrode is not skin resistance.
        ("EEG", "Fp1/uV/EEG Fp1_imp/kOhm/impedance", [EEG, OTHER]),
    ],
)
def test_roles(stype: str, channels: str, expected: list[Modality]) -> None:
    assert [role.modality for role in channel_roles(stype, _channels(channels))] == expected


@pytest.mark.parametrize(
    ("stype", "channels", "triggers"),
    [
        ("EEG", "Fp1/uV/EEG TRG//Trigger", (1,)),
        ("EEG", "Fp1/uV/EEG STI001/0/stim", (1,)),
        ("EEG", "HardwareMarker/uV/EEG AF3/uV/EEG Markers/uV/EEG", (0, 2)),
        ("EEG", "Fp1/uV/EEG counter//EEG", ()),
        # A stream of triggers alone carries no signal that they belong to.
        ("Digital", "TRG//Trigger", ()),
    ],
)
def test_triggers(stype: str, channels: str, triggers: tuple[int, ...]) -> None:
    assert stream_layout("a", stype, 100.0, _channels(channels)).triggers == triggers


@pytest.mark.parametrize(
    ("name", "stype", "channels", "names"),
    [
        ("Amp", "EEG", "Fp1/uV/EEG EDA/uS/EDA", ["Amp EEG", "Amp GSR"]),
        ("Amp", "EEG", "Fp1/uV/EEG AccX/g/ACC", ["Amp", "Amp OTHER"]),
        ("Amp", "EEG", "Fp1/uV/EEG C3/uV/EEG", ["Amp"]),
        ("Amp", "ACC", "X/g Y/g", ["Amp"]),
        ("", "EEG", "Fp1/uV/EEG", ["stream"]),
    ],
)
def test_names_of_parts(name: str, stype: str, channels: str, names: list[str]) -> None:
    parts = stream_layout(name, stype, 100.0, _channels(channels)).parts
    assert [part.spec.name for part in parts] == names


@pytest.mark.parametrize("cut", [1, 2, 3, 7])
def test_a_trigger_gives_the_same_markers_in_any_chunks(cut: int) -> None:
    values = [3.0, 3.0, 0.0, float("nan"), 2.0, float("nan"), 2.0, 5.0, 0.5, 5.0, 0.0, 16711680.0]
    reader, found = TriggerReader(), []
    for start in range(0, len(values), cut):
        found += [(start + i, label) for i, label in reader.read(values[start : start + cut])]
    assert found == [(0, "3"), (4, "2"), (7, "5"), (11, "16711680")]


@pytest.mark.parametrize("style", ["EEG {}-Ref", "{}-CLE", "POL {}", "{}-A1A2", "EEG {}", "{}"])
def test_electrodes_of_a_stream_are_named_as_those_of_a_file(style: str) -> None:
    names = ("Fp1", "Cz", "O2")
    channels = [{"label": style.format(name), "unit": "uV", "type": "EEG"} for name in names]
    layout = stream_layout("Amp", "EEG", 128.0, channels)
    (part,) = layout.parts
    assert part.spec.ch_names == names
    # A description finds the channels under their own labels.
    assert layout.whole.ch_names == tuple(style.format(name) for name in names)
    assert part.carrier.spec == layout.whole


def test_pairs_of_electrodes_keep_their_names() -> None:
    labels = ("FP1-F7", "F7-T7", "T7-P7")
    (part,) = stream_layout("Amp", "EEG", 128.0, [{"label": n, "unit": "uV"} for n in labels]).parts
    assert part.spec.ch_names == labels
    assert "bipolar" in find_problem(part.spec)
