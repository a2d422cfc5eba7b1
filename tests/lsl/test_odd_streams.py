"""Twenty odd streams give the same from a file and live: specs, units, samples and markers."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from helpers.odd_streams import ODD_STREAMS, OddStream
from helpers.programs import Program
from helpers.raw_xdf import write_xdf

from physiosync_rt.datatypes import FloatArray, Modality, Recording, SampleArray, StreamSpec
from physiosync_rt.formats.metadata import stream_name
from physiosync_rt.formats.registry import read
from physiosync_rt.lsl.discovery import resolve
from physiosync_rt.lsl.find_rates import find_rates
from physiosync_rt.lsl.info import is_marker
from physiosync_rt.lsl.inlet import SignalInlet
from physiosync_rt.lsl.markers import MarkerInlet

START = 5000.0
LONGEST_S = 30.0


@dataclass
class Found:
    """What one stream gave, from a file or live; stamps count from its start."""

    specs: list[StreamSpec]
    samples: list[SampleArray]
    stamps: list[FloatArray]
    markers: list[tuple[float, str]]
    notes: list[str] = field(default_factory=list)


def _from_file(recording: Recording, name: str) -> Found:
    streams = [s for s in recording.streams if s.carrier and s.carrier.spec.name == name]
    markers = [
        (float(t) - START, label)
        for stream in recording.markers
        if stream.name == name or stream.name.startswith(f"{name} ")
        for t, label in zip(stream.timestamps, stream.labels, strict=True)
    ]
    return Found(
        [replace(s.spec, host="") for s in streams],
        [s.samples for s in streams],
        [s.timestamps - START for s in streams],
        sorted(markers),
        [note for note in recording.notes if repr(name) in note],
    )


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    path = tmp_path_factory.mktemp("odd") / "odd.xdf"
    return read(write_xdf(path, *(stream.recorded(START) for stream in ODD_STREAMS)))


@pytest.fixture(scope="module")
def live() -> Iterator[dict[str, Found]]:
    """Receive all of them from one process."""
    prefix = f"o{uuid.uuid4().hex[:6]}-"
    command = [sys.executable, str(Path(__file__).with_name("odd_outlets.py")), prefix]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with Program(command, text=True, env=environment, **pipes) as sender:
        assert sender.stdin is not None
        assert sender.stdout is not None
        try:
            assert sender.stdout.readline().strip() == "ready"
            yield _receive(prefix, sender.stdin, sender.stdout)
        finally:
            sender.kill()


def _receive(prefix: str, commands, answers) -> dict[str, Found]:
    def ours(infos):
        return [info for info in infos if info.name().startswith(prefix)]

    infos = ours(resolve(LONGEST_S, lambda found: len(ours(found)) == len(ODD_STREAMS)))
    signals = [SignalInlet(info, None) for info in infos if not is_marker(info)]
    marks = [MarkerInlet(info) for info in infos if is_marker(info)]
    for inlet in signals:
        inlet.open(check_clock=False)
    commands.write("go\n")
    commands.flush()
    start = float(answers.readline())
    find_rates(signals)
    expected = {stream_name(prefix + s.name): len(s.times) for s in ODD_STREAMS}
    chunks = {inlet: [] for inlet in signals}
    markers = {inlet: [] for inlet in marks}
    deadline = time.monotonic() + LONGEST_S
    waiting: set[object] = {*signals, *marks}
    while waiting and time.monotonic() < deadline:
        for signal in signals:
            chunks[signal] += signal.drain(0.01)
        for mark in marks:
            markers[mark] += mark.drain()
        for inlet in list(waiting):
            n = (
                len(markers[inlet])
                if inlet in markers
                else sum(len(c) for c in chunks[inlet] if c.stream == inlet.specs[0].name)
            )
            name = inlet.name if inlet in markers else inlet.layout.whole.name
            if n >= expected[name]:
                waiting.discard(inlet)
    assert not waiting
    found = {}
    for mark in marks:
        texts = [(m.timestamp - start, m.text) for m in markers[mark]]
        found[mark.name.removeprefix(prefix)] = Found([], [], [], texts)
        mark.close()
    for signal in signals:
        parts = [[c for c in chunks[signal] if c.stream == s.name] for s in signal.specs]
        found[signal.layout.whole.name.removeprefix(prefix)] = Found(
            [replace(s, name=s.name.removeprefix(prefix), host="") for s in signal.specs],
            [np.concatenate([c.samples for c in part]) for part in parts],
            [np.concatenate([c.timestamps for c in part]) - start for part in parts],
            [(m.timestamp - start, m.text) for m in signal.markers],
            [message.text.replace(prefix, "") for message in signal.messages],
        )
        signal.close()
    return found


@pytest.mark.parametrize("stream", ODD_STREAMS, ids=lambda s: stream_name(s.name))
def test_a_file_and_a_live_stream_give_the_same(
    stream: OddStream, recorded: Recording, live: dict[str, Found]
) -> None:
    name = stream_name(stream.name)
    there, here = _from_file(recorded, name), live[name]
    assert here.specs == there.specs
    assert [label for _, label in here.markers] == [label for _, label in there.markers]
    times = [[t for t, _ in found.markers] for found in (here, there)]
    np.testing.assert_allclose(*times, atol=1e-6)
    for ours, theirs in zip(here.samples, there.samples, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for ours, theirs in zip(here.stamps, there.stamps, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)
    told = [note for note in there.notes if "unknown unit" not in note]
    assert sorted(here.notes) == sorted(told)
    assert there.specs or there.markers


EEG, GSR, ECG, OTHER = Modality.EEG, Modality.GSR, Modality.ECG, Modality.OTHER


@pytest.mark.parametrize(
    ("name", "parts", "n_markers"),
    [
        ("Amp", [("Amp EEG", EEG, "uV", 2), ("Amp GSR", GSR, "uS", 1), ("Amp ECG", ECG, "mV", 1),
                 ("Amp OTHER", OTHER, "", 2)], 8),
        ("OpenSignals", [("OpenSignals ECG", ECG, "mV", 1), ("OpenSignals GSR", GSR, "uS", 1),
                         ("OpenSignals OTHER", OTHER, "", 1)], 0),
        ("player", [("player EEG", EEG, "uV", 2), ("player GSR", GSR, "uS", 1),
                    ("player OTHER", OTHER, "", 1)], 8),
        ("bytes", [("bytes", EEG, "uV", 2)], 0),
        ("shorts", [("shorts", EEG, "", 2)], 0),
        ("undescribed", [("undescribed", EEG, "", 3)], 0),
        ("short list", [("short list", EEG, "", 3)], 0),
        ("latin-1 micro", [("latin-1 micro", EEG, "uV", 2)], 0),
        ("greek mu", [("greek mu", EEG, "uV", 2)], 0),
        ("no type", [("no type", EEG, "uV", 2)], 0),
        ("twice", [("twice", EEG, "uV", 3)], 0),
        ("numbers", [], 12),
        ("columns", [], 12),
        ("texts", [], 3),
    ],
)  # fmt: skip
def test_what_they_carry(
    recorded: Recording, name: str, parts: list[tuple[str, Modality, str, int]], n_markers: int
) -> None:
    found = _from_file(recorded, name)
    assert [(s.name, s.modality, s.unit, s.n_chans) for s in found.specs] == parts
    assert len(found.markers) == n_markers


def test_rates_units_and_texts_of_some(recorded: Recording) -> None:
    assert [s.sfreq for s in _from_file(recorded, "no rate").specs] == [100.0]
    assert [(s.sfreq, s.unit) for s in _from_file(recorded, "skin").specs] == [(16.0, "uS")]
    assert _from_file(recorded, "twice").specs[0].ch_names == ("Fp1", "Fp1-2", "ch3")
    assert _from_file(recorded, "columns").markers[0][1].count(",") == 2
    texts = [text for _, text in _from_file(recorded, "texts").markers]
    assert texts == ["start,\u00e4\u00f6\u00fc", "\u00e4,", "\x1b[2J,a,b"]
    name = stream_name(ODD_STREAMS[16].name)
    assert "\x1b" not in name
    assert [s.ch_names for s in _from_file(recorded, name).specs] == [
        ("Fp1",),
        ("C3\ufffd]0;x\ufffd",),
    ]
    doubles = _from_file(recorded, "doubles").samples[0]
    assert doubles[0, 0] == pytest.approx(ODD_STREAMS[7].samples[0, 0] * 1e6)
