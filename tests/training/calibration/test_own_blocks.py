"""Blocks: through the live pipeline, each begun again, nothing of one in another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.personal import CONFIG, ECG, EEG, make_person

from physiosync_rt.datatypes import Modality, Recording, Segment
from physiosync_rt.errors import UserError
from physiosync_rt.formats.clocks import corrected, zero_time
from physiosync_rt.pipeline.chunking import in_time_order
from physiosync_rt.pipeline.pipeline import Pipeline
from physiosync_rt.preprocess.baseline import Baseline, BaselineRequest
from physiosync_rt.preprocess.config import LiveProfile
from physiosync_training.calibration.own_blocks import Inputs, Person, cut, person_of
from physiosync_training.datasets.recordings_table import RecordedFile
from physiosync_training.loop.progress import no_progress

INPUTS = Inputs("effort-others", LiveProfile(), EEG, ECG, CONFIG)
REST = Segment(0.0, 30.0, "baseline", "me", 0)


def _trial(start: float, stop: float, arousal: float) -> Segment:
    return Segment(start, stop, "trial", "me", 1, "", None, arousal)


def _person(recording: Recording, *segments: Segment) -> Person:
    places = tuple(f"labels.csv, line {k + 2}" for k in range(len(segments)))
    file = RecordedFile(Path("me.xdf"), segments, places)
    return person_of([(file, recording)], INPUTS, no_progress)


@pytest.fixture(scope="module")
def recording() -> Recording:
    return make_person()


def test_stretches_become_blocks_of_equal_length(recording: Recording) -> None:
    person = _person(recording, REST, _trial(31, 76, 0), _trial(77, 110, 1), _trial(111, 121, 1))
    assert [block.seconds for block in person.blocks] == [15, 15, 15, 16.5, 16.5]
    assert [block.truth("arousal", 0.5) for block in person.blocks] == [0, 0, 0, 1, 1]
    assert person.blocks[0].truth("valence", 0.5) is None
    assert (person.rest_s, person.unusable_s) == (30, 10)
    assert person.heard
    for block in person.blocks:
        # From the sixth second on, when filters have settled and a window is full.
        assert len(block.eeg) in range(round(block.seconds) - 7, round(block.seconds) - 4)
        assert np.isfinite(block.eeg).all()
        assert np.isfinite(block.pps).any()


def test_nothing_of_a_block_plays_a_part_in_another(recording: Recording) -> None:
    segments = REST, _trial(31, 76, 0), _trial(77, 122, 1)
    blocks = _person(recording, *segments).blocks
    rng = np.random.default_rng(9)
    for k, begin in ((1, 46.0), (4, 92.0)):
        streams = []
        for stream in recording.streams:
            t = corrected(stream) - zero_time(recording)
            inside = (t >= begin) & (t < begin + 15)
            noise = rng.normal(0, 50, stream.samples.shape).astype(np.float32)
            streams.append(
                replace(stream, samples=np.where(inside[:, None], noise, stream.samples))
            )
        changed = _person(replace(recording, streams=tuple(streams)), *segments).blocks
        assert len(changed) >= len(blocks) - 1
        same = [
            any(
                each.eeg.shape == block.eeg.shape
                and np.array_equal(each.eeg, block.eeg)
                and np.array_equal(each.pps, block.pps, equal_nan=True)
                for each in changed
            )
            for block in blocks
        ]
        assert same == [j != k for j in range(len(blocks))]


def test_a_block_holds_what_a_live_run_of_it_computes(recording: Recording) -> None:
    (block,) = _person(recording, REST, _trial(40, 60, 0)).blocks
    sides = [(recording.of(m)[0].spec, c) for m, c in ((Modality.EEG, EEG), (Modality.ECG, ECG))]

    def run(part: Recording, baseline: Baseline | BaselineRequest) -> Pipeline:
        pipeline = Pipeline(LiveProfile(), *sides, baseline=baseline)
        for chunk in in_time_order(part, 0.3):
            windows.extend(pipeline.push(chunk))
        windows.extend(pipeline.flush())
        return pipeline

    windows: list = []
    rest = run(recording, BaselineRequest(0.0, 30.0, 30.0)).baseline
    assert rest is not None
    windows.clear()
    run(cut(recording, 40, 60), rest)
    valid = [window for window in windows if window.eeg.data is not None]
    assert len(valid) == len(block.eeg)
    for window, eeg, pps in zip(valid, block.eeg, block.pps, strict=True):
        np.testing.assert_array_equal(window.eeg.features.change, eeg)
        np.testing.assert_array_equal(window.pps.features.change[:1], pps)


def test_the_newest_rest_before_a_stretch_counts(recording: Recording) -> None:
    later = Segment(62.0, 94.0, "baseline", "me", 0)
    both = _person(recording, REST, _trial(31, 61, 0), later, _trial(95, 122, 1))
    alone = _person(recording, later, _trial(95, 122, 1))
    first = _person(recording, REST, _trial(31, 61, 0))
    np.testing.assert_array_equal(both.blocks[-1].eeg, alone.blocks[0].eeg)
    np.testing.assert_array_equal(both.blocks[0].eeg, first.blocks[0].eeg)
    assert both.rest_s == 62


def test_a_rest_at_the_very_end_of_a_file_serves_another_file(recording: Recording) -> None:
    rest = cut(recording, 0.0, 30.0)
    files = [
        RecordedFile(Path("rest.xdf"), (REST,), ("labels.csv, line 2",)),
        RecordedFile(Path("task.xdf"), (_trial(0, 40, 1),), ("labels.csv, line 3",)),
    ]
    parts = [rest, cut(recording, 77.0, 120.0)]
    person = person_of(zip(files, parts, strict=True), INPUTS, no_progress)
    assert len(person.blocks) == 2


def test_without_a_heart_nothing_is_heard() -> None:
    person = _person(make_person(heart=False), REST, _trial(31, 76, 0), _trial(77, 122, 1))
    assert not person.heard
    assert len(person.blocks) == 6
    assert all(np.isnan(block.pps).all() for block in person.blocks)


def test_a_rest_that_cannot_serve_is_refused(recording: Recording) -> None:
    with pytest.raises(UserError, match=r"line 2: the rest lasts 20 s, and effort-others takes 30"):
        _person(recording, replace(REST, stop=20.0), _trial(31, 76, 0))
    flat = replace(
        recording,
        streams=tuple(
            replace(s, samples=np.zeros_like(s.samples)) if s.spec.modality == "EEG" else s
            for s in recording.streams
        ),
    )
    with pytest.raises(UserError, match=r"line 2: less than half of the rest is usable"):
        _person(flat, REST, _trial(31, 76, 0))


def test_a_stretch_beyond_the_end_is_refused(recording: Recording) -> None:
    with pytest.raises(UserError, match=r"line 3: me.xdf is 124.0 s long"):
        _person(recording, REST, _trial(100, 160, 1))


def test_a_hole_without_eeg_is_named(recording: Recording) -> None:
    with pytest.raises(UserError, match=r"has no EEG from 300 s to 310 s; correct the labels"):
        cut(recording, 300, 310)
