"""What happens to a stream becomes one sentence, said once and not for ever."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from physiosync_rt.align.stats import Counters
from physiosync_rt.datatypes import Modality, StreamPhase, StreamSpec, StreamState
from physiosync_rt.live.events import SHOWN_S, EventLog, each_once
from physiosync_rt.live.watchdog import Watchdog


def _stream(**counted: int) -> SimpleNamespace:
    """A stream that sends 250 Hz and has counted so much."""
    aligner = SimpleNamespace(counters=Counters(**counted), off_rate=False, sfreq_effective=250.0)
    return SimpleNamespace(spec=SPEC, aligner=aligner)


SPEC = StreamSpec("cap", Modality.EEG, ("Cz",), 250.0, "uV")
STANDING = "no GSR stream: EEG only"


def _state(**changes: object) -> StreamState:
    fields = {
        "spec": SPEC,
        "phase": StreamPhase.STREAMING,
        "sfreq_effective": 250.0,
        "jitter_ms": 1.0,
        "age_s": 0.0,
        **dict.fromkeys(("received", "lost", "late", "duplicated", "dropped", "gaps"), 0),
        "channel_quality": (),
    }
    return StreamState(**{**fields, **changes})  # type: ignore[arg-type]


def _after(**counted: int) -> str:
    """The sentence after these counters have moved."""
    notices, watchdog, stream = EventLog(), Watchdog(0.0), _stream()
    notices.heed_stream(stream, watchdog, 1.0)  # type: ignore[arg-type]
    assert not notices.events
    for name, value in counted.items():
        setattr(stream.aligner.counters, name, value)
    notices.heed_stream(stream, watchdog, 2.0)  # type: ignore[arg-type]
    notices.heed_stream(stream, watchdog, 3.0)  # type: ignore[arg-type]
    assert len(notices.events) == 1
    assert notices.sentence([_state()], STANDING, 2.0 + SHOWN_S + 0.1) == STANDING
    return notices.sentence([_state()], STANDING, 3.0)


def test_each_event_has_its_sentence_for_a_while() -> None:
    assert _after(gaps=1, lost=125) == "cap lost 125 samples (0.5 s)"
    assert _after(gaps=1, lost=1) == "cap lost 1 sample (0.004 s)"
    assert _after(gaps=1, clock_resets=1) == "the clock of cap was set anew; it goes on after a gap"
    assert (
        _after(received=500, duplicated=50)
        == "cap sent 50 of its last 500 samples twice; they are left out"
    )
    assert (
        _after(received=970, lost=30)
        == "cap lost 30 of its last 1000 samples, a few at a time; they are bridged"
    )
    assert (
        _after(received=500, bad=4)
        == "cap sent values that are no numbers in 4 of its last 500 samples; they are left out"
    )


def test_what_goes_on_is_summed_up_and_not_said_for_every_sample() -> None:
    notices, watchdog, stream = EventLog(), Watchdog(0.0), _stream()
    for _ in range(1000):
        stream.aligner.counters.received += 24
        stream.aligner.counters.lost += 1
        notices.heed_stream(stream, watchdog, 1.0)  # type: ignore[arg-type]
    said = [event.text for event in notices.events]
    assert said[0].startswith("cap lost 1 of its last 25 samples")
    assert said[1].startswith("cap lost 100 of its last 2500 samples")
    # 100 s of samples are summed up every ten seconds; at the end it is one sentence.
    assert len(said) == 10
    assert each_once(said) == (f"{said[0]} (the first of 10 such)",)
    assert each_once(["", "obci_eeg1 is back", "obci_eeg2 is back"]) == (
        "obci_eeg1 is back",
        "obci_eeg2 is back",
    )


def test_a_rate_that_is_off_is_an_event_of_its_own_and_told_once() -> None:
    notices, watchdog, stream = EventLog(), Watchdog(0.0), _stream()
    stream.aligner.off_rate, stream.aligner.sfreq_effective = True, 256.4
    for now in (1.0, 2.0, 3.0):
        notices.heed_stream(stream, watchdog, now)  # type: ignore[arg-type]
    assert [event.text for event in notices.events] == [
        "cap declares 250 Hz and sends 256.4 Hz; it is resampled as it comes"
    ]


def test_what_the_source_says_of_an_event_comes_before_its_counts() -> None:
    notices, watchdog, stream = EventLog(), Watchdog(0.0), _stream(gaps=1, lost=500)
    notices.heed_source(["stream 'cap' is back after 2.0 s"], 1.0)
    notices.heed_stream(stream, watchdog, 1.3)  # type: ignore[arg-type]
    assert "is back" in notices.sentence([_state()], "", 1.4)
    assert "lost 500 samples" in notices.sentence([_state()], "", 7.0)


def test_one_streams_trouble_does_not_hide_anothers() -> None:
    notices, watchdog, eeg, gsr = (
        EventLog(),
        Watchdog(0.0),
        _stream(received=98),
        _stream(received=7),
    )
    gsr.spec = replace(SPEC, name="skin")
    eeg.aligner.counters.lost = 2
    notices.heed_stream(eeg, watchdog, 1.0)  # type: ignore[arg-type]
    for now in (1.0, 2.0, 3.0):
        gsr.aligner.counters.lost += 6
        gsr.aligner.counters.gaps += 1
        notices.heed_stream(gsr, watchdog, now)  # type: ignore[arg-type]
    said = notices.sentence([_state()], "", 3.0)
    assert said == (
        "cap lost 2 of its last 100 samples, a few at a time; they are bridged; "
        "skin lost 6 samples (0.024 s)"
    )


def test_a_burst_is_an_event() -> None:
    notices, watchdog, stream = EventLog(), Watchdog(0.0), _stream()
    watchdog.bursts = 1
    notices.heed_stream(stream, watchdog, 1.0)  # type: ignore[arg-type]
    assert "held samples up" in notices.sentence([_state()], "", 1.0)


def test_what_the_source_says_is_taken_over_once() -> None:
    notices = EventLog()
    said = ["stream 'cap' has gone", "stream 'skin' has gone"]
    notices.heed_source(said, 1.0)
    notices.heed_source(said, 2.0)
    assert len(notices.events) == 2
    # Both came together: the first is the EEG's.
    assert notices.sentence([_state()], "", 2.0) == "stream 'cap' has gone"
    said.append("stream 'cap' is back")
    notices.heed_source(said, 3.0)
    assert notices.sentence([_state()], "", 3.0) == "stream 'cap' is back"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"phase": StreamPhase.WAITING, "age_s": 3.0}, "waiting for the first sample of cap"),
        ({"phase": StreamPhase.STALLED, "age_s": 4.0}, "cap has sent nothing for 4 s"),
        ({"phase": StreamPhase.LOST, "age_s": 15.0}, "cap is lost; check the device"),
        ({"stamps_stuck": True}, "the timestamps of cap stand still"),
        ({"rate_is_off": True, "sfreq_effective": 255.0}, "declares 250 Hz and sends 255 Hz"),
        ({}, STANDING),
    ],
)
def test_lasting_trouble_is_said_as_long_as_it_lasts(
    changes: dict[str, object], sentence: str
) -> None:
    assert sentence in EventLog().sentence([_state(**changes)], STANDING, 99.0)
