"""What happens to a stream becomes one sentence, said once and not for ever."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from physiosync_rt.align.counters import Counters
from physiosync_rt.datatypes import Modality, StreamPhase, StreamSpec, StreamState
from physiosync_rt.notices import SHOWN_S, Notices
from physiosync_rt.watchdog import Watchdog

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
    notices, watchdog = Notices(), Watchdog(0.0)
    lane = SimpleNamespace(spec=SPEC, aligner=SimpleNamespace(counters=Counters()))
    notices.heed_stream(lane, watchdog, 1.0)  # type: ignore[arg-type]
    assert not notices.events
    for name, value in counted.items():
        setattr(lane.aligner.counters, name, value)
    notices.heed_stream(lane, watchdog, 2.0)  # type: ignore[arg-type]
    notices.heed_stream(lane, watchdog, 3.0)  # type: ignore[arg-type]
    assert len(notices.events) == 1
    assert notices.sentence([_state()], STANDING, 2.0 + SHOWN_S + 0.1) == STANDING
    return notices.sentence([_state()], STANDING, 3.0)


def test_each_event_has_its_sentence_for_a_while() -> None:
    assert _after(gaps=1, lost=125) == "cap lost 125 samples (0.5 s)"
    assert _after(gaps=1, clock_resets=1) == "the clock of cap was set anew; it goes on after a gap"
    assert _after(duplicated=50) == "cap sent 50 samples twice; they are left out"


def test_what_the_source_says_of_an_event_comes_before_its_counts() -> None:
    notices, watchdog = Notices(), Watchdog(0.0)
    lane = SimpleNamespace(spec=SPEC, aligner=SimpleNamespace(counters=Counters(gaps=1, lost=500)))
    notices.heed_source(["stream 'cap' is back after 2.0 s"], 1.0)
    notices.heed_stream(lane, watchdog, 1.3)  # type: ignore[arg-type]
    assert "is back" in notices.sentence([_state()], "", 1.4)
    assert "lost 500 samples" in notices.sentence([_state()], "", 7.0)


def test_a_burst_is_an_event() -> None:
    notices, watchdog = Notices(), Watchdog(0.0)
    lane = SimpleNamespace(spec=SPEC, aligner=SimpleNamespace(counters=Counters()))
    watchdog.bursts = 1
    notices.heed_stream(lane, watchdog, 1.0)  # type: ignore[arg-type]
    assert "held samples up" in notices.sentence([_state()], "", 1.0)


def test_what_the_source_says_is_taken_over_once() -> None:
    notices = Notices()
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
    assert sentence in Notices().sentence([_state(**changes)], STANDING, 99.0)
