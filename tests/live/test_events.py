"""What happens to a stream becomes an event, shown for a while and not for ever."""

from __future__ import annotations

from dataclasses import replace

import pytest

from physiosync_rt.align.stats import StreamStats
from physiosync_rt.datatypes import Modality, StreamSpec
from physiosync_rt.live.events import Event, EventKind, EventLog
from physiosync_rt.live.shown_events import SHOWN_S, shown_events
from physiosync_rt.live.snapshot import StreamState
from physiosync_rt.live.watchdog import StreamPhase
from physiosync_rt.sources.base import SourceMessage

SPEC = StreamSpec("cap", Modality.EEG, ("Cz",), 250.0, "uV")
SKIN = replace(SPEC, name="skin", modality=Modality.GSR, unit="uS")
STREAMING = StreamState(SPEC, StreamPhase.STREAMING, StreamStats(), 0.0, ())
BAD_CZ = Event(EventKind.NOTE, 0.0, "cap", text="bad electrodes: Cz (flat)")


def _after(**counted: int) -> Event:
    """The event after these counts have moved, which is shown for a while."""
    log = EventLog()
    log.update(SPEC, StreamStats(), 1.0)
    assert not log.events
    for now in (2.0, 3.0):
        log.update(SPEC, StreamStats(**counted), now)  # type: ignore[arg-type]
    (event,) = log.events
    assert event.at == 2.0
    assert shown_events(log, [STREAMING], (BAD_CZ,), 3.0) == (event,)
    assert shown_events(log, [STREAMING], (BAD_CZ,), 2.0 + SHOWN_S + 0.1) == (BAD_CZ,)
    return event


def test_how_many_electrodes_there_are_hides_nothing() -> None:
    log = EventLog()
    few = Event(EventKind.ELECTRODES, 1.0, "cap", n=8, n_seen=32)
    log.add(few)
    assert shown_events(log, [STREAMING], (BAD_CZ,), 3.0) == (few, BAD_CZ)


def test_that_a_run_proves_nothing_is_hidden_by_no_trouble() -> None:
    log = EventLog()
    no_proof = Event(EventKind.NO_PROOF, 3.0, "cap")
    gap = Event(EventKind.GAP, 2.0, "cap", n=125, seconds=0.5)
    log.add(gap)
    assert shown_events(log, [STREAMING], (no_proof, BAD_CZ), 3.0) == (gap, no_proof)
    log.add(Event(EventKind.NO_PROOF, 2.5, "mine"))
    shown = shown_events(log, [STREAMING], (no_proof,), 3.0)
    assert [event.kind for event in shown].count(EventKind.NO_PROOF) == 1


@pytest.mark.parametrize(
    ("counted", "event"),
    [
        ({"gaps": 1, "lost": 125}, Event(EventKind.GAP, 2.0, "cap", n=125, seconds=0.5)),
        ({"gaps": 1, "clock_resets": 1}, Event(EventKind.CLOCK_RESET, 2.0, "cap")),
        (
            {"received": 500, "duplicates": 50},
            Event(EventKind.DUPLICATES, 2.0, "cap", n=50, n_seen=500),
        ),
        ({"received": 970, "lost": 30}, Event(EventKind.LOSSES, 2.0, "cap", n=30, n_seen=1000)),
        (
            {"received": 500, "nonfinite": 4},
            Event(EventKind.NONFINITE, 2.0, "cap", n=4, n_seen=500),
        ),
        ({"late_in_bursts": 200}, Event(EventKind.BURST, 2.0, "cap", n=200)),
    ],
)
def test_counts_that_move_make_one_event(counted: dict[str, int], event: Event) -> None:
    assert _after(**counted) == event


def test_what_goes_on_is_summed_up_and_not_reported_for_every_sample() -> None:
    log = EventLog()
    for k in range(1, 1001):
        log.update(SPEC, StreamStats(received=24 * k, lost=k), 1.0)
    counted = [(event.n, event.n_seen) for event in log.events]
    # 100 s of samples are summed up every ten seconds.
    assert counted[:2] == [(1, 25), (100, 2500)]
    assert len(counted) == 10
    assert len({event.topic for event in log.events}) == 1


def test_a_rate_that_is_off_is_one_event_and_shown_as_long_as_it_lasts() -> None:
    log = EventLog()
    stats = StreamStats(rate_is_off=True, sfreq_effective=256.4)
    for now in (1.0, 2.0, 3.0):
        log.update(SPEC, stats, now)
    event = Event(EventKind.RATE_OFF, 1.0, "cap", sfreq=250.0, sfreq_effective=256.4)
    assert list(log.events) == [event]
    (later,) = shown_events(log, [replace(STREAMING, stats=stats)], (BAD_CZ,), 99.0)
    assert later == replace(event, at=99.0)


def test_what_the_source_says_of_an_event_comes_before_its_counts() -> None:
    log = EventLog()
    log.add_messages([SourceMessage("stream 'cap' is back after 2.0 s", "back")], 1.0)
    log.update(SPEC, StreamStats(gaps=1, lost=500), 1.3)
    (said,) = shown_events(log, [STREAMING], (), 1.4)
    assert said.text == "stream 'cap' is back after 2.0 s"
    assert said.topic == (EventKind.SOURCE, "", "back")
    said, counted = shown_events(log, [STREAMING], (), 7.0)
    assert (counted.kind, counted.n) == (EventKind.GAP, 500)


def test_one_streams_trouble_does_not_hide_anothers() -> None:
    log = EventLog()
    log.update(SPEC, StreamStats(received=98, lost=2), 1.0)
    for k, now in enumerate((1.0, 2.0, 3.0), 1):
        log.update(SKIN, StreamStats(received=7, lost=6 * k, gaps=k), now)
    shown = shown_events(log, [STREAMING], (), 3.0)
    assert [(e.stream, e.kind, e.n) for e in shown] == [
        ("cap", EventKind.LOSSES, 2),
        ("skin", EventKind.GAP, 6),
    ]


def test_what_the_source_says_is_taken_over_once() -> None:
    log = EventLog()
    said = [SourceMessage(f"stream '{name}' has gone") for name in ("cap", "skin")]
    log.add_messages(said, 1.0)
    log.add_messages(said, 2.0)
    assert [event.text for event in log.events] == [message.text for message in said]
    # Both came together: the first is the EEG's.
    assert [event.text for event in shown_events(log, [STREAMING], (), 2.0)] == [said[0].text]
    said.append(SourceMessage("stream 'cap' is back"))
    log.add_messages(said, 3.0)
    assert [event.text for event in shown_events(log, [STREAMING], (), 3.0)] == [said[2].text]


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        (replace(STREAMING, phase=StreamPhase.WAITING, age_s=3.0), EventKind.WAITING),
        (replace(STREAMING, phase=StreamPhase.STALLED, age_s=4.0), EventKind.STALLED),
        (replace(STREAMING, phase=StreamPhase.LOST, age_s=15.0), EventKind.STREAM_LOST),
        (replace(STREAMING, stats=StreamStats(clock_is_stuck=True)), EventKind.CLOCK_STUCK),
    ],
)
def test_lasting_trouble_is_shown_as_long_as_it_lasts(state: StreamState, kind: EventKind) -> None:
    log = EventLog()
    log.add_messages([SourceMessage("stream 'cap' has gone")], 98.0)
    assert shown_events(log, [state], (BAD_CZ,), 99.0) == (
        Event(kind, 99.0, "cap", seconds=state.age_s),
    )


def test_what_holds_for_the_run_is_shown_when_nothing_happens() -> None:
    log = EventLog()
    log.standing = Event(EventKind.NO_STREAM, 0.0, text="GSR")
    waiting = replace(STREAMING, phase=StreamPhase.WAITING, age_s=1.0)
    for state in (STREAMING, waiting):
        assert shown_events(log, [state], (BAD_CZ,), 99.0) == (BAD_CZ, log.standing)
    assert log.all_events == (log.standing,)
