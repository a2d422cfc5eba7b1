"""Every event has its sentence; what came again and again is told once."""

from __future__ import annotations

import pytest

from physiosync_rt.live.events import Event, EventKind
from physiosync_rt.views.events_text import SENTENCES, notice_text, sentence, told


def test_every_kind_has_a_sentence() -> None:
    assert set(SENTENCES) == set(EventKind)
    for kind in EventKind:
        said = sentence(Event(kind, 0.0, "cap {x}", n=2, n_seen=3, text="why {y}"))
        assert "cap {x}" in said or "why {y}" in said


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (Event(EventKind.GAP, 0.0, "cap", n=125, seconds=0.5), "cap lost 125 samples (0.5 s)"),
        (Event(EventKind.GAP, 0.0, "cap", n=1, seconds=0.004), "cap lost 1 sample (0.004 s)"),
        (
            Event(EventKind.CLOCK_RESET, 0.0, "cap"),
            "the clock of cap was reset; it goes on after a gap",
        ),
        (
            Event(EventKind.DUPLICATES, 0.0, "cap", n=50, n_seen=500),
            "cap sent 50 duplicates among its last 500 samples; they are left out",
        ),
        (
            Event(EventKind.CLOCK_STUCK, 0.0, "cap"),
            "the clock of cap is stuck; its samples are left out",
        ),
        (
            Event(EventKind.LOSSES, 0.0, "cap", n=30, n_seen=1000),
            "cap lost 30 of its last 1000 samples, a few at a time; they are bridged",
        ),
        (
            Event(EventKind.NONFINITE, 0.0, "cap", n=4, n_seen=500),
            "cap sent NaN or infinite values in 4 of its last 500 samples; they are left out",
        ),
        (
            Event(EventKind.RATE_OFF, 0.0, "cap", sfreq=250.0, sfreq_effective=256.4),
            "cap declares 250 Hz and sends 256.4 Hz; it is resampled as it comes",
        ),
        (
            Event(EventKind.BURST, 0.0, "cap", n=200),
            "cap held 200 samples back and sent them at once",
        ),
        (Event(EventKind.WAITING, 0.0, "cap"), "waiting for the first sample of cap"),
        (Event(EventKind.STALLED, 0.0, "cap", seconds=4.2), "cap has sent nothing for 4 s"),
        (
            Event(EventKind.STREAM_LOST, 0.0, "cap"),
            "cap is lost; check the device, the run goes on",
        ),
        (
            Event(EventKind.NO_STREAM, 0.0, text="GSR"),
            "no GSR stream: EEG only, confidence is lowered",
        ),
        (
            Event(
                EventKind.FILE_BLOCKED,
                0.0,
                seconds=700.0,
                text="No space left on device",
                path="study/run.csv",
                unit="rows",
            ),
            (
                "run.csv cannot be written (No space left on device): the last 10 min are kept in "
                "memory; check the disk, the run goes on"
            ),
        ),
        (
            Event(EventKind.FILE_BLOCKED, 0.0, n=1, text="Gone", path="study/run.csv", unit="rows"),
            (
                "run.csv cannot be written (Gone): the last 10 min are kept in memory, 1 row is "
                "lost so far; check the disk, the run goes on"
            ),
        ),
        (
            Event(
                EventKind.FILE_RESUMED,
                0.0,
                n=500,
                seconds=35.2,
                text="No space left on device",
                path="raw.xdf",
                unit="samples",
            ),
            "raw.xdf is written again after 35 s (No space left on device); 500 samples are lost",
        ),
        (
            Event(
                EventKind.FILE_REMOVED,
                0.0,
                n=12,
                text="run-2.csv",
                path="study/run.csv",
                unit="rows",
            ),
            "run.csv was removed or replaced, 12 rows with it; the run goes on in run-2.csv",
        ),
        (
            Event(EventKind.FILE_RENAMED, 0.0, n=12, path="study/run.csv", unit="rows"),
            "run.csv was renamed or moved, 12 rows in it",
        ),
        (
            Event(EventKind.FILE_UNSAVED, 0.0, n=3, text="Gone", path="study/run.csv", unit="rows"),
            "the last 3 rows could not be written to run.csv (Gone) and are lost",
        ),
        (
            Event(EventKind.BEHIND, 0.0, "cap", seconds=12.3),
            (
                "rows of cap come 12 s late: this computer is too slow or too busy; close other "
                "programs or choose a longer --hop"
            ),
        ),
        (
            Event(EventKind.CUT_OFF, 0.0, "cap", seconds=4.4),
            (
                "the run ended 4 s behind cap: there are no rows of that time, `physiosync "
                "predict` makes them from a recording"
            ),
        ),
    ],
)
def test_an_event_in_words(event: Event, said: str) -> None:
    assert sentence(event) == said


def test_several_events_are_one_line() -> None:
    gap = Event(EventKind.GAP, 0.0, "skin", n=6, seconds=0.024)
    back = Event(EventKind.SOURCE, 0.0, text="stream 'cap' is back")
    assert notice_text((back, gap)) == "stream 'cap' is back; skin lost 6 samples (0.024 s)"
    assert notice_text(()) == ""


def test_what_came_again_and_again_is_told_once() -> None:
    losses = [Event(EventKind.LOSSES, float(k), "cap", n=k, n_seen=2500) for k in range(1, 11)]
    back = [
        Event(EventKind.SOURCE, 3.0, text=text, about=about)
        for text, about in (
            ("obci_eeg1 is back after 2.0 s", "obci_eeg1 is back"),
            ("obci_eeg2 is back", ""),
            ("obci_eeg1 is back after 3.0 s", "obci_eeg1 is back"),
        )
    ]
    assert told([*losses[:5], *back, *losses[5:]]) == (
        f"{sentence(losses[0])} (the first of 10 such)",
        "obci_eeg1 is back after 2.0 s (the first of 2 such)",
        "obci_eeg2 is back",
    )
