"""A sender that does not respond in time, as on a busy computer, ends no run."""

from __future__ import annotations

import socket

import pylsl
import pytest

from physiosync_rt.errors import UserError
from physiosync_rt.lsl import clock_correction, probe
from physiosync_rt.lsl.clock_correction import ClockCorrection
from physiosync_rt.lsl.inlet import SignalInlet
from physiosync_rt.lsl.reconnect import Reconnect
from physiosync_rt.lsl.source import LslSource

HERE = socket.gethostname()


class Silent:
    """An inlet of liblsl whose sender never responds."""

    def __init__(self) -> None:
        self.n_asked = 0

    def time_correction(self, timeout: float) -> float:
        self.n_asked += 1
        raise pylsl.util.TimeoutError("the operation failed due to a timeout.")

    def open_stream(self, timeout: float) -> None:
        raise pylsl.util.TimeoutError("the operation failed due to a timeout.")


class Before:
    """The correction of a clock elsewhere."""

    fixed = False


class Lost:
    """An inlet that has lost its outlet, and whose successor does not respond."""

    def __init__(self) -> None:
        self.lost = True
        self.name = "cap"
        self.info = pylsl.StreamInfo("cap", "EEG", 1, 100.0, "float32", "before")
        self.n_tried = 0

    def reopen(self, info: pylsl.StreamInfo) -> None:
        self.n_tried += 1
        raise pylsl.util.TimeoutError("the operation failed due to a timeout.")


def test_a_clock_of_this_computer_counts_as_known_without_an_answer() -> None:
    correction = ClockCorrection(Silent(), HERE, "cap")
    assert (correction.known, correction.offset) == (True, 0.0)


def test_another_computer_has_to_answer_at_the_start() -> None:
    with pytest.raises(UserError, match="stream 'cap' on elsewhere does not respond to clock"):
        ClockCorrection(Silent(), "elsewhere", "cap")


def test_in_the_middle_of_a_run_the_samples_wait_and_the_run_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inlet = Silent()
    correction = ClockCorrection(inlet, "elsewhere", "cap", Before())
    correction.renew()
    assert (inlet.n_asked, correction.known) == (1, False)
    monkeypatch.setattr(clock_correction, "ANSWER_S", 0.0)
    correction.renew()
    assert correction.known


def test_a_stream_that_does_not_open_is_a_sentence() -> None:
    inlet = SignalInlet.__new__(SignalInlet)
    inlet._inlet = Silent()
    inlet._splitter = type("Splitter", (), {"specs": (type("Spec", (), {"name": "cap"}),)})
    with pytest.raises(UserError, match="stream 'cap' was found but cannot be opened"):
        inlet.start()


def test_a_successor_that_does_not_respond_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    inlet = Lost()
    recovery = Reconnect(inlet, frozenset)
    successor = pylsl.StreamInfo("cap", "EEG", 1, 100.0, "float32", "before")
    monkeypatch.setattr(recovery, "_successor", lambda: successor)
    said = recovery.step(False)
    assert said is not None
    assert "is lost" in said.text
    assert recovery.step(False) is None
    recovery._due = 0.0
    assert recovery.step(False) is None
    assert inlet.n_tried == 2


def test_a_marker_stream_that_does_not_respond_is_not_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("physiosync_rt.lsl.markers.raw_inlet", lambda _: Silent())
    source = LslSource()
    source._open_markers([pylsl.StreamInfo("events", "Markers", 1, 0.0, "string", "e")])
    (message,) = source.messages
    assert message.text == "marker stream 'events' does not respond; it is not used"
    assert source._markers == []


def test_a_stream_that_does_not_respond_is_not_listened_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def silent(info: pylsl.StreamInfo, device: None) -> SignalInlet:
        raise pylsl.util.TimeoutError("the operation failed due to a timeout.")

    info = pylsl.StreamInfo("cap", "EEG", 1, 100.0, "float32", "c")
    monkeypatch.setattr(probe, "resolve", lambda _: [info])
    monkeypatch.setattr(probe, "SignalInlet", silent)
    with pytest.raises(UserError, match="no stream carries EEG, GSR or ECG"):
        probe.listen(None, 0.1, 0.1)
