from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pylsl
import pytest

from physiosync_rt.datatypes import (
    Modality,
    RecordedMarkers,
    RecordedStream,
    Recording,
    StreamSpec,
)
from physiosync_rt.errors import UserError
from physiosync_rt.formats.registry import read
from physiosync_rt.lsl.discovery import full_info, resolve
from physiosync_rt.lsl.faults import FaultPlan
from physiosync_rt.lsl.info import END_MARKER, declared_speed, layout
from physiosync_rt.lsl.replay import Replayer, due_times

_RNG = np.random.default_rng(11)


def _recording(tmp_name: str, seconds: float = 2.0) -> Recording:
    """EEG with jitter and a counter, GSR on another clock 0.37 s later, markers."""
    n_eeg, n_gsr = int(seconds * 128), int(seconds * 32)
    eeg = RecordedStream(
        StreamSpec("EEG", Modality.EEG, ("Fz", "Cz"), 128.0, "uV", "EEG"),
        _RNG.normal(size=(n_eeg, 2)).astype(np.float32),
        1e5 + np.arange(n_eeg) / 128 + _RNG.normal(0, 0.004, n_eeg),
        counter=np.arange(n_eeg) * 2 + 500,
    )
    gsr = RecordedStream(
        StreamSpec("GSR", Modality.GSR, ("GSR",), 32.0, "uS", "EDA"),
        _RNG.normal(size=(n_gsr, 1)).astype(np.float32),
        50.37 + np.arange(n_gsr) / 32,
        np.array([[50.0, 1e5 - 50.0], [51.0, 1e5 - 50.0 + 0.002]]),
    )
    labels = ("start", "far away", "middle")
    markers = RecordedMarkers("events", np.array([1e5 + 0.1, 2e5, 1e5 + 1.0]), labels)
    return Recording((eeg, gsr), (markers,), path=Path(f"{tmp_name}.xdf"))


@dataclass
class _Received:
    stamps: list[float] = field(default_factory=list)
    rows: list[list[float]] = field(default_factory=list)


class _Consumer:
    """Inlets for all streams of one replay."""

    def __init__(self, prefix: str, n_streams: int) -> None:
        def mine(infos: list[pylsl.StreamInfo]) -> list[pylsl.StreamInfo]:
            return [info for info in infos if info.name().startswith(prefix)]

        found = mine(resolve(20.0, enough=lambda infos: len(mine(infos)) == n_streams))
        assert len(found) == n_streams
        self.infos = {info.name(): full_info(info) for info in found}
        self._inlets = {info.name(): pylsl.StreamInlet(info, recover=False) for info in found}
        for inlet in self._inlets.values():
            inlet.open_stream(timeout=5.0)
        self.received = {name: _Received() for name in self._inlets}
        self.texts: list[str] = []
        self.text_stamps: list[float] = []
        self.marker_name = f"{prefix}markers"

    def until_end(self, timeout: float = 30.0) -> None:
        deadline = time.monotonic() + timeout
        while END_MARKER not in self.texts and time.monotonic() < deadline:
            self._pull()
            time.sleep(0.02)
        time.sleep(0.3)
        self._pull()
        for inlet in self._inlets.values():
            inlet.close_stream()

    def _pull(self) -> None:
        for name, inlet in self._inlets.items():
            rows, stamps = inlet.pull_chunk(timeout=0.0, max_samples=4096)
            if name == self.marker_name:
                self.texts += [row[0] for row in rows]
                self.text_stamps += stamps
            else:
                self.received[name].rows += list(rows)
                self.received[name].stamps += stamps


@contextmanager
def _playing(replayer: Replayer) -> Iterator[None]:
    thread = threading.Thread(target=replayer.run, name="replay")
    thread.start()
    try:
        yield
    finally:
        replayer.stop()
        thread.join(timeout=20.0)
        assert not thread.is_alive()


@pytest.mark.parametrize("speed", [1.0, 4.0])
def test_everything_arrives_with_its_original_timing(speed: float) -> None:
    prefix = f"timing{speed:g}-"
    recording = _recording("timing")
    progress: list[tuple[float, float]] = []
    replayer = Replayer(
        recording,
        speed=speed,
        prefix=prefix,
        on_progress=lambda done, total: progress.append((done, total)),
    )
    with _playing(replayer):
        consumer = _Consumer(prefix, 3)
        begin = time.monotonic()
        consumer.until_end()
        wall_s = time.monotonic() - begin
    # A second of settling, the recording at its speed, and what a busy machine adds.
    assert replayer.duration / speed < wall_s < 1.0 + replayer.duration / speed + 5.0
    eeg, gsr = recording.streams
    received_eeg, received_gsr = (
        consumer.received[f"{prefix}EEG"],
        consumer.received[f"{prefix}GSR"],
    )
    made = layout(consumer.infos[f"{prefix}EEG"])
    samples, counter = made.split(np.array(received_eeg.rows))
    np.testing.assert_array_equal(samples, eeg.samples)
    assert counter is not None
    assert eeg.counter is not None
    np.testing.assert_array_equal(counter, eeg.counter - eeg.counter[0])
    np.testing.assert_array_equal(np.array(received_gsr.rows, dtype=np.float32), gsr.samples)
    # One clock for all: what differs between published and recorded times is one constant.
    constant = received_eeg.stamps[0] - eeg.timestamps[0]
    np.testing.assert_allclose(received_eeg.stamps, eeg.timestamps + constant, rtol=0, atol=1e-9)
    n_before = int(np.sum(gsr.timestamps < 51.0))
    offsets = np.where(np.arange(len(gsr.timestamps)) < n_before, 1e5 - 50.0, 1e5 - 49.998)
    np.testing.assert_allclose(
        received_gsr.stamps, gsr.timestamps + offsets + constant, rtol=0, atol=1e-9
    )
    # The marker with a wrong clock is dropped.
    assert consumer.texts == ["start", "middle", END_MARKER]
    np.testing.assert_allclose(
        consumer.text_stamps[:2], np.array([1e5 + 0.1, 1e5 + 1.0]) + constant, rtol=0, atol=1e-9
    )
    assert consumer.text_stamps[-1] >= max(received_eeg.stamps[-1], received_gsr.stamps[-1]) - 1e-9
    assert {declared_speed(info) for info in consumer.infos.values()} == {speed}
    assert made.whole.unit == "uV"
    assert progress[-1] == (pytest.approx(replayer.duration), replayer.duration)


def test_a_part_is_cut_in_seconds_from_the_first_eeg_sample() -> None:
    recording = _recording("cut", seconds=4.0)
    replayer = Replayer(recording, start=1.0, stop=2.0)
    assert replayer.duration == pytest.approx(1.0, abs=0.05)
    with pytest.raises(UserError, match=r"no samples from 90 s; .* it lasts 4 s"):
        Replayer(recording, start=90.0)
    with pytest.raises(UserError, match=r"no samples from 90 s to 91\.5 s; the times"):
        Replayer(recording, start=90.0, stop=91.5)
    with pytest.raises(UserError, match="no samples to -1 s; the times"):
        Replayer(recording, stop=-1.0)


def test_identity_is_stable_over_restarts() -> None:
    first, again = (Replayer(_recording("walk"), prefix="p-") for _ in range(2))
    assert first.specs == again.specs
    assert [s.name for s in first.specs] == ["p-EEG", "p-GSR"]
    assert {s.source_id for s in first.specs} == {
        "physiosync-replay:walk:p-EEG",
        "physiosync-replay:walk:p-GSR",
    }
    assert first.marker_name == "p-markers"


@pytest.mark.parametrize("speed", [0.0, -1.0, float("inf"), float("nan")])
def test_an_invalid_speed_is_rejected(speed: float) -> None:
    with pytest.raises(UserError, match="speed"):
        Replayer(_recording("speed"), speed=speed)


def test_a_stopped_loop_says_that_it_ends() -> None:
    recording = replace(_recording("loop", seconds=0.5), markers=())
    replayer = Replayer(recording, loop=True, speed=4.0, prefix="loop-")
    with _playing(replayer):
        consumer = _Consumer("loop-", 3)
        thread = threading.Timer(3.0, replayer.stop)
        thread.start()
        consumer.until_end()
        thread.join()
    stamps = np.array(consumer.received["loop-GSR"].stamps)
    assert len(stamps) > 32
    # Rounds follow each other on one clock, with a pause that no window can cross.
    assert (np.diff(stamps) > 0).all()
    assert np.diff(stamps).max() > 0.9
    assert consumer.texts == [END_MARKER]


def test_without_waiting_nobody_needs_to_listen() -> None:
    replayer = Replayer(_recording("alone", seconds=0.5), wait=False, prefix="alone-")
    thread = threading.Thread(target=replayer.run)
    thread.start()
    thread.join(timeout=10.0)
    assert not thread.is_alive()


def test_a_replay_nobody_listens_to_can_be_stopped() -> None:
    replayer = Replayer(_recording("unheard"), prefix="unheard-")
    with _playing(replayer):
        time.sleep(0.2)


def test_lost_samples_are_lost_with_their_counts() -> None:
    recording = _recording("faults")
    replayer = Replayer(
        recording, prefix="faults-", speed=4.0, faults=FaultPlan.parse("loss=0.2,seed=5")
    )
    with _playing(replayer):
        consumer = _Consumer("faults-", 3)
        consumer.until_end()
    received = consumer.received["faults-EEG"]
    samples, counter = layout(consumer.infos["faults-EEG"]).split(np.array(received.rows))
    n_sent = recording.streams[0].samples.shape[0]
    assert 0.6 * n_sent < len(samples) < 0.95 * n_sent
    assert counter is not None
    np.testing.assert_array_equal(samples, recording.streams[0].samples[counter // 2])


def test_samples_are_sent_when_their_time_has_come_and_never_out_of_order() -> None:
    times = np.array([0.0, 0.01, 0.03, 0.02, 0.04])
    assert due_times(times, 100.0).tolist() == pytest.approx([0.0, 0.01, 0.03, 0.03, 0.04])
    # A clock reset, back or far ahead, causes no waiting.
    before, after = 1e6 + np.arange(5) / 100, np.arange(5) / 100
    for reset in (np.concatenate([before, after]), np.concatenate([after, before])):
        np.testing.assert_allclose(np.diff(due_times(reset, 100.0)), 0.01, atol=1e-6)
    # A pause is waited for.
    pause = np.array([0.0, 0.01, 90.0])
    assert due_times(pause, 100.0).tolist() == pytest.approx([0.0, 0.01, 90.0])


def test_two_hosts_are_replayed_on_one_clock(data_dir: Path) -> None:
    recording = read(data_dir / "xdf-ecg-markers" / "ecg_twohost_clean_68s.xdf")
    replayer = Replayer(recording, speed=20.0, prefix="hosts-")
    with _playing(replayer):
        consumer = _Consumer("hosts-", 2)
        consumer.until_end()
    stamps = consumer.received["hosts-HeartyPatch"].stamps
    assert len(stamps) == 8720
    assert len(consumer.texts) == 5
    assert all(stamps[0] < t < stamps[-1] for t in consumer.text_stamps[:-1])


def test_a_clock_reset_is_replayed_in_the_time_it_took(data_dir: Path) -> None:
    recording = read(data_dir / "xdf-examples" / "clock_resets.xdf")
    assert Replayer(recording).duration == pytest.approx(573.0, abs=1.0)
    # Without a clock offset the length of the reset is unknown.
    lost = tuple(replace(s, clock_offsets=np.empty((0, 2))) for s in recording.streams)
    assert Replayer(replace(recording, streams=lost)).duration < 300.0
