"""The LSL source and streams that carry several modalities, state no rate, or equal each other."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.filled import filled
from helpers.receive import go, receive, until, until_lost, until_told

from physiosync_rt.bundle.bundle import load_bundle
from physiosync_rt.bundle.predictor import Predictor
from physiosync_rt.datatypes import Modality, Reason
from physiosync_rt.devices import Device
from physiosync_rt.devices.assist import propose
from physiosync_rt.devices.assist_units import quoted
from physiosync_rt.errors import UserError
from physiosync_rt.live.engine import Engine
from physiosync_rt.lsl.discovery import find
from physiosync_rt.lsl.probe import listen
from physiosync_rt.lsl.source import LslSource
from physiosync_rt.utils.yaml_config import parse_yaml
from physiosync_rt.views.inspection import seen_text

CHANNELS = [
    ["Fp1", "microvolts", "eeg"],
    ["EDA1", "uS", "eda"],
    ["Fp2", "microvolts", "eeg"],
    ["AccX", "g", "acc"],
    ["TRG", "", "trigger"],
]
AMP = {
    "bare": True,
    "name": "Amp",
    "stype": "",
    "sfreq": 125.0,
    "source_id": "amp-1",
    "n_chans": len(CHANNELS),
    "channels": CHANNELS,
}
UNNAMED = {
    "bare": True,
    "name": "Box",
    "stype": "EEG",
    "n_chans": 3,
    "sfreq": 125.0,
    "source_id": "box-1",
}


def received(source):
    """Receive to the end; return samples by stream, and the texts of the markers."""
    chunks, markers = receive(source)
    samples = {name: np.concatenate([c.samples for c in found]) for name, found in chunks.items()}
    return samples, [marker.text for marker in markers]


def test_one_stream_serves_as_eeg_and_gsr_and_gives_markers(sender) -> None:
    process = sender(AMP, duration=1.0)
    source = LslSource(timeout=8)
    try:
        specs = source.open()
        go(process)
        samples, markers = received(source)
    finally:
        source.close()
    assert [(s.name, s.modality, s.unit, s.ch_names) for s in specs] == [
        ("Amp EEG", Modality.EEG, "uV", ("Fp1", "Fp2")),
        ("Amp GSR", Modality.GSR, "uS", ("EDA1",)),
    ]
    assert set(samples) == {"Amp EEG", "Amp GSR"}
    assert samples["Amp EEG"].shape == (125, 2)
    np.testing.assert_array_equal(samples["Amp GSR"][:, 0], np.arange(125))
    # The trigger channel counts, so every change is one: all but the first 0.
    assert [text for text in markers if text != "begin"] == [str(n) for n in range(1, 125)]
    (note,) = (m.text for m in source.messages)
    assert note == ("stream 'Amp': left out, not EEG, GSR or ECG: AccX (g); read as markers: TRG")


@pytest.mark.parametrize("eeg", ["amp", "AMP EEG", "amp-1"])
def test_a_part_is_chosen_by_its_name_or_that_of_its_stream(sender, eeg: str) -> None:
    process = sender(AMP, {**AMP, "name": "Amp2", "source_id": "amp-2"})
    source = LslSource(eeg, "Amp GSR", timeout=8)
    try:
        assert [spec.name for spec in source.open()] == ["Amp EEG", "Amp GSR"]
    finally:
        source.close()
    assert process.poll() is None


def test_equal_streams_are_chosen_by_what_the_error_says(sender) -> None:
    sender(AMP)
    sender(AMP)
    with pytest.raises(UserError, match="choose one with --eeg '") as error:
        LslSource(timeout=4).open()
    said = str(error.value).rsplit("choose one with ", 1)[1]
    queries = [part.split("'")[1] for part in said.split(" or ")]
    assert len(set(queries)) == 2
    for query in queries:
        source = LslSource(query, query, timeout=8)
        try:
            assert [spec.name for spec in source.open()] == ["Amp EEG", "Amp GSR"]
            assert {info.uid() for info in source.infos} == {query}
        finally:
            source.close()
    seen = [stream for stream in find(2.0) if stream.spec.name == "Amp EEG"]
    assert {stream.query for stream in seen} == set(queries)
    shown = [str(part) for part in seen_text(seen).renderables]
    assert shown.count("Amp EEG") == 2


DESCRIBED = """
name: Box
streams:
  - match: {name: Box}
    modality: EEG
    unit: microvolts
    channels: [Fp1, drop, Cz]
  - match: {name: Box}
    modality: GSR
    unit: kohm
    channels: [drop, EDA, drop]
"""


def test_a_description_of_two_modalities_on_one_stream(sender) -> None:
    process = sender(UNNAMED, duration=1.0)
    source = LslSource(device=parse_yaml(DESCRIBED, Device, "box.yaml"), timeout=8)
    try:
        specs = source.open()
        go(process)
        samples, _ = received(source)
    finally:
        source.close()
    assert [(s.name, s.unit, s.ch_names) for s in specs] == [
        ("Box EEG", "uV", ("Fp1", "Cz")),
        ("Box GSR", "uS", ("EDA",)),
    ]
    assert samples["Box EEG"][7].tolist() == [7.0, 7.0]
    assert samples["Box GSR"][100] == pytest.approx(10.0)


def test_a_mixed_stream_that_is_restarted_goes_on_in_both_parts(sender) -> None:
    process = sender(AMP, duration=30.0)
    source = LslSource(timeout=8)
    try:
        source.open()
        until_lost(source, process, "Amp")
        go(sender(AMP, duration=2.0))
        names = {chunk.stream for chunk in until(source, bool)}
        assert names == {"Amp EEG", "Amp GSR"}
        assert any("stream 'Amp' is back after" in m.text for m in source.messages)
        receive(source)
    finally:
        source.close()


def test_a_rate_that_is_not_stated_is_measured_and_no_sample_is_lost(sender) -> None:
    rateless = {**AMP, "sfreq": 0.0, "sent_at": 125.0}
    process = sender(rateless, duration=8.0)
    go(process)
    source = LslSource(timeout=8)
    try:
        specs = source.open()
        assert [spec.sfreq for spec in specs] == [125.0, 125.0]
        samples, _ = received(source)
    finally:
        source.close()
    # What came before the stream was opened is not there; nothing is missing after it.
    values = samples["Amp GSR"][:, 0]
    assert len(values) > 300
    np.testing.assert_array_equal(np.diff(values), 1.0)
    said = [m.text for m in source.messages]
    assert "stream 'Amp' does not state its rate; 125 Hz was measured from its time stamps" in said


def test_a_stream_without_rate_that_is_silent_is_refused_with_all_that_it_told(sender) -> None:
    sender({**AMP, "sfreq": 0.0, "sent_at": 125.0})
    with pytest.raises(UserError, match="does not state its rate") as error:
        LslSource(timeout=4).open()
    template = str(error.value).split("\n\n", 1)[1]
    assert template.count('"?"') == 2
    device = parse_yaml(filled(template, sfreq="125"), Device, "template")
    source = LslSource(device=device, timeout=8)
    try:
        specs = source.open()
    finally:
        source.close()
    assert [(s.name, s.unit, s.ch_names, s.sfreq) for s in specs] == [
        ("Amp EEG", "uV", ("Fp1", "Fp2"), 125.0),
        ("Amp GSR", "uS", ("EDA1",), 125.0),
    ]


def test_samples_without_a_stamp_are_dropped_with_one_sentence(sender) -> None:
    process = sender(AMP, duration=2.0, unstamped=[0.5, 1.5])
    source = LslSource(timeout=8)
    try:
        source.open()
        go(process)
        samples, _ = received(source)
    finally:
        source.close()
    values = samples["Amp GSR"][:, 0]
    np.testing.assert_array_equal(values, [n for n in range(250) if not 62.5 <= n < 187.5])
    assert sum("NaN or infinite time stamp" in m.text for m in source.messages) == 1


OPENSIGNALS = {
    "bare": True,
    "name": "OpenSignals",
    "stype": "00:07:80:4D:2E:76",
    "n_chans": 4,
    "sfreq": 100.0,
    "source_id": "bit-1",
    "channels": [
        ["nSeq", "", "SequenceNumber"],
        ["ECG0", "mV", "ECG"],
        ["EDA1", "\u00b5S", "EDA"],
        ["Fp1", "uV", "EEG"],
    ],
}


def test_the_peripherals_of_a_mixed_stream_go_with_the_eeg_of_another(sender) -> None:
    channels = [words for words in OPENSIGNALS["channels"] if words[2] != "EEG"]
    sender(AMP, {**OPENSIGNALS, "n_chans": len(channels), "channels": channels})
    source = LslSource(timeout=8)
    try:
        specs = source.open()
        assert [spec.name for spec in specs] == [
            "Amp EEG",
            "Amp GSR",
            "OpenSignals ECG",
            "OpenSignals GSR",
        ]
        assert len(source.infos) == 2
    finally:
        source.close()
    source = LslSource(pps="OpenSignals GSR", timeout=8)
    try:
        assert [spec.name for spec in source.open()] == ["Amp EEG", "OpenSignals GSR"]
    finally:
        source.close()


@pytest.mark.parametrize("stream", [AMP, OPENSIGNALS], ids=lambda s: s["name"])
def test_assist_writes_what_the_stream_would_give_without_it(sender, stream) -> None:
    process = sender(stream, duration=30.0)
    source = LslSource(timeout=8)
    try:
        specs = source.open()
    finally:
        source.close()
    go(process)
    heard = listen(stream["name"], 1.5, 4.0)
    text = propose(heard).text
    # The simulated values count up: their amplitude is doubted, and nothing else is asked.
    text = text.replace('scale: "?"', "scale: 1")
    assert '"?"' not in text
    assert f"source_id: {quoted(stream['source_id'])}" in text
    source = LslSource(device=parse_yaml(text, Device, "written.yaml"), timeout=8)
    try:
        assert source.open() == specs
    finally:
        source.close()


def test_a_device_that_is_back_with_other_channels_is_named(sender) -> None:
    process = sender(AMP, duration=30.0)
    source = LslSource(timeout=8)
    try:
        source.open()
        until_lost(source, process, "Amp")
        sender({**AMP, "n_chans": 4, "channels": CHANNELS[:4]})
        until_told(source, "back with 4 channels")
    finally:
        source.close()
    (said,) = (m.text for m in source.messages if "'Amp' is back" in m.text)
    assert "instead of 5 channels of float32 at 125 Hz; restart the run to use it" in said


def test_a_run_of_samples_without_stamps_still_gives_rows_with_reasons(sender) -> None:
    muse = [[label, "microvolts", "eeg"] for label in ("TP9", "AF7", "AF8", "TP10")]
    channels = [*muse, ["EDA", "uS", "eda"]]
    stream = {**AMP, "n_chans": 5, "channels": channels}
    process = sender(stream, duration=14.0, unstamped=[7.0, 10.0])
    predictor = Predictor(load_bundle("demo-muse"), "cpu")
    with Engine(LslSource(timeout=8), predictor) as engine:
        go(process)
        rows = list(engine.rows(40.0))
    assert [round(row.t_end) for row in rows] == list(range(1, len(rows) + 1))
    assert len(rows) >= 13
    assert all(row.reason for row in rows if not row.valid)
    assert {row.reason for row in rows[8:10]} <= {Reason.STALLED, Reason.GAP}
    assert engine.state.pps is not None
