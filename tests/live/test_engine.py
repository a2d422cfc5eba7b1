"""The engine by hand: no thread, a clock that only the test moves."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from physiosync_rt.bundle.bundle import Bundle, load_bundle
from physiosync_rt.bundle.predictor import Predictor
from physiosync_rt.datatypes import Chunk, Modality, Reason, Recording, StreamSpec
from physiosync_rt.errors import SourceLostError, UserError
from physiosync_rt.formats.findings import with_findings
from physiosync_rt.formats.registry import read
from physiosync_rt.live.engine import Engine
from physiosync_rt.live.options import Command
from physiosync_rt.live.run_log import outcome
from physiosync_rt.live.thread import EngineThread
from physiosync_rt.live.watchdog import StreamPhase
from physiosync_rt.preprocess.baseline import BaselineRequest
from physiosync_rt.simulation import Person, simulate
from physiosync_rt.sources.base import Batch, Marker, SourceMessage
from physiosync_rt.sources.file import FileSource
from physiosync_rt.views.events_text import notice_text, sentence
from physiosync_rt.views.summary import run_summary

NAMES = ("TP9", "AF7", "AF8", "TP10")


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class ScriptedSource:
    """A live source whose samples the test hands over."""

    speed = 1.0
    start_utc = None

    def __init__(self, clock: Clock, *specs: StreamSpec) -> None:
        self._clock = clock
        self._specs = specs
        self.messages: list[SourceMessage] = []
        self.batch = Batch()
        self.closed = False

    def now(self) -> float:
        return self._clock.now

    def open(self) -> tuple[StreamSpec, ...]:
        return self._specs

    def poll(self, timeout: float) -> Batch:
        assert timeout >= 0
        batch, self.batch = self.batch, Batch()
        return batch

    def close(self) -> None:
        self.closed = True


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return load_bundle("demo-muse")


@pytest.fixture(scope="module")
def recording() -> Recording:
    person = Person.draw(11)
    return simulate(person, 26.0, seed=11, ch_names=NAMES, ecg_sfreq=0, rest_s=12.0).recording


def _file_engine(bundle: Bundle, recording: Recording, **options: object) -> Engine:
    engine = Engine(
        FileSource(recording),
        Predictor(bundle),
        baseline=BaselineRequest(0.0, None, 5.0),
        **options,  # type: ignore[arg-type]
    )
    engine.open()
    return engine


def _standing(engine: Engine) -> str:
    standing = engine.state.events.standing
    return sentence(standing) if standing else ""


def _without(recording: Recording, modality: Modality) -> Recording:
    streams = tuple(s for s in recording.streams if s.spec.modality is not modality)
    return Recording(streams)


def test_every_hop_has_its_row(bundle: Bundle, recording: Recording) -> None:
    engine = _file_engine(bundle, recording)
    engine.run()
    engine.close()
    rows = list(engine.predictions)
    assert [row.t_end for row in rows] == list(np.arange(1.0, len(rows) + 1))
    assert len(rows) == 25
    assert [r.reason for r in rows[:7]] == [Reason.WARMING_UP] * 6 + [Reason.NONE]
    for row in rows[7:]:
        assert row.valid
        assert row.modalities == "eeg+gsr"
        assert row.valence is not None
        assert row.arousal is not None
        assert row.confidence is not None
        assert min(row.valence, row.arousal, row.confidence) >= 0
        assert max(row.valence, row.arousal, row.confidence) <= 1
        sure = min(max(p, 1 - p) for p in (row.valence, row.arousal))
        assert row.confidence == pytest.approx(sure * min(row.quality_eeg, row.quality_pps or 0))
        high = ("H" if row.valence >= 0.5 else "L") + "V" + ("H" if row.arousal >= 0.5 else "L")
        margin = bundle.card.unsure_margin
        is_clear = min(abs(row.valence - 0.5), abs(row.arousal - 0.5)) >= margin
        assert row.quadrant == (high + "A" if is_clear else "")


def test_a_missing_gsr_lowers_confidence_and_says_so(bundle: Bundle, recording: Recording) -> None:
    engine = _file_engine(bundle, _without(recording, Modality.GSR))
    engine.run()
    engine.close()
    row = engine.predictions[-1]
    assert row.valid
    assert row.modalities == "eeg"
    assert row.reason is Reason.NO_PPS
    assert row.completeness_pps is None
    assert row.confidence is not None
    assert row.confidence <= bundle.card.coverage["eeg"]
    assert "no GSR stream" in _standing(engine)


def test_gsr_alone_says_nothing_of_what_it_cannot_tell(
    bundle: Bundle, recording: Recording
) -> None:
    eeg, gsr = recording.streams
    lost = (eeg.timestamps > 12) & (eeg.timestamps < 16)
    holed = replace(eeg, samples=eeg.samples[~lost], timestamps=eeg.timestamps[~lost])
    guess = {("valence", "gsr"): 0.48, ("arousal", "gsr"): 0.6}
    scores = tuple(
        score.model_copy(
            update={"ci_low": guess.get((score.target, score.modalities), score.ci_low)}
        )
        for score in bundle.card.scores
    )
    guessing = replace(bundle, card=bundle.card.model_copy(update={"scores": scores}))
    engine = _file_engine(guessing, Recording((holed, gsr)))
    engine.run()
    engine.close()
    alone = [row for row in engine.predictions if row.reason is Reason.NO_EEG]
    assert len(alone) > 5
    for row in alone:
        assert (row.modalities, row.valence, row.quadrant) == ("gsr", None, "")
        assert row.arousal is not None
        assert row.confidence is not None
        assert row.confidence <= bundle.card.coverage["pps"]


def test_electrodes_that_are_made_up_lower_the_confidence() -> None:
    whole = simulate(Person.draw(4), 20.0, seed=4, ecg_sfreq=0, rest_s=10.0).recording
    eeg, gsr = whole.streams
    keep = [i for i in range(32) if i % 4]
    spec = replace(eeg.spec, ch_names=tuple(eeg.spec.ch_names[i] for i in keep))
    fewer = Recording((replace(eeg, spec=spec, samples=eeg.samples[:, keep]), gsr))
    engine = _file_engine(load_bundle("demo-eeg32"), fewer)
    engine.run()
    engine.close()
    row = engine.predictions[-1]
    assert len(engine.pipeline.montage.interpolated) == 8
    assert row.confidence is not None
    assert row.valence is not None
    assert row.arousal is not None
    sure = min(max(p, 1 - p) for p in (row.valence, row.arousal))
    quality = min(row.quality_eeg, row.quality_pps or 0)
    assert row.confidence == pytest.approx(0.75 * sure * quality)


def test_without_eeg_there_is_no_run(bundle: Bundle, recording: Recording) -> None:
    source = FileSource(_without(recording, Modality.EEG))
    with pytest.raises(UserError, match=r"no EEG stream.*available: SimulatedGSR"):
        Engine(source, Predictor(bundle)).open()


def _live(bundle: Bundle, clock: Clock, recording: Recording) -> tuple[Engine, ScriptedSource]:
    source = ScriptedSource(clock, *(stream.spec for stream in recording.streams))
    engine = Engine(
        source, Predictor(bundle), baseline=BaselineRequest(0.0, None, 5.0), clock=clock
    )
    engine.open()
    return engine, source


def _play(
    engine: Engine,
    source: ScriptedSource,
    clock: Clock,
    recording: Recording,
    start: float,
    stop: float,
    shift: float = 0.0,
) -> None:
    """Hand over what lies between two seconds in pieces of 0.1 s, in real time.

    Stamps are ``shift`` seconds off.
    """
    begin = 1000.0
    for t in np.arange(start, stop - 1e-9, 0.1):
        clock.now = begin + t + 0.1
        chunks = []
        for stream in recording.streams:
            inside = (stream.timestamps >= t) & (stream.timestamps < t + 0.1)
            chunks.append(
                Chunk(
                    stream.spec.name,
                    stream.samples[inside],
                    stream.timestamps[inside] + begin + shift,
                )
            )
        source.batch = Batch(tuple(chunks))
        engine.step(0.0)


def test_a_stalled_device_is_said_and_its_return_too(bundle: Bundle, recording: Recording) -> None:
    clock = Clock()
    engine, source = _live(bundle, clock, recording)
    _play(engine, source, clock, recording, 0.0, 10.0)
    assert engine.predictions[-1].valid
    for _ in range(50):
        clock.now += 0.1
        engine.step(0.0)
    stalled = [row for row in engine.predictions if row.reason is Reason.STALLED]
    assert [row.t_end for row in stalled] == [10.0, 11.0, 12.0, 13.0]
    assert engine.snapshot is not None
    assert engine.snapshot.streams[0].phase is StreamPhase.STALLED
    assert "has sent nothing for" in notice_text(engine.snapshot.events)
    _play(engine, source, clock, recording, 15.0, 26.0)
    assert engine.predictions[-1].valid
    assert [row.t_end for row in engine.predictions] == list(np.arange(1.0, 26.0))
    engine.close()
    assert source.closed


def test_a_device_that_stays_away_ends_the_run_with_a_reason(
    bundle: Bundle, recording: Recording
) -> None:
    clock = Clock()
    engine, source = _live(bundle, clock, recording)
    _play(engine, source, clock, recording, 0.0, 2.0)
    clock.now += 200
    with pytest.raises(SourceLostError, match="has sent nothing for 200 s") as caught:
        engine.step(0.0)
    assert caught.value.exit_code == 3


def test_a_unit_mistake_is_said_once_in_the_words_of_a_file(
    bundle: Bundle, recording: Recording
) -> None:
    loud = replace(
        recording,
        streams=tuple(
            replace(s, samples=s.samples * np.float32(1e5))
            if s.spec.modality is Modality.EEG
            else s
            for s in recording.streams
        ),
    )
    clock = Clock()
    engine, source = _live(bundle, clock, loud)
    _play(engine, source, clock, loud, 0.0, 12.0)
    engine.close()
    said = [sentence(e) for e in engine.state.events.events if " cannot be " in sentence(e)]
    (noted,) = [note for note in with_findings(loud).notes if " cannot be " in note]
    (live,) = said
    number = re.compile(r"[\d,]+ uV rms")
    assert number.sub("", live) == number.sub("", noted)


def test_commands(bundle: Bundle, recording: Recording, tmp_path: Path) -> None:
    clock = Clock()
    engine, source = _live(bundle, clock, recording)
    engine.send(Command("record", str(tmp_path / "run.xdf")))
    _play(engine, source, clock, recording, 0.0, 12.05)
    before = engine.pipeline.baseline
    engine.send(Command("marker", "look"))
    engine.send(Command("baseline"))
    source.batch = Batch(markers=(Marker(1012.3, "from the stream"),))
    engine.step(0.0)
    assert engine.pipeline.baseline_progress < 1
    assert engine.pipeline.baseline == before
    engine.send(Command("record", str(tmp_path / "nowhere" / "run.xdf")))
    _play(engine, source, clock, recording, 12.1, 14.0)
    assert "cannot write" in _standing(engine)
    markers = {row.t_end: row.marker for row in engine.predictions if row.marker}
    assert markers == {13.0: "look;from the stream"}
    engine.close()
    recorded = read(tmp_path / "run.xdf")
    assert [s.spec.modality for s in recorded.streams] == ["EEG", "GSR"]
    (stream,) = recorded.markers
    assert stream.labels == ("look", "from the stream")
    np.testing.assert_allclose(stream.timestamps, (1012.094, 1012.3), atol=0.001)


@pytest.mark.parametrize("until_s", [0.0, 0.6])
def test_a_marker_before_the_first_sample_of_a_run_without_rows(
    bundle: Bundle, recording: Recording, until_s: float
) -> None:
    clock = Clock()
    engine, source = _live(bundle, clock, recording)
    engine.send(Command("marker", "hello"))
    engine.step(0.0)
    if until_s:
        _play(engine, source, clock, recording, 0.0, until_s)
    engine.close()
    told = outcome(engine.state)["markers_after_last_row"]
    assert told == [{"at_s": None, "marker": "hello"}]
    json.dumps(told, allow_nan=False)
    assert "1 marker came after the last row and is in none: hello" in run_summary(engine.state)


def _count_polls(
    monkeypatch: pytest.MonkeyPatch,
    source: ScriptedSource,
    clock: Clock,
    asleep: Callable[[], object] = lambda: None,
) -> list[float]:
    """Let time pass by asking and sleeping alone; return when the source is asked, as it fills."""
    polled: list[float] = []
    poll = source.poll

    def counted(timeout: float) -> Batch:
        polled.append(clock.now)
        clock.now += timeout
        return poll(timeout)

    def sleep(seconds: float) -> None:
        clock.now += seconds
        asleep()

    monkeypatch.setattr(source, "poll", counted)
    monkeypatch.setattr("physiosync_rt.live.engine.time.sleep", sleep)
    return polled


def test_samples_gather_where_nothing_can_come_of_a_pass(
    bundle: Bundle, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    engine, source = _live(bundle, clock, recording)
    _play(engine, source, clock, recording, 0.0, 3.3)
    polled = _count_polls(monkeypatch, source, clock)
    began = clock.now
    engine.run(0.32)
    assert np.subtract(polled, began) == pytest.approx([0.1, 0.22, 0.32])

    del polled[:]
    due = 1004.0 + engine.pipeline.delay_s
    clock.now = due - 0.05
    engine.run(0.051)
    assert polled[0] == pytest.approx(due), "the moment from which the row may be made"

    del polled[:]
    clock.now = began
    engine.send(Command("marker", "now"))
    engine._gather(clock.now + 1.0)
    assert polled == [began], "what has come by then, and who asks does not wait"
    engine.close()


def test_samples_gather_until_the_next_snapshot_of_who_looks(
    bundle: Bundle, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    engine, source = _live(bundle, clock, recording)
    _play(engine, source, clock, recording, 0.0, 3.2)

    def look() -> None:
        window = Thread(target=lambda: engine.snapshot)
        window.start()
        window.join()

    polled = _count_polls(monkeypatch, source, clock, look)
    engine.run(0.385)
    # A snapshot is due 0.05 s after the one before, and a pass waits 0.02 s here.
    assert np.diff(polled) == pytest.approx([0.07] * 5)
    engine.close()


def test_latency_is_measured_against_the_sources_clock(
    bundle: Bundle, recording: Recording
) -> None:
    clock = Clock()
    engine, source = _live(bundle, clock, recording)
    _play(engine, source, clock, recording, 0.0, 10.0)
    engine.close()
    row = engine.predictions[-1]
    assert row.sample_age_ms is not None
    assert row.latency_ms is not None
    assert 0 <= row.sample_age_ms <= 110
    assert 100 <= row.latency_ms <= 310
    assert math.isclose(row.t_end_lsl, 1000.0 + row.t_end)


def test_a_clock_set_back_makes_no_sample_old(bundle: Bundle, recording: Recording) -> None:
    clock = Clock()
    engine, source = _live(bundle, clock, recording)
    _play(engine, source, clock, recording, 0.0, 10.0)
    _play(engine, source, clock, recording, 10.0, 20.0, shift=-40.0)
    engine.send(Command("marker", "now"))
    _play(engine, source, clock, recording, 20.0, 23.0, shift=-40.0)
    engine.close()
    ages = [row.sample_age_ms for row in engine.predictions if row.t_end > 11.0]
    assert len(ages) >= 10
    assert all(age is not None and -20 <= age <= 120 for age in ages)
    assert {row.t_end: row.marker for row in engine.predictions if row.marker} == {20.0: "now"}


def test_the_thread_ends_when_asked_and_hands_its_error_on(
    bundle: Bundle, recording: Recording
) -> None:
    clock = Clock()
    engine, source = _live(bundle, clock, recording)
    thread = EngineThread(engine, None)
    thread.start()
    thread.finish()
    assert not thread.is_alive()
    huge = np.full((700, 4), 1e12, "f4")
    source.batch = Batch((Chunk("SimulatedEEG", huge, np.arange(700) / 128),))
    failing = EngineThread(engine, None)
    engine._stopping.clear()
    failing.start()
    failing.join(10.0)
    with pytest.raises(UserError, match="exceeds"):
        failing.finish()
    engine.close()


def test_a_computers_clock_that_is_set_moves_no_row(
    bundle: Bundle, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, set_by = Clock(), [0.0]
    monkeypatch.setattr("time.time", lambda: 1.7e9 + clock.now + set_by[-1])
    engine, source = _live(bundle, clock, recording)
    for start, stop, seconds in ((0.0, 8.0, 0.0), (8.0, 15.0, 3600.0), (15.0, 22.0, -3600.0)):
        set_by.append(seconds)
        _play(engine, source, clock, recording, start, stop)
    engine.close()
    rows = list(engine.predictions)
    assert [row.t_end for row in rows] == list(np.arange(1.0, len(rows) + 1))
    assert len(rows) >= 20
    utc = [row.t_end_utc for row in rows]
    assert None not in utc
    np.testing.assert_allclose(np.diff(np.array(utc, float)), 1.0, atol=1e-6)
    assert utc[0] == pytest.approx(1.7e9 + 1001.0)
