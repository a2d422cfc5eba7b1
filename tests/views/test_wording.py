"""Every state has a wording, and the wordings are short and true."""

from __future__ import annotations

from dataclasses import replace

import pytest
from helpers.snapshots import make_row, make_snapshot

from physiosync_rt.align.stats import StreamStats
from physiosync_rt.datatypes import Reason
from physiosync_rt.live.watchdog import StreamPhase
from physiosync_rt.views import wording
from physiosync_rt.views.verdict import verdict


def test_every_reason_phase_and_quadrant_has_words() -> None:
    assert set(wording.REASONS) == set(Reason)
    assert set(wording.PHASES) == set(StreamPhase)
    assert set(wording.QUADRANTS) == {"HVHA", "HVLA", "LVHA", "LVLA"}
    for reason, (short, explanation) in wording.REASONS.items():
        assert bool(short) == bool(explanation) == (reason is not Reason.NONE)
        assert len(short) <= 32


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"reason": Reason.GAP, "completeness_eeg": 0.6}, "gap in EEG"),
        ({"reason": Reason.GAP, "completeness_pps": 0.6}, "gap in EEG"),
        ({"reason": Reason.STALLED, "completeness_eeg": 0.6}, "EEG has stopped sending"),
        ({"reason": Reason.LOW_QUALITY, "quality_pps": 0.1}, "poor EEG signal"),
        ({"reason": Reason.LOW_QUALITY, "quality_eeg": 0.1}, "poor EEG signal"),
        ({"reason": Reason.NO_PPS, "completeness_pps": None}, "no GSR"),
    ],
)
def test_a_reason_names_its_signal(changes: dict[str, object], expected: str) -> None:
    row = replace(make_row(7), **changes)  # type: ignore[arg-type]
    assert wording.why(row, "GSR") == expected


@pytest.mark.parametrize(
    ("seconds", "text"), [(-1, "00:00"), (0, "00:00"), (247.9, "04:07"), (3671, "1:01:11")]
)
def test_clock(seconds: float, text: str) -> None:
    assert wording.clock(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0241, "24 ms"), (7.3, "7.3 s"), (180, "3 min"), (float("inf"), wording.MISSING)],
)
def test_duration(seconds: float, text: str) -> None:
    assert wording.duration(seconds) == text


def test_numbers_and_units() -> None:
    assert wording.number(None) == wording.number(float("nan")) == wording.MISSING
    assert wording.number(12.34, 1, "ms") == "12.3 ms"
    assert wording.unit_text("uV") == wording.unit_text("µV") == "µV"
    assert wording.unit_text("mV") == "mV"
    assert wording.unit_text("") == "a.u."


def test_rate_is_measured_against_nominal() -> None:
    eeg = make_snapshot().streams[0]
    assert wording.rate(eeg) == "249.9 / 250 Hz"
    assert wording.rate(replace(eeg, stats=replace(eeg.stats, received=0))) == "– / 250 Hz"
    assert wording.rate(replace(eeg, spec=replace(eeg.spec, sfreq=0.0))) == "249.9 Hz"


def test_waiting_goes_from_start_to_warm_up() -> None:
    snapshot = make_snapshot(state="filling")
    captured = replace(snapshot, baseline_progress=1.0)
    assert wording.waiting_for(None) == "Starting: loading the model"
    assert wording.waiting_for(replace(snapshot, streams=())) == "Looking for streams"
    assert wording.waiting_for(make_snapshot(state="waiting")).startswith("Waiting for EEG")
    assert wording.waiting_for(snapshot) == "Sit still: 27 s of rest to go"
    assert wording.waiting_for(captured) == "Filling the first window: 3 of 5 s"
    assert wording.waiting_for(replace(captured, run_s=6.0)).startswith("Warming up")


def test_fallback_to_one_modality_is_said() -> None:
    snapshot = make_snapshot()
    row = make_row(9, reason=Reason.NO_EEG, modalities="gsr")
    assert (
        wording.signals_used(replace(snapshot, prediction=row))
        == "GSR only: no EEG, confidence lowered"
    )
    row = make_row(9, reason=Reason.NO_PPS, modalities="eeg")
    assert (
        wording.signals_used(replace(snapshot, prediction=row))
        == "EEG only: no GSR, confidence lowered"
    )


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (Reason.GAP, "gap in GSR"),
        (Reason.STALLED, "GSR has stopped sending"),
        (Reason.LOW_QUALITY, "poor GSR signal"),
        (Reason.NO_BASELINE, "no baseline of GSR yet"),
        (Reason.WARMING_UP, "GSR warming up"),
        (Reason.NONE, "no GSR"),
    ],
)
def test_why_the_peripheral_signal_was_left_out_is_said(reason: Reason, said: str) -> None:
    row = replace(make_row(9, reason=Reason.NO_PPS, modalities="eeg"), left_out=reason)
    snapshot = replace(make_snapshot(), prediction=row)
    assert wording.signals_used(snapshot) == f"EEG only: {said}, confidence lowered"
    alone = replace(make_row(9, reason=Reason.NO_EEG, modalities="gsr"), left_out=Reason.GAP)
    assert wording.why(alone, "GSR") == "gap in EEG"


def test_an_ecg_without_a_heart_is_said_in_every_sentence() -> None:
    snapshot = make_snapshot()
    row = replace(make_row(9, reason=Reason.NO_PPS, modalities="eeg"), left_out=Reason.NO_HEARTBEAT)
    assert wording.why(row, "ECG") == "no heartbeat in the ECG"
    withheld = replace(row, valid=False)
    headline, sentence = verdict(replace(snapshot, prediction=withheld))
    assert headline == "No prediction"
    assert sentence.endswith("no beats of a repeated shape; check its electrodes.")


def test_every_count_is_one_of_the_record_and_has_its_word_once() -> None:
    stats = StreamStats()
    assert all(getattr(stats, name) == 0 for name in wording.STREAM_COUNTS)
    words = [count.word for count in wording.STREAM_COUNTS.values()]
    assert len(set(words)) == len(words)
    assert set(wording.RARE) < set(wording.STREAM_COUNTS)


@pytest.mark.parametrize(("quality", "word"), [(0.7, "good"), (0.69, "fair"), (0.39, "poor")])
def test_quality_word(quality: float, word: str) -> None:
    assert wording.quality_word(quality) == word
