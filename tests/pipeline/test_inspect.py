"""What `inspect` and `streams` print: all of it, whole, at any width."""

from __future__ import annotations

import io

import numpy as np
import pytest
from rich.console import Console, RenderableType

from physiosync_rt.bundle.card import read_card
from physiosync_rt.datatypes import Modality, RecordedStream, Recording, StreamSpec
from physiosync_rt.lsl.discovery import SeenStream
from physiosync_rt.pipeline.inspect import recording_facts
from physiosync_rt.utils.resources import bundle_path
from physiosync_rt.views.inspection import bundle_tables, recording_text, seen_text

SFREQ = 128.0


def _printed(what: RenderableType, width: int) -> list[str]:
    file = io.StringIO()
    Console(file=file, width=width).print(what)
    return file.getvalue().splitlines()


def _recording() -> Recording:
    names = tuple(f"Electrode{i}" for i in range(12))
    spec = StreamSpec("Cap", Modality.EEG, names, SFREQ, "uV")
    n_times = int(20 * SFREQ)
    t = np.arange(n_times) / SFREQ
    samples = np.random.default_rng(0).normal(0, 20, (n_times, 12)).astype(np.float32)
    samples[500:503] = np.nan
    kept = np.delete(np.arange(n_times), np.arange(1000, 1200))
    offsets = np.array([[0.0, 5.0], [10.0, 5.002]])
    return Recording(
        (RecordedStream(spec, samples[kept], t[kept], offsets, kept),), notes=("mended",)
    )


def test_a_stream_tells_its_clock_counter_and_every_count() -> None:
    lines = _printed(recording_text(recording_facts(_recording())), 200)
    text = "\n".join(lines)
    for part in (
        "samples are counted · clock offset +5.000000 to +5.002000 s",
        "1 gaps · 200 lost",
        " late ",
        "0 stuck clock",
        "3 NaN",
        "note: mended",
        "rms 19.74 uV · range -89.88 to 78.91 uV",
    ):
        assert part in text


def test_a_level_is_told_of_gsr_and_a_range_of_the_rest() -> None:
    spec = StreamSpec("Skin", Modality.GSR, ("GSR",), 4.0, "uS")
    level = np.linspace(1.0, 3.0, 41, dtype=np.float32)[:, None]
    other = StreamSpec("Box", Modality.OTHER, ("a", "b"), 4.0)
    times = np.arange(41) / 4
    nothing = np.full((41, 2), np.nan, dtype=np.float32)
    recording = Recording(
        (RecordedStream(spec, level, times), RecordedStream(other, nothing, times))
    )
    facts = recording_facts(recording)
    skin, box = facts["streams"]
    assert (skin["rms"], skin["level"], skin["range"]) == (None, 2.0, [1.0, 3.0])
    assert (box["rms"], box["level"], box["range"]) == (None, None, [])
    skin["range"] = [-1.04e7, 3.0]
    assert "range -10,400,000 to 3 uS" in "\n".join(_printed(recording_text(facts), 200))
    skin["range"] = [1.0, 3.0]
    assert "level 2 uS · range 1 to 3 uS" in "\n".join(_printed(recording_text(facts), 200))


def test_a_narrow_terminal_keeps_the_indent() -> None:
    lines = _printed(recording_text(recording_facts(_recording())), 40)
    start = lines.index("Cap")
    stream = lines[start + 1 : lines.index("", start)]
    assert len(stream) > 6
    assert all(line.startswith("  ") for line in stream)


@pytest.mark.parametrize("width", [30, 80])
def test_nothing_of_a_stream_in_sight_is_cut_off(width: int) -> None:
    source_id = "a-very-long-source-id-of-a-headset-" + "0123456789" * 6
    spec = StreamSpec("Muse", Modality.EEG, ("TP9",), 256.0, "uV", "EEG", source_id, "laptop")
    marker = StreamSpec("said", Modality.OTHER, ("ch1",), 0.0, source_id="m-1", stype="Markers")
    lines = _printed(
        seen_text([SeenStream(spec, ("uV",), False, "1"), SeenStream(marker, (), True, "2")]), width
    )
    assert source_id in "".join(line.strip() for line in lines)
    assert "markers" in " ".join(lines)
    assert max(map(len, lines)) <= width


def test_a_bundle_tells_from_when_on_its_heads_answer_and_who_trained_it() -> None:
    card = read_card(bundle_path("demo-eeg32"))
    plain = "\n".join(_printed(bundle_tables(card, "abc")[0], 200))
    assert "least confidence" not in plain
    machine = {"system": "Abacus", "cpus": 10, "gpu": None, "versions": {"torch": "0.1"}}
    asked = card.model_copy(
        update={
            "least_confidence": {"fused/arousal": 0.7, "eeg/arousal": 0.8},
            "provenance": {"machines": [machine]},
        }
    )
    text = "\n".join(_printed(bundle_tables(asked, "abc")[0], 200))
    assert "fused/arousal 0.70, eeg/arousal 0.80" in text
    assert "Abacus, 10 CPUs" in text
    assert "{" not in text
